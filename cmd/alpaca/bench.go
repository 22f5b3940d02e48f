package main

import (
	"context"
	"errors"
	"io"
	"runtime/debug"
	"strconv"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"alpaca/internal/bench"
	"alpaca/internal/gguf"
	"alpaca/internal/machine"
	"alpaca/internal/model"
	"alpaca/internal/quant"
)

// benchOptions are the flags of "alpaca bench".
type benchOptions struct {
	models     []string
	synthetic  []string
	prompts    []int
	gens       []int
	promptGens []string
	parallels  []int
	depths     []int
	batches    []int
	threads    []int
	cacheK     []string
	cacheV     []string

	repetitions int
	noWarmup    bool
	membw       bool
	output      string
	save        string
	compare     string
	flags       *pflag.FlagSet
	compat      compat
}

// newBenchCmd returns "alpaca bench".
func newBenchCmd(u *ui) *cobra.Command {
	var o benchOptions
	cmd := &cobra.Command{
		Use:   "bench -m MODEL",
		Short: "Measure tokens per second",
		Long: `Measure how fast a model runs here. Flags that take a list measure every
combination. The table is llama-bench's, with the median and what bounds the rate:
bytes of weights read per second (generation), or multiply-adds per second and
core (prompts).`,
		Example: `  alpaca bench -m model.gguf
  alpaca bench -m model.gguf -p 512 -n 64 -t 1,2,4 -r 3 -o json
  alpaca bench -m model.gguf -p 128 -n 64 --parallel 1,2,4,8,16
  alpaca bench --synthetic 7B:q4_0 --membw
  alpaca bench -m model.gguf --save before.json; ...; alpaca bench -m model.gguf --compare before.json`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, args []string) error { return o.run(cmd.Context(), u) },
	}
	flags := cmd.Flags()
	flags.SortFlags = false
	o.flags = flags
	flags.StringSliceVarP(&o.models, "model", "m", nil, "model `files` (default: $"+modelEnv+")")
	flags.StringSliceVar(&o.synthetic, "synthetic", nil, "models of noise made in memory, `SIZE:TYPE` such as 7B:q4_0")
	flags.IntSliceVarP(&o.prompts, "n-prompt", "p", []int{512}, "prompt `tokens`, 0 for no such test")
	flags.IntSliceVarP(&o.gens, "n-gen", "n", []int{128}, "generated `tokens`, 0 for no such test")
	flags.StringArrayVar(&o.promptGens, "prompt-gen", nil, "`PROMPT,GENERATED` tokens in one test, repeatable")
	allowSingleDash(flags, "prompt-gen", "pg")
	flags.IntSliceVar(&o.parallels, "parallel", []int{1}, "`texts` at once, each with that many tokens; rates are of them all")
	allowSingleDash(flags, "parallel", "npl")
	flags.IntSliceVarP(&o.depths, "n-depth", "d", []int{0}, "`tokens` already in the context")
	flags.IntSliceVarP(&o.batches, "batch-size", "b", []int{model.DefaultBatch}, "prompt `tokens` evaluated together")
	flags.IntSliceVarP(&o.threads, "threads", "t", nil, "`numbers` of threads (default: the physical cores that may be used)")
	flags.StringSliceVar(&o.cacheK, "cache-type-k", []string{"f16"}, "`types` of the cached keys: f16, f32, q8_0")
	allowSingleDash(flags, "cache-type-k", "ctk")
	flags.StringSliceVar(&o.cacheV, "cache-type-v", []string{"f16"}, "`types` of the cached values: f16, f32, q8_0")
	allowSingleDash(flags, "cache-type-v", "ctv")
	addBounded(flags, &o.repetitions, "repetitions", "r", 5, 1, 1000, "`times` that each test is run")
	flags.BoolVar(&o.noWarmup, "no-warmup", false, "do not run each test once before it is measured")
	flags.BoolVar(&o.membw, "membw", false, "measure the memory's read bandwidth too, and relate generation to it")
	addOutput(flags, &o.output, bench.Formats...)
	flags.StringVar(&o.save, "save", "", "write the results to a JSON `file`")
	flags.StringVar(&o.compare, "compare", "", "compare with the results in a JSON `file`")
	o.compat.addBenchFlags(flags)
	return cmd
}

// grid checks the lists and returns their combinations.
func (o *benchOptions) grid() (bench.Grid, error) {
	g := bench.Grid{Prompts: o.prompts, Gens: o.gens, Parallels: o.parallels, Depths: o.depths, Batches: o.batches, Threads: o.threads}
	for _, s := range o.promptGens {
		p, n, found := strings.Cut(s, ",")
		prompt, err1 := strconv.Atoi(p)
		gen, err2 := strconv.Atoi(n)
		if !found || err1 != nil || err2 != nil {
			return g, usageErrorf("--prompt-gen %q: must be two numbers such as 512,128", s)
		}
		if err := within("prompt-gen", []int{prompt, gen}, 0, model.MaxCtx); err != nil {
			return g, err
		}
		g.PromptGens = append(g.PromptGens, [2]int{prompt, gen})
	}
	if len(g.Threads) == 0 {
		g.Threads = []int{machine.CountThreads().Default()}
	}
	for _, check := range []struct {
		name      string
		list      []int
		low, high int
	}{
		{"n-prompt", g.Prompts, 0, model.MaxCtx}, {"n-gen", g.Gens, 0, model.MaxCtx}, {"n-depth", g.Depths, 0, model.MaxCtx},
		{"parallel", g.Parallels, 1, maxParallel},
		{"batch-size", g.Batches, 1, model.MaxCtx}, {"threads", g.Threads, 1, maxThreads},
	} {
		if err := within(check.name, check.list, check.low, check.high); err != nil {
			return g, err
		}
	}
	var err error
	if g.CacheKs, err = cacheTypes("cache-type-k", o.cacheK); err != nil {
		return g, err
	}
	g.CacheVs, err = cacheTypes("cache-type-v", o.cacheV)
	return g, err
}

