// Package bench measures how fast a model runs here, as llama-bench does: prompt and
// generated tokens a second with their spread, in the forms that scripts made for that
// read. It also says what bounds them: the bytes of weights read a second beside what
// this machine's memory gives (generation), the multiply-adds a second and core (prompts),
// and whether the machine was busy or hot meanwhile.
package bench

import (
	"fmt"
	"time"

	"alpaca/internal/quant"
)

// A Test is one measurement to make: evaluate Prompt tokens, then generate Gen,
// on a context that already holds Depth, of Parallel texts at once.
type Test struct {
	Prompt, Gen, Depth int // of each text
	Parallel           int // texts
	Batch              int // prompt tokens evaluated together
	Threads            int
	CacheK, CacheV     quant.Type
}

// Name returns the test's short name, such as "pp512", "tg128" or
// "pp512+tg128", with " x8" where there are several texts and " @ d4096" where there
// is a depth.
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

// Grid is the lists whose combinations are the tests of a model.
type Grid struct {
	Prompts, Gens []int    // a test for each; 0 for none
	PromptGens    [][2]int // a test of a prompt followed by generation for each
	Parallels     []int    // texts at once
	Depths        []int
	Batches       []int
	Threads       []int
	CacheKs       []quant.Type
	CacheVs       []quant.Type
}

// Tests returns every combination, those of one session (the same batch, cache
// types and threads) one after another.
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

// Model is what a report says of the model.
type Model struct {
	File   string // path
	Type   string // such as "llama 1B Q4_0"
	Size   int64  // bytes of all tensors
	Params int64  // number of weights

	// Read is the bytes of weights that generating a token reads, and
	// MulAdds the multiply-adds of a prompt token, without attention and
	// without the output matrix, which only a prompt's last token needs.
	Read    int64
	MulAdds int64
}

// A Result is a test with what was measured.
type Result struct {
	Model   Model
	Test    Test
	Started time.Time
	Samples []time.Duration // one for each repetition

	ReadBandwidth float64 // bytes per second, measured in the same run; 0: not measured
	PeakMemory    int64   // most memory of its own the process had, in bytes
	CPU           string
	Commit        string
	Sensors       Sensors
}

// tokens returns the number of tokens that a repetition evaluates, of all texts.
func (r *Result) tokens() float64 { return float64(r.Test.Parallel * (r.Test.Prompt + r.Test.Gen)) }

// Rates returns the samples as tokens per second.
func (r *Result) Rates() []float64 {
	rates := make([]float64, len(r.Samples))
	for i, d := range r.Samples {
		rates[i] = r.tokens() / d.Seconds()
	}
	return rates
}

// Nanoseconds returns the samples in nanoseconds.
func (r *Result) nanoseconds() []float64 {
	ns := make([]float64, len(r.Samples))
	for i, d := range r.Samples {
		ns[i] = float64(d.Nanoseconds())
	}
	return ns
}

// WeightRate returns the bytes of weights read per second at the median rate of
// a pure generation test, 0 for others. Texts that are generated at once share a
// reading.
func (r *Result) WeightRate() float64 {
	if r.Test.Prompt > 0 {
		return 0
	}
	return summarize(r.Rates()).median * float64(r.Model.Read) / float64(r.Test.Parallel)
}

// BandwidthShare returns WeightRate as a part of the memory's bandwidth, 0 where
// either is unknown.
func (r *Result) BandwidthShare() float64 {
	if r.ReadBandwidth == 0 {
		return 0
	}
	return r.WeightRate() / r.ReadBandwidth
}

// MulAddRate returns the multiply-adds per second and thread at the median rate
// of a pure prompt test, 0 for others.
func (r *Result) MulAddRate() float64 {
	if r.Test.Gen > 0 {
		return 0
	}
	return summarize(r.Rates()).median * float64(r.Model.MulAdds) / float64(r.Test.Threads)
}
