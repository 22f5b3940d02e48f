package matmul

import (
	"alpaca/internal/fmath"
	"alpaca/internal/quant"
	"alpaca/internal/quant/kernel"
)

// This file defines each element of a matrix product: the product of a row of
// weights and a row of activations. A block of weights has a scale d, a minimum
// m and integers q. A block of activations has a scale D and integers a, and DS
// is D·Σ a, rounded. How they are multiplied depends on the format:
//
//   - Formats with blocks of 32: for each block in order, acc = fma(isum, d*D, acc) with the
//     exact integer isum = Σ q·a. If the format has minima, acc = fma(m, DS, acc) follows. In
//     formats with blocks of 64 or 128, each group of 32 weights counts as such a block. In
//     NVFP4, Q4_2 and Q4_3, each group of 16 weights does (see dotRow16).
//   - Q5_1, in the order of llama.cpp on AVX2: eight partial sums, one for each group of 4
//     neighbouring weights of a block, s[j] = fma(isum, d*D, s[j]). The minima have a sum of
//     their own, ms = fma(m, DS, ms). The result is kernel.Sum8(s) + ms.
//   - Formats with blocks of 256: each run of 16 weights has an integer scale sc, perhaps an
//     integer minimum mn, and an exact sum isum of its products. Sums are the sums of the run's
//     activations. For each block in order, acc = fma(Σ sc·isum, d*D, acc). If the format has
//     minima, acc = fma(-Σ mn·Sums, dmin*D, acc) follows.
//   - F32, F16, BF16: eight partial sums, s[k%8] = fma(w[k], x[k], s[k%8]), with rows padded
//     with zeros to a multiple of 8. kernel.Sum8 adds them as
//     ((s0+s4)+(s2+s6)) + ((s1+s5)+(s3+s7)).
//
// Conversion from integers to float32 rounds to nearest even, and products such as d*D are
// rounded to float32. An element always has the same accumulators and the same order of
// blocks, whether its row is computed alone or in a panel, for one token or for 512 tokens.

// dotRow sets out[i] to the dot product of a row of weights with row i of a.
func dotRow(t quant.Type, out []float32, row []byte, a *Acts, scratch *rowScratch) {
	out = out[:a.Rows]
	if f, ok := quant.Format32Of(t); ok && f.Lanes {
		dotRowLanes(f, out, row, a, scratch)
	} else if ok {
		dotRow32(f, out, row, a, &scratch.q)
	} else if f, ok := quant.Format16Of(t); ok {
		dotRow16(f, out, row, a)
	} else if f, ok := quant.WideFormatOf(t); ok {
		dotRowWide(t, f, out, row, a, &scratch.q)
	} else if f, ok := quant.Format256Of(t); ok {
		dotRow256(f, out, row, a, scratch)
	} else {
		dotRowFloat(t, out, row, a, scratch)
	}
}

// rowScratch is memory for dotRow.
type rowScratch struct {
	q     [32]int8
	block quant.SuperBlock
	row   []float32
	lanes [][9]float32 // for each token, eight partial sums and the sum of the minima
}

func dotRow32(f quant.Format32, out []float32, row []byte, a *Acts, q *[32]int8) {
	clear(out)
	blockBytes := len(row) / a.Blocks
	for b := range a.Blocks {
		d, m := f.Unpack(row[b*blockBytes:(b+1)*blockBytes], q)
		for i := range out {
			act := a.Q[i*a.Stride+b*32:][:32]
			var isum int32
			for j, w := range q {
				isum += int32(w) * int32(act[j])
			}
			at := i*a.Blocks + b
			acc := fmath.FMA32(float32(isum), float32(d*a.D[at]), out[i])
			if f.HasMin {
				acc = fmath.FMA32(m, a.DS[at], acc)
			}
			out[i] = acc
		}
	}
}

// dotRowLanes does what dotRow32 does, for a format with minima and eight partial sums.
func dotRowLanes(f quant.Format32, out []float32, row []byte, a *Acts, scratch *rowScratch) {
	scratch.lanes = resize(scratch.lanes, len(out))
	clear(scratch.lanes)
	q := &scratch.q
	blockBytes := len(row) / a.Blocks
	for b := range a.Blocks {
		d, m := f.Unpack(row[b*blockBytes:(b+1)*blockBytes], q)
		for i := range out {
			act := a.Q[i*a.Stride+b*32:][:32]
			at := i*a.Blocks + b
			s, scale := &scratch.lanes[i], float32(d*a.D[at])
			for j := range 8 {
				var isum int32
				for k, w := range q[4*j : 4*j+4] {
					isum += int32(w) * int32(act[4*j+k])
				}
				s[j] = fmath.FMA32(float32(isum), scale, s[j])
			}
			s[8] = fmath.FMA32(m, a.DS[at], s[8])
		}
	}
	for i := range out {
		s := &scratch.lanes[i]
		out[i] = kernel.Sum8((*[8]float32)(s[:])) + s[8]
	}
}

