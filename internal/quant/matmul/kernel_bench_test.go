package matmul

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"alpaca/internal/machine"
	"alpaca/internal/quant"
	"alpaca/internal/quant/kernel"
)

// BenchmarkMulRows measures every kernel of this CPU on one core. With 1 and 4
// tokens, the matrix is larger than any cache. With 512 tokens, the matrix is
// small. The benchmark reports GB/s of weights, and 10^9 multiply-adds per second.
//
//	go test -run - -bench MulRows/Q4_0 ./internal/quant/matmul
func BenchmarkMulRows(b *testing.B) {
	benchmarkKernels(b, []int{1, 4, 512}, func(b *testing.B, k *kernel.Kernel, t quant.Type, tokens int) {
		rows := 256
		if tokens < 512 {
			rows = 128 << 20 / t.RowBytes(benchCols) / 16 * 16
		}
		p := newBenchProduct(b, k, t, rows, tokens)
		for b.Loop() {
			p.run()
		}
		p.report(b, b.Elapsed()/time.Duration(b.N))
	})
}

// BenchmarkFewRows measures every kernel of this CPU with a few tokens, on
// one core and with weights that stay in the cache. It reports the best of
// many short runs, because other processes seldom disturb all of them.
//
//	go test -run - -bench FewRows/Q4_0 -benchtime 5000x ./internal/quant/matmul
func BenchmarkFewRows(b *testing.B) {
	benchmarkKernels(b, []int{1, 2, 3, 4, 5, 6, 7, 8, 12, 16, 32, 48}, func(b *testing.B, k *kernel.Kernel, t quant.Type, tokens int) {
		p := newBenchProduct(b, k, t, 64, tokens)
		best := time.Hour
		for b.Loop() {
			start := time.Now()
			p.run()
			best = min(best, time.Since(start))
		}
		p.report(b, best)
	})
}

const benchCols = 2048

// benchmarkKernels runs a benchmark for every kernel that this CPU can run.
func benchmarkKernels(b *testing.B, tokens []int, run func(b *testing.B, k *kernel.Kernel, t quant.Type, tokens int)) {
	for t := range quant.Type(2000) {
		for i := range kernelTable[t] {
			k := &kernelTable[t][i]
			if !machine.HasLevel(k.Level) {
				continue
			}
			for _, n := range tokens {
				b.Run(fmt.Sprint(t, "/", k.Level, "/", n), func(b *testing.B) { run(b, k, t, n) })
			}
		}
	}
}

// A benchProduct is a product that one kernel computes.
type benchProduct struct {
	k   *kernel.Kernel
	w   Matrix
	a   Acts
	out []float32
	s   Scratch
}

func newBenchProduct(b *testing.B, k *kernel.Kernel, t quant.Type, rows, tokens int) *benchProduct {
	r := rand.New(rand.NewPCG(1, 2))
	data := make([]byte, rows*t.RowBytes(benchCols))
	for i := range data {
		data[i] = byte(r.Uint32()) & 0x3f // so that no scale is infinite
		if t == quant.MXFP4 {
			data[i] |= 0x40 // so that no scale is subnormal, which would be slow
		}
	}
	if t == quant.MXFP4 { // the scale of MXFP4 is an exponent; no sum must become subnormal
		for i := 0; i < len(data); i += t.BlockBytes() {
			data[i] += 96
		}
	}
	w, err := NewMatrix(t, rows, benchCols, data)
	if err != nil {
		b.Fatal(err)
	}
	p := &benchProduct{k: k, w: w, out: make([]float32, rows*tokens)}
	p.a.Reset(t, tokens, benchCols)
	x := make([]float32, benchCols)
	for i := range tokens {
		for j := range x {
			x[j] = float32(r.NormFloat64())
		}
		p.a.Quantize(i, x)
	}
	return p
}

func (p *benchProduct) run() { p.w.mulKernel(p.k, results{p.out, p.w.Rows, 0, p.w.Rows}, &p.a, &p.s) }

// report reports the speed of a product that took d.
func (p *benchProduct) report(b *testing.B, d time.Duration) {
	b.ReportMetric(float64(len(p.w.Data))/d.Seconds()/1e9, "GB/s")
	b.ReportMetric(float64(len(p.out))*benchCols/d.Seconds()/1e9, "Gmadd/s")
}
