package flags

import (
	"io"
	"math"
	"testing"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"github.com/stretchr/testify/require"

	"alpaca/internal/quant"
)

// values are the targets of the flags of testCommand.
type values struct {
	output     string
	n, threads int
	base, eps  float64
	cacheK     quant.Type
	cacheV     quant.Type
	sampling   Sampling
	compat     Compat
	on         bool
}

// testCommand returns a command below a root, with a flag of each type.
func testCommand(v *values) (root, cmd *cobra.Command) {
	root = &cobra.Command{Use: "alpaca", SilenceErrors: true, SilenceUsage: true}
	cmd = &cobra.Command{Use: "try", Args: NoArgs, RunE: func(*cobra.Command, []string) error { return nil }}
	root.AddCommand(cmd)
	fs := cmd.Flags()
	AddOutput(fs, &v.output, "text", "json")
	AddInt(fs, &v.n, Int{Name: "predict", Short: "n", Value: -1, Low: -2, High: 100}, "")
	AddThreads(fs, &v.threads)
	AddPositive(fs, &v.base, "rope-freq-base", "")
	AddEps(fs, &v.eps)
	AddCacheTypes(fs, &v.cacheK, &v.cacheV)
	fs.BoolVar(&v.on, "switch", false, "")
	v.sampling.AddFlags(fs)
	v.compat.AddFlags(fs)
	root.SetGlobalNormalizationFunc(Normalize)
	root.SetFlagErrorFunc(Error)
	root.SetOut(io.Discard)
	root.SetErr(io.Discard)
	return root, cmd
}

func TestFlags(t *testing.T) {
	tests := []struct {
		args []string
		want func(t *testing.T, v *values)
	}{
		{nil, func(t *testing.T, v *values) {
			require.Equal(t, "text", v.output)
			require.Equal(t, -1, v.n)
			require.Zero(t, v.threads)
			require.Equal(t, quant.F16, v.cacheK)
		}},
		{[]string{"-o", "JSON", "--n_predict", " 7 ", "-t", "2"}, func(t *testing.T, v *values) {
			require.Equal(t, "json", v.output)
			require.Equal(t, 7, v.n)
			require.Equal(t, 2, v.threads)
		}},
		{[]string{"-ctk", "Q8_0", "-ctv=f32"}, func(t *testing.T, v *values) {
			require.Equal(t, quant.Q8_0, v.cacheK)
			require.Equal(t, quant.F32, v.cacheV)
		}},
		{[]string{"--rope_freq_base", "1e6", "-eps", "1e-5"}, func(t *testing.T, v *values) {
			require.Equal(t, 1e6, v.base)
			require.Equal(t, 1e-5, v.eps)
		}},
		{[]string{"--temperature", "0.5", "--seed", "-1", "-l", "3-inf", "--logit-bias", "4+1"}, func(t *testing.T, v *values) {
			require.EqualValues(t, 0.5, v.sampling.Params.Temp)
			require.EqualValues(t, uint32(math.MaxUint32), v.sampling.Params.Seed)
			require.Len(t, v.sampling.Params.LogitBias, 2)
		}},
		{[]string{"--mlock", "-ngl", "99", "-fa", "on", "--tfs", "1.0"}, func(t *testing.T, v *values) {
			require.Equal(t, []string{"--mlock", "--gpu-layers", "--flash-attn"}, v.compat.used)
		}},
	}
	for _, tt := range tests {
		v := &values{}
		root, _ := testCommand(v)
		root.SetArgs(ExpandSingleDash(root, append([]string{"try"}, tt.args...)))
		require.NoError(t, root.Execute(), tt.args)
		tt.want(t, v)
	}
}

func TestFlagErrors(t *testing.T) {
	tests := []struct {
		args []string
		want string
	}{
		{[]string{"-o", "xml"}, `must be "text" or "json"`},
		{[]string{"-n", "many"}, "must be a whole number"},
		{[]string{"-n", "-3"}, "must be at least -2"},
		{[]string{"-n", "99999999999999999999"}, "must be at most 100"},
		{[]string{"-t", "0"}, "must be at least 1"},
		{[]string{"-ctk", "q4_k"}, `must be "f16", "f32", "q8_0", "q5_1", "q5_0", "q4_1" or "q4_0"`},
		{[]string{"--rope-freq-base", "-1"}, "must be a number above 0"},
		{[]string{"--eps", "2"}, "must be a number above 0 and below 1"},
		{[]string{"--temp", "warm"}, "must be a number"},
		{[]string{"--top-k", "99999999999999999999"}, "is too large"},
		{[]string{"--seed", "4294967296"}, "must be a whole number below 2^32"},
		{[]string{"--nonsense"}, "unknown flag --nonsense"},
		{[]string{"-Z"}, "unknown flag -Z"},
		{[]string{"--lora-base", "x"}, "--lora-base: adapters are added to the model of -m"},
		{[]string{"--tfs", "0.5"}, "--tfs: tail-free sampling is not supported"},
		{[]string{"word"}, `unexpected argument "word"`},
	}
	for _, tt := range tests {
		root, _ := testCommand(&values{})
		root.SetArgs(ExpandSingleDash(root, append([]string{"try"}, tt.args...)))
		require.ErrorContains(t, root.Execute(), tt.want, tt.args)
	}
}

func TestNearest(t *testing.T) {
	_, cmd := testCommand(&values{})
	for name, want := range map[string]string{
		"thread": "threads", "TEMPERATUR": "temp", "rope-frq-base": "rope-freq-base", "mlok": "", "xyzzy": "",
	} {
		require.Equal(t, want, Nearest(cmd.Flags(), name), name)
	}
}

func TestNormalize(t *testing.T) {
	fs := pflag.NewFlagSet("", pflag.ContinueOnError)
	// An alias of a flag that the command does not have may be the name of another flag.
	require.EqualValues(t, "session", Normalize(fs, "session"))
	fs.Int("predict", 0, "")
	fs.String("prompt-cache", "", "")
	for name, want := range map[string]string{"n_predict": "predict", "ctx_size": "ctx-size", "session": "prompt-cache", "temp": "temp"} {
		require.EqualValues(t, want, Normalize(fs, name))
	}
}
