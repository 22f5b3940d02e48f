//go:build !purego

package grad

// kernelTable lists the kernels, best first.
var kernelTable = []kernel{
	{level: "avx2", dot: dotAVX2, sums: sumsAVX2, norm: normAVX2, silu: siluAVX2, softmax: softmaxAVX2,
		mulAdd: mulAddAVX2, sum: sumAVX2, update: updateAVX2},
}

// The assembly functions take a number of elements that is a multiple
// of 4 or 8, but not 0. Portable code does the remaining elements.

//go:noescape
func dot4AVX2(x, y *float32, n int) float32

func dotAVX2(x, y []float32) float32 {
	n := len(x)
	if n == 0 || n%4 != 0 {
		return dotGeneric(x, y)
	}
	_ = y[n-1]
	return dot4AVX2(&x[0], &y[0], n)
}

//go:noescape
func sums4AVX2(x, w, dy *float32, n int) (xx, xwdy float32)

func sumsAVX2(x, w, dy []float32) (xx, xwdy float32) {
	n := len(x)
	if n == 0 || n%4 != 0 {
		return sumsGeneric(x, w, dy)
	}
	_, _ = w[n-1], dy[n-1]
	return sums4AVX2(&x[0], &w[0], &dy[0], n)
}

//go:noescape
func norm8AVX2(dx, x, w, dy *float32, n int, rhoBy *[2]float32)

func normAVX2(dx, x, w, dy []float32, rho, by float32) {
	n := len(x) &^ 7
	if n > 0 {
		_, _, _ = dx[n-1], w[n-1], dy[n-1]
		norm8AVX2(&dx[0], &x[0], &w[0], &dy[0], n, &[2]float32{rho, by})
	}
	normGeneric(dx[n:], x[n:], w[n:], dy[n:], rho, by)
}

//go:noescape
func silu8AVX2(dg, du, gate, up, sigma *float32, n int)

func siluAVX2(dg, du, g, u, sigma []float32) {
	n := len(g) &^ 7
	if n > 0 {
		_, _, _, _ = dg[n-1], du[n-1], u[n-1], sigma[n-1]
		silu8AVX2(&dg[0], &du[0], &g[0], &u[0], &sigma[0], n)
	}
	siluGeneric(dg[n:], du[n:], g[n:], u[n:], sigma[n:])
}

//go:noescape
func softmax8AVX2(ds, p *float32, n int, delta float32)

func softmaxAVX2(ds, p []float32, delta float32) {
	n := len(p) &^ 7
	if n > 0 {
		_ = ds[n-1]
		softmax8AVX2(&ds[0], &p[0], n, delta)
	}
	softmaxGeneric(ds[n:], p[n:], delta)
}

//go:noescape
func mulAdd8AVX2(dst, x, y *float32, n int, by float32)

func mulAddAVX2(dst, x, y []float32, by float32) {
	n := len(dst) &^ 7
	if n > 0 {
		_, _ = x[n-1], y[n-1]
		mulAdd8AVX2(&dst[0], &x[0], &y[0], n, by)
	}
	mulAddGeneric(dst[n:], x[n:], y[n:], by)
}

//go:noescape
func sum8AVX2(dst, x, y *float32, n int)

func sumAVX2(dst, x, y []float32) {
	n := len(dst) &^ 7
	if n > 0 {
		_, _ = x[n-1], y[n-1]
		sum8AVX2(&dst[0], &x[0], &y[0], n)
	}
	sumGeneric(dst[n:], x[n:], y[n:])
}

//go:noescape
func update8AVX2(o *AdamW, w, m, v, dw *float32, n int)

func updateAVX2(o *AdamW, w, m, v, g []float32) {
	n := len(g) &^ 7
	if n > 0 {
		_, _, _ = w[n-1], m[n-1], v[n-1]
		update8AVX2(o, &w[0], &m[0], &v[0], &g[0], n)
	}
	updateGeneric(o, w[n:], m[n:], v[n:], g[n:])
}
