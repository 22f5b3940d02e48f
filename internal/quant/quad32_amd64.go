//go:build !purego

package quant

// Shuffles of 16-bit words that bring four blocks of a row into four lanes, as
// quad32_avx512_amd64.h wants them. Words from 32 on are those of the second source.
var (
	// quadNibbles takes the eight words after the scale of blocks of nine words; the
	// second source starts 8 bytes, four words, after the first.
	quadNibbles = quadWords(func(lane, i int) int {
		w := 9*lane + 1 + i
		if w >= 32 {
			w += 32 - 4
		}
		return w
	})
	// quadScales takes their scales: block L's to words 4L to 4L+3.
	quadScales = quadWords(func(lane, i int) int { return 9 * ((8*lane + i) / 4 % 4) })
	// laneNumbers are the numbers of the 128-bit lanes, as dwords.
	laneNumbers = [16]uint32{0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3}
)

// quadWords returns the shuffle whose word i of each lane is that of f.
func quadWords(f func(lane, i int) int) (words [32]uint16) {
	for j := range words {
		words[j] = uint16(f(j/8, j%8))
	}
	return words
}
