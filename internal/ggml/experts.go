package ggml

import (
	"alpaca/internal/ggml/vec"
	"alpaca/internal/pool"
	"alpaca/internal/quant/matmul"
)

// Experts computes products of rows of activations with the matrices of
// different experts. The rows of a Group share an expert. All groups are
// one task, so that workers synchronize only once for all experts.
//
// With many rows of activations, an item is the same rows of every expert's matrix. So a
// single worker computes each element of a result, and goes through the groups in order.
// With few rows of activations, an item belongs to a single expert, so that a worker reads
// long runs of memory, which is faster. The experts' outputs are then stored separately, and
// added at the end in the order of the groups. In both cases, the outputs of a token's
// experts are added in the order of the groups, and do not depend on other tokens.
type Experts struct {
	workers []expertScratch
	parts   []float32 // [maxApart, rows of the matrices] the outputs of experts if they are computed separately

	ExpertCall
	rows  int // how many rows of each matrix are in an item
	total int // how many rows each matrix has
	per   int // number of items for each expert if experts are computed separately, 0 otherwise
}

// maxApart is the largest number of rows of activations with which experts are computed separately.
const maxApart = 64

// Group is the rows of activations that share an expert.
type Group struct {
	Expert int // the number of the expert, for the caller
	Lo, Hi int // rows Lo to Hi-1 of the activations
	Main   ExpertMatrix
	Up     ExpertMatrix // see ExpertCall; its W may be nil
}

// ExpertMatrix is a matrix of an expert, with the scale and bias of its products.
type ExpertMatrix struct {
	W     *matmul.Matrix // [rows, cols]
	Scale float32        // factor of the products; 0 means 1
	Bias  []float32      // [rows]; nil means that there is none
}

// ExpertCall has the arguments of Experts.Run. Let y = Scale*(W·x) + Bias be the product of
// a row with Main of its group.
//
// If groups have Up, Out[row] becomes act(y) times the row's product with Up. Otherwise
// Weights[row]*y is added to row Tokens[row] of Out.
type ExpertCall struct {
	Groups  []Group
	Acts    *Prepare   // [Hi of the last group, cols] the activations of all groups
	Act     Activation // used only if groups have Up
	Tokens  []int      // [rows of all groups]
	Weights []float32  // [rows of all groups]
	// If groups have Up, Out is [rows of all groups, rows of the matrices]. Otherwise it is
	// [tokens, rows of the matrices].
	Out []float32
}

// expertScratch is one worker's memory.
type expertScratch struct {
	matmulScratch
	acts matmul.Acts // a view of a group's rows
}

// Reserve allocates the memory for a number of workers and tokens.
func (e *Experts) Reserve(workers, tokens int) {
	e.workers = make([]expertScratch, workers)
	for i := range e.workers {
		e.workers[i].reserve(tokens)
	}
}

// Bytes returns the memory in use.
func (e *Experts) Bytes() int {
	n := 4 * cap(e.parts)
	for i := range e.workers {
		n += e.workers[i].bytes()
	}
	return n
}

// Run computes the products of all groups. Their matrices must have the same shape.
func (e *Experts) Run(p *pool.Pool, call ExpertCall) error {
	e.ExpertCall = call
	if len(call.Groups) == 0 {
		return nil
	}
	w := call.Groups[0].Main.W
	least, work := 16, 0
	for i := range call.Groups {
		g := &call.Groups[i]
		least = max(least, g.Main.W.RowStep())
		work += (g.Hi - g.Lo) * w.Cols
	}
	e.total, e.per = w.Rows, 0
	rows, experts := call.Groups[len(call.Groups)-1].Hi, 1
	if rows <= maxApart {
		experts = len(call.Groups)
	}
	// As in MatMul.start, the results of an item are
	// whole cache lines, and its rows are whole panels.
	for e.rows = maxItemRows / 2; e.rows > least && e.total*experts/e.rows < 8*p.Threads(); {
		e.rows /= 2
	}
	e.rows = max(e.rows, least)
	items := (e.total + e.rows - 1) / e.rows
	if rows > maxApart {
		return p.Run(e, items, minWork/(work*e.rows)+1)
	}
	e.per = items
	if call.Groups[0].Up.W == nil {
		e.parts = Grow(e.parts, rows*e.total)
	}
	if err := p.Run(e, items*experts, minWork*experts/(work*e.rows)+1); err != nil {
		return err
	}
	if call.Groups[0].Up.W == nil {
		for row := range rows {
			vec.Add(e.Out[e.Tokens[row]*e.total:][:e.total], e.parts[row*e.total:][:e.total])
		}
	}
	return nil
}

// Do implements Task.
func (e *Experts) Do(worker, lo, hi int) {
	s := &e.workers[worker]
	if e.per == 0 {
		for i := range e.Groups {
			e.items(s, &e.Groups[i], lo, hi)
		}
		return
	}
	for lo < hi {
		first := lo % e.per
		n := min(hi-lo, e.per-first)
		e.items(s, &e.Groups[lo/e.per], first, first+n)
		lo += n
	}
}

// items computes items lo to hi-1 of a group's matrices.
func (e *Experts) items(s *expertScratch, g *Group, lo, hi int) {
	step, last := maxItemRows/2, min(hi*e.rows, e.total)
	if g.Hi-g.Lo == 1 {
		step = maxTokenRows
	}
	for r := lo * e.rows; r < last; r += step {
		e.compute(s, g, strips{r, min(step, last-r), 0, 1})
	}
}

// compute computes some rows of a group's matrices.
func (e *Experts) compute(s *expertScratch, g *Group, rows strips) {
	y := s.group(0, g, &g.Main, rows, e.Acts)
	if g.Up.W != nil {
		up := s.group(1, g, &g.Up, rows, e.Acts)
		for i := range g.Hi - g.Lo {
			out := e.Out[(g.Lo+i)*e.total+rows.lo:][:rows.n]
			copy(out, y.row(i, 0))
			e.Act.Mul(out, up.row(i, 0))
		}
		return
	}
	if e.per > 0 {
		for i := range g.Hi - g.Lo {
			out := e.parts[(g.Lo+i)*e.total+rows.lo:][:rows.n]
			copy(out, y.row(i, 0))
			vec.Scale(out, e.Weights[g.Lo+i])
		}
		return
	}
	for i := range g.Hi - g.Lo {
		out, weight := e.Out[e.Tokens[g.Lo+i]*e.total+rows.lo:][:rows.n], e.Weights[g.Lo+i]
		for j, v := range y.row(i, 0) {
			out[j] += float32(weight * v)
		}
	}
}

// group computes rows of the product of m with a group's activations, with scale and bias.
func (s *expertScratch) group(which int, g *Group, m *ExpertMatrix, rows strips, acts *Prepare) tile {
	s.acts.View(acts.Acts(m.W.Type), g.Lo, g.Hi)
	return s.tile(which, &Product{W: m.W, Scale: m.Scale, Bias: m.Bias, Acts: &s.acts}, rows)
}
