package ggml

import (
	"alpaca/internal/pool"
)

// Attention computes, for each token and head, the mean of the values of the positions
// that the token sees, weighted by the softmax of their keys' scores.
//
// The bits of the result depend neither on the other tokens of the batch nor on the number
// of workers. q is the head's query. If the keys are float16, q is rounded to float16. If
// the keys are rotated (rotate.go), q is rotated, too. Then q is multiplied by Scale.
//
//	s[j] = fma chain over d of q[d], k[j][d]        for visible j, else -Inf
//	       with a Cap: Cap tanh(s[j]/Cap)           (softCap)
//	       with Sinks, another block follows: the head's sink, then -Inf
//	p[j] = softmax of s                             (vec.Softmax)
//	o[d] = fma chain over visible j of p[j], v[j][d]
//
// p is rounded to float16 if the values are float16, and o is rotated back if the values are
// rotated. A more precise p would not help, because a product is no more precise than its less
// precise operand. llama.cpp rounds in the same way, so that both give the same probabilities.
//
// A work item is one key head and some rows of one span. Each block is decoded to float32 once
// for all these rows and for all query heads that share the key head. If this makes too few
// items for the workers, the query heads of a key head are divided among several items.
type Attention struct {
	workers []attentionScratch

	Attend // arguments of the current Run
	items  []attentionItem
}

// Attend has the arguments of Attention.Run.
type Attend struct {
	KVLayer
	Spans []Span
	Scale float32 // factor of the scores
	Cap   float32 // soft cap of the scores; 0 means none
	// Sinks adds one more score for each head, like the score of a further position without a
	// value. This score takes part in the softmax. If Sinks is nil, there are no such scores.
	Sinks []float32 // [Heads]
	// Window is the largest number of positions that a row sees,
	// including its own. With a window, a row sees no position
	// before its span's Floor. If Window is 0, there is no window.
	Window int
	// Q has the queries. If KeyDim equals ValueDim, Out may be the same
	// memory as Q. If Out is other memory, Run does not change Q.
	Q   []float32 // [rows, Heads*KeyDim]
	Out []float32 // [rows, Heads*ValueDim]
}

// attentionItem is rows start to end-1 of a span, for query heads head to head+n-1, which share
// keyHead.
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
	q      []float32 // [rows, KeyDim]; a row for each head of each token, sorted by token
	scores []float32 // [rows, width]; width is the number of positions in the item's blocks, plus linePad
	out    []float32 // [rows, ValueDim]
}

const (
	// attentionRows is the largest number of queries in an item.
	// The queries of an item share the work of decoding a block.
	attentionRows = 256
	// attentionScores is the largest number of scores in an item. So many scores take 2 MiB,
	// which fit in the CPU's caches. Only an item of a single row may have more scores.
	attentionScores = 1 << 19
	// gatherBlocks is how many blocks of values are added at once. The
	// sums are loaded and stored only once for all these blocks.
	gatherBlocks = 4
	// linePad is the gap between rows of scores, in elements.
	// Without a gap, all rows could begin in the same cache set.
	linePad = 16
)

// Reserve allocates the memory for the given number of workers, for batches of at most the given
// number of tokens, and for layers no larger than l.
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

// Run computes the attention of all rows of the spans.
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
		// A span gets a number of items in proportion to its work. So a long
		// text among short ones is divided into enough items for all workers.
		work += a.cut(s, (p.Threads()*a.seen(s)*s.N+total-1)/total)
	}
	return p.Run(a, len(a.items), minWork*len(a.items)/work+1)
}

// seen returns the largest number of positions that the rows of a span see.
func (a *Attention) seen(s *Span) int {
	if a.Window > 0 {
		return min(s.Pos+s.N, a.Window+s.N)
	}
	return s.Pos + s.N
}

// cut divides a span into items, and returns an estimate of their multiply-adds. least is the
// number of items that it tries to reach.
func (a *Attention) cut(s *Span, least int) (work int) {
	shared := a.Heads / a.Format.Heads
	seen := a.seen(s)
	width := seen + 2*BlockLen + linePad // the largest number of elements in a row of scores
	if a.Sinks != nil {
		width += BlockLen
	}
	rows := min(attentionRows, attentionScores/width)
	group := max(1, rows/shared) // rows of the span in an item
	groups := (s.N + group - 1) / group
	split := 1 // the number of parts into which the query heads of a key head are divided
	for items := groups * a.Format.Heads; split < shared && (items*split < least || shared/split > max(1, rows)); {
		split++
		for shared%split != 0 {
			split++
		}
	}
	n := shared / split
	a.reserveScores(group * n * width)
	// Items are sorted by key head, so that a worker finds keys and values
	// in its caches. Within a key head, the last rows come first, because
	// they see the most positions. So the last items take little time.
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

// reserveScores makes sure that every worker has memory for n scores. The memory
// from Reserve is enough, except for a single row of scores that is longer.
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
