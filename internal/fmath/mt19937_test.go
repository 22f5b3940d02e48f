package fmath

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestUint32(t *testing.T) {
	g := NewMT19937(42)
	for _, want := range []uint32{1608637542, 3421126067, 4083286876, 787846414, 3143890026} {
		require.Equal(t, want, g.Uint32())
	}
	// The C++ standard gives the 10000th number of the default generator in [rand.predef].
	g = NewMT19937(5489)
	for range 9999 {
		g.Uint32()
	}
	require.Equal(t, uint32(4123659995), g.Uint32())
}

// TestUniform compares numbers with those of GCC 14's libstdc++.
func TestUniform(t *testing.T) {
	g := NewMT19937(7)
	for _, want := range []float32{0x1.388f0ap-4, 0x1.d19726p-3, 0x1.8f5184p-1, 0x1.46a0a8p-2, 0x1.c0ee5ap-2} {
		require.Equal(t, want, g.Float32())
	}
	g = NewMT19937(7)
	for _, want := range []float64{0.22733907496470684, 0.31897222781086315, 0.97822289621420422, 0.45558490783988154} {
		require.Equal(t, want, g.Float64())
	}
}

func TestUniformStaysBelowOne(t *testing.T) {
	g := NewMT19937(1)
	for range 3 {
		g.Uint32()
	}
	for i := range g.state { // words whose output has all bits set
		g.state[i] = untemper(0xffffffff)
	}
	g.next = 0
	require.Equal(t, float32(1-1.0/(1<<24)), g.Float32())
	require.Equal(t, 1-1.0/(1<<53), g.Float64())
}

// untemper computes the inverse of the output function, which is linear in the bits.
func untemper(want uint32) uint32 {
	temper := func(y uint32) uint32 {
		g := &MT19937{}
		g.state[0] = y
		return g.Uint32()
	}
	// This is Gaussian elimination, which begins with the 32 unit vectors.
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
