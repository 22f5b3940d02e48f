//go:build !purego

package amd64

import "alpaca/internal/quant/kernel"

// kernelQ5_1 is the kernel of Q5_1, whose products are sums of nine accumulators (see
// matmul/dot.go). Of a panel they are vectors of rows: [tokens, 2, 9, 8]. A panel's blocks are
// followed by room for the scales of four tokens. CPUs with better instructions than AVX2
// use it too.
func kernelQ5_1(pack packFunc) kernel.Kernel {
	return kernel.Kernel{Level: "avx2", Rows: 16, BlockLen: 32, PanelBytes: 16 * (32 + 4 + 4 + 4*4), MaxBlocks: 16, Lanes: 9,
		Pack: pack, Tile: tileQ5_1AVX2, Sum: sumQ5_1}
}

//go:noescape
func tileQ5_1AVX2(t *tileArgs)

//go:noescape
func quadQ5_1AVX2(t *tileArgs)

//go:noescape
func sumQ5_1AVX2(dst, acc *float32)

// sumQ5_1 is Kernel.Sum.
func sumQ5_1(dst, acc []float32) {
	_, _ = dst[15], acc[16*9-1]
	sumQ5_1AVX2(&dst[0], &acc[0])
}

// Constants of its assembly.
var (
	bits4567     uint32 = 0x80402010
	bits01234567 uint64 = 0x8040201008040201
	sixteens            = [32]uint8{}
	// spreadBytes are shuffles of byte i of each four to all of them, for 8 lanes.
	spreadBytes [4][32]uint8
	// spreadBits is a shuffle of 32 bits, byte by byte, to 32 bytes.
	spreadBits [32]uint8
	// evenWords shuffles the words 0, 2, 4 and 6 of a half to the front, the others behind.
	evenWords = [32]uint8{0, 1, 4, 5, 8, 9, 12, 13, 2, 3, 6, 7, 10, 11, 14, 15, 0, 1, 4, 5, 8, 9, 12, 13, 2, 3, 6, 7, 10, 11, 14, 15}
	// nibbleShifts leaves 16 bytes as they are and brings the high nibbles of 16 more down.
	nibbleShifts = [4]uint64{0, 0, 4, 4}
)

func init() {
	for i := range 32 {
		sixteens[i] = 16
		spreadBits[i] = uint8(i / 8)
		for j := range spreadBytes {
			spreadBytes[j][i] = uint8(i%16&^3 + j)
		}
	}
}
