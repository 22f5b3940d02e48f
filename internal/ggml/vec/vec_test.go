package vec

import (
	"fmt"
	"math"
	"math/bits"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"alpaca/internal/machine"
)

// eachKernel runs f as a subtest for every kernel that this CPU can run.
func eachKernel(t *testing.T, f func(t *testing.T, k *kernel)) {
	for i := range kernelTable {
		k := &kernelTable[i]
		t.Run(k.level, func(t *testing.T) {
			if !machine.HasLevel(k.level) {
				require.NotContains(t, strings.Split(os.Getenv("ALPACA_REQUIRE_KERNELS"), ","), k.level)
				t.Skip("this CPU cannot run the kernel")
			}
			f(t, k)
		})
	}
}

// sameBits fails unless got and want have the same bits, except that every NaN equals every
// other.
func sameBits(t *testing.T, want, got []float32, about string) {
	t.Helper()
	require.Len(t, got, len(want))
	for i := range want {
		if math.Float32bits(want[i]) != math.Float32bits(got[i]) && (want[i] == want[i] || got[i] == got[i]) {
			t.Fatalf("%s: element %d: got %v (%#x), want %v (%#x)", about, i, got[i], math.Float32bits(got[i]), want[i], math.Float32bits(want[i]))
		}
	}
}

func normals(r *rand.Rand, n int, scale float64) []float32 {
	x := make([]float32, n)
	for i := range x {
		x[i] = float32(r.NormFloat64() * scale)
	}
	return x
}

func TestGemmKernels(t *testing.T) {
	eachKernel(t, func(t *testing.T, k *kernel) {
		r := rand.New(rand.NewPCG(1, 2))
		for _, m := range []int{1, 2, 3, 4, 5, 7, 8, 9, 13, 16} {
			for _, n := range []int{1, 7, 8, 9, 16, 17, 24, 31, 32, 33, 40, 64, 80, 100} {
				for _, depth := range []int{1, 2, 31, 64} {
					cs, as, bs := n+3, depth+1, n+2
					a, b := normals(r, m*as, 1), normals(r, depth*bs, 1)
					want := normals(r, m*cs, 1)
					got := slices.Clone(want)
					fresh := (m+n+depth)%2 == 0
					size := Size{m, depth, n}
					gemmGeneric(Mat{want, cs}, Mat{a, as}, Mat{b, bs}, size, fresh)
					k.gemm(Mat{got, cs}, Mat{a, as}, Mat{b, bs}, size, fresh)
					sameBits(t, want, got, fmt.Sprintf("m %d n %d k %d fresh %v", m, n, depth, fresh))
				}
			}
		}
	})
}

// TestGemmCodedKernels checks that a product with a matrix in the form of the cache equals the
// product with the decoded matrix.
func TestGemmCodedKernels(t *testing.T) {
	eachKernel(t, func(t *testing.T, k *kernel) {
		if k.gemmCoded == nil {
			return
		}
		r := rand.New(rand.NewPCG(1, 2))
		test := func(form Form, size Size) {
			b := Coded{Form: form}
			switch form {
			case Halves:
				b.Stride = 2*size.N + 6
				b.Data = make([]byte, (size.K-1)*b.Stride+2*size.N)
			case Q8Keys:
				b.Data = make([]byte, size.K/32*q8KeyBytes)
			case Q8Values:
				b.Stride = size.N / 32 * q8Bytes
				b.Data = make([]byte, size.K*b.Stride)
			}
			for i := range b.Data {
				b.Data[i] = byte(r.Uint32())
			}
			if r.IntN(2) == 0 {
				b.Next = slices.Clone(b.Data)
			}
			cs, as := size.N+3, size.K+1
			a, want := normals(r, size.M*as, 1), normals(r, size.M*cs, 1)
			got, fresh := slices.Clone(want), r.IntN(2) == 0
			gemmGeneric(Mat{want, cs}, Mat{a, as}, b.decode(size), size, fresh)
			k.gemmCoded(Mat{got, cs}, Mat{a, as}, b, size, fresh)
			sameBits(t, want, got, fmt.Sprintf("form %d %+v fresh %v", form, size, fresh))
		}
		for m := 1; m <= 17; m++ {
			for _, depth := range []int{1, 2, 31, 32, 96} {
				for _, n := range []int{1, 7, 8, 9, 16, 17, 24, 31, 32, 33, 40, 64, 80, 100} {
					test(Halves, Size{m, depth, n})
				}
				test(Q8Values, Size{m, depth, 32})
				test(Q8Values, Size{m, depth, 96})
				if depth%32 == 0 {
					test(Q8Keys, Size{m, depth, BlockLen})
				}
			}
		}
	})
}

