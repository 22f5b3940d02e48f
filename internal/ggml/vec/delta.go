package vec

import "unsafe"

// DeltaRule has the arguments of Delta: some columns of a head's state in the gated delta rule,
// and the next Rows positions of a text. A matrix [Rows, ...] has a row for each position.
type DeltaRule struct {
	Keys, Columns, Rows int
	State               Mat       // [Keys, Columns]
	K, Q                Mat       // [Rows, Keys]
	V, Out              Mat       // [Rows, Columns]
	Decay, Beta         Mat       // [Rows, 1]
	Scratch             []float32 // [Keys, DeltaColumns]

	args deltaArgs
}

// DeltaColumns is the largest number of columns that a kernel computes together.
const DeltaColumns = 64

// Delta computes the positions of d one after the other,
// and updates the state M. For each position, it computes
//
//	M = Decay * M
//	δ = Beta * (V - Mᵀ K)
//	M = M + K δᵀ
//	Out = Mᵀ Q
//
// Products with Mᵀ are chains of fused multiply-adds over the rows of M, as in Gemm, and begin
// with 0. M + K δᵀ is a fused multiply-add for each element. All other operations round.
func Delta(d *DeltaRule) {
	if d.Rows > 0 && d.Keys > 0 && d.Columns > 0 {
		delta(d)
	}
}

func deltaGeneric(d *DeltaRule) { d.rest(0, gemmGeneric, scaleByGeneric) }

// rest computes the columns from first on with the
// functions gemm and scaleBy, which may be kernels.
func (d *DeltaRule) rest(first int, gemm func(c, a, b Mat, size Size, fresh bool), scaleBy func(x []float32, by float32)) {
	n := d.Columns - first
	if n == 0 {
		return
	}
	state, one := d.State.from(0, first), Size{M: 1, K: d.Keys, N: n}
	for t := range d.Rows {
		k, out := d.K.from(t, 0), d.Out.from(t, first)
		for i := range d.Keys {
			scaleBy(state.Data[i*state.Stride:][:n], d.Decay.Data[t*d.Decay.Stride])
		}
		gemm(out, k, state, one, true)
		beta, v := d.Beta.Data[t*d.Beta.Stride], d.V.from(t, first).Data
		for j, x := range out.Data[:n] {
			out.Data[j] = beta * (v[j] - x)
		}
		gemm(state, Mat{k.Data, 1}, out, Size{M: d.Keys, K: 1, N: n}, false)
		gemm(out, d.Q.from(t, 0), state, one, true)
	}
}

// from returns the part of m that begins with the element at row and column.
func (m Mat) from(row, column int) Mat { return Mat{m.Data[row*m.Stride+column:], m.Stride} }

// deltaArgs has the arguments of a kernel for some columns. In one pass
// through the state, the kernel does the second half of a position,
// which needs the position's δ, and the first half of the next position:
//
//	M = M + k δᵀ    out = Mᵀ q    M = decay * M    δ = beta * (v - Mᵀ next)
type deltaArgs struct {
	state       *float32
	stride      int      // bytes between rows of the state
	keys        int      // rows of the state
	k, q, out   *float32 // if k is nil, the kernel omits the second half of a position
	next, v     *float32 // k and v of the next position; if next is nil, the kernel omits its first half
	decay, beta float32  // the factors of the next position
	delta       [DeltaColumns]float32
}

// blocks computes the columns from first on with a kernel that takes the given
// number of columns. It returns the first column that is not computed.
func (d *DeltaRule) blocks(kernel func(*deltaArgs), first, columns int) int {
	for ; d.Columns-first >= columns; first += columns {
		d.block(kernel, first, columns)
	}
	return first
}

// block computes columns from first on.
func (d *DeltaRule) block(kernel func(*deltaArgs), first, columns int) {
	// If there are many positions, first copy the columns of the state
	// next to each other, so that they stay in the first-level cache.
	state := d.State.from(0, first)
	own := d.Rows >= 4 && d.State.Stride > columns
	if own {
		state = Mat{d.Scratch[:d.Keys*columns], columns}
		copyRows(state, d.State.from(0, first), d.Keys, columns)
	}
	_ = state.Data[(d.Keys-1)*state.Stride+columns-1]
	a := &d.args
	a.state, a.stride, a.keys, a.k = &state.Data[0], 4*state.Stride, d.Keys, nil
	for t := range d.Rows + 1 {
		a.next = nil
		if t < d.Rows {
			a.next, a.v = d.K.row(t, 0, d.Keys), d.V.row(t, first, columns)
			a.decay, a.beta = d.Decay.Data[t*d.Decay.Stride], d.Beta.Data[t*d.Beta.Stride]
		}
		kernel(a)
		if t < d.Rows {
			a.k, a.q, a.out = a.next, d.Q.row(t, 0, d.Keys), d.Out.row(t, first, columns)
		}
	}
	if own {
		copyRows(d.State.from(0, first), state, d.Keys, columns)
	}
}

// row returns the address of n elements of a row.
func (m Mat) row(row, column, n int) *float32 {
	return unsafe.SliceData(m.Data[row*m.Stride+column:][:n])
}

// copyRows copies rows of n elements from src to dst.
func copyRows(dst, src Mat, rows, n int) {
	for i := range rows {
		copy(dst.Data[i*dst.Stride:][:n], src.Data[i*src.Stride:][:n])
	}
}
