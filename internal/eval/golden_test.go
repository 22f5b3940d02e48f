package eval_test

import (
	"bytes"
	"context"
	"maps"
	"math"
	"os"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"alpaca/internal/eval"
	"alpaca/internal/gguf"
	"alpaca/internal/machine"
	"alpaca/internal/model"
	"alpaca/internal/testshared"
)

// golden is the form of ../shared/golden/perplexity.json, with llama-perplexity's results.
type golden struct {
	Text       string
	Context    int
	Perplexity map[string]float64
	From       string `json:"kl_divergence_from"`
	KL         map[string]map[string]float64
}

func readGolden(t *testing.T) (g golden, text string) {
	g = testshared.ReadJSON[golden](t, testshared.Path(t, "golden/perplexity.json"))
	data, err := os.ReadFile(testshared.Path(t, "golden/"+g.Text))
	require.NoError(t, err)
	return g, string(data)
}

// open starts a session with a model in the shared folder.
func open(t testing.TB, name string, opt model.SessionOptions) *model.Session {
	f, err := gguf.Open(testshared.Path(t, "models/"+name+".gguf"))
	require.NoError(t, err)
	m, err := model.Load(f, model.LoadOptions{})
	require.NoError(t, err)
	t.Cleanup(func() { m.Close() })
	s, err := m.NewSession(opt)
	require.NoError(t, err)
	t.Cleanup(func() { s.Close() })
	return s
}

// windows divides a text like llama-perplexity.
func windows(t testing.TB, s *model.Session, text string, context int) []eval.Window {
	tok := s.Model().Tokenizer
	p := eval.Policy{Context: context, BOS: tok.AddBOS(), BOSID: tok.BOS()}
	w, err := p.Windows(tok.Encode(text, true, false))
	require.NoError(t, err)
	return w
}

// needFast skips a test of the whole text if it would take minutes: in an emulator, or with
// the portable kernels. TestGoldenBits checks a part of the text on every machine.
func needFast(t testing.TB) {
	if !machine.Allowed("avx2") {
		t.Skip("the whole text takes minutes without AVX2")
	}
}

func TestGoldenPerplexity(t *testing.T) {
	needFast(t)
	g, text := readGolden(t)
	require.Len(t, g.Perplexity, 7)
	for name, want := range g.Perplexity {
		t.Run(name, func(t *testing.T) {
			s := open(t, name, model.SessionOptions{Ctx: g.Context, Threads: 2})
			w := windows(t, s, text, g.Context)
			got, err := eval.MeasurePerplexity(context.Background(), s, w, eval.Options{Threads: 2})
			require.NoError(t, err)
			t.Logf("PPL %.4f ± %.4f, want %.4f", got.PPL.Value, got.PPL.Error, want)
			require.InEpsilon(t, want, got.PPL.Value, 0.002)
		})
	}
}

// TestGoldenDivergence uses a logits file, as the reference does. The 16 bits of such a file are
// coarser than some of the differences, so without the file, the results would not be the same.
func TestGoldenDivergence(t *testing.T) {
	needFast(t)
	g, text := readGolden(t)
	require.Len(t, g.KL, 5)
	ctx := context.Background()
	opt := model.SessionOptions{Ctx: g.Context, Threads: 2}
	base := open(t, g.From, opt)
	w := windows(t, base, text, g.Context)

	tok := base.Model().Tokenizer
	var file bytes.Buffer
	logits, err := eval.NewLogitsWriter(&file, g.Context, tok.Len(), tok.Encode(text, true, false), len(w))
	require.NoError(t, err)
	_, err = eval.MeasurePerplexity(ctx, base, w, eval.Options{Threads: 2, Base: logits})
	require.NoError(t, err)
	require.NoError(t, logits.Close())
	reader, err := eval.NewLogitsReader(&file, int64(file.Len()))
	require.NoError(t, err)

	names := slices.Sorted(maps.Keys(g.KL))
	var models []eval.Opener
	for _, name := range names {
		s := open(t, name, opt)
		models = append(models, opener(s.Model(), opt))
	}
	results, err := eval.Compare(ctx, eval.NewFileBase(reader), models, w, eval.CompareOptions{Threads: 2})
	require.NoError(t, err)
	for i, name := range names {
		t.Run(name, func(t *testing.T) {
			want, got := g.KL[name], results[i]
			t.Logf("mean KLD %.7f, want %.6f; median %.6f, want %.6f; 99 %% %.6f, want %.6f; maximum %.6f, want %.6f; RMS Δp %.3f, want %.3f; same top %.3f, want %.3f",
				got.KLD.Mean.Value, want["Mean KLD"], got.KLD.Median.Value, want["Median KLD"],
				got.KLD.P99.Value, want["99.0% KLD"], got.KLD.Max, want["Maximum KLD"],
				100*got.RMSDeltaP.Value, want["RMS Δp"], 100*got.SameTop.Value, want["Same top p"])
			const lastDigit = 0.5e-6 // the goldens are rounded to six decimals
			require.InDelta(t, want["Mean KLD"], got.KLD.Mean.Value, 0.05*want["Mean KLD"]+lastDigit)
			require.InDelta(t, want["Median KLD"], got.KLD.Median.Value, 0.07*want["Median KLD"]+lastDigit)
			require.InDelta(t, want["Same top p"], 100*got.SameTop.Value, 0.5)
			require.InEpsilon(t, want["RMS Δp"], 100*got.RMSDeltaP.Value, 0.25)
			require.InEpsilon(t, g.Perplexity[name], got.PPL.Value, 0.002)
		})
	}
}

// TestGoldenBits checks that the results for the first window of the text have the same bits on
// every machine and with every kernel.
func TestGoldenBits(t *testing.T) {
	g, text := readGolden(t)
	want := map[string]struct{ ppl, kld uint64 }{
		"stories260K": {0x40002525abb58840, 0x0},
		"s-f16":       {0x400025152fb12cd1, 0x3ec5a9a58011b536},
		"s-q8_0":      {0x4000373691aa5c92, 0x3f47201a3560a56b},
		"s-q5_1":      {0x4000d828c1c28cd1, 0x3f8dd39098af6189},
		"s-q5_0":      {0x4000b1315899e2c2, 0x3f9348194df397b2},
		"s-q4_1":      {0x4002575e533e6e7f, 0x3faf5b8952420ac7},
		"s-q4_0":      {0x40012845290f3ad2, 0x3fba05a7e72a209b},
	}
	opt := model.SessionOptions{Ctx: g.Context, Threads: 2}
	base := open(t, g.From, opt)
	w := windows(t, base, text, g.Context)[:1]
	names := slices.Sorted(maps.Keys(want))
	var models []eval.Opener
	for _, name := range names {
		models = append(models, opener(open(t, name, opt).Model(), opt))
	}
	results, err := eval.Compare(context.Background(), eval.NewBase(opener(base.Model(), opt), 2, nil), models, w, eval.CompareOptions{Threads: 2})
	require.NoError(t, err)
	for i, name := range names {
		got := results[i]
		require.Equal(t, want[name].ppl, math.Float64bits(got.PPL.Value), "%s: PPL %v", name, got.PPL.Value)
		require.Equal(t, want[name].kld, math.Float64bits(got.KLD.Mean.Value), "%s: KLD %v", name, got.KLD.Mean.Value)
	}
}
