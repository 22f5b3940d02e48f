package train

import (
	"fmt"

	"alpaca/internal/ggml"
	"alpaca/internal/model"
	"alpaca/internal/pool"
)

// engine runs batches forward and backward. Its memory grows with the largest batch.
type engine[T real] struct {
	workers
	m     *Model[T]
	turns [2]turning // indexed by model.Turn

	Dropout float64 // dropout rate of the adapters' inputs
	Seed    uint64
	update  uint64 // number of the update, for dropout; eval turns dropout off

	// Checkpointing keeps only the input of each layer, and evaluates the layer again for
	// the backward pass.
	Checkpointing bool
	shared        record[T] // with Checkpointing, all records share this memory, except x0

	eval bool

	batch *Batch
	tape  []record[T]
	x     []T // [n, Dim] hidden states; during backward, the gradient of the hidden states
	mem   memory[T]
	att   []attentionMemory[T]
	delta []deltaMemory[T]

	own ownInputs[T]

	embedGrads map[int32][]T // gradients of rows of the embedding, by token

	head headMemory[T]
}

// turning is a rotary position embedding, with the cosines and sines of all positions so
// far.
type turning struct {
	rope     *ggml.Rope // nil: no layer uses it
	halves   bool
	cos, sin []float32 // [positions, pairs]
	sinBack  []float32 // -sin
}

// memory is scratch for a layer.
type memory[T real] struct {
	n          []T // [n, Dim] normed states
	f, df, sig []T // [n, FFNDim]; with experts [rows, ExpertFFN], also for the shared expert
	d, d2      []T // [n, Dim]
	d3, d4     []T
	wide       []T // [n, QKV or 2*FFNDim] outputs of fused matrices
	do         []T // [n, Heads*ValueDim] gradient of attention's output
	dq, dk, dv []T
	rho, mean  []T // [n, heads] moments of norms
	low, dlow  []T // [n, rank] Scale·A·x of an adapter, and its gradient
	drop       []T // [n, in] input of an adapter after dropout
	rows, dRow []T // [rows, Dim] inputs of experts, and gradients
	scores     []T // [n, NumExperts] gradients of the router's scores
}

// newEngine returns an engine. length is the largest number of tokens in a document.
func newEngine[T real](m *Model[T], pool *pool.Pool, length int) (*engine[T], error) {
	e := &engine[T]{workers: newWorkers(pool), m: m, tape: make([]record[T], len(m.Layers)), embedGrads: map[int32][]T{}}
	for i, p := range m.ropes(length) {
		if p.Dim == 0 {
			continue
		}
		rope, err := ggml.NewRope(p)
		if err != nil {
			return nil, err
		}
		e.turns[i] = turning{rope: rope, halves: p.Halves}
	}
	e.att = make([]attentionMemory[T], pool.Threads())
	e.delta = make([]deltaMemory[T], pool.Threads())
	return e, nil
}

// begin makes memory ready for a batch.
func (e *engine[T]) begin(b *Batch) {
	e.batch = b
	n := b.Len()
	e.angles(b)
	if !e.Checkpointing {
		e.shared = record[T]{}
	}
	for i := range e.tape {
		r, to := &e.tape[i], &e.tape[i]
		if e.Checkpointing {
			to = &e.shared
		}
		to.grow(e.m, &e.m.Layers[i], n)
		r.x0 = ggml.Grow(r.x0, n*e.m.Config.Dim)
	}
	for i := range e.tape {
		if e.Checkpointing {
			e.tape[i].share(&e.shared, e.m, &e.m.Layers[i], n)
		}
	}
	e.shareKV(n)
	e.x = ggml.Grow(e.x, n*e.m.Config.Dim)
	for _, f := range e.mem.fields(e.m) {
		*f.data = ggml.Grow(*f.data, n*f.cols)
	}
}

// shareKV makes memory for keys and values that are also used by later layers,
// and for the gradients that come from these later layers. With Checkpointing
// this memory is separate from e.shared, which every layer overwrites.
func (e *engine[T]) shareKV(n int) {
	for i := range e.m.Layers {
		of := e.m.Layers[i].Shape.KVOf
		if of == 0 {
			continue
		}
		r, s := &e.tape[of-1], &e.m.Layers[of-1].Shape
		if e.Checkpointing && len(r.laterK) == 0 {
			r.k, r.v = make([]T, len(r.k)), make([]T, len(r.v))
		}
		r.laterK, r.laterV = ggml.Grow(r.laterK, n*s.NumKVHeads*s.KeyDim), ggml.Grow(r.laterV, n*s.NumKVHeads*s.ValueDim)
		clear(r.laterK)
		clear(r.laterV)
	}
}

