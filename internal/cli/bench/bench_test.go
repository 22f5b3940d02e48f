package bench

import (
	"testing"

	"github.com/stretchr/testify/require"

	"alpaca/internal/cli/ui"
	"alpaca/internal/quant"
)

// TestGrid checks which benchmarks result from the lists in flags, and which lists are refused.
func TestGrid(t *testing.T) {
	var o benchOptions
	cmd := newCommand(&ui.UI{}, &o)
	require.NoError(t, cmd.ParseFlags([]string{"-p", "16,32", "-n", "0", "--prompt-gen", "8,4", "-t", "1,2", "--cache-type-k", "Q8_0,f16"}))
	g, err := o.grid()
	require.NoError(t, err)
	require.Equal(t, [][2]int{{8, 4}}, g.PromptGens)
	require.Equal(t, []quant.Type{quant.Q8_0, quant.F16}, g.CacheKs)
	require.Equal(t, []quant.Type{quant.F16}, g.CacheVs)
	require.Len(t, g.Tests(), 3*2*2)

	for _, tt := range []struct{ flag, value, want string }{
		{"--n-prompt", "-1", "--n-prompt -1: must be between 0 and "},
		{"--batch-size", "0", "--batch-size 0: must be between 1 and "},
		{"--threads", "2000", "--threads 2000: must be between 1 and 1024"},
		{"--prompt-gen", "8", `--prompt-gen "8": must be two numbers`},
		{"--cache-type-v", "q4_k", `--cache-type-v "q4_k": must be "f16", "f32", "q8_0", "q5_1", "q5_0", "q4_1" or "q4_0"`},
	} {
		var o benchOptions
		require.NoError(t, newCommand(&ui.UI{}, &o).ParseFlags([]string{tt.flag, tt.value}))
		_, err := o.grid()
		require.ErrorContains(t, err, tt.want)
	}
}
