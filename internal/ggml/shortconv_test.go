package ggml

import (
	"testing"

	"github.com/stretchr/testify/require"

	"alpaca/internal/pool"
	"alpaca/internal/quant"
)

// TestShortConv compares the result with the convolution's formula, for two texts that are
// evaluated together in pieces, by several workers.
func TestShortConv(t *testing.T) {
	const dim, taps, length = 130, 3, 70
	texts := [][]float32{noise(1, length*3*dim), noise(2, length*3*dim)}
	weights := noise(3, dim*taps)
	want := make([][]float32, len(texts))
	for i, in := range texts {
		want[i] = make([]float32, length*dim)
		for pos := range length {
			for d := range dim {
				for j := range taps {
					if at := pos - taps + 1 + j; at >= 0 {
						u := in[at*3*dim+d] * in[at*3*dim+2*dim+d]
						want[i][pos*dim+d] += float32(weights[d*taps+j] * u)
					}
				}
				want[i][pos*dim+d] *= in[pos*3*dim+dim+d]
			}
		}
	}
	f := KVFormat{TypeK: quant.F32, TypeV: quant.F32, Heads: 1, ValueDim: dim}
	for _, step := range []int{1, 5, 33, length} {
		p := pool.New(3, nil)
		var conv ShortConv
		blocks := make([][][]byte, len(texts))
		for i := range blocks {
			for range (length + BlockLen - 1) / BlockLen {
				block := make([]byte, 2*f.BlockBytes())
				for j := range block {
					block[j] = 0xff // bytes that are not written read as NaN
				}
				blocks[i] = append(blocks[i], block)
			}
		}
		for pos := 0; pos < length; pos += step {
			n := min(step, length-pos)
			call := Conv{KVLayer: KVLayer{Format: &f, Offset: f.BlockBytes()}, Taps: weights, Out: make([]float32, 2*n*dim)}
			for i, in := range texts {
				call.Spans = append(call.Spans, Span{Blocks: blocks[i], Pos: pos, Row: i * n, N: n})
				call.In = append(call.In, in[pos*3*dim:(pos+n)*3*dim]...)
			}
			require.NoError(t, conv.Run(p, call))
			for i := range texts {
				require.Equal(t, want[i][pos*dim:(pos+n)*dim], call.Out[i*n*dim:(i+1)*n*dim], "text %d from %d, %d at a time", i, pos, step)
			}
		}
		p.Close()
	}
}
