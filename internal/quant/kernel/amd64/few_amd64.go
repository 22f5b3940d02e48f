//go:build !purego

package amd64

import (
	"unsafe"

	"alpaca/internal/quant"
	"alpaca/internal/quant/kernel"
)

// This file has what is needed only for products with few tokens.
// int_amd64.go describes the templates that all formats share.

// few returns k with the sizes for a Direct function that is made from few32_amd64.h.
// With at most the given number of tokens, this function is faster than packing a panel.
func few(k kernel.Kernel, tokens int) kernel.Kernel {
	k.DirectTokens, k.DirectBytes = tokens, 2*704
	return k
}

// fewAVX512 returns k with a Direct function and its sizes. few[i] is the function for 2*i+1 or 2*i+2
// tokens (see group32_avx512_amd64.h), and many is the function for more tokens (see
// few32_avx512_amd64.h).
func fewAVX512(k kernel.Kernel, many tileFunc, few ...tileFunc) kernel.Kernel {
	k.Direct = upTo(2*len(few), func(t *tileArgs) { few[(t.Tokens-1)/2](t) }, many)
	k.DirectTokens, k.DirectBytes = kernel.GroupTokens, 256
	return k
}

// upTo returns a Direct function that calls few for at most n tokens, and many for more.
//
// For a format with blocks of 32 and AVX2, few is a function whose name starts with pair. With so few
// tokens, memory is the bottleneck. A pair function uses memory better than a direct function,
// because it reads only half as many rows side by side.
func upTo(n int, few, many tileFunc) tileFunc {
	return func(t *tileArgs) {
		if t.Tokens <= n {
			few(t)
		} else {
			many(t)
		}
	}
}

// inGroups returns a Direct function that divides the tokens into groups of nearly equal size, with
// at most 2*len(few) tokens each. few[i] is the function for a group of 2*i+1 or 2*i+2 tokens (see
// group256_avx512_amd64.h). The product with the first group reads the rows from memory. The products
// with the next groups find the rows in the second-level cache.
func inGroups(few []tileFunc) tileFunc {
	return func(t *tileArgs) {
		n, acc, q, d, sums := t.Tokens, t.Acc, t.Q, t.D, t.Sums
		from := 0
		for groups := (n + 2*len(few) - 1) / (2 * len(few)); groups > 0; groups-- {
			t.Acc = (*float32)(unsafe.Add(unsafe.Pointer(acc), from*4*32)) // panels have 32 rows
			t.Q = (*int8)(unsafe.Add(unsafe.Pointer(q), from*t.QStride))
			t.D = (*float32)(unsafe.Add(unsafe.Pointer(d), from*t.DStride))
			t.Sums = (*int16)(unsafe.Add(unsafe.Pointer(sums), from*t.SStride))
			t.Tokens = (n - from + groups - 1) / groups
			few[(t.Tokens-1)/2](t)
			from += t.Tokens
		}
	}
}

// blockwise returns a Direct function that packs one super-block of each row at
// a time, with packOne. It multiplies these super-blocks by all tokens before
// it packs the next ones. packOne also prefetches the rows of the next panel.
func blockwise(t quant.Type, packOne packFunc, tile tileFunc) tileFunc {
	size := t.BlockBytes()
	return func(t *tileArgs) {
		const rows, ahead = 32, 4096
		n, w, q, d, sums := t.NB, unsafe.Pointer(t.W), unsafe.Pointer(t.Q), unsafe.Pointer(t.D), unsafe.Pointer(t.Sums)
		for b := range n {
			t.NB, t.Q, t.D, t.Sums = 1, (*int8)(unsafe.Add(q, 256*b)), (*float32)(unsafe.Add(d, 4*b)), (*int16)(unsafe.Add(sums, 32*b))
			packOne(t.Panel, (*byte)(unsafe.Add(w, size*b)), t.WStride, rows*t.WStride+ahead+(rows-1)*size*b)
			tile(t)
		}
	}
}

