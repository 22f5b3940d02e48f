package ggml

import (
	"math"

	"alpaca/internal/fmath"
	"alpaca/internal/ggml/vec"
	"alpaca/internal/pool"
)

// DeltaShape is the shape of a layer with a gated delta rule (arXiv:2412.06464).
type DeltaShape struct {
	Taps       int // positions of the convolution
	Key, Value int // elements of a head of queries and keys, and of a head of values
	KeyHeads   int // heads of queries and keys
	Heads      int // heads of values, a multiple of KeyHeads; head r uses key head r mod KeyHeads
}

// Channels returns the number of elements of a position's queries, keys and values together.
func (s DeltaShape) Channels() int { return 2*s.KeyHeads*s.Key + s.Heads*s.Value }

// StateLen returns the number of elements of a text's state in a layer. First come the inputs
// of the convolution at the last Taps-1 positions, the oldest first. Then comes a matrix
// [Key, Value] for each head of values.
func (s DeltaShape) StateLen() int { return (s.Taps-1)*s.Channels() + s.Heads*s.Key*s.Value }

// DeltaNet computes the positions of a text one after the other. So the result does not depend
// on how a text is divided into batches. Queries, keys and values go through a convolution over
// the last positions, and through SiLU. q and k are divided by their Euclidean norms, and q also
// by sqrt(Key). Then each head of values computes
//
//	M = e^(A*softplus(alpha+Dt)) * M
//	M = M + k (sigmoid(beta) * (v - Mᵀk))ᵀ
//	o = RMSNorm(Mᵀq) * silu(gate)
//
// M is the head's matrix in the text's state. Sums over k and q are chains of fused
// multiply-adds. All other operations round to float32.
type DeltaNet struct {
	workers []deltaScratch

	Delta
}

// Delta has the arguments of DeltaNet.Run.
type Delta struct {
	DeltaShape
	Eps         float32   // epsilon of the norm
	Spans       []Span    // Run changes their State, from element At on
	At          int       // where the layer's state begins in Span.State
	Weights     []float32 // [Channels, Taps] weights of the convolution
	A, Dt       []float32 // [Heads]
	Norm        []float32 // [Value]
	In          []float32 // [rows, Channels]
	Mixed       []float32 // [rows, Channels] set to the output of the convolution and SiLU
	Gate        []float32 // [rows, Heads*Value]
	Alpha, Beta []float32 // [rows, Heads]
	Out         []float32 // [rows, Heads*Value]
}

// deltaScratch is one worker's memory.
type deltaScratch struct {
	q, k  []float32 // [Key]
	delta []float32 // [Value]
}

// Reserve allocates the memory for a number of workers.
func (n *DeltaNet) Reserve(workers int, s DeltaShape) {
	n.workers = make([]deltaScratch, workers)
	for i := range n.workers {
		n.workers[i] = deltaScratch{make([]float32, s.Key), make([]float32, s.Key), make([]float32, s.Value)}
	}
}

// Run computes the rows of all spans, and updates their texts' states.
func (n *DeltaNet) Run(p *pool.Pool, call Delta) error {
	n.Delta = call
	items := (n.Channels() + convRun - 1) / convRun
	if err := p.Run((*deltaConv)(n), items, 1); err != nil {
		return err
	}
	return p.Run((*deltaHeads)(n), n.Heads, 1)
}

// deltaConv computes the convolutions. An item is convRun channels.
type deltaConv DeltaNet

// Do implements Task.
func (n *deltaConv) Do(_, lo, hi int) {
	channels := n.Channels()
	first, last := lo*convRun, min(hi*convRun, channels)
	for i := range n.Spans {
		s := &n.Spans[i]
		before := s.State[n.At:][:(n.Taps-1)*channels]
		at := func(row int) []float32 { // a row of the span; negative ones are in the state
			if row < 0 {
				return before[(row+n.Taps-1)*channels:][:channels]
			}
			return n.In[(s.Row+row)*channels:][:channels]
		}
		for row := range s.N {
			out := n.Mixed[(s.Row+row)*channels:][:channels]
			clear(out[first:last])
			for j := range n.Taps {
				in := at(row - n.Taps + 1 + j)
				for d := first; d < last; d++ {
					out[d] += float32(n.Weights[d*n.Taps+j] * in[d])
				}
			}
			silu(out[first:last])
		}
		for j := range n.Taps - 1 { // oldest first, so that each is read before it is overwritten
			copy(before[j*channels+first:j*channels+last], at(s.N - n.Taps + 1 + j)[first:last])
		}
	}
}

