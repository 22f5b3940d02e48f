package ggml

import (
	"math"

	"alpaca/internal/ggml/vec"
	"alpaca/internal/quant"
	"alpaca/internal/quant/codec"
)

// attentionWork is the state of a worker that computes an item.
type attentionWork struct {
	*Attention
	attentionItem
	s           *attentionScratch
	first, last int // the first and the last of the blocks that the rows see
	width       int // distance between rows of scores, in elements
	// whether keys and values are multiplied as they
	// are in the cache, without being decoded first
	codedKeys, codedValues bool
}

func (a *attentionWork) run() {
	keyDim, valueDim, s := a.Format.KeyDim, a.Format.ValueDim, a.s
	rows := (a.end - a.start) * a.n
	for r := range rows {
		q := s.q[r*keyDim : (r+1)*keyDim]
		src := a.Q[a.at(r)*keyDim:][:keyDim]
		if a.Format.TypeK == quant.F16 {
			codec.RoundHalves(q, src)
		} else {
			copy(q, src)
		}
		a.Format.rotateKey(q)
		vec.Scale(q, a.Scale)
	}
	from, _ := a.visible(a.start)
	_, to := a.visible(a.end - 1)
	a.first, a.last = from/BlockLen, (to-1)/BlockLen
	a.width = (a.last+1-a.first)*BlockLen + linePad
	if a.Sinks != nil {
		a.width += BlockLen
	}

	a.codedKeys, a.codedValues = a.Format.coded(rows)
	for b := a.first; b <= a.last; b++ {
		a.score(b)
	}
	for r := range rows {
		from, to := a.visible(a.start + r/a.n)
		lo, hi := from/BlockLen, (to-1)/BlockLen // the blocks that the row sees
		row := s.scores[r*a.width+(lo-a.first)*BlockLen:][:(hi+1-lo)*BlockLen]
		if a.Cap != 0 {
			softCap(row, a.Cap)
		}
		if a.Sinks != nil {
			row = row[:len(row)+BlockLen] // one more block, for the sink
		}
		hide(row[:from-lo*BlockLen])
		hide(row[to-lo*BlockLen:])
		if a.Sinks != nil {
			row[len(row)-BlockLen] = a.Sinks[a.head+r%a.n]
		}
		vec.Softmax(row, a.Format.TypeV == quant.F16)
	}
	clear(s.out[:rows*valueDim])
	for b := a.first; b <= a.last; {
		n := gatherBlocks
		if a.codedValues || !a.seesAll(a.start, b, n) || !a.seesAll(a.end-1, b, n) {
			n = 1 // one block at a time, so that as many tokens as possible share a product
		}
		a.gather(b, n)
		b += n
	}
	a.Format.rotateValue(s.out[:rows*valueDim])
	for r := range rows {
		copy(a.Out[a.at(r)*valueDim:], s.out[r*valueDim:(r+1)*valueDim])
	}
}

// at returns the number of the item's row r among the queries [rows, Heads].
func (a *attentionWork) at(r int) int {
	return (a.span.Row+a.start+r/a.n)*a.Heads + a.head + r%a.n
}

// bytes returns the layer's bytes of block b.
func (a *attentionWork) bytes(b int) []byte {
	return a.block(a.span, b)
}

// tokens returns the range lo to hi-1 of the item's tokens that see any position
// of blocks b to b+n-1. The item's first tokens may be at positions before these
// blocks, and the windows of its last tokens may begin after these blocks.
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

// score sets the scores of all positions of block b, even of those that no token sees.
func (a *attentionWork) score(b int) {
	lo, hi := a.tokens(b, 1)
	if lo == hi {
		return
	}
	s, keyDim := a.s, a.Format.KeyDim
	base, rows := (lo-a.start)*a.n, (hi-lo)*a.n
	at := base*a.width + (b-a.first)*BlockLen
	scores, q := vec.Mat{Data: s.scores[at:], Stride: a.width}, vec.Mat{Data: s.q[base*keyDim:], Stride: keyDim}
	size := vec.Size{M: rows, K: keyDim, N: BlockLen}
	keys := a.Format.Keys(a.bytes(b), a.keyHead)
	if a.codedKeys {
		k := a.Format.codedKeys(keys)
		if b < a.last {
			k.Next = a.Format.Keys(a.bytes(b+1), a.keyHead)
		}
		vec.GemmCoded(scores, q, k, size, true)
		return
	}
	a.Format.widenKeys(s.keys[:keyDim*BlockLen], keys)
	vec.Gemm(scores, q, vec.Mat{Data: s.keys, Stride: BlockLen}, size, true)
}

// gather adds the values of blocks b to b+n-1, weighted by their probabilities. Tokens that
// see all of these positions share one product. Each other token has a product of its own,
// with only the positions that it sees, because 0 * v is not 0 if v is infinite or NaN.
func (a *attentionWork) gather(b, n int) {
	lo, hi := a.tokens(b, n)
	if lo == hi {
		return
	}
	s, valueDim := a.s, a.Format.ValueDim
	for i := range n {
		if a.codedValues {
			break
		}
		a.Format.widenValues(s.values[i*BlockLen*valueDim:(i+1)*BlockLen*valueDim], a.Format.Values(a.bytes(b+i), a.keyHead))
	}
	for t := lo; t < hi; {
		from, to := a.visibleIn(t, b, n)
		same := t + 1
		for same < hi && a.seesAll(t, b, n) && a.seesAll(same, b, n) {
			same++
		}
		r := (t - a.start) * a.n
		out, p := vec.Mat{Data: s.out[r*valueDim:], Stride: valueDim}, vec.Mat{Data: s.scores[r*a.width+(b-a.first)*BlockLen+from:], Stride: a.width}
		size := vec.Size{M: (same - t) * a.n, K: to - from, N: valueDim}
		if a.codedValues {
			vec.GemmCoded(out, p, a.valuesFrom(b, from), size, false)
		} else {
			vec.Gemm(out, p, vec.Mat{Data: s.values[from*valueDim:], Stride: valueDim}, size, false)
		}
		t = same
	}
}

// valuesFrom returns the values of block b, beginning with position from, as they are in the
// cache.
func (a *attentionWork) valuesFrom(b, from int) vec.Coded {
	v := a.Format.codedValues(a.Format.Values(a.bytes(b), a.keyHead))
	v.Data = v.Data[from*v.Stride:]
	if b < a.last {
		v.Next = a.Format.Values(a.bytes(b+1), a.keyHead)[from*v.Stride:]
	}
	return v
}

// visible returns the positions [from, to) that a row of the span sees.
func (a *attentionWork) visible(row int) (from, to int) {
	to = a.span.Pos + row + 1
	if a.Window > 0 {
		from = max(0, a.span.Floor, to-a.Window)
	}
	return from, to
}

// visibleIn returns which positions [from, to) of blocks b to b+n-1 a token sees, counted
// from the first position of block b.
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

// hide sets scores to -Inf.
func hide(scores []float32) {
	for j := range scores {
		scores[j] = float32(math.Inf(-1))
	}
}