// Constants of quad256_avx2_amd64.s and quad256_avx512_amd64.s.
var (
	// quadShifts, quadLowBits and quadHighBits unpack scales and minima of 6 bits. Each row
	// has half of a vector, with these dwords: scales 0-3 and 4-7, then minima 0-3 and 4-7.
	quadShifts   = [8]uint32{0, 0, 0, 4, 0, 0, 0, 4}
	quadLowBits  = [8]uint32{0x3f3f3f3f, 0x0f0f0f0f, 0x3f3f3f3f, 0x0f0f0f0f, 0x3f3f3f3f, 0x0f0f0f0f, 0x3f3f3f3f, 0x0f0f0f0f}
	quadHighBits = [8]uint32{0, 0x30303030, 0, 0x30303030, 0, 0x30303030, 0, 0x30303030}
	// quadBytes[i] extends byte i of each half to int16,
	// and fills the whole half with this number.
	quadBytes = func() (shuffles [8][32]uint8) {
		for i := range shuffles {
			shuffles[i] = quadShuffle(func(int) int { return i })
		}
		return shuffles
	}()
	// quadFifthBits masks the fifth bits of 32 bytes.
	quadFifthBits = [4]uint64{0x1010101010101010, 0x1010101010101010, 0x1010101010101010, 0x1010101010101010}
	// quadMins extends the minima, bytes 8 to 15, to int16. It repeats each of them,
	// because a minimum belongs to 32 weights, but a sum of activations to 16.
	quadMins = quadShuffle(func(word int) int { return 8 + word/2 })
	// quadMinBytes extends the minima to int16 without repeating them.
	quadMinBytes = quadShuffle(func(word int) int { return 8 + word%8 })
	// quadLanes has the number of the first dword in each of a vector's four lanes.
	quadLanes = [16]uint32{0, 4, 8, 12}
	// quadLaneWords[i] fills lane L of a vector, L from 0 to 3, with copies of word 4i+L.
	quadLaneWords = func() (words [4][32]uint16) {
		for i := range words {
			words[i] = quadWords(func(lane, _ int) int { return 4*i + lane })
		}
		return words
	}()
	// quadFifthShifts[i] has one shift count for each word. The counts move the fifth bits of
	// two runs of 32 weights to bit 4. quadFifthShifts[0] is for runs 0 and 2, and [1] is for
	// runs 1 and 3: both shift to the left. [2] is for runs 4 and 6, and [3] is for runs 5
	// and 7: both shift to the right. For the high bits of Q6_K, only [0] and [2] are needed.
	quadFifthShifts = func() (shifts [4][32]uint16) {
		for i, by := range [4][2]uint16{{4, 2}, {3, 1}, {0, 2}, {1, 3}} {
			for j := range shifts[i] {
				shifts[i][j] = by[j/16]
			}
		}
		return shifts
	}()
	// quadEvenOdd moves the bytes with even numbers to the front.
	quadEvenOdd = [16]uint8{0, 2, 4, 6, 8, 10, 12, 14, 1, 3, 5, 7, 9, 11, 13, 15}
	// A shift by quadFifthCounts gives two numbers: the 32 fifth bits of a block,
	// and these bits times 16. Each fifth bit is then in the upper half of a byte
	// of one of these two numbers. quadFifthBytes[0] copies this byte for each of
	// the first 16 weights, and quadFifthBytes[1] for each of the second 16.
	// quadHighBits4 masks the bit of each weight in the copied byte.
	quadFifthCounts = [8]uint32{1: 4, 5: 4}
	quadFifthBytes  = func() (shuffles [2][32]uint8) {
		for i := range shuffles {
			for j := range shuffles[i] {
				shuffles[i][j] = uint8(2*i + j%16/8)
				if j%8 < 4 {
					shuffles[i][j] += 4
				}
			}
		}
		return shuffles
	}()
	quadHighBits4 = func() (bits [32]uint8) {
		for j := range bits {
			bits[j] = 16 << (j % 4)
		}
		return bits
	}()
	// quadWords16[i] repeats int16 number i of each half.
	quadWords16 = func() (shuffles [8][32]uint8) {
		for i := range shuffles {
			for j := range shuffles[i] {
				shuffles[i][j] = uint8(2*i + j%2)
			}
		}
		return shuffles
	}()
	// quadTwoBitScales are the factors of scales that quad234_avx2_amd64.s explains.
	quadTwoBitScales = [16]uint16{16, 4, 1, 1, 16, 4, 1, 1, 16, 4, 1, 1, 16, 4, 1, 1}
	// quadTwoBits1 masks bits 2 and 3 of 32 bytes.
	quadTwoBits1 = bytesOf(12)
	// The last 16 bytes of a block of Q3_K have ScalesL from byte 2 on, and ScalesH
	// from byte 10 on. quadLowScales3 repeats ScalesL twice, and quadLowShifts3 has
	// the counts that shift its nibbles down. quadHighScales3 repeats ScalesH four
	// times, and quadHighShifts3 has the counts that shift its pairs of bits down.
	quadLowScales3  = [16]uint8{2, 3, 4, 5, 6, 7, 8, 9, 2, 3, 4, 5, 6, 7, 8, 9}
	quadHighScales3 = [16]uint8{10, 11, 12, 13, 10, 11, 12, 13, 10, 11, 12, 13, 10, 11, 12, 13}
	quadLowShifts3  = [2]uint64{0, 4}
	quadHighShifts3 = [4]uint32{0, 2, 4, 6}
	quadNibbleBytes = bytesOf(15)
	quadBytes32     = bytesOf(32)
	// The first 8 bytes of a block of IQ4_XS have ScalesH from byte 2 on, and ScalesL from
	// byte 4 on. Each half of a vector has these 8 bytes of two rows. quadLowScales4 extends
	// each byte of ScalesL to a word. quadHighScales4 repeats ScalesH four times, and
	// quadHighShifts4 has the factors that shift the bits of each run to the top of a word.
	quadLowScales4  = quadShuffle(func(word int) int { return 4 + word%8/4*8 + word%4 })
	quadHighScales4 = func() (bytes [32]uint8) {
		for i := range bytes {
			bytes[i] = uint8(2 + i%16/8*8 + i%2)
		}
		return bytes
	}()
	quadHighShifts4 = func() (factors [16]uint16) {
		for i := range factors {
			factors[i] = 1 << (12 - 4*(i%4))
		}
		return factors
	}()
	quadWords48 = wordsOf(48)
	quadWords32 = wordsOf(32)
	// quadScalePairs moves the low halves of four dwords to the front.
	quadScalePairs = [16]uint8{0, 1, 4, 5, 8, 9, 12, 13, 2, 3, 6, 7, 10, 11, 14, 15}
)