func dotRow256(f quant.Format256, out []float32, row []byte, a *Acts, scratch *rowScratch) {
	clear(out)
	s := &scratch.block
	blockBytes := len(row) / a.Blocks
	for b := range a.Blocks {
		f.Unpack(row[b*blockBytes:(b+1)*blockBytes], s)
		for i := range out {
			at := i*a.Blocks + b
			act := a.Q[i*a.Stride+b*256:][:256]
			var isum, msum int32
			for j := range s.Sc {
				var part int32
				for k, w := range s.Q[j*16 : j*16+16] {
					part += int32(w) * int32(act[j*16+k])
				}
				isum += int32(s.Sc[j]) * part
				msum += int32(s.Mn[j]) * int32(a.Sums[at*16+j])
			}
			acc := fmath.FMA32(float32(isum), float32(s.D*a.D[at]), out[i])
			if f.HasMin {
				acc = fmath.FMA32(-float32(msum), float32(s.DMin*a.D[at]), acc)
			}
			out[i] = acc
		}
	}
}

func dotRowFloat(t quant.Type, out []float32, row []byte, a *Acts, scratch *rowScratch) {
	scratch.row = resize(scratch.row, a.Cols)
	quant.Decode(t, scratch.row, row)
	for i := range out {
		out[i] = DotF32(scratch.row, a.F[i*a.Stride:][:a.Cols])
	}
}

// DotF32 returns the dot product of w and x with eight partial sums, as defined for F32
// weights.
func DotF32(w, x []float32) float32 {
	var s [8]float32
	x = x[:len(w)]
	for k := range w {
		s[k&7] = fmath.FMA32(w[k], x[k], s[k&7])
	}
	for k := range -len(w) & 7 {
		s[7-k] += 0 // padding: -0 becomes +0, as after a fused multiply-add of zeros
	}
	return kernel.Sum8(&s)
}

// dotRow16 does what dotRow32 does, in steps of 16 weights. isum is the
// sum over half a block of activations. The minimum is multiplied by
// D*float32(asum), where asum is the sum of Q over that half.
func dotRow16(f quant.Format16, out []float32, row []byte, a *Acts) {
	clear(out)
	var q [32]int8
	pairBytes := len(row) / a.Blocks
	for b := range a.Blocks {
		d, m := f.Unpack(row[b*pairBytes:(b+1)*pairBytes], &q)
		for i := range out {
			act := a.Q[i*a.Stride+b*32:][:32]
			scale := a.D[i*a.Blocks+b]
			acc := out[i]
			for h := range 2 {
				var isum, asum int32
				for j, w := range q[16*h : 16*h+16] {
					isum += int32(w) * int32(act[16*h+j])
					asum += int32(act[16*h+j])
				}
				acc = fmath.FMA32(float32(isum), float32(d[h]*scale), acc)
				if f.HasMin {
					acc = fmath.FMA32(m[h], float32(scale*float32(asum)), acc)
				}
			}
			out[i] = acc
		}
	}
}

// dotRowWide does what dotRow32 does, for formats in which each scale
// belongs to several blocks of activations, or to half a block.
func dotRowWide(t quant.Type, f quant.WideFormat, out []float32, row []byte, a *Acts, q *[32]int8) {
	n, parts := t.BlockBytes(), t.BlockLen()/32
	clear(out)
	for b := range a.Blocks {
		d := f.Unpack(row[b/parts*n:(b/parts+1)*n], b%parts, q)
		for i := range out {
			act := a.Q[i*a.Stride+b*32:][:32]
			var sums [2]int32
			for j, w := range q {
				sums[j/16] += int32(w) * int32(act[j])
			}
			if !f.Halves {
				sums[0] += sums[1]
			}
			scale := a.D[i*a.Blocks+b]
			out[i] = fmath.FMA32(float32(sums[0]), float32(d[0]*scale), out[i])
			if f.Halves {
				out[i] = fmath.FMA32(float32(sums[1]), float32(d[1]*scale), out[i])
			}
		}
	}
}
