package ggml

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"alpaca/internal/pool"
)

// TestDeltaNet compares the result with the recurrence in float64. The bits
// must not depend on how the text is divided into calls. They must not
// depend on other texts in a call or on the number of workers, either.
func TestDeltaNet(t *testing.T) {
	const length = 23
	s := DeltaShape{Taps: 4, Key: 8, Value: 12, KeyHeads: 2, Heads: 4}
	channels, inner := s.Channels(), s.Heads*s.Value
	call := Delta{
		DeltaShape: s, Eps: 1e-6, At: 5, Weights: noise(1, channels*s.Taps), A: noise(2, s.Heads), Dt: noise(3, s.Heads), Norm: noise(4, s.Value),
		In: noise(5, length*channels), Gate: noise(6, length*inner), Alpha: noise(7, length*s.Heads), Beta: noise(8, length*s.Heads),
	}
	for i := range call.A {
		call.A[i] = -float32(math.Abs(float64(call.A[i])))
	}
	sigmoid := func(x float64) float64 { return 1 / (1 + math.Exp(-x)) }
	var want []float64
	states := make([][][]float64, s.Heads)
	for h := range states {
		states[h] = make([][]float64, s.Key)
		for i := range states[h] {
			states[h][i] = make([]float64, s.Value)
		}
	}
	for pos := range length {
		mixed := make([]float64, channels)
		for d := range mixed {
			for j := range s.Taps {
				if at := pos - s.Taps + 1 + j; at >= 0 {
					mixed[d] += float64(call.Weights[j*channels+d]) * float64(call.In[at*channels+d])
				}
			}
			mixed[d] *= sigmoid(mixed[d])
		}
		unit := func(x []float64, by float64) []float64 {
			sum, out := 1e-6, make([]float64, len(x))
			for _, v := range x {
				sum += v * v
			}
			for i, v := range x {
				out[i] = v / math.Sqrt(sum) * by
			}
			return out
		}
		for h := range s.Heads {
			at := h % s.KeyHeads * s.Key
			q, k := unit(mixed[at:at+s.Key], 1/math.Sqrt(float64(s.Key))), unit(mixed[s.KeyHeads*s.Key+at:][:s.Key], 1)
			decay := math.Exp(float64(call.A[h]) * math.Log(1+math.Exp(float64(call.Alpha[pos*s.Heads+h])+float64(call.Dt[h]))))
			out, squares := make([]float64, s.Value), 0.0
			for j := range s.Value {
				sum := 0.0
				for i := range s.Key {
					states[h][i][j] *= decay
					sum += states[h][i][j] * k[i]
				}
				delta := sigmoid(float64(call.Beta[pos*s.Heads+h])) * (mixed[2*s.KeyHeads*s.Key+h*s.Value+j] - sum)
				for i := range s.Key {
					states[h][i][j] += k[i] * delta
					out[j] += states[h][i][j] * q[i]
				}
				squares += out[j] * out[j]
			}
			for j, v := range out {
				gate := float64(call.Gate[pos*inner+h*s.Value+j])
				want = append(want, v/math.Sqrt(squares/float64(s.Value)+1e-6)*float64(call.Norm[j])*gate*sigmoid(gate))
			}
		}
	}
	var first []float32
	for _, how := range []struct{ threads, step int }{{1, length}, {3, 1}, {2, 5}} {
		p := pool.New(how.threads, nil)
		var n DeltaNet
		n.Reserve(how.threads, s)
		state, other := make([]float32, 5+s.StateLen()), noise(9, 5+s.StateLen())
		var got []float32
		for pos := 0; pos < length; pos += how.step {
			rows := min(how.step, length-pos)
			c := call
			c.Spans = []Span{{State: state, Pos: pos, N: rows}, {State: other, Row: rows, N: rows}}
			twice := func(x []float32, size int) []float32 {
				part := x[pos*size : (pos+rows)*size]
				return append(append([]float32(nil), part...), part...)
			}
			c.In, c.Gate, c.Alpha, c.Beta = twice(call.In, channels), twice(call.Gate, inner), twice(call.Alpha, s.Heads), twice(call.Beta, s.Heads)
			c.Mixed, c.Out = make([]float32, 2*rows*channels), make([]float32, 2*rows*inner)
			require.NoError(t, n.Run(p, c))
			got = append(got, c.Out[:rows*inner]...)
		}
		p.Close()
		for i, v := range got {
			require.InDelta(t, want[i], v, 2e-4)
		}
		if first == nil {
			first = got
		}
		require.Equal(t, first, got, "%d threads, %d at a time", how.threads, how.step)
	}
}