// field is memory with a fixed number of elements for each token.
type field[T real] struct {
	data *[]T
	cols int
}

// fields returns the slices of m that the model needs. Each slice
// has enough elements per token for the layer that needs the most.
func (m *memory[T]) fields(of *Model[T]) []field[T] {
	c := &of.Config
	var q, k, v, o, ffn, wide, heads int
	for i := range of.Layers {
		s := &of.Layers[i].Shape
		q, k = max(q, s.NumHeads*s.KeyDim), max(k, s.NumKVHeads*s.KeyDim)
		v, o = max(v, s.NumKVHeads*s.ValueDim), max(o, s.NumHeads*s.ValueDim)
		heads = max(heads, s.NumHeads, s.NumKVHeads)
		l := &of.Layers[i]
		if l.Router.W == nil {
			ffn = max(ffn, s.FFNDim)
		}
		for _, w := range []*Tensor[T]{l.QKV.W, l.GateUp.W, l.ConvIn.W} {
			if w != nil {
				wide = max(wide, w.Rows)
			}
		}
		if c.GatedQuery {
			wide = max(wide, 2*q)
		}
		if s.Delta {
			o, heads = max(o, c.Delta.Heads*c.Delta.Value), max(heads, c.Delta.Heads)
		}
		if s.Taps > 0 {
			o = max(o, c.Dim)
		}
	}
	if c.LayerInput > 0 {
		ffn, heads = max(ffn, c.LayerInput), max(heads, len(of.Layers))
	}
	list := []field[T]{
		{&m.n, c.Dim}, {&m.d, c.Dim}, {&m.do, o}, {&m.dq, q}, {&m.dk, k}, {&m.dv, v}, {&m.wide, wide},
		{&m.rho, heads}, {&m.mean, heads}, {&m.low, of.Rank}, {&m.dlow, of.Rank},
	}
	if c.NumExperts > 0 {
		ffn = max(ffn, c.NumUsed*c.ExpertFFN)
		list = append(list, field[T]{&m.rows, c.NumUsed * c.Dim}, field[T]{&m.dRow, c.NumUsed * c.Dim}, field[T]{&m.scores, c.NumExperts})
		for i := range of.Layers {
			if w := of.Layers[i].SharedUp.W; w != nil {
				ffn = max(ffn, w.Rows)
			}
		}
	}
	list = append(list, field[T]{&m.f, ffn}, field[T]{&m.df, ffn}, field[T]{&m.sig, ffn})
	if of.scratchBranch() {
		list = append(list, field[T]{&m.d2, c.Dim}, field[T]{&m.d3, c.Dim}, field[T]{&m.d4, c.Dim})
	}
	return list
}

// scratchBranch reports whether the model needs d2, d3 and d4. It does if the output of a
// branch is changed before it is added, or if several branches of a layer have the same
// input.
func (m *Model[T]) scratchBranch() bool {
	for i := range m.Layers {
		l := &m.Layers[i]
		if m.Config.ResidualScale != 0 || l.AttnPostNorm.W != nil || l.FFNPostNorm.W != nil || l.parallel() || l.SharedUp.W != nil || l.Shape.Delta || l.hasTail() {
			return true
		}
	}
	return false
}

// angles computes the cosines and sines that e still lacks for b's positions.
func (e *engine[T]) angles(b *Batch) {
	for i := range e.turns {
		t := &e.turns[i]
		if t.rope == nil {
			continue
		}
		pairs := t.rope.Pairs()
		for _, d := range b.docs {
			for pos := len(t.cos) / pairs; pos < d.hi-d.lo; pos++ {
				cos, sin := make([]float32, pairs), make([]float32, pairs)
				t.rope.Angles(cos, sin, pos)
				t.cos, t.sin = append(t.cos, cos...), append(t.sin, sin...)
				for _, s := range sin {
					t.sinBack = append(t.sinBack, -s)
				}
			}
		}
	}
}

// turn returns the rotary embedding of a layer, or nil if the layer has none.
func (e *engine[T]) turn(l *Layer[T]) *turning {
	if l.Shape.Turn == model.TurnNone {
		return nil
	}
	return &e.turns[l.Shape.Turn]
}

// fewRows is the smallest number of rows for one worker in elementwise work.
const fewRows = 8

// checkTokens returns an error if a token of b is outside the vocabulary.
func (e *engine[T]) checkTokens(b *Batch) error {
	for i, id := range b.Tokens {
		if id < 0 || int(id) >= e.m.Config.VocabSize || int(b.Labels[i]) >= e.m.Config.VocabSize {
			return fmt.Errorf("train: token %d at %d, the vocabulary has %d", id, i, e.m.Config.VocabSize)
		}
	}
	return nil
}
