package train

import (
	"math"

	"alpaca/internal/ggml"
)

// routing says which tokens use which experts. A row is a pair of a token and an expert
// that it uses. Rows are sorted by expert, then by token.
type routing[T real] struct {
	probs  []T   // [n, NumExperts] softmax of the router's scores
	share  []T   // [n, used] weights of the chosen experts, best expert first
	chosen []int // [n, used] the chosen experts
	tokens []int // [rows]
	slots  []int // [rows] index of the row's weight in share
	ends   []int // [NumExperts] the end of each expert's rows
}

// grow makes r large enough for the given number of rows.
func (r *routing[T]) grow(rows, experts int) {
	r.chosen, r.tokens, r.slots = ggml.Grow(r.chosen, rows), ggml.Grow(r.tokens, rows), ggml.Grow(r.slots, rows)
	r.ends = ggml.Grow(r.ends, experts)
}

// each calls f once for each expert that is used. The expert's rows are lo to hi-1.
func (r *routing[T]) each(f func(expert, lo, hi int)) {
	lo := 0
	for e, hi := range r.ends {
		if hi > lo {
			f(e, lo, hi)
		}
		lo = hi
	}
}

// experts evaluates the feed-forward networks of the experts that each row of n uses.
func (e *engine[T]) experts(l *Layer[T], r *record[T], n []T) {
	c, m, rt := &e.m.Config, &e.mem, &r.route
	count := len(n) / c.Dim
	e.linear(&l.Router, rt.probs, n)
	for i := range count {
		at := i * c.NumUsed
		rt.choose(rt.probs[i*c.NumExperts:(i+1)*c.NumExperts], at, at+c.NumUsed, !c.PlainTopK, T(c.ExpertScale))
	}
	rt.group(count*c.NumUsed, c.NumUsed, c.NumExperts)
	e.gather(rt, m.rows, n)
	rt.each(func(expert, lo, hi int) {
		x := m.rows[lo*c.Dim : hi*c.Dim]
		g, u := r.g[lo*c.ExpertFFN:hi*c.ExpertFFN], r.u[lo*c.ExpertFFN:hi*c.ExpertFFN]
		e.linear(l.Gate.of(expert), g, x)
		e.linear(l.Up.of(expert), u, x)
		f := m.f[:len(g)]
		activateMul(c.Activation, f, g, u)
		e.linear(l.Down.of(expert), r.y[lo*c.Dim:hi*c.Dim], f)
	})
	if l.SharedUp.W != nil {
		e.linear(&l.SharedGate, r.sg, n)
		e.linear(&l.SharedUp, r.su, n)
		f := m.f[:len(r.sg)]
		activateMul(c.Activation, f, r.sg, r.su)
		e.linear(&l.SharedDown, r.sy, f)
		if l.SharedRouter.W != nil {
			e.linear(&l.SharedRouter, r.sw, n)
			sigmoid(r.sw, r.sw)
		}
	}
}

// gather sets row i of dst to row rt.tokens[i] of x.
func (e *engine[T]) gather(rt *routing[T], dst, x []T) {
	d := e.m.Config.Dim
	e.each(len(rt.tokens), fewRows, func(_, lo, hi int) {
		for i := lo; i < hi; i++ {
			copy(dst[i*d:(i+1)*d], x[rt.tokens[i]*d:])
		}
	})
}

// addExperts stores in next the sum of x1 and the weighted outputs of the experts, added in the
// order of their numbers. The shared expert comes last.
func (e *engine[T]) addExperts(l *Layer[T], r *record[T], next []T) {
	c, rt := &e.m.Config, &r.route
	d, by := c.Dim, T(c.ResidualScale)
	copy(next, r.x1)
	e.each(d, 64, func(_, lo, hi int) {
		for row, t := range rt.tokens {
			w, y := rt.share[rt.slots[row]], r.y[row*d:(row+1)*d]
			for j := lo; j < hi; j++ {
				next[t*d+j] += T(w * y[j])
			}
		}
		for at := 0; at < len(r.sy); at += d {
			for j := lo; j < hi; j++ {
				y := r.sy[at+j]
				if l.SharedRouter.W != nil {
					y = T(y * r.sw[at/d])
				}
				if by != 0 {
					y = T(y * by)
				}
				next[at+j] += y
			}
		}
	})
}

// choose replaces the router's scores of a token by their softmax. It stores the experts
// that the token uses in chosen[at:end], and their weights in share[at:end]. Among equal
// scores the first counts as better.
func (r *routing[T]) choose(scores []T, at, end int, norm bool, by T) {
	chosen := r.chosen[at:at]
	for e, score := range scores {
		if len(chosen) == end-at && !(score > scores[chosen[len(chosen)-1]]) {
			continue
		}
		if len(chosen) == end-at {
			chosen = chosen[:len(chosen)-1]
		}
		chosen = append(chosen, e)
		for i := len(chosen) - 1; i > 0 && score > scores[chosen[i-1]]; i-- {
			chosen[i-1], chosen[i] = chosen[i], chosen[i-1]
		}
	}
	plainSoftmax(scores)
	var sum T
	for _, e := range chosen {
		sum += scores[e]
	}
	for i, e := range chosen {
		w := scores[e]
		if norm {
			w /= sum
		}
		if by != 1 {
			w *= by
		}
		r.share[at+i] = w
	}
}

