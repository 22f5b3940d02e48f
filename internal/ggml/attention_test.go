package ggml

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"alpaca/internal/pool"
	"alpaca/internal/quant"
)

// attentionCase is a shape of attention. Its queries, keys and values are noise.
type attentionCase struct {
	heads, kvHeads, keyDim, valueDim int
	typeK, typeV                     quant.Type
	window, total                    int
}

func (c attentionCase) String() string {
	return fmt.Sprintf("%d heads of %d, %d-%d %v-%v window %d total %d", c.heads, c.kvHeads, c.keyDim, c.valueDim, c.typeK, c.typeV, c.window, c.total)
}

// data returns queries, keys and values of all positions.
func (c attentionCase) data() (q, k, v []float32) {
	rng := rand.New(rand.NewPCG(7, uint64(c.total)))
	noise := func(n int) []float32 {
		x := make([]float32, n)
		for i := range x {
			x[i] = float32(rng.NormFloat64())
		}
		return x
	}
	return noise(c.total * c.heads * c.keyDim), noise(c.total * c.kvHeads * c.keyDim), noise(c.total * c.kvHeads * c.valueDim)
}

// cache returns the blocks of two layers. The second layer, at the returned offset,
// has k and v. All bytes that are not written are 0xff, so that they read as NaN.
func (c attentionCase) cache(k, v []float32) (f *KVFormat, blocks [][]byte, offset int) {
	f = &KVFormat{TypeK: c.typeK, TypeV: c.typeV, Heads: c.kvHeads, KeyDim: c.keyDim, ValueDim: c.valueDim}
	offset = f.BlockBytes()
	k, v = slices.Clone(k), slices.Clone(v) // PutKey and PutValue may rotate them
	row := make([]byte, 4*c.keyDim)
	for pos := range c.total {
		if pos%BlockLen == 0 {
			block := make([]byte, 2*f.BlockBytes())
			for i := range block {
				block[i] = 0xff
			}
			blocks = append(blocks, block)
		}
		block := blocks[pos/BlockLen][offset:]
		for h := range c.kvHeads {
			f.PutKey(f.Keys(block, h), pos%BlockLen, k[(pos*c.kvHeads+h)*c.keyDim:][:c.keyDim], row)
			f.PutValue(f.Values(block, h), pos%BlockLen, v[(pos*c.kvHeads+h)*c.valueDim:][:c.valueDim])
		}
	}
	return f, blocks, offset
}

// run evaluates all positions, in batches of the given size.
func (c attentionCase) run(t *testing.T, threads, batch int) []float32 {
	q, k, v := c.data()
	f, blocks, offset := c.cache(k, v)
	require.NoError(t, f.Check())
	p := pool.New(threads, nil)
	defer p.Close()
	var a Attention
	layer, scale := KVLayer{Format: f, Offset: offset, Heads: c.heads}, 1/float32(math.Sqrt(float64(c.keyDim)))
	a.Reserve(threads, batch, layer)
	out := make([]float32, c.total*c.heads*c.valueDim)
	for pos := 0; pos < c.total; pos += batch {
		require.NoError(t, a.Run(p, Attend{
			KVLayer: layer,
			Spans:   []Span{{Blocks: blocks, Pos: pos, N: min(batch, c.total-pos)}},
			Scale:   scale, Window: c.window, Q: q[pos*c.heads*c.keyDim:], Out: out[pos*c.heads*c.valueDim:],
		}))
	}
	return out
}

// naive computes attention by its formula in float64.
func (c attentionCase) naive() []float64 {
	q, k, v := c.data()
	out := make([]float64, c.total*c.heads*c.valueDim)
	for pos := range c.total {
		first := 0
		if c.window > 0 {
			first = max(0, pos-c.window+1)
		}
		for h := range c.heads {
			kv := h / (c.heads / c.kvHeads)
			var sum float64
			o := out[(pos*c.heads+h)*c.valueDim:][:c.valueDim]
			for j := first; j <= pos; j++ {
				var dot float64
				for d := range c.keyDim {
					dot += float64(q[(pos*c.heads+h)*c.keyDim+d]) * float64(k[(j*c.kvHeads+kv)*c.keyDim+d])
				}
				e := math.Exp(dot / math.Sqrt(float64(c.keyDim)))
				sum += e
				for d := range o {
					o[d] += e * float64(v[(j*c.kvHeads+kv)*c.valueDim+d])
				}
			}
			for d := range o {
				o[d] /= sum
			}
		}
	}
	return out
}

