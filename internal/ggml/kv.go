package ggml

import (
	"encoding/binary"
	"fmt"
	"math"

	"alpaca/internal/ggml/vec"
	"alpaca/internal/quant"
	"alpaca/internal/quant/codec"
)

// BlockLen is the number of positions in a block of the cache. The
// first block has positions 0 to 31, the second 32 to 63, and so on.
const BlockLen = vec.BlockLen

// Span is the rows of a batch that are at consecutive positions of one text. Spans
// of several texts are computed together, each with its own positions and cache.
type Span struct {
	Blocks [][]byte  // the text's cache blocks, in the order of positions
	Recent [][]byte  // the same, for layers whose KVLayer.Recent is set; blocks that no row sees are nil
	Floor  int       // in layers with a window, the first position that rows may see
	Pos    int       // position of the first row
	Row, N int       // the span is rows Row to Row+N-1 of the batch
	State  []float32 // the text's recurrent state before the first row; nil if there is none
}

// KVFormat is the layout of keys and values in the cache. One layer's part of a block is
//
//	keys of head 0 │ keys of head 1 │ … │ values of head 0 │ values of head 1 │ …
//
// Keys are transposed, so that the lanes of a vector are positions:
//
//	F32, F16          [KeyDim, 32]
//	quantized types   for each 32 dimensions: 32 scales in float16, 32 minima if the type
//	                  has them, then [32, 32] integers (keyGroup). Each scale belongs to
//	                  one position, as if the key of that position were a row of the type.
//
// Values are rows of their type: [32, ValueDim].
//
// If the type is quantized, keys and values are first rotated (rotate.go). Without the
// rotation, one large channel of a head would make the other channels imprecise.
type KVFormat struct {
	TypeK, TypeV     quant.Type // F32, F16, Q8_0, Q5_1, Q5_0, Q4_1 or Q4_0
	Heads            int        // number of key heads, and also of value heads
	KeyDim, ValueDim int        // elements of a head
}

// KVLayer says where one layer's keys and values are in the cache, and how many query heads
// use them.
type KVLayer struct {
	Format *KVFormat
	Recent bool // the layer's blocks are those in Span.Recent instead of Span.Blocks
	Offset int  // where the layer's bytes begin in each block
	Heads  int  // query heads, a multiple of Format.Heads
}

// block returns the layer's bytes of block i of a span's text.
func (l *KVLayer) block(s *Span, i int) []byte {
	blocks := s.Blocks
	if l.Recent {
		blocks = s.Recent
	}
	return blocks[i][l.Offset : l.Offset+l.Format.BlockBytes()]
}

// Check returns an error unless attention can be computed with the format.
func (f *KVFormat) Check() error {
	if f.Heads <= 0 || f.KeyDim <= 0 || f.ValueDim <= 0 {
		return fmt.Errorf("ggml: cache of %d heads with keys of %d and values of %d elements: all three must be positive", f.Heads, f.KeyDim, f.ValueDim)
	}
	if err := checkCacheType("keys", f.TypeK, f.KeyDim); err != nil {
		return err
	}
	return checkCacheType("values", f.TypeV, f.ValueDim)
}

func checkCacheType(what string, t quant.Type, dim int) error {
	switch t {
	case quant.F32, quant.F16:
		return nil
	case quant.Q8_0, quant.Q5_1, quant.Q5_0, quant.Q4_1, quant.Q4_0:
		if dim%t.BlockLen() != 0 {
			return fmt.Errorf("ggml: cache of %s in %v: a head has %d elements, which must be a multiple of %d; use f16", what, t, dim, t.BlockLen())
		}
		return nil
	}
	return fmt.Errorf("ggml: cache of %s in %v is not supported: use f32, f16, q8_0, q5_1, q5_0, q4_1 or q4_0", what, t)
}

// KeyBytes returns the number of bytes of one head's keys in a block.
func (f *KVFormat) KeyBytes() int { return BlockLen * f.TypeK.RowBytes(f.KeyDim) }

// ValueBytes returns the number of bytes of one head's values in a block.
func (f *KVFormat) ValueBytes() int { return BlockLen * f.TypeV.RowBytes(f.ValueDim) }

// BlockBytes returns the number of bytes of one layer in a block.
func (f *KVFormat) BlockBytes() int { return f.Heads * (f.KeyBytes() + f.ValueBytes()) }

// Keys returns the keys of a head in a block.
func (f *KVFormat) Keys(block []byte, head int) []byte {
	n := f.KeyBytes()
	return block[head*n : (head+1)*n]
}

// Values returns the values of a head in a block.
func (f *KVFormat) Values(block []byte, head int) []byte {
	n := f.ValueBytes()
	at := f.Heads*f.KeyBytes() + head*n
	return block[at : at+n]
}