// deltaHeads computes the heads of values. An item is one head.
type deltaHeads DeltaNet

// Do implements Task.
func (n *deltaHeads) Do(worker, lo, hi int) {
	for head := lo; head < hi; head++ {
		for i := range n.Spans {
			for row := range n.Spans[i].N {
				n.row(&n.workers[worker], &n.Spans[i], n.Spans[i].Row+row, head)
			}
		}
	}
}

// row computes one head of values in one row.
func (n *deltaHeads) row(w *deltaScratch, s *Span, row, head int) {
	channels := n.Channels()
	in := n.Mixed[row*channels:][:channels]
	at := head % n.KeyHeads * n.Key
	unit(w.q, in[at:], 1/float32(math.Sqrt(float64(n.Key))))
	unit(w.k, in[n.KeyHeads*n.Key+at:], 1)
	v := in[2*n.KeyHeads*n.Key+head*n.Value:][:n.Value]
	m := s.State[n.At+(n.Taps-1)*channels+head*n.Key*n.Value:][:n.Key*n.Value]

	vec.Scale(m, fmath.Exp32(n.A[head]*softplus(n.Alpha[row*n.Heads+head]+n.Dt[head])))
	state, one := vec.Mat{Data: m, Stride: n.Value}, vec.Size{M: 1, K: n.Key, N: n.Value}
	vec.Gemm(vec.Mat{Data: w.delta, Stride: n.Value}, vec.Mat{Data: w.k, Stride: n.Key}, state, one, true) // Mᵀk
	beta := 1 / (1 + fmath.Exp32(-n.Beta[row*n.Heads+head]))
	for j, x := range w.delta {
		w.delta[j] = beta * (v[j] - x)
	}
	vec.Gemm(state, vec.Mat{Data: w.k, Stride: 1}, vec.Mat{Data: w.delta, Stride: n.Value}, vec.Size{M: n.Key, K: 1, N: n.Value}, false) // M + k δᵀ
	at = (row*n.Heads + head) * n.Value
	out := n.Out[at:][:n.Value]
	vec.Gemm(vec.Mat{Data: out, Stride: n.Value}, vec.Mat{Data: w.q, Stride: n.Key}, state, one, true) // Mᵀq
	vec.RMSNorm(out, out, n.Norm, n.Eps)
	gate := n.Gate[at:][:n.Value]
	vec.SiluMul(gate, out)
	copy(out, gate)
}

// unit sets dst to by * x / |x|.
func unit(dst, x []float32, by float32) {
	const eps = 1e-6 // the value in the models' training
	x = x[:len(dst)]
	var squares float32
	for _, v := range x {
		squares = fmath.FMA32(v, v, squares)
	}
	scale := by * (1 / float32(math.Sqrt(float64(squares+eps))))
	for i, v := range x {
		dst[i] = v * scale
	}
}

// softplus returns log(1 + e^x).
func softplus(x float32) float32 {
	if x > 20 { // the result rounds to x
		return x
	}
	return float32(fmath.Log(1 + fmath.Exp(float64(x))))
}

// silu sets x[i] = x[i] * sigmoid(x[i]).
func silu(x []float32) {
	s := chunks.Get().(*[chunk]float32)
	defer chunks.Put(s)
	for len(x) > 0 {
		n := min(len(s), len(x))
		vec.Sigmoid(s[:n], x[:n])
		for i, y := range s[:n] {
			x[i] *= y
		}
		x = x[n:]
	}
}
