package fmath

import "math"

const (
	log2e = 1.44269504088896338700
	// ln2 is the sum of two parts. ln2Hi has 20 trailing zero bits, so that k*ln2Hi is
	// exact for every k in Exp and Log.
	ln2Hi = 6.93147180369123816490e-01
	ln2Lo = 1.90821492927058770002e-10
	// Adding roundShift to a number whose magnitude is below 2^51 rounds
	// the number to an integer. The low bits of the sum are this integer.
	roundShift = 3 << 51
)

// roots[i] is 2^(i/64), within 3 ulp. Each element is a product of
// square roots, which are correctly rounded on every machine.
var roots = func() (t [64]float64) {
	for i := range t {
		t[i] = 1
		root := 2.0
		for bit := 32; bit > 0; bit /= 2 {
			if root = math.Sqrt(root); i&bit != 0 {
				t[i] *= root
			}
		}
	}
	return t
}()

// ExpNumbers returns the constants of Exp, in the order in which Exp
// uses them, and the table roots. Vector code takes the same steps
// with the same constants. The caller must not change the table.
func ExpNumbers() (steps [8]float64, powers *[64]float64) {
	return [8]float64{64 * log2e, roundShift, ln2Hi / 64, ln2Lo / 64, 1.0 / 120, 1.0 / 24, 1.0 / 6, 1.0 / 2}, &roots
}

// Exp returns e^x within 4 ulp of float64.
func Exp(x float64) float64 {
	switch {
	case x != x || x > 709.79:
		return x * math.Inf(1) // NaN stays NaN
	case x < -745.2:
		return 0
	}
	// x = (64 n + i) ln2/64 + r, and e^x = 2^n * 2^(i/64) * e^r. With
	// |r| ≤ ln2/128, the first omitted term of Taylor's series, r^6/6!, is below
	// 4e-17.
	z := float64(x*(64*log2e)) + roundShift
	k := z - roundShift
	r := (x - float64(k*(ln2Hi/64))) - float64(k*(ln2Lo/64))
	p := float64(r*(1.0/120)) + 1.0/24
	p = float64(p*r) + 1.0/6
	p = float64(p*r) + 1.0/2
	p = float64(float64(p*r)*r) + r
	whole := int32(math.Float64bits(z)) // the low bits are k
	root := roots[whole&63]
	e := float64(root*p) + root
	// Multiply in two steps, because 2^n alone may be out of float64's range.
	n := int(whole >> 6)
	return float64(e * pow2(n/2) * pow2(n-n/2))
}

// pow2 returns 2^k for -1022 ≤ k ≤ 1023.
func pow2(k int) float64 { return math.Float64frombits(uint64(k+1023) << 52) }

// logSeries has 1/(2n+1) for n = 10 … 0. With s² ≤ 0.0295, the first omitted term, s^22/23,
// is below 1e-18.
var logSeries = [...]float64{
	1.0 / 21, 1.0 / 19, 1.0 / 17, 1.0 / 15, 1.0 / 13, 1.0 / 11, 1.0 / 9, 1.0 / 7, 1.0 / 5, 1.0 / 3, 1,
}

// Log returns the natural logarithm of x. It returns -Inf for 0, and NaN for negative x.
func Log(x float64) float64 {
	switch {
	case x != x || x < 0:
		return math.NaN()
	case x == 0:
		return math.Inf(-1)
	case x > math.MaxFloat64:
		return x
	}
	// x = m * 2^k with m in [√½, √2). Frexp is exact on every machine.
	m, k := math.Frexp(x)
	if m < math.Sqrt2/2 {
		m, k = 2*m, k-1
	}
	// log m = 2 atanh(s) = 2s (1 + s²/3 + s⁴/5 + …)
	s := (m - 1) / (m + 1)
	s2 := s * s
	sum := logSeries[0]
	for _, c := range logSeries[1:] {
		sum = float64(sum*s2) + c
	}
	e := float64(k)
	return float64(e*ln2Hi) + (float64(2*float64(s*sum)) + float64(e*ln2Lo))
}

// Pow returns x^y for x ≥ 0. Its relative error is 1e-16 times |y log x|. That is far below
// the last bit of a float32 for every result in float32's range.
func Pow(x, y float64) float64 {
	switch {
	case y == 0 || x == 1:
		return 1
	case x == 0 && y > 0:
		return 0
	}
	return Exp(y * Log(x))
}

// Log32 returns Log(x), rounded to float32.
func Log32(x float32) float32 { return float32(Log(float64(x))) }