// bytesOf returns 32 bytes v.
func bytesOf(v uint8) (bytes [32]uint8) {
	for i := range bytes {
		bytes[i] = v
	}
	return bytes
}

// wordsOf returns 16 words v.
func wordsOf(v uint16) (words [16]uint16) {
	for i := range words {
		words[i] = v
	}
	return words
}

// quadShuffle returns the shuffle that sets word i to byte f(i), with zeros above it.
func quadShuffle(f func(word int) int) (bytes [32]uint8) {
	const zero = 0x80
	for i := range 16 {
		bytes[2*i], bytes[2*i+1] = uint8(f(i)), zero
	}
	return bytes
}

// Shuffles of 16-bit words that move four blocks of a row to four lanes, as
// quad32_avx512_amd64.h needs them. Words from 32 on are from the second source.
var (
	// A block is nine words: the scale, then eight words of nibbles.
	// quadNibbles moves these eight words of block L to lane L. The
	// second source starts 8 bytes (four words) after the first.
	quadNibbles = quadWords(func(lane, i int) int {
		w := 9*lane + 1 + i
		if w >= 32 {
			w += 32 - 4
		}
		return w
	})
	// quadScales copies the scale of block L to words 4L to 4L+3.
	quadScales = quadWords(func(lane, i int) int { return 9 * ((8*lane + i) / 4 % 4) })
	// laneNumbers are the numbers of the 128-bit lanes, as dwords.
	laneNumbers = [16]uint32{0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3}
)

// quadWords returns the shuffle that sets word i of each lane to word f(lane, i).
func quadWords(f func(lane, i int) int) (words [32]uint16) {
	for j := range words {
		words[j] = uint16(f(j/8, j%8))
	}
	return words
}

// Shuffles that extend the bytes 0 and 1, or 2 and 3, of each dword to words.
var (
	words01 = [16]uint8{0, 255, 1, 255, 4, 255, 5, 255, 8, 255, 9, 255, 12, 255, 13, 255}
	words23 = [16]uint8{2, 255, 3, 255, 6, 255, 7, 255, 10, 255, 11, 255, 14, 255, 15, 255}
)
