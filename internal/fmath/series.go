package fmath

import "math"

// The results of ExpSeries, LogSeries and PowSeries differ from those of Exp, Log and Pow in
// the last bits. Position embeddings, all logits and the figures of evaluations depend on the
// functions of this file. The probabilities of tokens depend on Exp, Log and Pow, which are
// several times faster. If one set of functions replaced the other, results would change.

// ExpSeries returns e^x within a few ulp, for |x| < 700.
func ExpSeries(x float64) float64 {
	const (
		ln2hi = 0x1.62e42fefp-1 // 33 bits, so that n*ln2hi is exact
		ln2lo = 0x1.473de6af278edp-34
	)
	n := math.RoundToEven(x / math.Ln2)
	r := (x - float64(n*ln2hi)) - float64(n*ln2lo)
	// Taylor's series: the first omitted term, r^14/14!, is below 2^-57.
	sum := 1.0
	for k := 13.0; k >= 1; k-- {
		sum = float64(sum*r)/k + 1
	}
	return math.Ldexp(sum, int(n))
}

// LogSeries returns the natural logarithm of a positive, normal x within a few ulp.
func LogSeries(x float64) float64 {
	m, e := math.Frexp(x) // m in [1/2, 1)
	if m < math.Sqrt2/2 {
		m, e = m*2, e-1
	}
	// log m = 2 atanh(s), with s = (m-1)/(m+1) and |s| ≤ 0.172.
	s := (m - 1) / (m + 1)
	s2 := s * s
	sum := 0.0
	for k := 23.0; k >= 1; k -= 2 {
		sum = float64(sum*s2) + 1/k
	}
	return float64(float64(e)*math.Ln2) + float64(2*s*sum)
}

// PowSeries returns x^y for a positive, normal x. |y log x| must be below 700.
func PowSeries(x, y float64) float64 { return ExpSeries(float64(y * LogSeries(x))) }
