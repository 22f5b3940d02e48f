package eval

import (
	"context"
	"errors"
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"alpaca/internal/sampler"
)

func TestUniformModelHasThePerplexityOfItsVocabulary(t *testing.T) {
	s := &fakeSession{vocab: 37}
	got, err := MeasurePerplexity(context.Background(), s, windowsOf(t, Policy{Context: 16}, fakeText(100, 37)), Options{})
	require.NoError(t, err)
	require.InEpsilon(t, 37, got.PPL.Value, 1e-12)
	require.InDelta(t, 0, got.PPL.Error, 1e-9)
	require.Equal(t, 6, got.Windows)
	require.Equal(t, 6*16, got.Tokens)
	require.Equal(t, 6*7, got.Scored)
}

// TestMeasureByHand computes the perplexity from the logits of the fake session, position by
// position.
func TestMeasureByHand(t *testing.T) {
	text := fakeText(60, 20)
	for _, p := range []Policy{{Context: 20}, {Context: 20, All: true}, {Context: 12, Stride: 4}, {Context: 20, BOS: true, BOSID: 3}} {
		var want []float64
		windows := windowsOf(t, p, text)
		for _, w := range windows {
			s := &fakeSession{vocab: 20, scale: 3}
			err := s.EvalEach(context.Background(), w.Tokens, 0, func(i int, logits []float32) error {
				if i >= w.First && i+1 < len(w.Tokens) {
					sum := 0.0
					for _, l := range logits {
						sum += math.Exp(float64(l))
					}
					want = append(want, float64(logits[w.Tokens[i+1]])-math.Log(sum))
				}
				return nil
			})
			require.NoError(t, err)
		}
		var got []Scored
		s := &fakeSession{vocab: 20, scale: 3}
		result, err := MeasurePerplexity(context.Background(), s, windows, Options{Ranks: true, Threads: 3,
			Each: func(t Scored) error { got = append(got, t); return nil }})
		require.NoError(t, err)
		require.Len(t, got, len(want))
		sum := 0.0
		for i, lp := range want {
			require.InDelta(t, lp, got[i].Logprob, 1e-9)
			require.Equal(t, windows[got[i].Window].Tokens[got[i].Pos], got[i].ID)
			require.Positive(t, got[i].Rank)
			sum -= lp
		}
		require.InEpsilon(t, math.Exp(sum/float64(len(want))), result.PPL.Value, 1e-9)
	}
}

func TestMeasureIsTheSameForAnyThreads(t *testing.T) {
	windows := windowsOf(t, Policy{Context: 300}, fakeText(1000, 40))
	var want Perplexity
	for i, threads := range []int{1, 2, 7, 100} {
		got, err := MeasurePerplexity(context.Background(), &fakeSession{vocab: 40, scale: 5, noise: 1}, windows, Options{Threads: threads})
		require.NoError(t, err)
		if i == 0 {
			want = got
		}
		require.Equal(t, want.PPL, got.PPL)
	}
}

func TestProgress(t *testing.T) {
	windows := windowsOf(t, Policy{Context: 10}, fakeText(30, 9))
	var seen []int
	_, err := MeasurePerplexity(context.Background(), &fakeSession{vocab: 9, scale: 1}, windows, Options{Done: func(p Progress) error {
		seen = append(seen, p.Window)
		require.Equal(t, 3, p.Windows)
		require.Positive(t, p.PPL.Value)
		require.GreaterOrEqual(t, p.Left(), p.Elapsed*0)
		return nil
	}})
	require.NoError(t, err)
	require.Equal(t, []int{1, 2, 3}, seen)
}

func TestWhole(t *testing.T) {
	windows := windowsOf(t, Policy{Context: 40}, fakeText(80, 9))
	a, err := MeasurePerplexity(context.Background(), &fakeSession{vocab: 9, scale: 1}, windows, Options{})
	require.NoError(t, err)
	b, err := MeasurePerplexity(context.Background(), &fakeSession{vocab: 9, scale: 1}, windows, Options{Whole: true})
	require.NoError(t, err)
	require.Equal(t, a.PPL, b.PPL)
}

func TestMeasureErrors(t *testing.T) {
	windows := windowsOf(t, Policy{Context: 10}, fakeText(30, 9))
	failure := errors.New("no luck")

	_, err := MeasurePerplexity(context.Background(), &fakeSession{vocab: 9, err: failure}, windows, Options{})
	require.ErrorIs(t, err, failure)

	_, err = MeasurePerplexity(context.Background(), &fakeSession{vocab: 9, broken: 6}, windows, Options{})
	require.ErrorIs(t, err, sampler.ErrNotNumbers)
	require.EqualError(t, err, "eval: logits are not numbers at position 6 of the window")

	_, err = MeasurePerplexity(context.Background(), &fakeSession{vocab: 9}, windows, Options{Each: func(Scored) error { return failure }})
	require.ErrorIs(t, err, failure)
	_, err = MeasurePerplexity(context.Background(), &fakeSession{vocab: 9}, windows, Options{Done: func(Progress) error { return failure }})
	require.ErrorIs(t, err, failure)

	cancelled, cancel := context.WithCancel(context.Background())
	cancel()
	_, err = MeasurePerplexity(cancelled, &fakeSession{vocab: 9}, windows, Options{})
	require.ErrorIs(t, err, context.Canceled)
}
