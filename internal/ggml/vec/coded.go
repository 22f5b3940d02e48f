package vec

import "alpaca/internal/quant/codec"

// Form says how the cache of keys and values stores a matrix.
type Form int

const (
	Halves   Form = iota // rows of float16
	Q8Keys               // for each 32 rows: the scales of 32 columns in float16, then 32 rows of 32 integers
	Q8Values             // rows of blocks of Q8_0
)

// Coded is a matrix as the cache stores it.
type Coded struct {
	Form   Form
	Data   []byte
	Stride int // bytes from row to row; Q8Keys has none
	// Next, if not nil, is the memory that will be read after Data. A kernel prefetches the first
	// len(Data) bytes of Next, or all of Next if it is shorter.
	Next []byte
}

// GemmCoded does what Gemm does with the decoded b, and gives the same bits. It decodes b in
// registers, again for every few rows of matrix a. So it is meant for few rows. With many rows,
// it is faster to decode b once and call Gemm. A matrix of the form Q8Keys has 32 columns and
// a multiple of 32 rows. A matrix of the form Q8Values has a multiple of 32 columns.
func GemmCoded(c, a Mat, b Coded, size Size, fresh bool) { gemmCoded(c, a, b, size, fresh) }

// HasGemmCoded reports whether GemmCoded has a kernel. Without one, it decodes b with portable
// code, which is slow.
func HasGemmCoded() bool { return hasGemmCoded }

func gemmCodedGeneric(c, a Mat, b Coded, size Size, fresh bool) {
	gemm(c, a, b.decode(size), size, fresh)
}

// q8KeyBytes is the size of 32 rows of Q8Keys, and q8Bytes is the size of a block of Q8_0.
const (
	q8KeyBytes = 2*BlockLen + 32*BlockLen
	q8Bytes    = 34
)

// decode returns b [K, N] in float32.
func (b Coded) decode(size Size) Mat {
	m := Mat{make([]float32, size.K*size.N), size.N}
	for p := range size.K {
		row := m.Data[p*size.N : (p+1)*size.N]
		for j := range row {
			switch b.Form {
			case Halves:
				row[j] = half(b.Data[p*b.Stride+2*j:])
			case Q8Keys:
				group := b.Data[p/32*q8KeyBytes:]
				row[j] = half(group[2*j:]) * float32(int8(group[2*BlockLen+p%32*BlockLen+j]))
			case Q8Values:
				block := b.Data[p*b.Stride+j/32*q8Bytes:]
				row[j] = half(block) * float32(int8(block[2+j%32]))
			}
		}
	}
	return m
}

func half(b []byte) float32 { return codec.F16ToF32(uint16(b[0]) | uint16(b[1])<<8) }
