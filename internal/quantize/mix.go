package quantize

import (
	"fmt"
	"slices"
	"strings"

	"alpaca/internal/gguf"
	"alpaca/internal/quant"
)

// A Mix says which types the tensors of an output get. Most tensors
// get the mix's type, and some get a better type (rules.go).
type Mix struct {
	Name string
	Code gguf.FileType // FileType of the output
	Type quant.Type    // type of most tensors
	// Copy keeps the type of every tensor.
	Copy bool
}

// Mixes are all mixes, from the largest to the smallest, then COPY.
var Mixes = func() (mixes []Mix) {
	for _, f := range []gguf.FileType{
		gguf.AllF32, gguf.MostlyF16, gguf.MostlyBF16, gguf.MostlyQ8_0, gguf.MostlyQ6_K,
		gguf.MostlyQ5_1, gguf.MostlyQ5_K_M, gguf.MostlyQ5_K_S, gguf.MostlyQ5_0,
		gguf.MostlyQ4_1, gguf.MostlyMXFP4, gguf.MostlyNVFP4, gguf.MostlyQ4_K_M, gguf.MostlyQ4_K_S, gguf.MostlyQ4_0, gguf.MostlyIQ4_NL, gguf.MostlyIQ4_XS,
		gguf.MostlyQ3_K_L, gguf.MostlyQ3_K_M, gguf.MostlyQ3_K_S,
		gguf.MostlyQ2_K, gguf.MostlyQ2_K_S, gguf.MostlyQ2_0, gguf.MostlyTQ2_0, gguf.MostlyTQ1_0, gguf.MostlyQ1_0,
	} {
		typ, _ := f.Type()
		mixes = append(mixes, Mix{Name: f.String(), Code: f, Type: typ})
	}
	return append(mixes, Mix{Name: "COPY", Copy: true})
}()

// ParseMix returns the mix with the given name (upper or
// lower case), or with the given FileType as a number.
func ParseMix(name string) (Mix, error) {
	f, known := gguf.ParseFileType(name)
	i := slices.IndexFunc(Mixes, func(m Mix) bool {
		return m.Copy && strings.EqualFold(name, m.Name) || !m.Copy && known && m.Code == f
	})
	switch {
	case i >= 0:
		return Mixes[i], nil
	case known:
		return Mix{}, fmt.Errorf("quantize: cannot make %s files", f)
	}
	return Mix{}, fmt.Errorf("quantize: unknown type %q", name)
}

// MixNames returns the names of all mixes.
func MixNames() []string {
	names := make([]string, len(Mixes))
	for i, m := range Mixes {
		names[i] = m.Name
	}
	return names
}
