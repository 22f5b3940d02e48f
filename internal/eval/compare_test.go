package eval

import (
	"bytes"
	"context"
	"errors"
	"math"
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"alpaca/internal/logits"
	"alpaca/internal/sampler"
)

// logs returns logits for the probabilities ps.
func logs(ps ...float64) []float32 {
	out := make([]float32, len(ps))
	for i, p := range ps {
		out[i] = float32(math.Log(p)) + 2
	}
	return out
}

func TestDiverge(t *testing.T) {
	base := logits.NewLogprobs(logs(0.5, 0.25, 0.25))
	model := logits.NewLogprobs(logs(0.25, 0.25, 0.5))
	d := diverge(base, model, negligible, 2)
	// 0.5 ln 2 + 0 + 0.25 ln 0.5
	require.InDelta(t, 0.25*math.Ln2, d.kld, 1e-7)
	require.InDelta(t, 0.25, d.dp, 1e-7)
	require.InDelta(t, -math.Log(0.5), d.nll, 1e-7)
	require.InDelta(t, -math.Log(0.25), d.baseNLL, 1e-7)
	require.False(t, d.same)
	require.True(t, d.finite())
	require.True(t, diverge(base, base, negligible, 0).same)
	require.Zero(t, diverge(base, base, negligible, 0).kld)
	impossible := logits.NewLogprobs([]float32{1, 1, float32(math.Inf(-1))})
	require.False(t, diverge(base, impossible, negligible, 0).finite())
}

func TestCompareWithItself(t *testing.T) {
	windows := windowsOf(t, Policy{Context: 40}, fakeText(200, 30))
	base := &fakeSession{vocab: 30, scale: 4}
	same, other := &fakeSession{vocab: 30, scale: 4}, &fakeSession{vocab: 30, scale: 4, noise: 0.5}
	got, err := Compare(context.Background(), NewBase(always(base), 2, nil), openers(same, other), windows, CompareOptions{Threads: 2})
	require.NoError(t, err)
	require.Len(t, got, 2)

	require.Zero(t, got[0].KLD.Max)
	require.Equal(t, Estimate{Value: 1}, got[0].SameTop)
	require.Equal(t, got[0].BasePPL, got[0].PPL)
	require.Equal(t, Estimate{Value: 1}, got[0].Ratio)
	require.InDelta(t, 1, float64(got[0].Correlation), 1e-12)
	require.Equal(t, 5*19, got[0].Scored)

	require.Positive(t, got[1].KLD.Mean.Value)
	require.GreaterOrEqual(t, float64(got[1].KLD.Min), -1e-12, "a divergence must not be negative")
	require.Less(t, got[1].SameTop.Value, 1.0)
	require.InDelta(t, got[1].PPL.Value/got[1].BasePPL.Value, got[1].Ratio.Value, 1e-9)
	require.Len(t, got[1].SortedKLD, 5*19)
	require.IsIncreasing(t, []float64{got[1].KLD.Median.Value, got[1].KLD.P90.Value, got[1].KLD.P95.Value,
		got[1].KLD.P99.Value, float64(got[1].KLD.Max)})

	// The base's perplexity is what MeasurePerplexity finds.
	alone, err := MeasurePerplexity(context.Background(), &fakeSession{vocab: 30, scale: 4}, windows, Options{})
	require.NoError(t, err)
	require.Equal(t, alone.PPL, got[1].BasePPL)
}

// TestKept checks that results have the same bits whether the base's logits fit into memory or go
// through a file. No file may remain.
func TestKept(t *testing.T) {
	const vocab = 11
	for _, p := range []Policy{{Context: 130, All: true}, {Context: 130}, {Context: 33, All: true}} {
		windows := windowsOf(t, p, fakeText(270, vocab))
		run := func(base Base, keep int) ([]CompareResult, error) {
			folder := t.TempDir()
			got, err := Compare(context.Background(), base,
				openers(&fakeSession{vocab: vocab, scale: 3}, &fakeSession{vocab: vocab, scale: 2, noise: 1}),
				windows, CompareOptions{Threads: 3, TempDir: folder, keep: keep})
			left, dirErr := os.ReadDir(folder)
			require.NoError(t, dirErr)
			require.Empty(t, left)
			return got, err
		}
		model := func() Base { return NewBase(always(&fakeSession{vocab: vocab, scale: 2}), 2, nil) }
		want, err := run(model(), 0)
		require.NoError(t, err)
		alone, err := MeasurePerplexity(context.Background(), &fakeSession{vocab: vocab, scale: 3}, windows, Options{})
		require.NoError(t, err)
		require.Equal(t, alone.PPL, want[0].PPL, "%v", p)
		require.Equal(t, alone.Scored, want[0].Scored)
		for _, keep := range []int{1, 4 * vocab, 4 * vocab * 20} {
			got, err := run(model(), keep)
			require.NoError(t, err)
			for i := range got {
				require.Equal(t, want[i].Divergence, got[i].Divergence, "%v, %d bytes in memory", p, keep)
			}
			_, err = run(NewBase(always(&fakeSession{vocab: vocab, broken: 120}), 2, nil), keep)
			if p.Context == 130 {
				require.ErrorIs(t, err, sampler.ErrNotNumbers)
			}
		}
	}
}

