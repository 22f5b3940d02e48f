package flags

import (
	"fmt"
	"strings"

	"github.com/spf13/pflag"

	"alpaca/internal/cli/ui"
	"alpaca/internal/quant"
)

// cacheTypes are the number formats of the KV cache. The first one is the default.
var cacheTypes = []quant.Type{quant.F16, quant.F32, quant.Q8_0, quant.Q5_1, quant.Q5_0, quant.Q4_1, quant.Q4_0}

// cacheTypeNames are the names of cacheTypes in flags.
var cacheTypeNames = []string{"f16", "f32", "q8_0", "q5_1", "q5_0", "q4_1", "q4_0"}

// ParseCacheType returns the number format that name stands for. Case does not matter.
func ParseCacheType(name string) (quant.Type, error) {
	for i, known := range cacheTypeNames {
		if strings.EqualFold(name, known) {
			return cacheTypes[i], nil
		}
	}
	return 0, fmt.Errorf("must be %s", ui.QuoteList(cacheTypeNames, "or"))
}

// AddCacheTypes adds the flags for the number formats of the KV cache.
func AddCacheTypes(fs *pflag.FlagSet, k, v *quant.Type) {
	*k, *v = cacheTypes[0], cacheTypes[0]
	fs.Var(cacheType{k}, "cache-type-k", "`type` of the cached keys: "+strings.Join(cacheTypeNames, ", "))
	fs.Var(cacheType{v}, "cache-type-v", "`type` of the cached values: "+strings.Join(cacheTypeNames, ", "))
	allowCacheTypes(fs)
}

// AddCacheTypeLists does what AddCacheTypes does, for a command that takes several types for keys
// and for values. k and v are lists of names.
func AddCacheTypeLists(fs *pflag.FlagSet, k, v *[]string) {
	fs.StringSliceVar(k, "cache-type-k", []string{cacheTypeNames[0]}, "`types` of the cached keys: "+strings.Join(cacheTypeNames, ", "))
	fs.StringSliceVar(v, "cache-type-v", []string{cacheTypeNames[0]}, "`types` of the cached values: "+strings.Join(cacheTypeNames, ", "))
	allowCacheTypes(fs)
}

func allowCacheTypes(fs *pflag.FlagSet) {
	AllowSingleDash(fs, "cache-type-k", "ctk")
	AllowSingleDash(fs, "cache-type-v", "ctv")
}

// cacheType is a flag whose value is one of cacheTypeNames.
type cacheType struct{ target *quant.Type }

func (c cacheType) Type() string { return "string" }

func (c cacheType) String() string {
	if c.target == nil {
		return ""
	}
	return strings.ToLower(c.target.String())
}

func (c cacheType) Set(name string) (err error) {
	t, err := ParseCacheType(name)
	if err == nil {
		*c.target = t
	}
	return err
}
