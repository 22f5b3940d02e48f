package quant

import (
	"encoding/binary"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestDecodeKernels compares the decoders that the cache of keys and values needs
// to be fast with the portable ones: all halves, and random blocks.
func TestDecodeKernels(t *testing.T) {
	halves := make([]byte, 2<<16)
	for i := range 1 << 16 {
		binary.LittleEndian.PutUint16(halves[2*i:], uint16(i))
	}
	for _, n := range []int{0, 1, 7, 8, 9, 1 << 16} {
		in := atPageEnd(t, halves[:2*n])
		got, want := make([]float32, n), make([]float32, n)
		decodeF16(got, in)
		decodeF16Generic(want, in)
		requireSame(t, want, got)
	}
	r := rand.New(rand.NewPCG(1, 2))
	for _, nb := range []int{1, 2, 5} {
		in := make([]byte, 34*nb)
		for i := range in {
			in[i] = byte(r.Uint32())
		}
		in = atPageEnd(t, in)
		got, want := make([]float32, 32*nb), make([]float32, 32*nb)
		decodeQ8_0(got, in)
		decodeBlocks32(formats32[Q8_0], want, in, 34)
		requireSame(t, want, got)
	}
}

// requireSame fails unless the bits are the same, all NaN being one.
func requireSame(t *testing.T, want, got []float32) {
	t.Helper()
	require.Len(t, got, len(want))
	for i := range want {
		if math.Float32bits(want[i]) != math.Float32bits(got[i]) && !(want[i] != want[i] && got[i] != got[i]) {
			t.Fatalf("element %d: got %v, want %v", i, got[i], want[i])
		}
	}
}
