package ggml

import (
	"math"
)

// Attention is, for each token and head, the mean of the values of the positions
// that the token sees, weighted by the softmax of their keys' scores.
//
// It is defined block by block, so that neither the tokens evaluated together
// nor the workers show in the bits. With q the head's query times Scale, and
// m = -Inf, l = 0, o = 0, for each block in order that has visible positions:
//
//	s[j] = fma chain over d of q[d], k[j][d]       for visible j, else -Inf
//	m'   = the greatest of m and s[j]
//	e[j] = exp(s[j] - m')
//	c    = exp(m - m')
//	l    = l*c + sum of e                          (lanes j%8 in order, then sum8)
//	o[d] = fma chain over visible j of e[j], v[j][d], from o[d]*c
//	m    = m'
//
// and the result is o[d] * (1/l).
//
// A work item is one key head and some tokens, whose queries of all heads that
// share the key head use one widening of the block to float32. Where that gives
// too few items for the workers, the heads are divided too.
type Attention struct {
	Format *KVFormat
	Heads  int     // query heads, a multiple of Format.Heads
	Scale  float32 // of the scores
	Window int     // positions that a token sees, itself included; 0: all

	// Blocks has, at Offset in each, the layer's block number i of the cache.
	Blocks [][]byte
	Offset int
	// Q holds the queries and receives nothing; Out may be Q where KeyDim is
	// ValueDim.
	Q   []float32 // [Tokens, Heads*KeyDim]
	Out []float32 // [Tokens, Heads*ValueDim]
	// Pos is the position of the first token.
	Pos, Tokens int

	workers []attentionScratch

	// How the work is cut.
	groupTokens int // tokens of an item
	split       int // parts that the heads of a key head are cut into
}

// attentionScratch is one worker's memory.
type attentionScratch struct {
	keys   []float32 // [KeyDim, 32]
	values []float32 // [32, ValueDim]
	q      []float32 // [rows, KeyDim]; a row is a token's head, token by token
	scores []float32 // [rows, 32]
	out    []float32 // [rows, ValueDim]
	max    []float32 // [rows]
	sum    []float32 // [rows]
	scale  []float32 // [rows] of what has been gathered before the current block
}

// attentionRows is the number of queries that an item has at least if there are
// enough: the work of widening a block is divided among so many.
const attentionRows = 256

// Reserve allocates the memory for evaluating up to tokens tokens at a time by
// that many workers.
func (a *Attention) Reserve(workers, tokens int) {
	shared := a.Heads / a.Format.Heads
	rows := max(shared, min(tokens*shared, attentionRows))
	a.workers = make([]attentionScratch, workers)
	for i := range a.workers {
		a.workers[i] = attentionScratch{
			keys:   make([]float32, a.Format.KeyDim*BlockLen),
			values: make([]float32, BlockLen*a.Format.ValueDim),
			q:      make([]float32, rows*a.Format.KeyDim),
			scores: make([]float32, rows*BlockLen),
			out:    make([]float32, rows*a.Format.ValueDim),
			max:    make([]float32, rows),
			sum:    make([]float32, rows),
			scale:  make([]float32, rows),
		}
	}
}

// Bytes returns the memory that Reserve has allocated.
func (a *Attention) Bytes() int {
	n := 0
	for i := range a.workers {
		w := &a.workers[i]
		n += 4 * (len(w.keys) + len(w.values) + len(w.q) + len(w.scores) + len(w.out) + len(w.max) + len(w.sum) + len(w.scale))
	}
	return n
}

// Run evaluates the attention of the tokens that the fields describe.
func (a *Attention) Run(p *Pool) error {
	shared := a.Heads / a.Format.Heads
	a.groupTokens = max(1, attentionRows/shared)
	groups := (a.Tokens + a.groupTokens - 1) / a.groupTokens
	a.split = 1
	for items := groups * a.Format.Heads; a.split < shared && items*a.split < p.Threads(); {
		a.split++
		for shared%a.split != 0 {
			a.split++
		}
	}
	work := min(a.Pos+a.Tokens, 1<<12) * min(a.Tokens, a.groupTokens) * (shared / a.split) * a.Format.KeyDim
	return p.Run(a, groups*a.Format.Heads*a.split, minWork/work+1)
}

// Do implements Task.
func (a *Attention) Do(worker, lo, hi int) {
	for i := lo; i < hi; i++ {
		part, rest := i%a.split, i/a.split
		keyHead, group := rest%a.Format.Heads, rest/a.Format.Heads
		// The last tokens see most positions: they come first, so that no
		// worker is left with a long item at the end.
		end := a.Tokens - group*a.groupTokens
		start := max(0, end-a.groupTokens)
		n := a.Heads / a.Format.Heads / a.split
		a.item(&a.workers[worker], keyHead, (keyHead*a.split+part)*n, n, start, end)
	}
}

