package ggml

import (
	"alpaca/internal/pool"
)

// Attention is, for each token and head, the mean of the values of the positions
// that the token sees, weighted by the softmax of their keys' scores.
//
// Neither the tokens evaluated together nor the workers show in the bits. With q
// the head's query, rounded to halves if the keys are, rotated if these are (rotate.go),
// times Scale:
//
//	s[j] = fma chain over d of q[d], k[j][d]        for visible j, else -Inf
//	       with a Cap: Cap tanh(s[j]/Cap)           (softCap)
//	       with Sinks a block more, whose first is the head's sink, all others -Inf
//	p[j] = softmax of s                             (vec.Softmax)
//	o[d] = fma chain over visible j of p[j], v[j][d]
//
// and p is rounded to halves if the values are, o rotated back if they are rotated. A product gains nothing by one side
// being finer than the other; llama.cpp rounds the same, so that both give the same
// probabilities.
//
// A work item is one key head and some rows of one span, whose queries of all heads
// that share the key head use one widening of a block to float32. Where that gives
// too few items for the workers, the heads are divided too.
type Attention struct {
	workers []attentionScratch

	Attend // arguments of the Run at work
	items  []attentionItem
}

// Attend is the arguments of Attention.Run: which rows see which positions.
type Attend struct {
	KVLayer
	Spans []Span
	Scale float32 // of the scores
	Cap   float32 // soft cap of the scores; 0: none
	// Sinks are scores of each head that take part in the softmax like those of a position
	// behind the last, which has no value; nil: there are none.
	Sinks  []float32 // [Heads]
	Window int       // positions that a row sees, itself included, from its span's Floor on; 0: all
	// Q holds the queries, which Run leaves alone unless Out is the same memory, as it
	// may be where KeyDim equals ValueDim.
	Q   []float32 // [rows, Heads*KeyDim]
	Out []float32 // [rows, Heads*ValueDim]
}

// attentionItem is heads head to head+n-1, which use keyHead, of rows start to end-1
// of a span.
type attentionItem struct {
	span       *Span
	keyHead    int
	head, n    int
	start, end int
}

// attentionScratch is one worker's memory.
type attentionScratch struct {
	keys   []float32 // [KeyDim, 32]
	values []float32 // [gatherBlocks*32, ValueDim]
	q      []float32 // [rows, KeyDim]; a row is a token's head, token by token
	scores []float32 // [rows, positions of the item's blocks and linePad]
	out    []float32 // [rows, ValueDim]
}

const (
	// attentionRows is the largest number of queries in an item. They share the work
	// of widening a block.
	attentionRows = 256
	// attentionScores is how many scores an item may have at once where it has
	// more than a few rows: 2 MiB, which the caches still hold.
	attentionScores = 1 << 19
	// gatherBlocks is how many blocks of values are added at once: the sums are
	// loaded and stored once for all of them.
	gatherBlocks = 4
	// linePad parts the rows of scores, whose starts would else fall into the
	// same cache set.
	linePad = 16
)

// Reserve allocates the memory for evaluating up to tokens tokens at a time by
// that many workers, in layers no larger than l.
func (a *Attention) Reserve(workers, tokens int, l KVLayer) {
	shared := l.Heads / l.Format.Heads
	rows := max(shared, min(tokens*shared, attentionRows))
	a.workers = make([]attentionScratch, workers)
	for i := range a.workers {
		a.workers[i] = attentionScratch{
			keys:   make([]float32, l.Format.KeyDim*BlockLen),
			values: make([]float32, gatherBlocks*BlockLen*l.Format.ValueDim),
			q:      make([]float32, rows*l.Format.KeyDim),
			scores: make([]float32, attentionScores),
			out:    make([]float32, rows*l.Format.ValueDim),
		}
	}
}

// Bytes returns the memory that Reserve has allocated.
func (a *Attention) Bytes() int {
	n := 0
	for i := range a.workers {
		w := &a.workers[i]
		n += 4 * (len(w.keys) + len(w.values) + len(w.q) + len(w.scores) + len(w.out))
	}
	return n
}

// Run evaluates the attention of all rows of the spans.
func (a *Attention) Run(p *pool.Pool, call Attend) error {
	a.Attend, a.items = call, a.items[:0]
	total := 0
	for i := range call.Spans {
		total += a.seen(&call.Spans[i]) * call.Spans[i].N
	}
	if total == 0 {
		return nil
	}
	work := 0
	for i := range call.Spans {
		s := &call.Spans[i]
		// A long text among short ones is cut for all workers, as it would be alone.
		work += a.cut(s, (p.Threads()*a.seen(s)*s.N+total-1)/total)
	}
	return p.Run(a, len(a.items), minWork*len(a.items)/work+1)
}

// seen returns how many positions the rows of a span see at most.
func (a *Attention) seen(s *Span) int {
	if a.Window > 0 {
		return min(s.Pos+s.N, a.Window+s.N)
	}
	return s.Pos + s.N
}

// cut cuts a span into items, at least least of them where that is possible, and
// returns the multiply-adds of them all.
func (a *Attention) cut(s *Span, least int) (work int) {
	shared := a.Heads / a.Format.Heads
	seen := a.seen(s)
	width := seen + 2*BlockLen + linePad // of a row of scores at most
	if a.Sinks != nil {
		width += BlockLen
	}
	rows := min(attentionRows, attentionScores/width)
	group := max(1, rows/shared) // rows of the span in an item
	groups := (s.N + group - 1) / group
	split := 1 // parts that the heads of a key head are cut into
	for items := groups * a.Format.Heads; split < shared && (items*split < least || shared/split > max(1, rows)); {
		split++
		for shared%split != 0 {
			split++
		}
	}
	n := shared / split
	a.reserveScores(group * n * width)
	// A worker keeps to some key heads, whose keys and values its caches hold. The
	// last rows see most positions: they come first, so that no worker is left with a
	// long item at the end.
	for keyHead := range a.Format.Heads {
		for end := s.N; end > 0; end -= group {
			for part := range split {
				a.items = append(a.items, attentionItem{
					span: s, keyHead: keyHead, head: (keyHead*split + part) * n, n: n, start: max(0, end-group), end: end,
				})
			}
		}
	}
	return min(seen, 1<<12) * min(s.N, group) * n * a.Format.KeyDim * groups * a.Format.Heads * split
}

// reserveScores sees to it that every worker has room for n scores: what Reserve
// gave them, unless a single row is longer.
func (a *Attention) reserveScores(n int) {
	for i := range a.workers {
		if w := &a.workers[i]; len(w.scores) < n {
			w.scores = make([]float32, n+n/8)
		}
	}
}

// Do implements Task.
func (a *Attention) Do(worker, lo, hi int) {
	for i := lo; i < hi; i++ {
		w := attentionWork{Attention: a, attentionItem: a.items[i], s: &a.workers[worker]}
		w.run()
	}
}