// PutKey stores k [KeyDim] as position j of a head's keys. If the type is quantized,
// PutKey rotates k and leaves it rotated. row is scratch memory of KeyDim*4 bytes.
func (f *KVFormat) PutKey(keys []byte, j int, k []float32, row []byte) {
	switch f.TypeK {
	case quant.F32:
		for d, v := range k {
			binary.LittleEndian.PutUint32(keys[(d*BlockLen+j)*4:], math.Float32bits(v))
		}
	case quant.F16:
		for d, v := range k {
			binary.LittleEndian.PutUint16(keys[(d*BlockLen+j)*2:], codec.F32ToF16(v))
		}
	default:
		f.rotateKey(k)
		row = row[:f.TypeK.RowBytes(len(k))]
		quant.Encode(f.TypeK, row, k, len(k), nil)
		f.putKeyRow(keys, j, row)
	}
}

// Key reads position j of a head's keys into k [KeyDim]. It rotates the key
// back if the type is quantized. row is scratch memory of KeyDim*4 bytes.
func (f *KVFormat) Key(k []float32, keys []byte, j int, row []byte) {
	switch f.TypeK {
	case quant.F32:
		for d := range k {
			k[d] = math.Float32frombits(binary.LittleEndian.Uint32(keys[(d*BlockLen+j)*4:]))
		}
	case quant.F16:
		for d := range k {
			k[d] = codec.F16ToF32(binary.LittleEndian.Uint16(keys[(d*BlockLen+j)*2:]))
		}
	default:
		row = row[:f.TypeK.RowBytes(len(k))]
		f.keyRow(row, keys, j)
		quant.Decode(f.TypeK, k, row)
		f.rotateKey(k)
	}
}

// widenKeys decodes a head's keys to dst [KeyDim, 32]. It does not rotate them back.
func (f *KVFormat) widenKeys(dst []float32, keys []byte) {
	if isFloat(f.TypeK) {
		quant.Decode(f.TypeK, dst, keys)
		return
	}
	g := groupOf(f.TypeK)
	for n := g.bytes(); len(dst) > 0; dst, keys = dst[32*BlockLen:], keys[n:] {
		g.widen((*[32 * BlockLen]float32)(dst), keys[:n])
	}
}

func isFloat(t quant.Type) bool { return t == quant.F32 || t == quant.F16 }

// Value returns the bytes of position j of a head's values.
func (f *KVFormat) Value(values []byte, j int) []byte {
	n := f.TypeV.RowBytes(f.ValueDim)
	return values[j*n : (j+1)*n]
}

// PutValue stores v [ValueDim] as position j of a head's values. If
// the type is quantized, PutValue rotates v and leaves it rotated.
func (f *KVFormat) PutValue(values []byte, j int, v []float32) {
	row := f.Value(values, j)
	f.rotateValue(v)
	if f.TypeV == quant.F16 {
		for d, x := range v {
			binary.LittleEndian.PutUint16(row[2*d:], codec.F32ToF16(x))
		}
		return
	}
	quant.Encode(f.TypeV, row, v, len(v), nil)
}

// widenValues decodes a head's values to dst [32, ValueDim]. It does not rotate them back.
func (f *KVFormat) widenValues(dst []float32, values []byte) { quant.Decode(f.TypeV, dst, values) }

// Used passes to the function each those parts of one layer's block that have
// the first n positions, in order. The function may read or overwrite a part.
func (f *KVFormat) Used(block []byte, n int, each func(part []byte) error) error {
	if n == BlockLen {
		return each(block)
	}
	for h := range f.Heads {
		if err := f.usedKeys(f.Keys(block, h), n, each); err != nil {
			return err
		}
	}
	for h := range f.Heads {
		if err := each(f.Values(block, h)[:n*f.TypeV.RowBytes(f.ValueDim)]); err != nil {
			return err
		}
	}
	return nil
}

// usedKeys does what Used does, for one head's keys. In types with less than 8 bits, integers of
// different positions share bytes. So usedKeys passes the keys of such types one by one, as rows.
func (f *KVFormat) usedKeys(keys []byte, n int, each func(part []byte) error) error {
	if !isFloat(f.TypeK) && f.TypeK != quant.Q8_0 {
		row := make([]byte, f.TypeK.RowBytes(f.KeyDim))
		for j := range n {
			f.keyRow(row, keys, j)
			if err := each(row); err != nil {
				return err
			}
			f.putKeyRow(keys, j, row)
		}
		return nil
	}
	for d := range f.KeyDim {
		if f.TypeK == quant.Q8_0 && d%32 == 0 {
			if err := each(keys[:2*n]); err != nil { // scales
				return err
			}
			keys = keys[2*BlockLen:]
		}
		size := f.TypeK.RowBytes(f.KeyDim) / f.KeyDim
		if err := each(keys[:n*size]); err != nil {
			return err
		}
		keys = keys[BlockLen*size:]
	}
	return nil
}
