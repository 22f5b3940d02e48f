// Package bench measures how fast a model runs on this machine: it reports prompt and
// generated tokens per second, and how much they vary. Its reports have llama-bench's formats,
// so scripts for llama-bench can read them. For generation, it also reports the bytes of
// weights read per second and their share of the memory bandwidth. For prompts, it reports the
// multiply-adds per second and thread. Sensors tell whether the machine was busy or hot.
package bench

import (
	"fmt"
	"time"

	"alpaca/internal/quant"
)

// A Test is one measurement. It evaluates Prompt tokens and then generates Gen tokens,
// in a context that already has Depth tokens. It does so for Parallel texts at once.
type Test struct {
	Prompt, Gen, Depth int // tokens of each text
	Parallel           int // number of texts
	Batch              int // how many prompt tokens are evaluated together
	Threads            int
	CacheK, CacheV     quant.Type
}

// Name returns the test's short name, such as "pp512", "tg128" or
// "pp512+tg128". If there are several texts, the name has a suffix such
// as " x8". If there is a depth, it has a suffix such as " @ d4096".
func (t Test) Name() string {
	var name string
	switch {
	case t.Gen == 0:
		name = fmt.Sprintf("pp%d", t.Prompt)
	case t.Prompt == 0:
		name = fmt.Sprintf("tg%d", t.Gen)
	default:
		name = fmt.Sprintf("pp%d+tg%d", t.Prompt, t.Gen)
	}
	if t.Parallel > 1 {
		name += fmt.Sprintf(" x%d", t.Parallel)
	}
	if t.Depth > 0 {
		name += fmt.Sprintf(" @ d%d", t.Depth)
	}
	return name
}

// Grid has lists of settings. Their combinations are the tests of a model.
type Grid struct {
	Prompts, Gens []int    // a test for each number, except 0
	PromptGens    [][2]int // a test of both prompt and generation for each pair {prompt, gen}
	Parallels     []int    // numbers of texts
	Depths        []int
	Batches       []int
	Threads       []int
	CacheKs       []quant.Type
	CacheVs       []quant.Type
}

// Tests returns every combination. Tests with the same batch, cache types and threads are
// adjacent, so that a Runner can measure them without a new model.Runner.
func (g Grid) Tests() []Test {
	var tests []Test
	for _, k := range g.CacheKs {
		for _, v := range g.CacheVs {
			for _, batch := range g.Batches {
				for _, threads := range g.Threads {
					base := Test{Batch: batch, Threads: threads, CacheK: k, CacheV: v}
					for _, base.Depth = range g.Depths {
						for _, base.Parallel = range g.Parallels {
							tests = append(tests, g.ofKind(base)...)
						}
					}
				}
			}
		}
	}
	return tests
}

func (g Grid) ofKind(t Test) (tests []Test) {
	add := func(prompt, gen int) {
		if prompt+gen > 0 {
			t.Prompt, t.Gen = prompt, gen
			tests = append(tests, t)
		}
	}
	for _, n := range g.Prompts {
		add(n, 0)
	}
	for _, n := range g.Gens {
		add(0, n)
	}
	for _, pg := range g.PromptGens {
		add(pg[0], pg[1])
	}
	return tests
}

// Model is what a report says about the model.
type Model struct {
	File   string // path
	Type   string // such as "llama 1B Q4_0"
	Size   int64  // bytes of all tensors
	Params int64  // number of weights

	// Read is the number of bytes of weights that are read to generate one token. MulAdds is the
	// number of multiply-adds for a prompt token, without attention and without the output matrix,
	// which only the last token of a prompt needs.
	Read    int64
	MulAdds int64
}

// A Result is a test and its measurements.
type Result struct {
	Model   Model
	Test    Test
	Started time.Time
	Samples []time.Duration // one for each repetition

	ReadBandwidth float64 // the memory's read bandwidth, in bytes per second; 0: not measured
	PeakMemory    int64   // the process's own memory in bytes: the highest of the readings, one after each repetition
	CPU           string
	Commit        string
	Sensors       Sensors
}

// tokens returns the number of tokens of all texts that a repetition evaluates.
func (r *Result) tokens() float64 { return float64(r.Test.Parallel * (r.Test.Prompt + r.Test.Gen)) }

// Rates returns the samples as tokens per second.
func (r *Result) Rates() []float64 {
	rates := make([]float64, len(r.Samples))
	for i, d := range r.Samples {
		rates[i] = r.tokens() / d.Seconds()
	}
	return rates
}

// nanoseconds returns the samples in nanoseconds.
func (r *Result) nanoseconds() []float64 {
	ns := make([]float64, len(r.Samples))
	for i, d := range r.Samples {
		ns[i] = float64(d.Nanoseconds())
	}
	return ns
}

// WeightRate returns the bytes of weights read per second at the median rate of a pure
// generation test, and 0 for other tests. A weight is read only once for all parallel texts.
func (r *Result) WeightRate() float64 {
	if r.Test.Prompt > 0 {
		return 0
	}
	return summarize(r.Rates()).median * float64(r.Model.Read) / float64(r.Test.Parallel)
}

// BandwidthShare returns WeightRate divided by ReadBandwidth, or 0 if either is unknown.
func (r *Result) BandwidthShare() float64 {
	if r.ReadBandwidth == 0 {
		return 0
	}
	return r.WeightRate() / r.ReadBandwidth
}

// MulAddRate returns the multiply-adds per second and thread at the median rate of a pure
// prompt test, and 0 for other tests.
func (r *Result) MulAddRate() float64 {
	if r.Test.Gen > 0 {
		return 0
	}
	return summarize(r.Rates()).median * float64(r.Model.MulAdds) / float64(r.Test.Threads)
}
