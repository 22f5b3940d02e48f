package fit

// A MinSearch says how searchScaleMin searches for a scale and a minimum.
type MinSearch struct {
	Top         int32   // largest integer
	First, Step float32 // trial t maps the range of the weights to Top + First + Step·t steps
	Trials      int
	Absolute    bool // an error e counts as w·|e| instead of w·e²
}

// searchScaleMin finds a scale s, a minimum m ≥ 0 and integers q from 0
// to p.Top, which represent x as s·q - m. It returns those with the
// smallest error among the trials. w says how much each error counts.
func searchScaleMin(p *MinSearch, x, w []float32, q []uint8) (scale, minimum float32) {
	w, q = w[:len(x)], q[:len(x)]
	lo, hi := x[0], x[0]
	sumW := w[0]
	sumX := float32(sumW * x[0])
	for i := 1; i < len(x); i++ {
		if x[i] < lo { // not min(), which would change the sign of a zero
			lo = x[i]
		}
		if x[i] > hi {
			hi = x[i]
		}
		sumW += w[i]
		sumX += float32(w[i] * x[i])
	}
	if lo > 0 {
		lo = 0
	}
	if hi == lo {
		clear(q)
		return 0, -lo
	}
	var l [32]float32
	inv := float32(p.Top) / (hi - lo)
	scale = 1 / inv
	for i, v := range x {
		l[i] = float32(p.clamp(inv * (v - lo)))
		q[i] = uint8(l[i])
	}
	best := p.loss(scale, lo, x, w, l[:])
	for trial := range p.Trials {
		// lo is the value of integer 0 in the best trial so far, so
		// each better trial changes the range of later trials.
		inv := (p.First + float32(p.Step*float32(trial)) + float32(p.Top)) / (hi - lo)
		var sumQ, sumQQ, sumXQ float32
		for i, v := range x {
			k := float32(p.clamp(inv * (v - lo)))
			l[i] = k
			wq := w[i] * k
			sumQ += float32(wq)
			sumQQ += float32(wq * k)
			sumXQ += float32(wq * v)
		}
		// Compute the least-squares line through the pairs (q, x).
		det := float32(sumW*sumQQ) - float32(sumQ*sumQ)
		if !(det > 0) {
			continue
		}
		s := (float32(sumW*sumXQ) - float32(sumX*sumQ)) / det
		m := (float32(sumQQ*sumX) - float32(sumQ*sumXQ)) / det
		if m > 0 {
			m = 0
			s = sumXQ / sumQQ
		}
		if loss := p.loss(s, m, x, w, l[:]); loss < best {
			best, scale, lo = loss, s, m
			for i := range q {
				q[i] = uint8(l[i])
			}
		}
	}
	return scale, -lo
}

// clamp rounds f and limits it to 0 … p.Top.
func (p *MinSearch) clamp(f float32) int32 { return max(0, min(p.Top, Nearest(f))) }

// loss returns the weighted error of scale·l + lo for x.
func (p *MinSearch) loss(scale, lo float32, x, w, l []float32) (sum float32) {
	w, l = w[:len(x)], l[:len(x)]
	for i, v := range x {
		e := float32(scale*l[i]) + lo - v
		if p.Absolute {
			e = Abs(e)
		} else {
			e *= e
		}
		sum += float32(w[i] * e)
	}
	return sum
}

// searchPositive finds the scale s that minimizes Σ w·(x - s·q)² for x ≥ 0 and
// the integers q from 0 to top. It quantizes the scales and minima of a
// super-block.
func searchPositive(top int32, x, w []float32, q []uint8) (scale float32) {
	var hi float32
	for _, v := range x {
		if v > hi {
			hi = v
		}
	}
	if hi == 0 {
		clear(q)
		return 0
	}
	inv := float32(top) / hi
	for i, v := range x {
		q[i] = uint8(Nearest(inv * v))
	}
	var best float32
	for i, v := range x {
		e := v - float32(1/inv*float32(q[i]))
		best += float32(float32(w[i]*e) * e)
	}
	for trial := -4; trial <= 4; trial++ {
		if trial == 0 {
			continue
		}
		try := (float32(float32(0.1)*float32(trial)) + float32(top)) / hi
		var loss float32
		for i, v := range x {
			e := v - float32(1/try*float32(min(top, Nearest(try*v))))
			loss += float32(float32(w[i]*e) * e)
		}
		if loss < best {
			best, inv = loss, try
		}
	}
	for i, v := range x {
		q[i] = uint8(min(top, Nearest(inv*v)))
	}
	return refinePositive(top, x, w, q)
}

// refinePositive changes one q at a time while that reduces the error. It returns the best
// scale for the final q.
func refinePositive(top int32, x, w []float32, q []uint8) (scale float32) {
	var sumXQ, sumQQ float32
	for i, v := range x {
		l := float32(q[i])
		sumXQ += float32(float32(w[i]*v) * l)
		sumQQ += float32(float32(w[i]*l) * l)
	}
	for range 5 {
		changed := false
		for i, v := range x {
			l := float32(q[i])
			xq := sumXQ - float32(float32(w[i]*v)*l)
			qq := sumQQ - float32(float32(w[i]*l)*l)
			if !(xq > 0 && qq > 0) {
				continue
			}
			n := min(top, Nearest(float32(v*qq)/xq))
			if n == int32(q[i]) {
				continue
			}
			l = float32(n)
			xq += float32(float32(w[i]*v) * l)
			qq += float32(float32(w[i]*l) * l)
			if float32(float32(xq*xq)*sumQQ) > float32(float32(sumXQ*sumXQ)*qq) {
				q[i], sumXQ, sumQQ, changed = uint8(n), xq, qq, true
			}
		}
		if !changed {
			break
		}
	}
	if !(sumQQ > 0) {
		return 0 // no weight matters, so any finite scale will do
	}
	return sumXQ / sumQQ
}
