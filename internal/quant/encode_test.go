package quant

import (
	"math/rand/v2"
	"testing"
)

// BenchmarkEncode measures weights a second on one core.
func BenchmarkEncode(b *testing.B) {
	const cols, rows = 4096, 4
	r := rand.New(rand.NewPCG(1, 1))
	x, importance := normalFloats(r, rows*cols), make([]float32, cols)
	for i := range importance {
		importance[i] = r.Float32()
	}
	for _, typ := range computable {
		for _, w := range [][]float32{nil, importance} {
			name := typ.String()
			if w != nil {
				if !UsesImportance(typ) {
					continue
				}
				name += "/importance"
			}
			b.Run(name, func(b *testing.B) {
				dst := make([]byte, rows*typ.RowBytes(cols))
				b.SetBytes(int64(len(x)) * 4)
				for b.Loop() {
					Encode(typ, dst, x, cols, w)
				}
				b.ReportMetric(float64(len(x))*float64(b.N)/b.Elapsed().Seconds()/1e6, "Mweights/s")
			})
		}
	}
}
