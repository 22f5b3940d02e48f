package train

// channelRun is the smallest number of channels for one worker.
const channelRun = 64

// convolve is a gated convolution over the last L positions of a
// document. A row of r.in has three parts b, c and x. For each channel:
//
//	o[t] = c[t]·Σ taps[j]·b[t-L+1+j]·x[t-L+1+j]    j < L, only rows of the document
func (e *engine[T]) convolve(l *Layer[T], r *record[T]) {
	d, taps := e.m.Config.Dim, l.Taps.Cols
	e.each(d, channelRun, func(_, lo, hi int) {
		for _, doc := range e.batch.docs {
			for t := doc.lo; t < doc.hi; t++ {
				out := r.o[t*d : (t+1)*d]
				clear(out[lo:hi])
				for j := max(0, taps-1-(t-doc.lo)); j < taps; j++ {
					in := r.in[(t-taps+1+j)*3*d:][:3*d]
					for ch := lo; ch < hi; ch++ {
						out[ch] += T(l.Taps.Data[ch*taps+j] * T(in[ch]*in[2*d+ch]))
					}
				}
				c := r.in[t*3*d+d:][:d]
				for ch := lo; ch < hi; ch++ {
					out[ch] *= c[ch]
				}
			}
		}
	})
}

// convolveBack replaces r.in by its gradient. It overwrites do, the gradient of o:
//
//	dv[t] = do[t]·c[t]    du[t] = Σ taps[j]·dv[t+L-1-j]    dtaps[j] += dv[t]·u[t-L+1+j]
//	dc[t] = do[t]·v[t]    db = du·x    dx = du·b    with u = b·x, v = o/c as convolve sums it
func (e *engine[T]) convolveBack(l *Layer[T], r *record[T], do []T) {
	d, taps := e.m.Config.Dim, l.Taps.Cols
	e.each(d, channelRun, func(_, lo, hi int) {
		for _, doc := range e.batch.docs {
			for ch := lo; ch < hi; ch++ {
				w := l.Taps.Data[ch*taps : (ch+1)*taps]
				at := func(t, part int) *T { return &r.in[(3*t+part)*d+ch] }
				u := func(t int) T { return T(*at(t, 0) * *at(t, 2)) }
				for t := doc.hi - 1; t >= doc.lo; t-- { // do becomes dv, c becomes dc
					var v T
					for j := max(0, taps-1-(t-doc.lo)); j < taps; j++ {
						v += T(w[j] * u(t-taps+1+j))
					}
					c, dy := at(t, 1), do[t*d+ch]
					do[t*d+ch], *c = T(dy*(*c)), T(dy*v)
				}
				if l.Taps.Trainable() {
					grad := l.Taps.Grad[ch*taps : (ch+1)*taps]
					for t := doc.lo; t < doc.hi; t++ {
						for j := max(0, taps-1-(t-doc.lo)); j < taps; j++ {
							grad[j] += T(do[t*d+ch] * u(t-taps+1+j))
						}
					}
				}
				for t := doc.lo; t < doc.hi; t++ {
					var du T
					for j := taps - 1; j >= 0 && t+taps-1-j < doc.hi; j-- {
						du += T(w[j] * do[(t+taps-1-j)*d+ch])
					}
					b, x := at(t, 0), at(t, 2)
					*b, *x = T(du*(*x)), T(du*(*b))
				}
			}
		}
	})
}

// convolveSilu is the convolution before a gated delta rule:
//
//	mixed[t] = silu(Σ taps[j]·in[t-L+1+j])    j < L
func (e *engine[T]) convolveSilu(l *Layer[T], r *record[T]) {
	n := l.Taps.Rows
	e.each(n, channelRun, func(_, lo, hi int) {
		sigma := make([]T, hi-lo)
		for _, doc := range e.batch.docs {
			for t := doc.lo; t < doc.hi; t++ {
				out := r.mixed[t*n+lo : t*n+hi]
				e.convolved(l, r, out, doc, t, lo)
				sigmoid(sigma, out)
				for i, s := range sigma {
					out[i] *= s
				}
			}
		}
	})
}

// convolved stores the sums of row t, before silu, in out. out[0] belongs to channel number
// first.
func (e *engine[T]) convolved(l *Layer[T], r *record[T], out []T, doc document, t, first int) {
	n, taps := l.Taps.Rows, l.Taps.Cols
	clear(out)
	for j := max(0, taps-1-(t-doc.lo)); j < taps; j++ {
		in := r.in[(t-taps+1+j)*n+first:]
		for i := range out {
			out[i] += T(l.Taps.Data[(first+i)*taps+j] * in[i])
		}
	}
}

// convolveSiluBack replaces r.in by its gradient. It overwrites d, the gradient of mixed.
func (e *engine[T]) convolveSiluBack(l *Layer[T], r *record[T], d []T) {
	n, taps := l.Taps.Rows, l.Taps.Cols
	e.each(n, channelRun, func(_, lo, hi int) {
		sum, sigma := make([]T, hi-lo), make([]T, hi-lo)
		for _, doc := range e.batch.docs {
			for t := doc.lo; t < doc.hi; t++ {
				e.convolved(l, r, sum, doc, t, lo)
				sigmoid(sigma, sum)
				row := d[t*n+lo : t*n+hi]
				for i, s := range sigma {
					row[i] *= s + T(T(sum[i]*s)*(1-s))
				}
				for j := max(0, taps-1-(t-doc.lo)); j < taps && l.Taps.Trainable(); j++ {
					in := r.in[(t-taps+1+j)*n+lo:]
					for i, x := range row {
						l.Taps.Grad[(lo+i)*taps+j] += T(x * in[i])
					}
				}
			}
			for t := doc.lo; t < doc.hi; t++ {
				in := r.in[t*n+lo : t*n+hi]
				clear(in)
				for j := taps - 1; j >= 0 && t+taps-1-j < doc.hi; j-- {
					row := d[(t+taps-1-j)*n+lo:]
					for i := range in {
						in[i] += T(l.Taps.Data[(lo+i)*taps+j] * row[i])
					}
				}
			}
		}
	})
}
