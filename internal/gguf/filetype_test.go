package gguf

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"alpaca/internal/quant"
)

func TestFileTypes(t *testing.T) {
	names := map[string]bool{}
	for f, e := range fileTypes {
		require.False(t, names[e.name], "two file types are named %s", e.name)
		names[e.name] = true
		for _, name := range []string{e.name, strings.ToLower(e.name), fmt.Sprint(uint32(f))} {
			got, ok := ParseFileType(name)
			require.True(t, ok, name)
			require.Equal(t, f, got, name)
		}
		typ, ok := f.Type()
		require.Equal(t, e.description != "", ok)
		if ok {
			require.True(t, quant.CanCompute(typ), e.name)
			if mixed := map[string]bool{"IQ3_XS": true, "IQ3_M": true, "IQ2_S": true, "IQ2_M": true}; mixed[e.name] {
				continue // this name states the bits of a weight, not a type
			}
			require.Contains(t, e.description, strings.TrimSpace(typ.String()))
			require.True(t, strings.HasPrefix(e.name, typ.String()), e.name)
		}
	}
	for name, want := range map[string]FileType{"q3_k": MostlyQ3_K_M, "Q4_K": MostlyQ4_K_M, "Q5_K": MostlyQ5_K_M, "Q2_K": MostlyQ2_K} {
		got, ok := ParseFileType(name)
		require.True(t, ok)
		require.Equal(t, want, got, name)
	}
	for _, name := range []string{"", "q4", "_M", "99", "-2", "02x", "4294967296", "IQ3", "COPY"} {
		_, ok := ParseFileType(name)
		require.False(t, ok, name)
	}
	require.Empty(t, FileType(99).String())
	require.Empty(t, FileType(99).Describe())
}

// TestFileTypeOf checks that there is a file type for each type of weights in current models.
func TestFileTypeOf(t *testing.T) {
	for typ, want := range map[quant.Type]FileType{
		quant.F32: AllF32, quant.BF16: MostlyBF16, quant.Q8_0: MostlyQ8_0, quant.Q2_K: MostlyQ2_K, quant.Q3_K: MostlyQ3_K_M,
		quant.Q5_K: MostlyQ5_K_M, quant.Q6_K: MostlyQ6_K, quant.IQ4_XS: MostlyIQ4_XS, quant.TQ1_0: MostlyTQ1_0, quant.Q2_0: MostlyQ2_0,
	} {
		got, ok := FileTypeOf(typ)
		require.True(t, ok)
		require.Equal(t, want, got, typ.String())
	}
	require.EqualValues(t, 42, quant.Q2_0, "Q2_0 must have the code 42, as in GGUF")
	require.EqualValues(t, 41, MostlyQ2_0)
	for _, typ := range []quant.Type{quant.Q4_2, quant.I32, quant.Q4_0v1, quant.Q8_K} {
		_, ok := FileTypeOf(typ)
		require.False(t, ok, typ.String())
	}
}
