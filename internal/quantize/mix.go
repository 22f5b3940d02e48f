package quantize

import (
	"fmt"
	"strconv"
	"strings"

	"alpaca/internal/quant"
)

// A Mix is what a file is quantized to: most tensors as one type, some as a
// better one, see rules.go.
type Mix struct {
	Name string
	Code uint32     // general.file_type of the result
	Type quant.Type // of most tensors
	// Copy leaves every tensor's type as it is.
	Copy bool
}

// Mixes are the kinds of files that can be made, from the largest to the
// smallest.
var Mixes = []Mix{
	{Name: "F32", Code: 0, Type: quant.F32},
	{Name: "F16", Code: 1, Type: quant.F16},
	{Name: "BF16", Code: 32, Type: quant.BF16},
	{Name: "Q8_0", Code: 7, Type: quant.Q8_0},
	{Name: "Q6_K", Code: 18, Type: quant.Q6_K},
	{Name: "Q5_1", Code: 9, Type: quant.Q5_1},
	{Name: "Q5_K_M", Code: 17, Type: quant.Q5_K},
	{Name: "Q5_K_S", Code: 16, Type: quant.Q5_K},
	{Name: "Q5_0", Code: 8, Type: quant.Q5_0},
	{Name: "Q4_1", Code: 3, Type: quant.Q4_1},
	{Name: "Q4_K_M", Code: 15, Type: quant.Q4_K},
	{Name: "Q4_K_S", Code: 14, Type: quant.Q4_K},
	{Name: "Q4_0", Code: 2, Type: quant.Q4_0},
	{Name: "IQ4_NL", Code: 25, Type: quant.IQ4_NL},
	{Name: "IQ4_XS", Code: 30, Type: quant.IQ4_XS},
	{Name: "Q3_K_L", Code: 13, Type: quant.Q3_K},
	{Name: "Q3_K_M", Code: 12, Type: quant.Q3_K},
	{Name: "Q3_K_S", Code: 11, Type: quant.Q3_K},
	{Name: "Q2_K", Code: 10, Type: quant.Q2_K},
	{Name: "Q2_K_S", Code: 21, Type: quant.Q2_K},
	{Name: "Q2_0", Code: 41, Type: quant.Q2_0},
	{Name: "TQ2_0", Code: 37, Type: quant.TQ2_0},
	{Name: "TQ1_0", Code: 36, Type: quant.TQ1_0},
	{Name: "COPY", Copy: true},
}

// mixAliases are the short names of the mixes with a middle size.
var mixAliases = map[string]string{"Q3_K": "Q3_K_M", "Q4_K": "Q4_K_M", "Q5_K": "Q5_K_M"}

// unsupportedMixes are kinds of files that llama-quantize makes, or once made,
// and this program does not, by code.
var unsupportedMixes = map[uint32]string{
	4: "Q4_1_SOME_F16", 5: "Q4_2", 6: "Q4_3",
	19: "IQ2_XXS", 20: "IQ2_XS", 22: "IQ3_XS", 23: "IQ3_XXS", 24: "IQ1_S", 26: "IQ3_S", 27: "IQ3_M",
	28: "IQ2_S", 29: "IQ2_M", 31: "IQ1_M", 33: "Q4_0_4_4", 34: "Q4_0_4_8", 35: "Q4_0_8_8",
	38: "MXFP4_MOE", 39: "NVFP4", 40: "Q1_0",
}

// ParseMix returns the mix of that name, in any case, or of that number.
func ParseMix(name string) (Mix, error) {
	upper := strings.ToUpper(name)
	if long, ok := mixAliases[upper]; ok {
		upper = long
	}
	code, notNumber := strconv.ParseUint(name, 10, 32)
	for _, m := range Mixes {
		if m.Name == upper || notNumber == nil && uint64(m.Code) == code && !m.Copy {
			return m, nil
		}
	}
	for c, n := range unsupportedMixes {
		if n == upper || notNumber == nil && uint64(c) == code {
			return Mix{}, fmt.Errorf("quantize: cannot make %s files", n)
		}
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