func TestCompareIsTheSameForAnyThreads(t *testing.T) {
	windows := windowsOf(t, Policy{Context: 300}, fakeText(1000, 40))
	var want []CompareResult
	for i, threads := range []int{1, 3, 64} {
		got, err := Compare(context.Background(), NewBase(always(&fakeSession{vocab: 40, scale: 5}), threads, nil),
			openers(&fakeSession{vocab: 40, scale: 5, noise: 1}), windows, CompareOptions{Threads: threads})
		require.NoError(t, err)
		if i == 0 {
			want = got
		}
		require.Equal(t, want[0].Divergence, got[0].Divergence)
	}
}

// closingSession is a session that counts how many sessions are open.
type closingSession struct {
	fakeSession
	open *int
}

func (s *closingSession) Close() error { *s.open--; return nil }

// TestOneSessionAtATime checks that each session, including the base's, is closed before the
// next one opens. No session may be open at the end or after an error.
func TestOneSessionAtATime(t *testing.T) {
	for _, broken := range []int{0, 550} {
		open, most := 0, 0
		model := func(broken int) Opener {
			return func() (Session, error) {
				open++
				most = max(most, open)
				return &closingSession{fakeSession{vocab: 10, broken: broken}, &open}, nil
			}
		}
		windows := windowsOf(t, Policy{Context: 600}, fakeText(1500, 10))
		for _, models := range [][]Opener{{model(broken), model(0)}, {model(0), model(0), model(broken)}} {
			_, err := Compare(context.Background(), NewBase(models[0], 1, nil), models[1:], windows, CompareOptions{})
			require.Equal(t, broken > 0, err != nil)
			require.Equal(t, 1, most)
			require.Zero(t, open)
		}
	}
}

func TestCompareErrors(t *testing.T) {
	windows := windowsOf(t, Policy{Context: 20}, fakeText(60, 10))
	run := func(base, model *fakeSession) error {
		_, err := Compare(context.Background(), NewBase(always(base), 1, nil), openers(model), windows, CompareOptions{})
		return err
	}
	require.EqualError(t, run(&fakeSession{vocab: 10}, &fakeSession{vocab: 11}),
		"eval: the model has a vocabulary of 11 tokens, but the base has one of 10")
	require.ErrorIs(t, run(&fakeSession{vocab: 10, broken: 15}, &fakeSession{vocab: 10}), sampler.ErrNotNumbers)
	require.ErrorIs(t, run(&fakeSession{vocab: 10}, &fakeSession{vocab: 10, broken: 15}), sampler.ErrNotNumbers)
	full := errors.New("no room")
	_, err := Compare(context.Background(), NewBase(always(&fakeSession{vocab: 10}), 1, nil),
		[]Opener{func() (Session, error) { return nil, full }}, windows, CompareOptions{})
	require.ErrorIs(t, err, full)
	require.NoError(t, run(&fakeSession{vocab: 10, broken: 3}, &fakeSession{vocab: 10}), "position 3 is not scored, so its NaN must not matter")
}