// TestDeltaKernels compares outputs and states for numbers of columns that kernels divide in
// different ways. The state is a part of a wider matrix, whose other columns must not change.
func TestDeltaKernels(t *testing.T) {
	eachKernel(t, func(t *testing.T, k *kernel) {
		r := rand.New(rand.NewPCG(13, 14))
		for _, columns := range []int{1, 12, 16, 32, 47, 64, 96, 128, 180} {
			for _, rows := range []int{1, 2, 5} {
				keys := []int{1, 8, 33}[(columns+rows)%3]
				mat := func(rows, columns int) Mat {
					stride := columns + r.IntN(4)
					return Mat{normals(r, rows*stride, 1), stride}
				}
				d := DeltaRule{Keys: keys, Columns: columns, Rows: rows, State: mat(keys, columns), K: mat(rows, keys), Q: mat(rows, keys),
					V: mat(rows, columns), Out: mat(rows, columns), Decay: mat(rows, 1), Beta: mat(rows, 1), Scratch: make([]float32, keys*DeltaColumns)}
				want, got := d, d
				want.State.Data, want.Out.Data = slices.Clone(d.State.Data), slices.Clone(d.Out.Data)
				deltaGeneric(&want)
				k.delta(&got)
				about := fmt.Sprintf("%d keys, %d columns, %d rows", keys, columns, rows)
				sameBits(t, want.State.Data, got.State.Data, "state of "+about)
				sameBits(t, want.Out.Data, got.Out.Data, "out of "+about)
			}
		}
	})
}

func TestMulAddKernels(t *testing.T) {
	eachKernel(t, func(t *testing.T, k *kernel) {
		r := rand.New(rand.NewPCG(15, 16))
		for _, n := range []int{1, 7, 8, 12, 64, 100} {
			for _, rows := range []int{1, 3, 4} {
				w, x := Mat{normals(r, rows*(n+3), 1), n + 3}, Mat{normals(r, rows*(n+1), 1), n + 1}
				want := normals(r, n, 1)
				got := slices.Clone(want)
				mulAddGeneric(want, w, x, rows)
				k.mulAdd(got, w, x, rows)
				sameBits(t, want, got, fmt.Sprint(rows, " rows of ", n))
			}
		}
	})
}

// specials returns inputs that vector code might treat differently from the portable code.
func specials() []float32 {
	inf := float32(math.Inf(1))
	return []float32{0, float32(math.Copysign(0, -1)), 1, -1, inf, -inf, float32(math.NaN()), 88.7, 88.73, 89, 90, 1e30, -87.3, -87.4, -103.9, -104, -105, -1e30,
		1e-30, -1e-30, 1e-45, math.MaxFloat32, 0.34657359, -0.34657359, 0.5, 127, 16777216}
}

func TestElementKernels(t *testing.T) {
	eachKernel(t, func(t *testing.T, k *kernel) {
		r := rand.New(rand.NewPCG(3, 4))
		for _, n := range []int{1, 7, 8, 9, 16, 64, 172, 2048} {
			for _, scale := range []float64{0.01, 1, 40, 1e20} {
				x, y := normals(r, n, scale), normals(r, n, 1)
				if n == 172 {
					copy(x, specials())
				}
				about := fmt.Sprint(n, " × ", scale)
				check := func(name string, want, got func(x []float32)) {
					t.Helper()
					a, b := slices.Clone(x), slices.Clone(x)
					want(a)
					got(b)
					sameBits(t, a, b, name+" "+about)
				}
				check("silu", func(x []float32) { siluMulGeneric(x, y) }, func(x []float32) { k.silu(x, y) })
				check("sigmoid", func(x []float32) { sigmoidGeneric(x, x) }, func(x []float32) { k.sigmoid(x, x) })
				check("add", func(x []float32) { addToGeneric(x, y) }, func(x []float32) { k.add(x, y) })
				check("scale", func(x []float32) { scaleByGeneric(x, 0.3) }, func(x []float32) { k.scale(x, 0.3) })
				check("squares", func(x []float32) { x[0] = sumSquaresGeneric(x) }, func(x []float32) { x[0] = k.squares(x) })
				check("norm", func(x []float32) { rmsNormGeneric(x, x, y, 1e-5) }, func(x []float32) { k.rmsNorm(x, x, y, 1e-5) })
				if n%2 == 0 {
					cos, sin := y[:n/2], y[n/2:]
					check("rotate", func(x []float32) { rotateGeneric(x, cos, sin) }, func(x []float32) { k.rotate(x, cos, sin) })
					check("rotate halves", func(x []float32) { rotateHalvesGeneric(x[:n/2], x[n/2:], cos, sin) },
						func(x []float32) { k.halves(x[:n/2], x[n/2:], cos, sin) })
				}
			}
		}
	})
}

