package model_test

import (
	"context"
	"fmt"
	"slices"
	"testing"

	"alpaca/internal/model"

	"github.com/stretchr/testify/require"
)

// TestCacheBudget checks that a batch for which the cache has no room changes no text.
func TestCacheBudget(t *testing.T) {
	m := small.load(t)
	r := newRunner(t, m, model.RunnerOptions{Threads: 1, Blocks: 3})
	a, b := r.NewSeq(), r.NewSeq()
	var batch model.Batch
	batch.AddAll(a, small.prompt(32), 0)
	batch.AddAll(b, small.prompt(31), 1)
	require.NoError(t, r.Forward(context.Background(), &batch))
	want, err := r.Logits(0, 1)
	require.NoError(t, err)
	want = slices.Clone(want)
	require.Equal(t, 2, r.Cache().Used())

	batch.Reset()
	batch.AddAll(b, []int32{1, 2}, 0)
	batch.AddAll(a, []int32{3}, 0)
	require.ErrorIs(t, r.Forward(context.Background(), &batch), model.ErrNoBlocks)
	require.Equal(t, []int{32, 31, 2}, []int{a.Len(), b.Len(), r.Cache().Used()})

	// If Forward is cancelled between two layers, nothing changes, either.
	require.ErrorIs(t, r.Forward(&cancelledAt{context.Background(), 1}, &batch), model.ErrNoBlocks)
	batch.Reset()
	batch.AddAll(b, []int32{1, 2}, 0)
	require.ErrorIs(t, r.Forward(&cancelledAt{context.Background(), 1}, &batch), context.Canceled)
	require.Equal(t, []int{32, 31, 2}, []int{a.Len(), b.Len(), r.Cache().Used()})
	b.Truncate(30)
	batch.Reset()
	batch.AddAll(b, small.prompt(31)[30:], 1)
	require.NoError(t, r.Forward(context.Background(), &batch))
	got, err := r.Logits(0, 1)
	require.NoError(t, err)
	require.Equal(t, want, got)

	a.Free()
	b.Free()
	require.Zero(t, r.Cache().Used())
	require.Equal(t, 3, r.Cache().Budget())
}

// TestABatchAllocatesNothing checks that a batch with a token for each of several texts
// allocates nothing.
func TestABatchAllocatesNothing(t *testing.T) {
	for _, name := range []string{"plain", "q4_k", "experts", "window"} {
		m := variants()[name].load(t)
		r := newRunner(t, m, model.RunnerOptions{Threads: 2})
		var seqs []*model.Seq
		for i := range 5 {
			s := r.NewSeq()
			var b model.Batch
			b.AddAll(s, small.prompt(35+i), 1)
			require.NoError(t, r.Forward(context.Background(), &b))
			seqs = append(seqs, s)
		}
		var b model.Batch
		require.Zero(t, testing.AllocsPerRun(20, func() {
			b.Reset()
			for i, s := range seqs {
				s.Truncate(35 + i)
				b.Add(s, int32(i), true)
			}
			err := r.Forward(context.Background(), &b)
			if err == nil {
				_, err = r.Logits(0, len(seqs))
			}
			if err != nil {
				t.Error(err)
			}
		}), name)
	}
}

// BenchmarkTexts measures a step of several texts at once.
func BenchmarkTexts(b *testing.B) {
	m := small.load(b)
	for _, n := range []int{1, 8} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			r := newRunner(b, m, model.RunnerOptions{})
			seqs := make([]*model.Seq, n)
			for i := range seqs {
				seqs[i] = r.NewSeq()
			}
			var batch model.Batch
			for b.Loop() {
				batch.Reset()
				for _, s := range seqs {
					s.Truncate(100)
					batch.Add(s, 1, true)
				}
				if err := r.Forward(context.Background(), &batch); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
