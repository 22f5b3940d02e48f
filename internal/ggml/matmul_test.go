package ggml

import (
	"encoding/binary"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"alpaca/internal/pool"
	"alpaca/internal/quant"
	"alpaca/internal/quant/codec"
	"alpaca/internal/quant/matmul"
)

// noise returns n seeded numbers around 0.
func noise(seed uint64, n int) []float32 {
	rng := rand.New(rand.NewPCG(seed, 0))
	x := make([]float32, n)
	for i := range x {
		x[i] = rng.Float32()*2 - 1
	}
	return x
}

// matrix returns a random matrix of type t.
func matrix(tb testing.TB, t quant.Type, seed uint64, rows, cols int) *matmul.Matrix {
	data := make([]byte, rows*t.RowBytes(cols))
	if x := noise(seed, rows*cols); t == quant.F32 {
		for i, v := range x {
			binary.LittleEndian.PutUint32(data[4*i:], math.Float32bits(v))
		}
	} else {
		quant.Encode(t, data, x, cols, nil)
	}
	m, err := matmul.NewMatrix(t, rows, cols, data)
	require.NoError(tb, err)
	return &m
}

// plain returns w·x + bias for each row of acts.
func plain(w *matmul.Matrix, bias []float32, acts *matmul.Acts) []float32 {
	out := make([]float32, acts.Rows*w.Rows)
	var s matmul.Scratch
	w.MulRows(out, w.Rows, acts, 0, w.Rows, &s)
	for i := range out {
		if bias != nil {
			out[i] += bias[i%w.Rows]
		}
	}
	return out
}

func TestMatMul(t *testing.T) {
	const cols = 128 // four blocks in a row, which four streams of Q4_0 need
	for _, typ := range []quant.Type{quant.F32, quant.Q4_0} {
		for _, rows := range []int{1, 15, 33, 172, 707} {
			for _, tokens := range []int{1, 5} {
				x := noise(1, tokens*cols)
				var prep Prepare
				prep.Reserve(7, tokens, map[quant.Type]int{typ: cols})
				prep.Want(tokens, cols)
				prep.WantType(typ)
				w, u, k := matrix(t, typ, 2, rows, cols), matrix(t, typ, 3, rows, cols), matrix(t, typ, 4, 32, cols)
				bias := noise(5, rows)
				for _, threads := range []int{1, 3, 7} {
					p := pool.New(threads, nil)
					require.NoError(t, prep.Run(p, x, nil, nil))
					acts := prep.Acts(typ)
					wxb, ux, kx := plain(w, bias, acts), plain(u, nil, acts), plain(k, nil, acts)
					var m MatMul
					m.Reserve(threads, tokens)

					out, outU, outK := make([]float32, tokens*rows), make([]float32, tokens*rows), make([]float32, tokens*32)
					require.NoError(t, m.Store(p, Product{W: w, Bias: bias, Acts: acts, Out: out}, Product{W: u, Acts: acts, Out: outU}, Product{W: k, Acts: acts, Out: outK}))
					require.Equal(t, wxb, out)
					require.Equal(t, ux, outU)
					require.Equal(t, kx, outK)

					before := noise(6, tokens*rows)
					sum := append([]float32(nil), before...)
					require.NoError(t, m.Add(p, Product{W: w, Bias: bias, Acts: acts, Out: sum}))
					for i := range sum {
						require.Equal(t, before[i]+wxb[i], sum[i])
					}
					for _, act := range []Activation{SiLU, GELU} {
						require.NoError(t, m.Gate(p, act, Product{W: w, Bias: bias, Acts: acts, Out: out}, Product{W: u, Acts: acts}))
						want := append([]float32(nil), wxb...)
						act.Mul(want, ux)
						require.Equal(t, want, out)
					}
					p.Close()
				}
			}
		}
	}
}

func TestPrepareNormalizes(t *testing.T) {
	const rows, cols = 9, 96
	x, w := noise(1, rows*cols), noise(2, cols)
	p := pool.New(3, nil)
	defer p.Close()
	prep, dst := Prepare{Eps: 1e-5}, make([]float32, rows*cols)
	prep.Reserve(3, rows, map[quant.Type]int{quant.F32: cols, quant.Q8_0: cols})
	prep.Want(rows, cols)
	prep.WantType(quant.F32)
	prep.WantType(quant.F16)
	prep.WantType(quant.Q4_0)
	require.NoError(t, prep.Run(p, x, w, dst))
	for i := range rows {
		sum := 0.0
		for _, v := range x[i*cols : (i+1)*cols] {
			sum += float64(v) * float64(v)
		}
		scale := 1 / math.Sqrt(sum/cols+1e-5)
		for j := range cols {
			want := float64(x[i*cols+j]) * scale * float64(w[j])
			require.InDelta(t, want, dst[i*cols+j], 1e-6)
		}
		f, h, q := prep.Acts(quant.F32), prep.Acts(quant.F16), prep.Acts(quant.Q8_0)
		require.Equal(t, dst[i*cols:(i+1)*cols], f.F[i*f.Stride:i*f.Stride+cols])
		for j := range cols {
			require.Equal(t, codec.RoundHalf(dst[i*cols+j]), h.F[i*h.Stride+j])
		}
		for j := range cols {
			require.InDelta(t, dst[i*cols+j], float32(q.Q[i*q.Stride+j])*q.D[i*q.Blocks+j/32], 0.02)
		}
	}
	// The result must be the same without dst.
	want := append([]int8(nil), prep.Acts(quant.Q8_0).Q...)
	require.NoError(t, prep.Run(p, x, w, nil))
	require.Equal(t, want, prep.Acts(quant.Q8_0).Q)
}

func TestSoftmax(t *testing.T) {
	x := []float32{1, 2, 3, float32(math.Inf(-1))}
	Softmax(x)
	require.InDeltaSlice(t, []float32{0.09003057, 0.24472847, 0.66524096, 0}, x, 1e-6)
}
