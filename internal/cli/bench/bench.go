// Package bench implements "alpaca bench", which measures tokens per second. It
// reads the lists of settings that make up the tests, opens or makes the models, and
// writes the results. Measuring and the formats of results are in internal/bench.
package bench

import (
	"context"
	"io"
	"strconv"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"alpaca/internal/bench"
	"alpaca/internal/cli/flags"
	"alpaca/internal/cli/load"
	"alpaca/internal/cli/ui"
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
	train       string // the shape of a model to train; "": measure no training
	output      string
	save        string
	shared      string
	compare     string
	text        string // the file of a replay; "": no replay
	drafts      load.Drafts
	flags       *pflag.FlagSet
	compat      flags.Compat
}

// New returns the command "alpaca bench".
func New(u *ui.UI) *cobra.Command { return newCommand(u, &benchOptions{}) }

func newCommand(u *ui.UI, o *benchOptions) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "bench [-m MODEL]",
		Short: "Measure tokens per second",
		Long: `Measure how fast a model runs on this machine. If flags have lists of values, every
combination is measured. The table is like that of llama-bench, but also has the median,
and the number that limits the speed: for generation, how many bytes of weights are read
per second; for prompts, how many multiply-adds a core does per second.`,
		Example: `  alpaca bench -m model.gguf
  alpaca bench -m model.gguf -p 512 -n 64 -t 1,2,4 -r 3 -o json
  alpaca bench -m model.gguf -p 128 -n 64 --parallel 1,2,4,8,16
  alpaca bench --synthetic 7B:q4_0 --membw
  alpaca bench -m model.gguf --membw --report report.md
  alpaca bench -m model.gguf --spec lookup -f text.txt -p 600
  alpaca bench -m model.gguf --save before.json; ...; alpaca bench -m model.gguf --compare before.json`,
		Args: flags.NoArgs,
		RunE: func(cmd *cobra.Command, args []string) error { return o.run(cmd.Context(), u) },
	}
	fs := cmd.Flags()
	fs.SortFlags = false
	o.flags = fs
	fs.StringSliceVarP(&o.models, "model", "m", nil, "`files` of the models to measure (default: "+load.Default+")")
	fs.StringSliceVar(&o.synthetic, "synthetic", nil, "measure models of random weights that are made in memory, `SIZE:TYPE` such as 7B:q4_0; SIZE@LAYERS:TYPE makes only that many layers")
	fs.IntSliceVarP(&o.prompts, "n-prompt", "p", []int{512}, "prompt `tokens`; 0 leaves this test out")
	fs.IntSliceVarP(&o.gens, "n-gen", "n", []int{128}, "generated `tokens`; 0 leaves this test out")
	fs.StringArrayVar(&o.promptGens, "prompt-gen", nil, "`PROMPT,GENERATED`: numbers of tokens to read and to generate in one test; the flag can be repeated")
	flags.AllowSingleDash(fs, "prompt-gen", "pg")
	fs.IntSliceVar(&o.parallels, "parallel", []int{1}, "number of `texts` evaluated at once, each with the tokens of -p and -n; speeds are totals of all texts")
	flags.AllowSingleDash(fs, "parallel", "npl")
	fs.IntSliceVarP(&o.depths, "n-depth", "d", []int{0}, "`tokens` already in the context")
	fs.IntSliceVarP(&o.batches, "batch-size", "b", []int{model.DefaultBatch}, "prompt `tokens` evaluated together")
	fs.IntSliceVarP(&o.threads, "threads", "t", nil, "`numbers` of threads (default: the performance cores that may be used)")
	flags.AddCacheTypeLists(fs, &o.cacheK, &o.cacheV)
	flags.AddInt(fs, &o.repetitions, flags.Int{Name: "repetitions", Short: "r", Value: 5, Low: 1, High: 1000}, "how many `times` to run each test")
	fs.BoolVar(&o.noWarmup, "no-warmup", false, "leave out the warm-up, which runs each test once before it is measured")
	fs.StringVar(&o.train, "train", "", "instead of running tests, measure the training of a new model of this size, `WIDTHxLAYERS` (default: 192x6, with 16 rows of 256 tokens)")
	fs.Lookup("train").NoOptDefVal = trainShape
	fs.BoolVar(&o.membw, "membw", false, "also measure the read bandwidth of the memory, and show what part of this bandwidth generation uses")
	flags.AddOutput(fs, &o.output, bench.Formats...)
	fs.StringVar(&o.save, "save", "", "write the results to a JSON `file`")
	fs.StringVar(&o.shared, "report", "", "write the results and a description of this machine to a Markdown `file` that can be shared")
	fs.StringVar(&o.compare, "compare", "", "compare with the results in a JSON `file`")
	o.drafts.AddReplayFlags(fs)
	fs.StringVarP(&o.text, "file", "f", "", "`file` with the text that the model reproduces for --spec; the text's first -p tokens (default: half of them) are the prompt")
	o.compat.AddBenchFlags(fs)
	return cmd
}

