package ggml

import (
	"math"

	"alpaca/internal/fmath"
	"alpaca/internal/ggml/vec"
	"alpaca/internal/pool"
)

// DeltaShape is the shape of a layer with a gated delta rule (arXiv:2412.06464).
type DeltaShape struct {
	Taps       int // number of positions that the convolution covers
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

// DeltaNet computes the positions of a text one after the other. So the result does not depend on
// how a text is divided into batches. Queries, keys and values first go through a convolution over
// the last positions, and then through SiLU. After that, queries and keys are divided by their
// Euclidean norms, and queries also by sqrt(Key). Then each head of values computes
//
//	M = e^(A*softplus(alpha+Dt)) * M
//	M = M + k (sigmoid(beta) * (v - Mᵀk))ᵀ
//	o = RMSNorm(Mᵀq) * silu(gate)
//
// M is the head's matrix in the text's state. vec.Delta defines the
// order of these sums, and matmul.DotF32 defines the order in which
// norms add squares. All other operations round to float32.
type DeltaNet struct {
	workers []vec.DeltaRule
	ones    []float32 // [max(Key, Value)]

	Delta
}

// Delta has the arguments of DeltaNet.Run.
type Delta struct {
	DeltaShape
	Eps         float32   // epsilon of the norm
	Spans       []Span    // Run changes their State, from element At on
	At          int       // where the layer's state begins in Span.State
	Weights     []float32 // [Taps, Channels] weights of the convolution
	A, Dt       []float32 // [Heads]
	Norm        []float32 // [Value]
	In          []float32 // [rows, Channels]
	Mixed       []float32 // [rows, Channels] set to q, k and v of each row
	Gate        []float32 // [rows, Heads*Value] overwritten
	Alpha, Beta []float32 // [rows, Heads] set to the factors of M and of v - Mᵀk
	Out         []float32 // [rows, Heads*Value]
}

// Reserve allocates the memory for a number of workers.
func (n *DeltaNet) Reserve(workers int, s DeltaShape) {
	n.workers = make([]vec.DeltaRule, workers)
	for i := range n.workers {
		n.workers[i].Scratch = make([]float32, s.Key*vec.DeltaColumns)
	}
	n.ones = make([]float32, max(s.Key, s.Value))
	for i := range n.ones {
		n.ones[i] = 1
	}
}

// Run computes the rows of all spans, and updates their texts' states.
func (n *DeltaNet) Run(p *pool.Pool, call Delta) error {
	n.Delta = call
	if err := p.Run((*deltaInputs)(n), 2*n.KeyHeads+n.Heads, 1); err != nil {
		return err
	}
	return p.Run((*deltaHeads)(n), n.Heads, 1)
}

// deltaInputs computes what the recurrence needs. An item is a head of queries, of keys or of
// values, in this order. The heads of values also compute the factors.
type deltaInputs DeltaNet

// Do implements Task.
func (n *deltaInputs) Do(_, lo, hi int) {
	for item := lo; item < hi; item++ {
		first, size := item*n.Key, n.Key
		value := item - 2*n.KeyHeads // the number of the head of values; negative for other heads
		if value >= 0 {
			first, size = 2*n.KeyHeads*n.Key+value*n.Value, n.Value
		}
		by := float32(1)
		if item < n.KeyHeads {
			by /= float32(math.Sqrt(float64(n.Key)))
		}
		for i := range n.Spans {
			s := &n.Spans[i]
			n.convolve(s, first, size)
			for row := s.Row; row < s.Row+s.N; row++ {
				if value >= 0 {
					at := row*n.Heads + value
					n.Alpha[at] = fmath.Exp32(n.A[value] * softplus(n.Alpha[at]+n.Dt[value]))
					n.Beta[at] = 1 / (1 + fmath.Exp32(-n.Beta[at]))
				} else {
					unit(n.Mixed[row*n.Channels()+first:][:size], by)
				}
			}
		}
	}
}

// convolve sets some channels of a span's rows in Mixed, and updates the inputs in the state.
func (n *deltaInputs) convolve(s *Span, first, size int) {
	channels, before := n.Channels(), n.Taps-1
	state := s.State[n.At:][:before*channels]
	mat := func(x []float32, row int) vec.Mat { return vec.Mat{Data: x[row*channels+first:], Stride: channels} }
	for row := range s.N {
		out := n.Mixed[(s.Row+row)*channels+first:][:size]
		clear(out)
		old := max(0, before-row) // how many of the inputs for this row are in the state
		if old > 0 {
			vec.MulAdd(out, mat(n.Weights, 0), mat(state, row), old)
		}
		vec.MulAdd(out, mat(n.Weights, old), mat(n.In, s.Row+row-before+old), n.Taps-old)
		vec.SiluMul(out, n.ones[:size])
	}
	for j := range before { // the oldest first, so that each input is read before it is overwritten
		from := mat(n.In, s.Row).Data
		if at := s.N - before + j; at < 0 {
			from = mat(state, at+before).Data
		} else {
			from = from[at*channels:]
		}
		copy(mat(state, j).Data[:size], from)
	}
}

// deltaHeads computes the heads of values. An item is one head.
type deltaHeads DeltaNet

// Do implements Task.
func (n *deltaHeads) Do(worker, lo, hi int) {
	w := &n.workers[worker]
	channels, inner := n.Channels(), n.Heads*n.Value
	for head := lo; head < hi; head++ {
		for i := range n.Spans {
			s := &n.Spans[i]
			mixed := n.Mixed[s.Row*channels:]
			at := head % n.KeyHeads * n.Key
			w.Keys, w.Columns, w.Rows = n.Key, n.Value, s.N
			w.State = vec.Mat{Data: s.State[n.At+(n.Taps-1)*channels+head*n.Key*n.Value:][:n.Key*n.Value], Stride: n.Value}
			w.Q = vec.Mat{Data: mixed[at:], Stride: channels}
			w.K = vec.Mat{Data: mixed[n.KeyHeads*n.Key+at:], Stride: channels}
			w.V = vec.Mat{Data: mixed[2*n.KeyHeads*n.Key+head*n.Value:], Stride: channels}
			w.Out = vec.Mat{Data: n.Out[s.Row*inner+head*n.Value:], Stride: inner}
			w.Decay = vec.Mat{Data: n.Alpha[s.Row*n.Heads+head:], Stride: n.Heads}
			w.Beta = vec.Mat{Data: n.Beta[s.Row*n.Heads+head:], Stride: n.Heads}
			vec.Delta(w)
			for row := s.Row; row < s.Row+s.N; row++ {
				out, gate := n.Out[row*inner+head*n.Value:][:n.Value], n.Gate[row*inner+head*n.Value:][:n.Value]
				vec.RMSNorm(out, out, n.Norm, n.Eps)
				vec.SiluMul(gate, out)
				copy(out, gate)
			}
		}
	}
}

// unit sets x to by * x / |x|.
func unit(x []float32, by float32) {
	const eps = 1e-6 // the epsilon with which the models were trained
	vec.Scale(x, by*(1/float32(math.Sqrt(float64(vec.SumSquares(x)+eps)))))
}

// softplus returns log(1 + e^x).
func softplus(x float32) float32 {
	if x > 20 { // log(1 + e^x) rounds to x
		return x
	}
	return float32(fmath.Log(1 + fmath.Exp(float64(x))))
}
