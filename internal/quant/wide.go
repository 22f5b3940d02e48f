package quant

import "alpaca/internal/fmath"

// A wideFormat is a format whose blocks are several times 32 weights, each to go with a
// block of activations: w[i] = q[i]*d, with one scale for all or one for each 16.
type wideFormat struct {
	// unpack reads the integers of the part-th 32 weights and their scale, or the scales of
	// both halves.
	unpack func(block []byte, part int, q *[32]int8) (d [2]float32)
	halves bool // there are two
}

// wideFormats are the formats with blocks of 64 and 128.
var wideFormats = map[Type]wideFormat{
	Q1_0:  {unpack: unpackQ1_0},
	Q2_0:  {unpack: unpackQ2_0},
	NVFP4: {unpack: unpackNVFP4, halves: true},
}

// dotRowWide is dotRow32 with scales for several blocks of activations, or for half ones.
func dotRowWide(t Type, out []float32, row []byte, a *Acts, q *[32]int8) {
	f, n, parts := wideFormats[t], t.BlockBytes(), t.BlockLen()/32
	clear(out)
	for b := range a.Blocks {
		d := f.unpack(row[b/parts*n:(b/parts+1)*n], b%parts, q)
		for i := range out {
			act := a.Q[i*a.Stride+b*32:][:32]
			var sums [2]int32
			for j, w := range q {
				sums[j/16] += int32(w) * int32(act[j])
			}
			if !f.halves {
				sums[0] += sums[1]
			}
			scale := a.D[i*a.Blocks+b]
			out[i] = fmath.FMA32(float32(sums[0]), float32(d[0]*scale), out[i])
			if f.halves {
				out[i] = fmath.FMA32(float32(sums[1]), float32(d[1]*scale), out[i])
			}
		}
	}
}

// decodeWide widens a block.
func decodeWide(f wideFormat, dst []float32, block []byte, q *[32]int8) {
	for part := range len(dst) / 32 {
		d := f.unpack(block, part, q)
		if !f.halves {
			d[1] = d[0]
		}
		for i, n := range q {
			dst[32*part+i] = float32(float32(n) * d[i/16])
		}
	}
}