// TestSoftmaxKernels compares the softmax kernels with the portable code, over the whole range of
// the exponential function.
func TestSoftmaxKernels(t *testing.T) {
	eachKernel(t, func(t *testing.T, k *kernel) {
		r := rand.New(rand.NewPCG(5, 6))
		inf := float32(math.Inf(1))
		for round := range 5000 {
			blocks := 1 + round%5
			want := make([]float32, blocks*BlockLen)
			for i := range want {
				want[i] = float32(r.NormFloat64() * []float64{1, 10, 60, 1e10}[round%4])
				switch r.IntN(40) {
				case 0:
					want[i] = -inf
				case 1:
					if round%50 == 7 {
						want[i] = specials()[r.IntN(len(specials()))]
					}
				}
			}
			if round%97 == 0 { // all scores are masked
				for i := range want {
					want[i] = -inf
				}
			}
			half := round%2 == 0
			got := slices.Clone(want)
			about := fmt.Sprint(round, " half ", half, " of ", want)
			softmaxGeneric(want, half)
			k.softmax(got, half)
			sameBits(t, want, got, about)
		}
	})
}

func TestWidenKernels(t *testing.T) {
	eachKernel(t, func(t *testing.T, k *kernel) {
		r := rand.New(rand.NewPCG(7, 8))
		var q [32 * BlockLen]byte
		for i := range q {
			q[i] = byte(r.Uint32())
		}
		scale := [BlockLen]float32(normals(r, BlockLen, 1))
		var want, got [32 * BlockLen]float32
		widenQ8Generic(&want, &q, &scale)
		k.widenQ8(&got, &q, &scale)
		sameBits(t, want[:], got[:], "keys")
	})
}

func TestHadamardKernels(t *testing.T) {
	eachKernel(t, func(t *testing.T, k *kernel) {
		r := rand.New(rand.NewPCG(9, 10))
		for _, n := range []int{1, 2, 8, 16, 32, 64, 128, 256} {
			for _, runs := range []int{0, 1, 3} {
				x := normals(r, n*runs, 1)
				if n > 16 && runs == 3 {
					copy(x, specials())
				}
				got := slices.Clone(x)
				hadamardGeneric(x, n)
				k.hadamard(got, n)
				sameBits(t, x, got, fmt.Sprint(runs, " of ", n))
			}
		}
	})
}

// TestHadamard compares the transform with its matrix. The elements are ±1/sqrt(n); the sign
// depends on whether row and column have an even or an odd number of bits in common.
func TestHadamard(t *testing.T) {
	r := rand.New(rand.NewPCG(11, 12))
	for _, n := range []int{1, 2, 32, 64, 128} {
		x := normals(r, 2*n, 1)
		got := slices.Clone(x)
		Hadamard(got, n)
		for i := range got {
			want := 0.0
			for j, v := range x[i/n*n:][:n] {
				sign := float64(1 - 2*(bits.OnesCount(uint(i%n&j))%2))
				want += sign * float64(v) / math.Sqrt(float64(n))
			}
			require.InDelta(t, want, got[i], 1e-5, "%d of %d", i, n)
		}
		Hadamard(got, n)
		for i := range got {
			require.InDelta(t, x[i], got[i], 1e-5)
		}
	}
}
