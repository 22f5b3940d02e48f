package quant

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"alpaca/internal/machine"
)

// BenchmarkMulRows measures every kernel of this CPU on one core: with one token
// on a matrix that no cache holds (GB/s of weights), and with 512 tokens (G
// multiply-adds/s).
//
//	go test -run - -bench MulRows/Q4_0 ./internal/quant
func BenchmarkMulRows(b *testing.B) {
	for t := range Type(2000) {
		for i := range kernelTable[t] {
			k := &kernelTable[t][i]
			if !machine.HasLevel(k.level) {
				continue
			}
			for _, tokens := range []int{1, 4, 512} {
				b.Run(fmt.Sprint(t, "/", k.level, "/", tokens), func(b *testing.B) { benchmarkKernel(b, k, t, tokens) })
			}
		}
	}
}

func benchmarkKernel(b *testing.B, k *kernel, t Type, tokens int) {
	const cols = 2048
	rows := 256
	if tokens < 512 {
		rows = 128 << 20 / t.RowBytes(cols) / 16 * 16
	}
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
	for b.Loop() {
		w.mulKernel(k, out, rows, &a, 0, rows, &s)
	}
	seconds := b.Elapsed().Seconds() / float64(b.N)
	b.ReportMetric(float64(len(data))/seconds/1e9, "GB/s")
	b.ReportMetric(float64(rows)*cols*float64(tokens)/seconds/1e9, "Gmadd/s")
}
