//go:build !purego

package amd64

import "alpaca/internal/quant/kernel"

// kernelQ5_1 returns the kernel of Q5_1, whose results are sums of nine accumulators
// (see matmul/dot.go). The accumulators of a panel are an array [tokens, 2 vectors
// of rows, 9 accumulators, 8 rows]. Room for the scales of four tokens follows the
// panel's blocks. CPUs with better instructions than AVX2 use this kernel, too.
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

// sumQ5_1 is Kernel.Sum of kernelQ5_1.
func sumQ5_1(dst, acc []float32) {
	_, _ = dst[15], acc[16*9-1]
	sumQ5_1AVX2(&dst[0], &acc[0])
}

// Constants of the assembly of Q5_1.
var (
	bits4567     uint32 = 0x80402010
	bits01234567 uint64 = 0x8040201008040201
	sixteens            = [32]uint8{}
	// spreadBytes[i] repeats byte i of each dword, for 8 lanes.
	spreadBytes [4][32]uint8
	// spreadBits repeats each of 4 bytes 8 times, so
	// that byte i of the 32 bytes contains bit i.
	spreadBits [32]uint8
	// evenWords moves the words 0, 2, 4 and 6 of each half to the front.
	evenWords = [32]uint8{0, 1, 4, 5, 8, 9, 12, 13, 2, 3, 6, 7, 10, 11, 14, 15, 0, 1, 4, 5, 8, 9, 12, 13, 2, 3, 6, 7, 10, 11, 14, 15}
	// nibbleShifts are shift counts that leave the lower 16 bytes as
	// they are and shift the high nibbles of the upper 16 bytes down.
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
