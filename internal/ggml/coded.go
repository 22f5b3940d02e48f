package ggml

import (
	"alpaca/internal/ggml/vec"
	"alpaca/internal/quant"
)

// If an item has at most codedRows queries, its keys and values are not decoded
// beforehand. Instead, kernels decode them in registers, again for every 4 or 8 queries.
const codedRows = 16

// coded reports whether keys and values are multiplied without being decoded
// first, for an item with the given number of queries. Values in F16 must have a
// multiple of 16 columns, because the kernel for AVX2 takes 16 columns at a time.
func (f *KVFormat) coded(rows int) (keys, values bool) {
	if rows > codedRows || !vec.HasGemmCoded() {
		return false, false
	}
	return f.TypeK == quant.F16 || f.TypeK == quant.Q8_0, f.TypeV == quant.F16 && f.ValueDim%16 == 0 || f.TypeV == quant.Q8_0
}

// codedKeys returns a head's keys [KeyDim, 32] in F16 or Q8_0 for vec.GemmCoded.
func (f *KVFormat) codedKeys(keys []byte) vec.Coded {
	if f.TypeK == quant.F16 {
		return vec.Coded{Form: vec.Halves, Data: keys, Stride: 2 * BlockLen}
	}
	return vec.Coded{Form: vec.Q8Keys, Data: keys}
}

// codedValues returns a head's values [32, ValueDim] in F16 or Q8_0 for vec.GemmCoded.
func (f *KVFormat) codedValues(values []byte) vec.Coded {
	c := vec.Coded{Form: vec.Halves, Data: values, Stride: f.TypeV.RowBytes(f.ValueDim)}
	if f.TypeV == quant.Q8_0 {
		c.Form = vec.Q8Values
	}
	return c
}
