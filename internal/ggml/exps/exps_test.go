package exps

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"alpaca/internal/fmath"
)

// numbersToTry returns numbers of all sizes, and numbers near those where Exp changes its steps.
func numbersToTry() []float64 {
	r := rand.New(rand.NewPCG(1, 2))
	inf := math.Inf(1)
	list := []float64{0, math.Copysign(0, -1), 1, -1, 700, -700, math.Nextafter(700, 800), math.Nextafter(-700, -800), 709.78, 709.8, -708.4, -720, -745.1, -745.3,
		inf, -inf, math.NaN(), 5e-324, -5e-324, math.MaxFloat64, -math.MaxFloat64, math.Ln2, -math.Ln2, math.Ln2 / 128}
	for k := -64000; k <= 64000; k += 997 { // where z is rounded up or down
		half := (float64(k) + 0.5) * math.Ln2 / 64
		list = append(list, half, math.Nextafter(half, inf), math.Nextafter(half, -inf))
	}
	for range 100_000 {
		list = append(list, r.NormFloat64()*10, -r.Float64()*40, (r.Float64()*2-1)*750, math.Ldexp(r.NormFloat64(), r.IntN(80)-70), float64(float32(-r.ExpFloat64()*8)))
	}
	return list
}

// TestExp compares the results of the kernel with those of fmath.Exp
// bit by bit, in each of the four lanes and for many lengths.
func TestExp(t *testing.T) {
	list := numbersToTry()
	for shift := range 4 {
		got := slices.Clone(list[shift:])
		Exp(got)
		for i, x := range list[shift:] {
			want := fmath.Exp(x)
			if math.Float64bits(want) != math.Float64bits(got[i]) && (want == want || got[i] == got[i]) {
				t.Fatalf("Exp(%v) is %v, must be %v", x, got[i], want)
			}
		}
	}
	for n := range 40 {
		got := slices.Clone(list[1000 : 1000+n+1])
		kept := got[n]
		Exp(got[:n])
		require.Equal(t, kept, got[n], "the kernel must not change the number after the last one")
		for i, x := range list[1000 : 1000+n] {
			require.Equal(t, fmath.Exp(x), got[i])
		}
	}
}

func BenchmarkExp(b *testing.B) {
	x := make([]float64, 512)
	for name, f := range map[string]func([]float64){"in use": Exp, "portable": expGeneric} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				for i := range x {
					x[i] = -float64(i) / 32
				}
				f(x)
			}
		})
	}
}

func ExampleExp() {
	x := []float64{0, 1, -1}
	Exp(x)
	fmt.Printf("%.3f\n", x)
	// Output: [1.000 2.718 0.368]
}