// item evaluates heads head to head+n-1, which use keyHead, of tokens start to
// end-1.
func (a *Attention) item(s *attentionScratch, keyHead, head, n, start, end int) {
	keyDim, valueDim := a.Format.KeyDim, a.Format.ValueDim
	rows := (end - start) * n
	for r := range rows {
		q := s.q[r*keyDim : (r+1)*keyDim]
		copy(q, a.Q[((start+r/n)*a.Heads+head+r%n)*keyDim:])
		scaleBy(q, a.Scale)
		s.max[r], s.sum[r] = float32(math.Inf(-1)), 0
	}
	clear(s.out[:rows*valueDim])

	first, _ := a.visible(start)
	_, last := a.visible(end - 1)
	for b := first / BlockLen; b*BlockLen < last; b++ {
		a.block(s, b, keyHead, n, start, end)
	}

	for r := range rows {
		o := s.out[r*valueDim : (r+1)*valueDim]
		scaleBy(o, 1/s.sum[r])
		copy(a.Out[((start+r/n)*a.Heads+head+r%n)*valueDim:], o)
	}
}

// visible returns the positions [from, to) that a token sees.
func (a *Attention) visible(token int) (from, to int) {
	to = a.Pos + token + 1
	if a.Window > 0 {
		from = max(0, to-a.Window)
	}
	return from, to
}

// block adds what block b holds for tokens start to end-1, n heads each.
func (a *Attention) block(s *attentionScratch, b, keyHead, n, start, end int) {
	keyDim, valueDim := a.Format.KeyDim, a.Format.ValueDim
	bytes := a.Blocks[b][a.Offset : a.Offset+a.Format.BlockBytes()]

	// The tokens that see something of the block: the first are too early for
	// it, the last may be too late.
	lo, hi := start, end
	for lo < hi && !a.sees(lo, b) {
		lo++
	}
	for lo < hi && !a.sees(hi-1, b) {
		hi--
	}
	if lo == hi {
		return
	}
	base := (lo - start) * n // row of token lo
	rows := (hi - lo) * n

	a.Format.widenKeys(s.keys, a.Format.Keys(bytes, keyHead))
	scores := s.scores[base*BlockLen : (base+rows)*BlockLen]
	clear(scores)
	gemm(scores, BlockLen, s.q[base*keyDim:], keyDim, s.keys, BlockLen, rows, keyDim, BlockLen)

	for t := lo; t < hi; t++ {
		if from, to := a.visibleIn(t, b); from > 0 || to < BlockLen {
			for r := (t - lo) * n; r < (t-lo+1)*n; r++ {
				hide(scores[r*BlockLen : r*BlockLen+from])
				hide(scores[r*BlockLen+to : (r+1)*BlockLen])
			}
		}
	}
	c := s.scale[:rows]
	softmaxRows(scores, s.max[base:base+rows], s.sum[base:base+rows], c)
	for r, c := range c {
		if c != 1 {
			scaleBy(s.out[(base+r)*valueDim:(base+r+1)*valueDim], c)
		}
	}

	// Tokens that see all of the block share one product; others have their own,
	// of the positions they see: 0 * v is not 0 for every v.
	a.Format.widenValues(s.values, a.Format.Values(bytes, keyHead))
	for t := lo; t < hi; {
		from, to := a.visibleIn(t, b)
		same := t + 1
		for same < hi && from == 0 && to == BlockLen && a.seesAll(same, b) {
			same++
		}
		r := (t - start) * n
		gemm(s.out[r*valueDim:], valueDim, s.scores[r*BlockLen+from:], BlockLen,
			s.values[from*valueDim:], valueDim, (same-t)*n, to-from, valueDim)
		t = same
	}
}

// visibleIn returns which positions [from, to) of block b a token sees, counted
// from the block's first.
func (a *Attention) visibleIn(token, b int) (from, to int) {
	from, to = a.visible(token)
	return min(max(from-b*BlockLen, 0), BlockLen), min(max(to-b*BlockLen, 0), BlockLen)
}

func (a *Attention) sees(token, b int) bool {
	from, to := a.visibleIn(token, b)
	return from < to
}

func (a *Attention) seesAll(token, b int) bool {
	from, to := a.visibleIn(token, b)
	return from == 0 && to == BlockLen
}

// hide excludes positions.
func hide(scores []float32) {
	for j := range scores {
		scores[j] = float32(math.Inf(-1))
	}
}

// softmaxRowsGeneric takes a block's scores [rows, 32] into account, which it
// replaces by e^(score - max') with max' the greatest of the row's max and its
// scores that are numbers. A row's sum becomes sum*c + the sum of the new ones,
// of each 8 lanes j%8 in order and these as quant.DotF32 adds lanes, and c is
// e^(max - max'), 1 where the max stays, by which all that the row has gathered has to be scaled.
func softmaxRowsGeneric(scores, max, sum, c []float32) {
	for r, m := range max {
		row := scores[r*BlockLen : (r+1)*BlockLen]
		for _, s := range row {
			if s > m {
				m = s
			}
		}
		var lanes [8]float32
		for j, s := range row {
			e := Exp32(s - m)
			row[j] = e
			lanes[j%8] += e
		}
		c[r] = 1
		if m != max[r] {
			c[r] = Exp32(max[r] - m)
		}
		sum[r] = float32(sum[r]*c[r]) + (((lanes[0] + lanes[4]) + (lanes[2] + lanes[6])) + ((lanes[1] + lanes[5]) + (lanes[3] + lanes[7])))
		max[r] = m
	}
}
