package ggml

import (
	"math"

	"alpaca/internal/pool"
	"alpaca/internal/quant"
)

// Attention is, for each token and head, the mean of the values of the positions
// that the token sees, weighted by the softmax of their keys' scores.
//
// Neither the tokens evaluated together nor the workers show in the bits. With q
// the head's query, rounded to halves if the keys are, times Scale:
//
//	s[j] = fma chain over d of q[d], k[j][d]        for visible j, else -Inf
//	       with a Cap: Cap tanh(s[j]/Cap)           (softCap)
//	       with Sinks a block more, whose first is the head's sink, all others -Inf
//	p[j] = softmax of s                             (softmaxGeneric)
//	o[d] = fma chain over visible j of p[j], v[j][d]
//
// and p is rounded to halves if the values are. A product gains nothing by one side
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
	// attentionRows is the most queries of an item if there are enough: the
	// work of widening a block is divided among so many.
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

// attentionWork is an item that a worker does.
type attentionWork struct {
	*Attention
	attentionItem
	s           *attentionScratch
	first, last int // blocks that some of the rows see
	width       int // floats from a row of scores to the next
}

func (a *attentionWork) run() {
	keyDim, valueDim, s := a.Format.KeyDim, a.Format.ValueDim, a.s
	rows := (a.end - a.start) * a.n
	for r := range rows {
		q := s.q[r*keyDim : (r+1)*keyDim]
		src := a.Q[a.at(r)*keyDim:][:keyDim]
		if a.Format.TypeK == quant.F16 {
			quant.RoundHalves(q, src)
		} else {
			copy(q, src)
		}
		scaleBy(q, a.Scale)
	}
	from, _ := a.visible(a.start)
	_, to := a.visible(a.end - 1)
	a.first, a.last = from/BlockLen, (to-1)/BlockLen
	a.width = (a.last+1-a.first)*BlockLen + linePad
	if a.Sinks != nil {
		a.width += BlockLen
	}

	for b := a.first; b <= a.last; b++ {
		a.score(b)
	}
	for r := range rows {
		from, to := a.visible(a.start + r/a.n)
		lo, hi := from/BlockLen, (to-1)/BlockLen // its own blocks
		row := s.scores[r*a.width+(lo-a.first)*BlockLen:][:(hi+1-lo)*BlockLen]
		if a.Cap != 0 {
			softCap(row, a.Cap)
		}
		if a.Sinks != nil {
			row = row[:len(row)+BlockLen] // over blocks that it does not see
		}
		hide(row[:from-lo*BlockLen])
		hide(row[to-lo*BlockLen:])
		if a.Sinks != nil {
			row[len(row)-BlockLen] = a.Sinks[a.head+r%a.n]
		}
		softmax(row, a.Format.TypeV == quant.F16)
	}
	clear(s.out[:rows*valueDim])
	for b := a.first; b <= a.last; {
		n := gatherBlocks
		if !a.seesAll(a.start, b, n) || !a.seesAll(a.end-1, b, n) {
			n = 1 // as many tokens as can share a product
		}
		a.gather(b, n)
		b += n
	}
	for r := range rows {
		copy(a.Out[a.at(r)*valueDim:], s.out[r*valueDim:(r+1)*valueDim])
	}
}

// at returns which of the queries [rows, Heads] row r of the item is.
func (a *attentionWork) at(r int) int {
	return (a.span.Row+a.start+r/a.n)*a.Heads + a.head + r%a.n
}

// bytes returns the layer's part of block b.
func (a *attentionWork) bytes(b int) []byte {
	return a.block(a.span, b)
}

// tokens returns the tokens lo to hi-1 that see something of the n blocks from b on:
// the first of the item may be too early for them, the last too late.
func (a *attentionWork) tokens(b, n int) (lo, hi int) {
	lo, hi = a.start, a.end
	for lo < hi && !a.sees(lo, b, n) {
		lo++
	}
	for lo < hi && !a.sees(hi-1, b, n) {
		hi--
	}
	return lo, hi
}

// score sets the scores of block b's positions, visible or not.
func (a *attentionWork) score(b int) {
	lo, hi := a.tokens(b, 1)
	if lo == hi {
		return
	}
	s, keyDim := a.s, a.Format.KeyDim
	base, rows := (lo-a.start)*a.n, (hi-lo)*a.n
	at := base*a.width + (b-a.first)*BlockLen
	a.Format.widenKeys(s.keys[:keyDim*BlockLen], a.Format.Keys(a.bytes(b), a.keyHead))
	gemm(s.scores[at:], a.width, s.q[base*keyDim:], keyDim, s.keys, BlockLen, rows, keyDim, BlockLen, true)
}

// gather adds the values of the n blocks from b on, by their probabilities. Tokens
// that see all of them share one product; others have their own, of the positions
// they see: 0 * v is not 0 for every v.
func (a *attentionWork) gather(b, n int) {
	lo, hi := a.tokens(b, n)
	if lo == hi {
		return
	}
	s, valueDim := a.s, a.Format.ValueDim
	for i := range n {
		a.Format.widenValues(s.values[i*BlockLen*valueDim:(i+1)*BlockLen*valueDim], a.Format.Values(a.bytes(b+i), a.keyHead))
	}
	for t := lo; t < hi; {
		from, to := a.visibleIn(t, b, n)
		same := t + 1
		for same < hi && a.seesAll(t, b, n) && a.seesAll(same, b, n) {
			same++
		}
		r := (t - a.start) * a.n
		gemm(s.out[r*valueDim:], valueDim, s.scores[r*a.width+(b-a.first)*BlockLen+from:], a.width,
			s.values[from*valueDim:], valueDim, (same-t)*a.n, to-from, valueDim, false)
		t = same
	}
}

// visible returns the positions [from, to) that a row of the span sees.
func (a *attentionWork) visible(row int) (from, to int) {
	to = a.span.Pos + row + 1
	if a.Window > 0 {
		from = max(0, a.span.Floor, to-a.Window)
	}
	return from, to
}

// visibleIn returns which positions [from, to) of the n blocks from b on a token
// sees, counted from their first.
func (a *attentionWork) visibleIn(token, b, n int) (from, to int) {
	from, to = a.visible(token)
	return min(max(from-b*BlockLen, 0), n*BlockLen), min(max(to-b*BlockLen, 0), n*BlockLen)
}

func (a *attentionWork) sees(token, b, n int) bool {
	from, to := a.visibleIn(token, b, n)
	return from < to
}

func (a *attentionWork) seesAll(token, b, n int) bool {
	from, to := a.visibleIn(token, b, n)
	return to-from == n*BlockLen
}

// hide excludes positions.
func hide(scores []float32) {
	for j := range scores {
		scores[j] = float32(math.Inf(-1))
	}
}
