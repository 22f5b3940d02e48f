package sgemm

import (
	"math/rand/v2"
	"runtime"
	"testing"
	"time"
)

// BenchmarkProducts reports the GFLOP/s of one core for the three products of a linear layer.
func BenchmarkProducts(b *testing.B) {
	r := rand.New(rand.NewPCG(5, 6))
	for _, s := range []struct {
		name            string
		tokens, in, out int
	}{{"1024x192x512", 1024, 192, 512}, {"512x576x1536", 512, 576, 1536}, {"1024x1024x1024", 1024, 1024, 1024}} {
		x, dy, w := normals(r, s.tokens*s.in), normals(r, s.tokens*s.out), normals(r, s.out*s.in)
		for _, p := range []struct {
			name string
			Product
		}{
			{"y", Product{M: s.tokens, N: s.out, K: s.in, A: Rows(x, s.in), B: Rows(w, s.in).T()}},
			{"dx", Product{M: s.tokens, N: s.in, K: s.out, A: Rows(dy, s.out), B: Rows(w, s.in)}},
			{"dw", Product{M: s.out, N: s.in, K: s.tokens, A: Rows(dy, s.out).T(), B: Rows(x, s.in)}},
		} {
			b.Run(s.name+"/"+p.name, func(b *testing.B) {
				p := p.Product
				p.DstStride = p.N
				p.Dst = make([]float32, p.M*p.N)
				var scratch Scratch
				fastest := time.Hour // the fastest run, because other processes have disturbed it least
				for b.Loop() {
					start := time.Now()
					p.Run(&scratch)
					fastest = min(fastest, time.Since(start))
				}
				flops := 2 * float64(p.M) * float64(p.N) * float64(p.K)
				b.ReportMetric(flops/1e9/fastest.Seconds(), "GFLOP/s-best")
				runtime.KeepAlive(p)
			})
		}
	}
}

// BenchmarkPeak multiplies one tile again and again from the first-level cache.
func BenchmarkPeak(b *testing.B) {
	for b.Loop() {
		b.ReportMetric(Peak()/1e9, "GFLOP/s-best")
	}
}