func TestLogitsFile(t *testing.T) {
	const vocab = 31 // an odd number, so that rows are padded
	text := fakeText(130, vocab)
	p := Policy{Context: 24}
	windows := windowsOf(t, p, text)
	var file bytes.Buffer
	w, err := NewLogitsWriter(&file, p.Context, vocab, text, len(windows))
	require.NoError(t, err)
	_, err = MeasurePerplexity(context.Background(), &fakeSession{vocab: vocab, scale: 6}, windows, Options{Threads: 3, Base: w})
	require.NoError(t, err)
	require.NoError(t, w.Close())
	require.Equal(t, 20+4*24*5+5*11*2*(4+32), file.Len())

	// Compare writes the same file.
	var again bytes.Buffer
	w, err = NewLogitsWriter(&again, p.Context, vocab, text, len(windows))
	require.NoError(t, err)
	model := func() Session { return &fakeSession{vocab: vocab, scale: 6, noise: 1} }
	direct, err := Compare(context.Background(), NewBase(always(&fakeSession{vocab: vocab, scale: 6}), 2, w), openers(model()), windows, CompareOptions{})
	require.NoError(t, err)
	require.NoError(t, w.Close())
	require.Equal(t, file.Bytes(), again.Bytes())

	r, err := NewLogitsReader(&file, int64(file.Len()))
	require.NoError(t, err)
	require.Equal(t, []int{24, vocab, 5}, []int{r.Context, r.Vocab, r.Windows})
	require.Equal(t, text[:24*5], r.Tokens)
	got, err := Compare(context.Background(), NewFileBase(r), openers(model()), windowsOf(t, r.Policy(), r.Tokens), CompareOptions{})
	require.NoError(t, err)
	require.InEpsilon(t, direct[0].KLD.Mean.Value, got[0].KLD.Mean.Value, 0.001)
	require.InEpsilon(t, direct[0].BasePPL.Value, got[0].BasePPL.Value, 1e-4)
	require.Equal(t, direct[0].PPL, got[0].PPL)
}

// TestLogitsRow checks rows whose values are computed by hand.
func TestLogitsRow(t *testing.T) {
	logits := []float32{3, 3 - 8, 3 - 16, 3 - 40}
	row := make([]byte, logitsRow(len(logits)))
	encodeLogits(row, logits)
	got := make([]float32, len(logits))
	decodeLogits(got, row)
	norm := math.Log(1 + math.Exp(-8) + math.Exp(-16))
	for i, want := range []float64{-norm, -8 - norm, -16 - norm, -16 - norm} {
		require.InDelta(t, want, got[i], 16.0/65535)
	}
	flat := make([]byte, logitsRow(3))
	encodeLogits(flat, []float32{1, 1, 1})
	decodeLogits(got[:3], flat)
	require.InDelta(t, -math.Log(3), got[2], 1e-6)
}

func TestLogitsFileErrors(t *testing.T) {
	text := fakeText(40, 9)
	var file bytes.Buffer
	w, err := NewLogitsWriter(&file, 20, 9, text, 2)
	require.NoError(t, err)
	require.EqualError(t, w.Close(), "eval: logits file: 18 rows are missing")
	_, err = MeasurePerplexity(context.Background(), &fakeSession{vocab: 9}, windowsOf(t, Policy{Context: 20}, text), Options{Base: w})
	require.NoError(t, err)
	require.NoError(t, w.Close())
	require.ErrorContains(t, w.write(make([]byte, logitsRow(9))), "when 0 rows are missing")
	_, err = NewLogitsWriter(&file, 20, 9, text, 3)
	require.ErrorContains(t, err, "3 windows of 20 tokens do not fit the text, which has 40")

	whole := file.Bytes()
	for n := range whole { // every truncation
		_, err := NewLogitsReader(bytes.NewReader(whole[:n]), int64(n))
		require.Error(t, err, "%d bytes", n)
	}
	for at, want := range map[int]string{0: "not a logits file", 8: "bytes, but", 13: "bytes, but", 17: "bytes, but", 22: "not in the vocabulary"} {
		bad := bytes.Clone(whole)
		bad[at]++
		_, err := NewLogitsReader(bytes.NewReader(bad), int64(len(bad)))
		require.ErrorContains(t, err, want, "byte %d", at)
	}
}

func FuzzLogitsReader(f *testing.F) {
	var file bytes.Buffer
	text := fakeText(16, 5)
	w, err := NewLogitsWriter(&file, 8, 5, text, 2)
	require.NoError(f, err)
	windows, err := Policy{Context: 8}.Windows(text)
	require.NoError(f, err)
	_, err = MeasurePerplexity(context.Background(), &fakeSession{vocab: 5, scale: 2}, windows, Options{Base: w})
	require.NoError(f, err)
	require.NoError(f, w.Close())
	f.Add(file.Bytes())
	f.Fuzz(func(t *testing.T, data []byte) {
		r, err := NewLogitsReader(bytes.NewReader(data), int64(len(data)))
		if err != nil {
			return
		}
		row := make([]float32, r.Vocab)
		for range r.Windows * r.Policy().scored() {
			if r.next(row) != nil {
				return
			}
		}
	})
}
