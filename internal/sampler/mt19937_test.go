package sampler

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestMT19937(t *testing.T) {
	g := newMT19937(42)
	for _, want := range []uint32{1608637542, 3421126067, 4083286876, 787846414, 3143890026} {
		require.Equal(t, want, g.uint32())
	}
	// The C++ standard's own check, [rand.predef]: the 10000th of the default.
	g.reset(5489)
	for range 9999 {
		g.uint32()
	}
	require.Equal(t, uint32(4123659995), g.uint32())
}

// The expected numbers of this file's tests are what GCC 14's libstdc++ gives.
func TestUniform(t *testing.T) {
	g := newMT19937(7)
	for _, want := range []float32{0x1.388f0ap-4, 0x1.d19726p-3, 0x1.8f5184p-1, 0x1.46a0a8p-2, 0x1.c0ee5ap-2} {
		require.Equal(t, want, g.float32())
	}
	g.reset(7)
	for _, want := range []float64{0.22733907496470684, 0.31897222781086315, 0.97822289621420422, 0.45558490783988154} {
		require.Equal(t, want, g.float64())
	}
}

func TestUniformStaysBelowOne(t *testing.T) {
	g := newMT19937(1)
	for range 3 {
		g.uint32()
	}
	for i := range g.state { // words that temper to all ones
		g.state[i] = untemper(0xffffffff)
	}
	g.next = 0
	require.Equal(t, float32(1-1.0/(1<<24)), g.float32())
	require.Equal(t, 1-1.0/(1<<53), g.float64())
}

// untemper inverts the output function of mt19937 by trying bits from the
// right: every step of it is linear.
func untemper(want uint32) uint32 {
	temper := func(y uint32) uint32 {
		g := &mt19937{}
		g.state[0] = y
		return g.uint32()
	}
	// Gaussian elimination over the 32 unit vectors.
	var image, preimage [32]uint32
	for i := range 32 {
		img, pre := temper(1<<i), uint32(1)<<i
		for bit := range 32 {
			if img>>bit&1 == 0 {
				continue
			}
			if image[bit] == 0 {
				image[bit], preimage[bit] = img, pre
				break
			}
			img ^= image[bit]
			pre ^= preimage[bit]
		}
	}
	var y uint32
	for bit := range 32 {
		if want>>bit&1 == 1 {
			want ^= image[bit]
			y ^= preimage[bit]
		}
	}
	return y
}

func TestDraw(t *testing.T) {
	hyperbola := make([]float32, 50)
	for i := range hyperbola {
		hyperbola[i] = 1 / float32(1+i)
	}
	tests := []struct {
		name string
		seed uint32
		p    []float32
		want []int
	}{
		{"halves", 42, []float32{0.5, 0.25, 0.125, 0.0625, 0.0625},
			[]int{2, 0, 2, 1, 0, 0, 0, 0, 0, 1, 0, 1, 4, 0, 4, 1, 1, 0, 0, 1}},
		{"unnormalized", 123, hyperbola,
			[]int{13, 3, 12, 13, 4, 18, 3, 7, 0, 2, 8, 1, 1, 12, 7, 9, 3, 0, 13, 3}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			g := newMT19937(tt.seed)
			for i, want := range tt.want {
				require.Equal(t, want, draw(g, withP(tt.p...)), "draw %d", i)
			}
		})
	}
}

// withP returns candidates of the given probabilities.
func withP(p ...float32) []candidate {
	list := make([]candidate, len(p))
	for i := range p {
		list[i] = candidate{id: int32(i), p: p[i]}
	}
	return list
}

func TestDrawOfOneCostsNoRandomNumber(t *testing.T) {
	g := newMT19937(42)
	require.Equal(t, 0, draw(g, withP(1)))
	require.Equal(t, 0, draw(g, withP(1, 0, 0)))
	require.Equal(t, uint32(1608637542), g.uint32())
}

func TestDrawNeverTakesTheImpossible(t *testing.T) {
	g := newMT19937(3)
	for range 10_000 {
		require.Less(t, draw(g, withP(0.1, 0.1, 0.1, 0, 0)), 3)
	}
}
