package ggml

import (
	"testing"

	"github.com/stretchr/testify/require"

	"alpaca/internal/pool"
	"alpaca/internal/quant"
	"alpaca/internal/quant/matmul"
)

// TestExperts checks that a row has the same results, bit for bit, in a group and alone. It
// tries several types, numbers of rows that do not fill the last panel, and several workers.
func TestExperts(t *testing.T) {
	t.Run("apart", func(t *testing.T) { testExperts(t, []int{1, 0, 21}) })
	t.Run("many rows", func(t *testing.T) { testExperts(t, []int{1, 0, maxApart}) })
}

// testExperts does what TestExperts does. counts has the number of rows for each expert.
func testExperts(t *testing.T, counts []int) {
	const cols = 256
	for _, typ := range []quant.Type{quant.F32, quant.F16, quant.Q8_0, quant.Q4_0, quant.Q4_K} {
		for _, rows := range []int{5, 24, 100} {
			matrix := func(seed uint64) *matmul.Matrix {
				data := make([]byte, rows*typ.RowBytes(cols))
				quant.Encode(typ, data, noise(seed, rows*cols), cols, nil)
				m, err := matmul.NewMatrix(typ, rows, cols, data)
				require.NoError(t, err)
				return &m
			}
			var groups []Group
			at := 0
			for e, n := range counts {
				if n > 0 {
					groups = append(groups, Group{
						Expert: e, Lo: at, Hi: at + n,
						Main: ExpertMatrix{W: matrix(uint64(e)), Scale: float32(e), Bias: noise(uint64(e), rows)},
						Up:   ExpertMatrix{W: matrix(uint64(10 + e)), Scale: 1.5, Bias: noise(uint64(10+e), rows)},
					})
				}
				at += n
			}
			x, weights, tokens := noise(5, 4*cols), noise(6, at), make([]int, at)
			for i := range tokens {
				tokens[i] = i % 4
			}
			gates, sums := make([]float32, at*rows), noise(7, 4*rows)
			want := append([]float32(nil), sums...)
			one := pool.New(1, nil)
			var alone MatMul
			alone.Reserve(1, 1)
			for _, g := range groups {
				for row := g.Lo; row < g.Hi; row++ {
					var acts matmul.Acts
					acts.Reset(typ, 1, cols)
					acts.Quantize(0, x[tokens[row]*cols:])
					out, y := gates[row*rows:(row+1)*rows], make([]float32, rows)
					require.NoError(t, alone.Gate(one, SiLU, Product{W: g.Main.W, Scale: g.Main.Scale, Bias: g.Main.Bias, Acts: &acts, Out: out}, Product{W: g.Up.W, Scale: g.Up.Scale, Bias: g.Up.Bias, Acts: &acts}))
					require.NoError(t, alone.Store(one, Product{W: g.Main.W, Scale: g.Main.Scale, Bias: g.Main.Bias, Acts: &acts, Out: y}))
					for i, v := range y {
						want[tokens[row]*rows+i] += float32(weights[row] * v)
					}
				}
			}
			one.Close()
			for _, threads := range []int{1, 3} {
				p := pool.New(threads, nil)
				var acts Prepare
				acts.Reserve(threads, at, map[quant.Type]int{typ: cols})
				acts.Want(at, cols)
				acts.WantType(typ)
				require.NoError(t, acts.RunRows(p, x, tokens))
				var e Experts
				e.Reserve(threads, at)
				got := make([]float32, len(gates))
				require.NoError(t, e.Run(p, ExpertCall{Groups: groups, Acts: &acts, Act: SiLU, Out: got}))
				require.Equal(t, gates, got, "%v, %d rows, %d threads", typ, rows, threads)
				down := append([]Group(nil), groups...)
				for i := range down {
					down[i].Up = ExpertMatrix{}
				}
				got = append([]float32(nil), sums...)
				require.NoError(t, e.Run(p, ExpertCall{Groups: down, Acts: &acts, Tokens: tokens, Weights: weights, Out: got}))
				require.Equal(t, want, got, "%v, %d rows, %d threads, added", typ, rows, threads)
				p.Close()
			}
		}
	}
}