// plainSoftmax replaces x by its softmax, summing in order.
func plainSoftmax[T real](x []T) {
	if single[T]() {
		ggml.Softmax(floats(x))
		return
	}
	largest, sum := T(math.Inf(-1)), T(0)
	for _, v := range x {
		largest = max(largest, v)
	}
	for i, v := range x {
		x[i] = T(math.Exp(float64(v - largest)))
		sum += x[i]
	}
	for i := range x {
		x[i] /= sum
	}
}

// group sorts the rows by expert and sets tokens, slots and ends.
func (r *routing[T]) group(rows, used, experts int) {
	r.grow(rows, experts)
	clear(r.ends)
	for _, e := range r.chosen {
		r.ends[e]++
	}
	at := 0
	for e, n := range r.ends {
		r.ends[e] = at
		at += n
	}
	for i, e := range r.chosen {
		r.tokens[r.ends[e]], r.slots[r.ends[e]] = i/used, i
		r.ends[e]++
	}
}

// expertsBack is the derivative of experts and addExperts. e.x is the gradient of their
// output. expertsBack sets e.mem.d to the gradient of their input.
func (e *engine[T]) expertsBack(l *Layer[T], r *record[T]) {
	c, m, rt := &e.m.Config, &e.mem, &r.route
	d, dn := c.Dim, m.d
	n := e.networkInput(l, r)
	dShare := make([]T, len(rt.share))
	e.gather(rt, m.dRow, e.x)
	e.each(len(rt.tokens), fewRows, func(_, lo, hi int) {
		for row := lo; row < hi; row++ {
			dy := m.dRow[row*d : (row+1)*d]
			dShare[rt.slots[row]] = dot3(dy, r.y[row*d:(row+1)*d], nil)
			scale(dy, rt.share[rt.slots[row]])
		}
	})
	e.gather(rt, m.rows, n)
	rt.each(func(expert, lo, hi int) {
		g, u := r.g[lo*c.ExpertFFN:hi*c.ExpertFFN], r.u[lo*c.ExpertFFN:hi*c.ExpertFFN]
		f, df, dx := m.f[:len(g)], m.df[:len(g)], m.dRow[lo*d:hi*d]
		activateMul(c.Activation, f, g, u)
		e.linearBack(l.Down.of(expert), dx, f, df, false)
		activateMulBack(c.Activation, f, df, g, u, m.sig[:len(g)])
		x := m.rows[lo*d : hi*d]
		e.linearBack(l.Gate.of(expert), f, x, dx, false)
		e.linearBack(l.Up.of(expert), df, x, dx, true)
	})
	clear(dn)
	e.each(d, 64, func(_, lo, hi int) {
		for row, t := range rt.tokens {
			addTo(dn[t*d+lo:t*d+hi], m.dRow[row*d+lo:row*d+hi])
		}
	})
	for i := range len(n) / d {
		at := i * c.NumUsed
		rt.scoresBack(m.scores[i*c.NumExperts:(i+1)*c.NumExperts], shareBack[T]{
			probs: rt.probs[i*c.NumExperts : (i+1)*c.NumExperts], dShare: dShare, at: at, end: at + c.NumUsed, plain: c.PlainTopK, by: T(c.ExpertScale)})
	}
	e.linearBack(&l.Router, m.scores[:len(rt.probs)], n, dn, true)
	if l.SharedUp.W != nil {
		e.sharedBack(l, r, n, dn)
	}
}

// scoresBack sets ds to the gradient of a token's router scores. b.dShare[b.at:b.end]
// are the gradients of the weights of the token's experts. If weights are divided by
// their sum, they equal the softmax over the scores of the chosen experts alone.
func (r *routing[T]) scoresBack(ds []T, b shareBack[T]) {
	clear(ds)
	var sum T
	for i := b.at; i < b.end; i++ {
		sum += T(b.dShare[i] * r.share[i])
	}
	if b.plain {
		for e, p := range b.probs {
			ds[e] = -T(p * sum)
		}
		for i := b.at; i < b.end; i++ {
			ds[r.chosen[i]] += T(r.share[i] * b.dShare[i])
		}
		return
	}
	for i := b.at; i < b.end; i++ {
		ds[r.chosen[i]] = r.share[i] * (b.dShare[i] - sum/b.by)
	}
}

// shareBack has the arguments of scoresBack.
type shareBack[T real] struct {
	probs, dShare []T
	at, end       int
	plain         bool
	by            T // factor of all weights
}

// sharedBack is the derivative of the expert that all tokens use. It adds to dn, the
// gradient of n.
func (e *engine[T]) sharedBack(l *Layer[T], r *record[T], n, dn []T) {
	c, m := &e.m.Config, &e.mem
	d, dy := c.Dim, m.d3
	copy(dy, e.x)
	if by := T(c.ResidualScale); by != 0 {
		scale(dy, by)
	}
	if l.SharedRouter.W != nil {
		dw := make([]T, len(r.sw))
		e.each(len(dw), fewRows, func(_, lo, hi int) {
			for i := lo; i < hi; i++ {
				row, w := dy[i*d:(i+1)*d], r.sw[i]
				dw[i] = dot3(row, r.sy[i*d:(i+1)*d], nil) * T(w*(1-w))
				scale(row, w)
			}
		})
		e.linearBack(&l.SharedRouter, dw, n, dn, true)
	}
	f, df := m.f[:len(r.sg)], m.df[:len(r.sg)]
	activateMul(c.Activation, f, r.sg, r.su)
	e.linearBack(&l.SharedDown, dy, f, df, false)
	activateMulBack(c.Activation, f, df, r.sg, r.su, m.sig[:len(f)])
	e.linearBack(&l.SharedGate, f, n, dn, true)
	e.linearBack(&l.SharedUp, df, n, dn, true)
}
