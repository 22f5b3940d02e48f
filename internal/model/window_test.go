package model_test

import (
	"bytes"
	"context"
	"fmt"
	"testing"

	"alpaca/internal/arch"
	"alpaca/internal/gguf"
	"alpaca/internal/model"
	"alpaca/internal/testmodel"

	"github.com/stretchr/testify/require"
)

// windowed returns a model with layers that have a window and layers that see everything.
func windowed(t *testing.T) *model.Model {
	return made(t, testmodel.Spec{Arch: &arch.Gemma3, Seed: 3, Dim: 32, Layers: 7, Window: 20, Tied: true})
}

func made(t *testing.T, spec testmodel.Spec) *model.Model {
	f, err := gguf.Open(spec.Make().Write(t))
	require.NoError(t, err)
	t.Cleanup(func() { f.Close() })
	m, err := model.Load(f, model.LoadOptions{})
	require.NoError(t, err)
	return m
}

// evaluate adds tokens to s, at most batch at a time, and returns all logits. If trim is false,
// all layers keep everything.
func evaluate(t *testing.T, r *model.Runner, s *model.Seq, tokens []int32, batch int, trim bool) (logits [][]float32) {
	for len(tokens) > 0 {
		n := min(batch, len(tokens))
		var b model.Batch
		b.AddAll(s, tokens[:n], n)
		require.NoError(t, r.Forward(context.Background(), &b))
		require.NoError(t, r.EachLogits(n, func(_ int, l []float32) error {
			logits = append(logits, append([]float32(nil), l...))
			return nil
		}))
		if trim {
			s.Trim()
		}
		tokens = tokens[n:]
	}
	return logits
}

// TestWindowsKeepWhatTheySee compares two texts. In the first, layers with a window forget what
// they do not see. The second keeps everything. Both must get the same bits after growing, shifts,
// cutting back, saving and restoring.
func TestWindowsKeepWhatTheySee(t *testing.T) {
	keepWhatTheySee(t, windowed(t))
}

// TestConvolutionsKeepWhatTheySee does what TestWindowsKeepWhatTheySee does, with short
// convolutions.
func TestConvolutionsKeepWhatTheySee(t *testing.T) {
	keepWhatTheySee(t, made(t, testmodel.Spec{Arch: &arch.LFM2, Seed: 4, Dim: 32, Tied: true}))
}

func keepWhatTheySee(t *testing.T, m *model.Model) {
	r := newRunner(t, m, model.RunnerOptions{Threads: 2, Ctx: 256})
	var tokens []int32
	for i := range 256 {
		tokens = append(tokens, int32(3+(i*i+7*i)%200))
	}
	for _, move := range []struct{ keep, discard int }{{5, 60}, {0, 100}, {130, 10}, {140, 9}, {128, 5}, {96, 40}, {100, 50}} {
		t.Run(fmt.Sprint(move), func(t *testing.T) {
			whole, cut := r.NewSeq(), r.NewSeq()
			defer whole.Free()
			defer cut.Free()
			require.Equal(t, evaluate(t, r, whole, tokens[:150], 64, false), evaluate(t, r, cut, tokens[:150], 7, true))
			require.Nil(t, cut.Recent(0))
			require.NotNil(t, whole.Recent(0))
			for range 2 {
				require.NoError(t, whole.Shift(move.keep, move.discard))
				require.NoError(t, cut.Shift(move.keep, move.discard))
				same := func() {
					t.Helper()
					var a, b bytes.Buffer
					require.NoError(t, whole.Save(&a, whole.Len()))
					require.NoError(t, cut.Save(&b, cut.Len()))
					require.True(t, bytes.Equal(a.Bytes(), b.Bytes()), "the saved states of the two texts must be equal")
					again := r.NewSeq()
					defer again.Free()
					require.NoError(t, again.Load(&a, 256))
					want := evaluate(t, r, whole, tokens[150:170], 64, false)
					require.Equal(t, want, evaluate(t, r, again, tokens[150:170], 3, true))
					require.Equal(t, want, evaluate(t, r, cut, tokens[150:170], 5, true))
				}
				same()
				n := whole.Len() - model.Slack
				if n < move.keep && cut.Reachable(n) == 0 {
					return // the text has forgotten what position n needs
				}
				require.Equal(t, n, cut.Reachable(n))
				whole.Truncate(n)
				cut.Truncate(n)
				same()
				rest := max(0, 150-whole.Len())
				evaluate(t, r, whole, tokens[:rest], 64, false)
				evaluate(t, r, cut, tokens[:rest], 64, true)
			}
		})
	}
	require.Zero(t, r.Cache().Used())
}

// TestMark checks that a text can be cut back to its mark. A cut to any position before the mark
// must empty the text.
func TestMark(t *testing.T) {
	m := windowed(t)
	r := newRunner(t, m, model.RunnerOptions{Threads: 1, Ctx: 256})
	s, plain := r.NewSeq(), r.NewSeq()
	tokens := make([]int32, 200)
	for i := range tokens {
		tokens[i] = int32(3 + i*11%190)
	}
	evaluate(t, r, s, tokens[:64], 30, true)
	s.Mark()
	evaluate(t, r, s, tokens[64:], 30, true)
	require.Equal(t, 64, s.Reachable(64))
	require.Equal(t, 64, s.Reachable(130))
	require.Equal(t, 0, s.Reachable(40))
	fork := s.Fork(64)
	s.Truncate(130)
	want := evaluate(t, r, plain, tokens, 64, false)[64:]
	require.Equal(t, want, evaluate(t, r, s, tokens[64:], 40, true))
	require.Equal(t, want, evaluate(t, r, fork, tokens[64:], 40, true))
	s.Mark()
	s.Trim()
	require.Equal(t, 0, s.Reachable(64), "the text is not marked at this position")
	evaluate(t, r, s, tokens[:50], 40, true)
	require.Equal(t, 220, s.Reachable(220))
	s.Truncate(60)
	require.Zero(t, s.Len())
	fork.Free()
	plain.Free()
	require.Zero(t, r.Cache().Used())
}

// TestRecentBlocksAreShort checks that a text gets ErrNoBlocks while
// there are too few blocks for the windows. After another text has freed
// its blocks, the text must get the same logits as that other text.
func TestRecentBlocksAreShort(t *testing.T) {
	m := windowed(t)
	r := newRunner(t, m, model.RunnerOptions{Threads: 1, Ctx: 256, Batch: 64, Recent: 3})
	s, other := r.NewSeq(), r.NewSeq()
	tokens := make([]int32, 150)
	for i := range tokens {
		tokens[i] = int32(3 + i*13%190)
	}
	want := evaluate(t, r, s, tokens[:60], 30, true)
	var b model.Batch
	b.AddAll(other, tokens[:40], 1)
	require.ErrorIs(t, r.Forward(context.Background(), &b), model.ErrNoBlocks)
	require.Zero(t, other.Len())
	require.Equal(t, model.Blocks{1, 1}, s.Needs(10))
	require.Equal(t, model.Blocks{0, 1}, r.Cache().Lacks(model.Blocks{0, 2}))
	s.Free()
	require.Equal(t, want, evaluate(t, r, other, tokens[:60], 30, true))
}
