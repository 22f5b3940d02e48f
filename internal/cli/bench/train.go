package bench

import (
	"context"
	"fmt"
	"time"

	"alpaca/internal/bench"
	"alpaca/internal/cli/ui"
	"alpaca/internal/ggml/sgemm"
	"alpaca/internal/gguf"
	"alpaca/internal/machine"
	"alpaca/internal/pool"
	"alpaca/internal/train"
)

// By default, --train measures a model of 3 million weights, with updates of 16 rows of 256 tokens.
const (
	trainShape  = "192x6"
	trainVocab  = 2048
	trainRows   = 16
	trainLength = 256
)

// trainResult is a result of --train in JSON.
type trainResult struct {
	Shape           string    `json:"shape"`
	Params          int       `json:"n_params"`
	Rows            int       `json:"rows"`
	Length          int       `json:"length"`
	Threads         int       `json:"n_threads"`
	CPU             string    `json:"cpu_info"`
	Kernel          string    `json:"kernel"`
	TokensPerSecond float64   `json:"tokens_per_second"`
	GFLOPSPerCore   float64   `json:"gflops_per_core"`
	ShareOfPeak     float64   `json:"share_of_peak"`
	Seconds         []float64 `json:"samples_s"`
}

// checkTrain calls runTrain. If a given flag cannot be used with --train, it returns a usage
// error instead.
func (o *benchOptions) checkTrain(ctx context.Context, u *ui.UI, threads []int) error {
	if o.output != "json" && o.flags.Changed("output") && o.output != bench.Formats[0] {
		return ui.Usagef("--train reports a table or json, not %s", o.output)
	}
	for _, name := range []string{"model", "synthetic", "n-prompt", "n-gen", "prompt-gen", "n-depth", "batch-size", "parallel", "membw", "save", "report", "compare"} {
		if o.flags.Changed(name) {
			return ui.Usagef("--%s cannot be used with --train", name)
		}
	}
	return o.runTrain(ctx, u, threads)
}

// runTrain measures updates for each number of threads.
func (o *benchOptions) runTrain(ctx context.Context, u *ui.UI, threads []int) error {
	s, err := train.ParseShape(o.train)
	if err != nil {
		return ui.Usagef("--train: %v", err)
	}
	s.Vocab, s.Ctx = trainVocab, trainLength
	var list []trainResult
	for _, n := range threads {
		p := pool.New(n, gguf.Guard)
		m, err := train.Measure(ctx, s, trainRows, trainLength, o.repetitions, p)
		p.Close()
		if err != nil {
			return err
		}
		r := trainResult{Shape: o.train, Params: m.Params, Rows: trainRows, Length: trainLength, Threads: n, CPU: machine.CPUName(), Kernel: sgemm.Kernel(),
			TokensPerSecond: m.TokensPerSecond, GFLOPSPerCore: m.GFLOPSPerCore, ShareOfPeak: m.ShareOfPeak}
		for _, d := range m.Updates {
			r.Seconds = append(r.Seconds, d.Round(time.Microsecond).Seconds())
		}
		list = append(list, r)
	}
	if o.output == "json" {
		return u.WriteJSON(list)
	}
	fmt.Fprintf(u.Out, "| %-12s | %8s | %8s | %10s | %13s | %8s |\n", "training", "params", "threads", "tokens/s", "GFLOP/s/core", "of peak")
	fmt.Fprintf(u.Out, "| ------------ | -------: | -------: | ---------: | ------------: | -------: |\n")
	for _, r := range list {
		fmt.Fprintf(u.Out, "| %-12s | %8s | %8d | %10.0f | %13.1f | %6.0f %% |\n", r.Shape, ui.Count(int64(r.Params)), r.Threads, r.TokensPerSecond, r.GFLOPSPerCore, 100*r.ShareOfPeak)
	}
	return nil
}
