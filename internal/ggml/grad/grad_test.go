package grad

import (
	"math"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"alpaca/internal/machine"
)

// eachKernel runs f as a subtest with every kernel that this CPU can run.
func eachKernel(t *testing.T, f func(t *testing.T, k *kernel)) {
	for i := range kernelTable {
		k := &kernelTable[i]
		t.Run(k.level, func(t *testing.T) {
			if !slices.Contains(machine.Levels(), k.level) {
				require.NotContains(t, strings.Split(os.Getenv("ALPACA_REQUIRE_KERNELS"), ","), k.level)
				t.Skip("this CPU cannot run the kernel")
			}
			f(t, k)
		})
	}
}

// lengths has numbers of elements near the multiples of a vector's length.
var lengths = []int{0, 1, 3, 4, 5, 8, 11, 12, 16, 31, 32, 100, 576}

// numbers returns n random numbers of very different sizes, among them zeros, infinity, a
// subnormal and the largest number.
func numbers(r *rand.Rand, n int) []float32 {
	special := []float32{0, float32(math.Copysign(0, -1)), float32(math.Inf(1)), 1e-42, math.MaxFloat32}
	x := make([]float32, n)
	for i := range x {
		x[i] = float32(r.NormFloat64() * math.Exp(3*r.NormFloat64()))
		if r.IntN(97) == 0 {
			x[i] = special[r.IntN(len(special))]
		}
	}
	return x
}

// same compares n floats bit by bit, except that every NaN equals every other.
func same(t *testing.T, want, got []float32, n int) {
	t.Helper()
	for i := range want {
		if math.Float32bits(want[i]) != math.Float32bits(got[i]) && want[i] == want[i] {
			t.Fatalf("length %d, element %d: got %v, want %v", n, i, got[i], want[i])
		}
	}
}

func TestKernels(t *testing.T) {
	eachKernel(t, func(t *testing.T, k *kernel) {
		r := rand.New(rand.NewPCG(1, 2))
		for _, n := range lengths {
			a, b, c, d, e := numbers(r, n), numbers(r, n), numbers(r, n), numbers(r, n), numbers(r, n)
			by, more := float32(r.NormFloat64()), float32(r.NormFloat64())
			both := func(f func(k *kernel, x, y []float32)) {
				t.Helper()
				x, y, x2, y2 := slices.Clone(a), slices.Clone(b), slices.Clone(a), slices.Clone(b)
				f(&generic, x, y)
				f(k, x2, y2)
				same(t, x, x2, n)
				same(t, y, y2, n)
			}
			same(t, []float32{generic.dot(a, b)}, []float32{k.dot(a, b)}, n)
			xx, xwdy := generic.sums(a, b, c)
			xx2, xwdy2 := k.sums(a, b, c)
			same(t, []float32{xx, xwdy}, []float32{xx2, xwdy2}, n)
			both(func(k *kernel, x, _ []float32) { k.norm(x, b, c, d, by, more) })
			both(func(k *kernel, x, y []float32) { k.silu(x, y, c, d, e) })
			both(func(k *kernel, x, _ []float32) { k.softmax(x, c, by) })
			both(func(k *kernel, x, _ []float32) { k.mulAdd(x, c, d, by) })
			both(func(k *kernel, x, _ []float32) { k.sum(x, c, d) })
			for i, v := range e {
				e[i] = max(v, -v)
			}
			o := AdamW{By: 0.7, Beta1: 0.9, Rest1: 0.1, Beta2: 0.95, Rest2: 0.05, Keep: 0.999, Step: 1e-3, Root: 1.3, Eps: 1e-8}
			both(func(k *kernel, x, y []float32) {
				v := slices.Clone(e)
				k.update(&o, x, y, v, c)
				copy(y, v)
			})
		}
	})
}

// TestNorm compares the norm's gradient with the formula in float64.
func TestNorm(t *testing.T) {
	x, w, dy := []float32{1, -2, 3, 0.5, 4}, []float32{1, 2, 0.5, 1, -1}, []float32{0.1, 0.2, -0.3, 0.4, 0.5}
	dx := make([]float32, 5)
	rho := Norm(dx, x, w, dy, 1e-5, true)
	var xx, sum float64
	for i := range x {
		xx += float64(x[i]) * float64(x[i])
		sum += float64(x[i]) * float64(w[i]) * float64(dy[i])
	}
	want := 1 / math.Sqrt(xx/5+1e-5)
	require.InEpsilon(t, want, rho, 1e-6)
	for i := range x {
		require.InDelta(t, want*float64(w[i])*float64(dy[i])-float64(x[i])*want*want*want/5*sum, dx[i], 1e-6)
	}
	more := slices.Clone(dx)
	Norm(more, x, w, dy, 1e-5, false)
	for i := range dx {
		require.Equal(t, 2*dx[i], more[i])
	}
}