// grid checks the lists of settings in the flags and returns them as a Grid. The tests are all
// combinations of these settings.
func (o *benchOptions) grid() (bench.Grid, error) {
	g := bench.Grid{Prompts: o.prompts, Gens: o.gens, Parallels: o.parallels, Depths: o.depths, Batches: o.batches, Threads: o.threads}
	for _, s := range o.promptGens {
		p, n, found := strings.Cut(s, ",")
		prompt, err1 := strconv.Atoi(p)
		gen, err2 := strconv.Atoi(n)
		if !found || err1 != nil || err2 != nil {
			return g, ui.Usagef("--prompt-gen %q: must be two numbers such as 512,128", s)
		}
		if err := within("prompt-gen", []int{prompt, gen}, 0, model.MaxCtx); err != nil {
			return g, err
		}
		g.PromptGens = append(g.PromptGens, [2]int{prompt, gen})
	}
	if len(g.Threads) == 0 {
		g.Threads = []int{load.DefaultThreads()}
	}
	for _, check := range []struct {
		name      string
		list      []int
		low, high int
	}{
		{"n-prompt", g.Prompts, 0, model.MaxCtx}, {"n-gen", g.Gens, 0, model.MaxCtx}, {"n-depth", g.Depths, 0, model.MaxCtx},
		{"parallel", g.Parallels, 1, maxParallel},
		{"batch-size", g.Batches, 1, model.MaxCtx}, {"threads", g.Threads, 1, flags.MaxThreads},
	} {
		if err := within(check.name, check.list, check.low, check.high); err != nil {
			return g, err
		}
	}
	var err error
	if g.CacheKs, err = parseCacheTypes("cache-type-k", o.cacheK); err != nil {
		return g, err
	}
	g.CacheVs, err = parseCacheTypes("cache-type-v", o.cacheV)
	return g, err
}

// maxParallel is the largest number of texts at once.
const maxParallel = 1024

// within returns a usage error if a number in list is below low or above high.
func within(flag string, list []int, low, high int) error {
	for _, n := range list {
		if n < low || n > high {
			return ui.Usagef("--%s %d: must be between %d and %d", flag, n, low, high)
		}
	}
	return nil
}

// parseCacheTypes returns the number formats that names stand for.
func parseCacheTypes(flag string, names []string) (types []quant.Type, err error) {
	for _, name := range names {
		t, err := flags.ParseCacheType(name)
		if err != nil {
			return nil, ui.Usagef("--%s %q: %w", flag, name, err)
		}
		types = append(types, t)
	}
	return types, nil
}

func (o *benchOptions) run(ctx context.Context, u *ui.UI) error {
	grid, err := o.grid()
	if err != nil {
		return err
	}
	if o.train != "" {
		return o.checkTrain(ctx, u, grid.Threads)
	}
	if o.text != "" || o.flags.Changed("spec") {
		if err := o.checkReplay(); err != nil {
			return err
		}
		if len(o.models) == 0 {
			o.models = []string{load.ModelPath(u, "")}
		}
		warnIfBusy(u, bench.ReadSensors())
		return o.replayAll(ctx, u)
	}
	if len(grid.Tests()) == 0 {
		return ui.Usagef("nothing to measure: -p and -n are both 0")
	}
	var base bench.Baseline
	if o.compare != "" {
		if base, err = bench.ReadBaseline(o.compare); err != nil {
			return err
		}
	}
	if len(o.models) == 0 && len(o.synthetic) == 0 {
		o.models = []string{load.ModelPath(u, "")}
	}
	if err := o.checkOutputs(o.models); err != nil {
		return err
	}
	o.compat.Report(u)
	warnIfBusy(u, bench.ReadSensors())

	report := bench.NewReport(o.output, u.Out)
	m := &measurer{u: u, o: o, tests: grid.Tests(), report: report, bandwidth: map[int]float64{}}
	err = m.all(ctx)
	u.ClearStatus()
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
	if o.shared != "" {
		if err := ui.WriteOutput(o.shared, func(w io.Writer) error {
			return bench.WriteShared(w, bench.ReadBoard(), ui.ReadBuild().String(), m.results)
		}); err != nil {
			return err
		}
	}
	if o.compare != "" {
		return base.Compare(u.Err, m.results)
	}
	return nil
}

// checkOutputs returns an error if an output file cannot be written, before anything is
// measured.
func (o *benchOptions) checkOutputs(inputs []string) error {
	return ui.CheckOutputs([]ui.Output{{Flag: "save", Path: o.save}, {Flag: "report", Path: o.shared}}, inputs...)
}

// warnIfBusy warns if the state of the machine makes measurements less reliable.
func warnIfBusy(u *ui.UI, s bench.Sensors) {
	if busy := s.Load; busy > 0.5 {
		u.Warnf("the machine is busy (load %.1f): expect lower and noisier figures", busy)
	}
	if s.Throttled {
		u.Warnf("the system throttles the CPU (heat or power)")
	}
}

// saveResults writes the results as a JSON report.
func saveResults(path string, results []*bench.Result) error {
	return ui.WriteOutput(path, func(w io.Writer) error {
		report := bench.NewReport("json", w)
		for _, r := range results {
			if err := report.Add(r); err != nil {
				return err
			}
		}
		return report.Close()
	})
}