// maxParallel is the most texts that are measured at once.
const maxParallel = 1024

// within returns a usage error unless all numbers lie between low and high.
func within(flag string, list []int, low, high int) error {
	for _, n := range list {
		if n < low || n > high {
			return usageErrorf("--%s %d: must be between %d and %d", flag, n, low, high)
		}
	}
	return nil
}

// cacheTypes returns the types of those names.
func cacheTypes(flag string, names []string) (types []quant.Type, err error) {
	for _, name := range names {
		t, err := quant.ParseType(name)
		if err != nil || t != quant.F16 && t != quant.F32 && t != quant.Q8_0 {
			return nil, usageErrorf("--%s %q: must be f16, f32 or q8_0", flag, name)
		}
		types = append(types, t)
	}
	return types, nil
}

// run is the command.
func (o *benchOptions) run(ctx context.Context, u *ui) error {
	grid, err := o.grid()
	if err != nil {
		return err
	}
	if len(grid.Tests()) == 0 {
		return usageErrorf("nothing to measure: -p and -n are both 0")
	}
	var base bench.Baseline
	if o.compare != "" {
		if base, err = bench.ReadBaseline(o.compare); err != nil {
			return err
		}
	}
	if len(o.models) == 0 && len(o.synthetic) == 0 {
		path, err := modelPath("")
		if err != nil {
			return err
		}
		o.models = []string{path}
	}
	if err := o.checkOutputs(o.models); err != nil {
		return err
	}
	o.compat.report(u)
	u.warnIfBusy(bench.ReadSensors())

	report := bench.NewReport(o.output, u.out)
	m := &measurer{u: u, o: o, tests: grid.Tests(), report: report, bandwidth: map[int]float64{}}
	err = m.all(ctx)
	u.clearStatus()
	if closeErr := report.Close(); err == nil {
		err = closeErr
	}
	if err != nil {
		return err
	}
	if o.save != "" {
		if err := saveResults(o.save, m.results); err != nil {
			return err
		}
	}
	if o.compare != "" {
		return base.Compare(u.err, m.results)
	}
	return nil
}

// checkOutputs returns an error if a file could not be written at the end.
func (o *benchOptions) checkOutputs(inputs []string) error {
	return checkOutputs([]output{{"save", o.save}}, inputs...)
}

// warnIfBusy tells what makes measurements worth less.
func (u *ui) warnIfBusy(s bench.Sensors) {
	if busy := s.Load; busy > 0.5 {
		u.warnf("the machine is busy (load %.1f): expect lower and noisier figures", busy)
	}
	if s.Throttled {
		u.warnf("the system is holding the CPU back (heat or power)")
	}
}

// measurer runs the tests on all models.
type measurer struct {
	u         *ui
	o         *benchOptions
	tests     []bench.Test
	report    bench.Report
	results   []*bench.Result
	bandwidth map[int]float64 // by threads
}

func (m *measurer) all(ctx context.Context) error {
	for _, path := range m.o.models {
		f, err := openModel(path, gguf.Options{})
		if err != nil {
			return err
		}
		if err := m.o.checkOutputs(f.Parts); err != nil {
			return errors.Join(err, f.Close())
		}
		if err := m.model(ctx, f); err != nil {
			return err
		}
	}
	for _, spec := range m.o.synthetic {
		m.u.statusf("making %s", spec)
		debug.FreeOSMemory() // of the model before
		f, err := bench.Synthetic(ctx, spec, machine.FreeMemory())
		if err != nil {
			return err
		}
		if err := m.model(ctx, f); err != nil {
			return err
		}
	}
	return nil
}

// model measures one model and closes its file.
func (m *measurer) model(ctx context.Context, f *gguf.File) (err error) {
	loaded, err := model.Load(f, model.LoadOptions{NoTokenizer: true})
	if err != nil {
		return errors.Join(err, f.Close())
	}
	r := bench.Runner{
		Model: loaded, Repetitions: m.o.repetitions, NoWarmup: m.o.noWarmup, Commit: readVersion().Commit,
		ReadBandwidth: func(threads int) float64 { return m.bandwidth[threads] },
		Progress:      func(what string) { m.u.statusf("%s: %s", f.Name(), what) },
	}
	defer func() { err = errors.Join(err, r.Close(), loaded.Close()) }()
	for _, t := range m.tests {
		if err := m.measureBandwidth(ctx, t.Threads); err != nil {
			return err
		}
		result, err := r.Run(ctx, t)
		if err != nil {
			return err
		}
		m.u.clearStatus()
		if err := m.report.Add(result); err != nil {
			return err
		}
		m.results = append(m.results, result)
		if result.Sensors.Throttled {
			m.u.warnf("%s: the CPU was held back meanwhile (heat or power)", t.Name())
		}
	}
	return nil
}

// measureBandwidth measures the memory once for each number of threads.
func (m *measurer) measureBandwidth(ctx context.Context, threads int) error {
	if !m.o.membw || m.bandwidth[threads] > 0 {
		return nil
	}
	m.u.statusf("measuring memory")
	bw, err := bench.ReadBandwidth(ctx, threads)
	debug.FreeOSMemory() // what was read is not the tests' memory
	m.bandwidth[threads] = bw
	return err
}

// saveResults writes the results as a JSON report.
func saveResults(path string, results []*bench.Result) error {
	return writeOutput(path, func(w io.Writer) error {
		report := bench.NewReport("json", w)
		for _, r := range results {
			if err := report.Add(r); err != nil {
				return err
			}
		}
		return report.Close()
	})
}
