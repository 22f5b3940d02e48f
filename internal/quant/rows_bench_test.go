package quant

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"alpaca/internal/machine"
)

// BenchmarkRows measures every kernel of this CPU with few tokens, on one core and
// weights in the cache: the best of many short runs, since others may use the core.
func BenchmarkRows(b *testing.B) {
	for _, t := range []Type{Q4_0, Q8_0, Q4_K, Q5_K, Q6_K, Q4_1} {
		for i := range kernelTable[t] {
			k := &kernelTable[t][i]
			if !machine.HasLevel(k.level) {
				continue
			}
			for _, tokens := range []int{1, 2, 3, 4, 5, 6, 7, 8, 12, 16, 32, 48} {
				b.Run(fmt.Sprint(t, "/", k.level, "/", tokens), func(b *testing.B) { benchmarkRows(b, k, t, tokens) })
			}
		}
	}
}

func benchmarkRows(b *testing.B, k *kernel, t Type, tokens int) {
	const cols, rows = 2048, 64
	r := rand.New(rand.NewPCG(1, 2))
	data := make([]byte, rows*t.RowBytes(cols))
	for i := range data {
		data[i] = byte(r.Uint32()) & 0x3f // no scale is infinite
	}
	w, err := NewMatrix(t, rows, cols, data)
	if err != nil {
		b.Fatal(err)
	}
	var a Acts
	a.Reset(t, tokens, cols)
	x := make([]float32, cols)
	for i := range tokens {
		for j := range x {
			x[j] = float32(r.NormFloat64())
		}
		a.Quantize(i, x)
	}
	out := make([]float32, rows*tokens)
	var s Scratch
	best := time.Hour
	for b.Loop() {
		start := time.Now()
		w.mulKernel(k, out, rows, &a, 0, rows, &s)
		best = min(best, time.Since(start))
	}
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(float64(len(data))/best.Seconds()/1e9, "GB/s")
	b.ReportMetric(rows*cols*float64(tokens)/best.Seconds()/1e9, "Gmadd/s")
}
