package ggml

import (
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"alpaca/internal/quant"
)

func TestKVFormat(t *testing.T) {
	for _, typ := range []quant.Type{quant.F32, quant.F16, quant.Q8_0, quant.Q5_1, quant.Q5_0, quant.Q4_1, quant.Q4_0} {
		f := KVFormat{TypeK: typ, TypeV: typ, Heads: 3, KeyDim: 64, ValueDim: 32}
		require.NoError(t, f.Check())
		block := make([]byte, f.BlockBytes())
		keys, values := make([][]float32, BlockLen), make([][]float32, BlockLen)
		rng := rand.New(rand.NewPCG(1, 2))
		row := make([]byte, 4*f.KeyDim)
		for j := range keys {
			keys[j] = make([]float32, f.KeyDim)
			for d := range keys[j] {
				keys[j][d] = rng.Float32()*2 - 1
			}
			values[j] = slices.Clone(keys[j][:f.ValueDim])
		}
		for _, j := range rng.Perm(BlockLen) { // in random order, because positions share bytes
			f.PutKey(f.Keys(block, 1), j, keys[j], row) // leaves keys[j] rotated
			f.PutValue(f.Values(block, 1), j, values[j])
		}
		wideK, wideV := make([]float32, f.KeyDim*BlockLen), make([]float32, f.ValueDim*BlockLen)
		f.widenKeys(wideK, f.Keys(block, 1))
		f.widenValues(wideV, f.Values(block, 1))
		stored := func(x []float32) []float32 { // x, encoded and then decoded
			row, kept := make([]byte, typ.RowBytes(len(x))), make([]float32, len(x))
			quant.Encode(typ, row, x, len(x), nil)
			quant.Decode(typ, kept, row)
			return kept
		}
		k := make([]float32, f.KeyDim)
		for j := range keys {
			want := stored(keys[j])
			for d := range want {
				require.Equal(t, want[d], wideK[d*BlockLen+j])
			}
			require.Equal(t, stored(values[j]), wideV[j*f.ValueDim:(j+1)*f.ValueDim])
			f.Key(k, f.Keys(block, 1), j, row)
			f.rotateKey(want)
			require.Equal(t, want, k)
		}
		for i, b := range f.Keys(block, 0) {
			require.Zero(t, b, "byte %d, which belongs to another head, has changed", i)
		}
		for i, b := range f.Values(block, 2) {
			require.Zero(t, b, "byte %d, which belongs to another head, has changed", i)
		}
	}
	for _, bad := range []KVFormat{
		{quant.F16, quant.F16, 0, 8, 8},
		{quant.Q4_K, quant.F16, 1, 256, 32},
		{quant.F16, quant.Q4_K, 1, 32, 256},
		{quant.Q8_0, quant.F16, 1, 48, 48},
		{quant.F16, quant.Q4_0, 1, 32, 48},
	} {
		require.Error(t, bad.Check(), "%v", bad)
	}
}

// TestUsed checks the parts of a block that hold its first n positions. The parts must not depend
// on later positions. A block to which the parts are copied must have the same first n positions.
func TestUsed(t *testing.T) {
	for _, typ := range []quant.Type{quant.F32, quant.F16, quant.Q8_0, quant.Q5_1, quant.Q5_0, quant.Q4_1, quant.Q4_0} {
		f := KVFormat{TypeK: typ, TypeV: typ, Heads: 2, KeyDim: 64, ValueDim: 32}
		for _, n := range []int{1, 7, 16, 17, 31, 32} {
			fill := func(seed uint64) []byte { // only positions from n on depend on seed
				block, row := make([]byte, f.BlockBytes()), make([]byte, 4*f.KeyDim)
				for j := range BlockLen {
					r := rand.New(rand.NewPCG(seed*uint64(j/n), uint64(j)))
					for h := range f.Heads {
						k := make([]float32, f.KeyDim)
						for d := range k {
							k[d] = float32(r.NormFloat64())
						}
						f.PutValue(f.Values(block, h), j, slices.Clone(k[:f.ValueDim]))
						f.PutKey(f.Keys(block, h), j, k, row)
					}
				}
				return block
			}
			var saved, other []byte
			a, b, c := fill(1), fill(2), fill(3)
			before := slices.Clone(a)
			require.NoError(t, f.Used(a, n, func(part []byte) error { saved = append(saved, part...); return nil }))
			require.Equal(t, before, a)
			require.NoError(t, f.Used(b, n, func(part []byte) error { other = append(other, part...); return nil }))
			require.Equal(t, saved, other, "%v, %d positions", typ, n)
			require.Len(t, saved, n*f.Heads*(typ.RowBytes(f.KeyDim)+typ.RowBytes(f.ValueDim)))

			want := slices.Clone(c)
			clear(c)
			require.NoError(t, f.Used(c, n, func(part []byte) error { copy(part, saved); saved = saved[len(part):]; return nil }))
			row, got, kept := make([]byte, 4*f.KeyDim), make([]float32, f.KeyDim), make([]float32, f.KeyDim)
			for h := range f.Heads {
				for j := range n {
					f.Key(got, f.Keys(c, h), j, row)
					f.Key(kept, f.Keys(want, h), j, row)
					require.Equal(t, kept, got, "%v: key %d of %d", typ, j, n)
					require.Equal(t, f.Value(f.Values(want, h), j), f.Value(f.Values(c, h), j))
				}
			}
		}
	}
}
