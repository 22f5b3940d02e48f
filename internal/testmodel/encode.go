package testmodel

import (
	"encoding/binary"
	"fmt"
	"math"

	"alpaca/internal/quant"
	"alpaca/internal/quant/codec"
)

// encode returns the tensor's data in the form that it has in a
// file. If a test has enlarged Shape, the missing values are zeros.
func (t *Tensor) encode() []byte {
	n := 1
	for _, d := range t.Shape {
		n *= d
	}
	values := make([]float32, n)
	copy(values, t.Data)
	var out []byte
	for _, v := range values {
		switch t.Type {
		case quant.F32:
			out = binary.LittleEndian.AppendUint32(out, math.Float32bits(v))
		case quant.F16:
			out = binary.LittleEndian.AppendUint16(out, codec.F32ToF16(v))
		default:
			panic(fmt.Sprintf("testmodel: tensor %s as %v", t.Name, t.Type))
		}
	}
	return out
}
