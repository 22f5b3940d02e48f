package train

import (
	"fmt"

	"alpaca/internal/ggml"
	"alpaca/internal/pool"
)

// engine runs batches forward and backward. Its memory grows with the largest batch.
type engine[T real] struct {
	workers
	m    *Model[T]
	rope *ggml.Rope

	Dropout float64 // of what adapters see
	Seed    uint64
	update  uint64 // for dropout; eval turns it off

	// Checkpointing keeps what goes into a layer only, and evaluates the layer again for
	// the backward pass.
	Checkpointing bool
	shared        bool // all records have the same memory but for x0

	eval bool

	batch    *Batch
	cos, sin []float32 // [positions, HeadDim/2] of all positions so far
	sinBack  []float32 // -sin
	tape     []record[T]
	x        []T // [n, Dim] hidden states; backward: their gradient
	mem      memory[T]
	att      []attentionMemory[T]

	embedGrads map[int32][]T // of rows of the embedding, from the tokens that were read

	head headMemory[T]
}

// record is what the backward pass needs of a layer.
type record[T real] struct {
	x0, o, x1, q, k, v, g, u []T
	rawQ, rawK               []T // before QNorm and KNorm
}

// memory is scratch for a layer.
type memory[T real] struct {
	n          []T // [n, Dim] normed states
	f, df, sig []T // [n, FFNDim]
	d, d2      []T // [n, Dim]
	do         []T // [n, Heads*HeadDim]
	dq, dk, dv []T
	rho        []T // [n, heads]
	low, dlow  []T // [n, rank]
	drop       []T // [n, in]
}

func newEngine[T real](m *Model[T], pool *pool.Pool) (*engine[T], error) {
	rope, err := ggml.NewRope(m.Rope)
	if err != nil {
		return nil, err
	}
	e := &engine[T]{workers: newWorkers(pool), m: m, rope: rope, tape: make([]record[T], len(m.Layers)), embedGrads: map[int32][]T{}}
	e.att = make([]attentionMemory[T], pool.Threads())
	return e, nil
}

// begin makes memory ready for a batch.
func (e *engine[T]) begin(b *Batch) {
	e.batch = b
	n, s := b.Len(), &e.m.Shape
	e.angles(b)
	qDim, kvDim := s.Heads*s.HeadDim, s.KVHeads*s.HeadDim
	if e.shared != e.Checkpointing {
		e.shared, e.tape = e.Checkpointing, make([]record[T], len(e.tape))
	}
	for i := range e.tape {
		r := &e.tape[i]
		r.x0 = ggml.Grow(r.x0, n*s.Dim)
		if first := e.tape[0]; e.shared && i > 0 {
			first.x0 = r.x0
			*r = first
			continue
		}
		for _, p := range []struct {
			b    *[]T
			cols int
		}{{&r.o, qDim}, {&r.x1, s.Dim}, {&r.q, qDim}, {&r.k, kvDim}, {&r.v, kvDim}, {&r.g, s.FFNDim}, {&r.u, s.FFNDim}} {
			*p.b = ggml.Grow(*p.b, n*p.cols)
		}
		if e.m.headNorms() {
			r.rawQ, r.rawK = ggml.Grow(r.rawQ, n*qDim), ggml.Grow(r.rawK, n*kvDim)
		}
	}
	e.x = ggml.Grow(e.x, n*s.Dim)
	m := &e.mem
	m.n, m.d, m.d2 = ggml.Grow(m.n, n*s.Dim), ggml.Grow(m.d, n*s.Dim), ggml.Grow(m.d2, n*s.Dim)
	m.f, m.df, m.sig = ggml.Grow(m.f, n*s.FFNDim), ggml.Grow(m.df, n*s.FFNDim), ggml.Grow(m.sig, n*s.FFNDim)
	m.do, m.dq, m.dk, m.dv = ggml.Grow(m.do, n*qDim), ggml.Grow(m.dq, n*qDim), ggml.Grow(m.dk, n*kvDim), ggml.Grow(m.dv, n*kvDim)
	m.rho = ggml.Grow(m.rho, n*s.Heads)
	m.low, m.dlow = ggml.Grow(m.low, n*e.m.Rank), ggml.Grow(m.dlow, n*e.m.Rank)
}

// angles makes the sines and cosines of a batch's positions ready.
func (e *engine[T]) angles(b *Batch) {
	pairs := e.rope.Pairs()
	for _, d := range b.docs {
		for pos := len(e.cos) / pairs; pos < d.hi-d.lo; pos++ {
			cos, sin := make([]float32, pairs), make([]float32, pairs)
			e.rope.Angles(cos, sin, pos)
			e.cos, e.sin = append(e.cos, cos...), append(e.sin, sin...)
			for _, s := range sin {
				e.sinBack = append(e.sinBack, -s)
			}
		}
	}
}

// Rows of elementwise work that a worker takes at least.
const fewRows = 8

// checkTokens returns an error for tokens that the model does not have.
func (e *engine[T]) checkTokens(b *Batch) error {
	for i, id := range b.Tokens {
		if id < 0 || int(id) >= e.m.Vocab || int(b.Labels[i]) >= e.m.Vocab {
			return fmt.Errorf("train: token %d at %d, the vocabulary has %d", id, i, e.m.Vocab)
		}
	}
	return nil
}