func TestAttention(t *testing.T) {
	tests := []struct {
		attentionCase
		tolerance float64
	}{
		{attentionCase{1, 1, 8, 8, quant.F32, quant.F32, 0, 1}, 1e-6},
		{attentionCase{4, 4, 16, 16, quant.F32, quant.F32, 0, 100}, 1e-5},
		{attentionCase{8, 2, 16, 16, quant.F32, quant.F32, 0, 70}, 1e-5},
		{attentionCase{6, 2, 32, 8, quant.F32, quant.F32, 0, 65}, 1e-5},
		{attentionCase{4, 2, 16, 16, quant.F32, quant.F32, 5, 70}, 1e-5},
		{attentionCase{4, 2, 16, 16, quant.F32, quant.F32, 32, 100}, 1e-5},
		{attentionCase{4, 2, 16, 16, quant.F32, quant.F32, 50, 120}, 1e-5},
		{attentionCase{8, 2, 64, 64, quant.F16, quant.F16, 0, 70}, 3e-3},
		{attentionCase{8, 2, 64, 64, quant.Q8_0, quant.Q8_0, 0, 70}, 5e-2},
		{attentionCase{8, 2, 64, 32, quant.Q8_0, quant.F16, 40, 70}, 5e-2},
		{attentionCase{8, 2, 64, 64, quant.Q5_1, quant.Q5_1, 0, 70}, 0.2},
		{attentionCase{8, 2, 64, 96, quant.Q5_0, quant.Q5_0, 0, 70}, 0.2},
		{attentionCase{8, 2, 128, 64, quant.Q4_1, quant.Q4_1, 0, 70}, 0.5},
		{attentionCase{8, 2, 96, 64, quant.Q4_0, quant.Q4_0, 40, 100}, 0.5},
	}
	for _, test := range tests {
		t.Run(test.String(), func(t *testing.T) {
			want, got := test.naive(), test.run(t, 1, test.total)
			for i := range want {
				require.InDelta(t, want[i], got[i], test.tolerance, "element %d", i)
			}
			// The number of threads and the size of a batch must not change any bit.
			for _, how := range []struct{ threads, batch int }{{1, 1}, {7, 3}, {2, 64}} {
				require.Equal(t, got, test.run(t, how.threads, how.batch), "%d threads, batch %d", how.threads, how.batch)
			}
		})
	}
}

// TestAttentionOfSeveralTexts checks that the rows of texts of several
// lengths get the same bits in one common call as in separate calls.
func TestAttentionOfSeveralTexts(t *testing.T) {
	for _, c := range []attentionCase{
		{8, 2, 16, 16, quant.F16, quant.F16, 0, 300},
		{8, 1, 32, 8, quant.Q8_0, quant.F32, 0, 300},
		{4, 2, 16, 16, quant.F32, quant.F16, 40, 300},
	} {
		want := c.run(t, 1, c.total)
		q, k, v := c.data()
		f, blocks, offset := c.cache(k, v)
		// Different positions of one text stand for several texts.
		texts := []struct{ pos, n int }{{0, 1}, {290, 10}, {7, 1}, {40, 1}, {31, 70}, {255, 1}, {3, 2}}
		var spans []Span
		rowsQ, rows := []float32{}, 0
		for _, text := range texts {
			spans = append(spans, Span{Blocks: blocks, Pos: text.pos, Row: rows, N: text.n})
			rowsQ = append(rowsQ, q[text.pos*c.heads*c.keyDim:(text.pos+text.n)*c.heads*c.keyDim]...)
			rows += text.n
		}
		for _, threads := range []int{1, 2, 7} {
			p := pool.New(threads, nil)
			var a Attention
			layer, scale := KVLayer{Format: f, Offset: offset, Heads: c.heads}, 1/float32(math.Sqrt(float64(c.keyDim)))
			a.Reserve(threads, rows, layer)
			size := c.heads * c.valueDim
			out := make([]float32, rows*size)
			require.NoError(t, a.Run(p, Attend{KVLayer: layer, Spans: spans, Scale: scale, Window: c.window, Q: rowsQ, Out: out}))
			for i, text := range texts {
				require.Equal(t, want[text.pos*size:(text.pos+text.n)*size], out[spans[i].Row*size:(spans[i].Row+text.n)*size], "%v: text %d, %d threads", c, i, threads)
			}
			require.NoError(t, a.Run(p, Attend{}))
			p.Close()
		}
	}
}

// TestAttentionOutMayBeQ checks that Out may be Q, as in the forward pass.
func TestAttentionOutMayBeQ(t *testing.T) {
	c := attentionCase{8, 2, 16, 16, quant.F16, quant.F16, 0, 90}
	want := c.run(t, 2, c.total)
	q, k, v := c.data()
	f, blocks, offset := c.cache(k, v)
	p := pool.New(3, nil)
	defer p.Close()
	var a Attention
	layer, scale := KVLayer{Format: f, Offset: offset, Heads: c.heads}, float32(0.25)
	a.Reserve(3, c.total, layer)
	require.NoError(t, a.Run(p, Attend{KVLayer: layer, Spans: []Span{{Blocks: blocks, N: c.total}}, Scale: scale, Q: q, Out: q}))
	require.Equal(t, want, q)
}

// TestAttentionIgnoresLaterValues checks that an infinite value does not change the results of
// earlier positions, although they read the same block.
func TestAttentionIgnoresLaterValues(t *testing.T) {
	c := attentionCase{2, 1, 8, 8, quant.F32, quant.F32, 0, 40}
	q, k, v := c.data()
	run := func() []float32 {
		f, blocks, offset := c.cache(k, v)
		p := pool.New(1, nil)
		defer p.Close()
		out := make([]float32, len(q))
		var a Attention
		layer, scale := KVLayer{Format: f, Offset: offset, Heads: c.heads}, float32(1)
		a.Reserve(1, c.total, layer)
		require.NoError(t, a.Run(p, Attend{KVLayer: layer, Spans: []Span{{Blocks: blocks, N: c.total}}, Scale: scale, Q: q, Out: out}))
		return out
	}
	want := run()
	v[20*8], k[20*8] = float32(math.Inf(1)), float32(math.NaN())
	got := run()
	require.Equal(t, want[:20*16], got[:20*16])
	require.True(t, math.IsNaN(float64(got[20*16])))
}

func BenchmarkAttention(b *testing.B) {
	for _, tokens := range []int{1, 64, 512} {
		b.Run(fmt.Sprintf("%d tokens at 1024", tokens), func(b *testing.B) {
			c := attentionCase{32, 4, 64, 64, quant.F16, quant.F16, 0, 1024 + tokens}
			q, k, v := c.data()
			f, blocks, offset := c.cache(k, v)
			p := pool.New(1, nil)
			defer p.Close()
			var a Attention
			layer, scale := KVLayer{Format: f, Offset: offset, Heads: c.heads}, float32(0.125)
			a.Reserve(1, tokens, layer)
			call := Attend{KVLayer: layer, Spans: []Span{{Blocks: blocks, Pos: 1024, N: tokens}}, Scale: scale, Q: q, Out: make([]float32, len(q))}
			for b.Loop() {
				a.Run(p, call)
			}
			b.ReportMetric(float64(b.N)*float64(tokens)*32*1024*64*2/float64(b.Elapsed().Nanoseconds()), "Gmac/s")
		})
	}
}
