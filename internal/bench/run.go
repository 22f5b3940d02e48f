package bench

import (
	"context"
	"fmt"
	"math/rand/v2"
	"time"

	"alpaca/internal/machine"
	"alpaca/internal/model"
)

// A Runner measures tests on one model.
type Runner struct {
	Model         *model.Model
	Repetitions   int
	NoWarmup      bool
	ReadBandwidth func(threads int) float64 // returns 0 if the bandwidth was not measured
	Commit        string
	// If Progress is not nil, it is called before the warm-up and before each repetition, with a
	// description such as "pp512: 1 of 5".
	Progress func(what string)

	runner *model.Runner
	made   Test // the test that runner was made for; tests with the same settings reuse runner
	texts  []*model.Seq
	batch  model.Batch
	tokens []int32
}

// Close frees the model.Runner.
func (r *Runner) Close() error {
	if r.runner == nil {
		return nil
	}
	old := r.runner
	r.runner, r.texts = nil, nil
	return old.Close()
}

// Run measures one test. Unless NoWarmup is set, it first runs a warm-up,
// which does not count. Then it runs the repetitions. Each repetition
// begins with an empty context and first fills it to the test's depth.
func (r *Runner) Run(ctx context.Context, t Test) (*Result, error) {
	if err := r.prepare(t); err != nil {
		return nil, err
	}
	result := &Result{Model: Describe(r.Model), Test: t, Started: time.Now(), CPU: machine.CPUName(), Commit: r.Commit}
	result.Sensors.Load = ReadSensors().Load
	if r.ReadBandwidth != nil {
		result.ReadBandwidth = r.ReadBandwidth(t.Threads)
	}
	if !r.NoWarmup {
		r.say("%s: warm-up", t.Name())
		warm := t
		warm.Depth, warm.Gen = 0, min(t.Gen, 1)
		if _, err := r.once(ctx, warm); err != nil {
			return nil, err
		}
	}
	for i := range r.Repetitions {
		r.say("%s: %d of %d", t.Name(), i+1, r.Repetitions)
		d, err := r.once(ctx, t)
		if err != nil {
			return nil, err
		}
		result.Samples = append(result.Samples, d)
		result.Sensors = result.Sensors.merge(ReadSensors())
		result.PeakMemory = max(result.PeakMemory, machine.ReadMemory().Own)
	}
	return result, nil
}

func (r *Runner) say(format string, args ...any) {
	if r.Progress != nil {
		r.Progress(fmt.Sprintf(format, args...))
	}
}

// prepare makes the texts for t and their tokens. It also makes a new model.Runner
// unless the current one has t's batch, threads and cache types. The tokens are
// random, with a fixed seed, because the choice of tokens does not affect the speed.
func (r *Runner) prepare(t Test) error {
	need := t.Prompt + t.Gen + t.Depth + t.Parallel
	batch := max(min(t.Batch, max(need, model.DefaultCtx)), t.Parallel)
	same := r.runner != nil && r.runner.MaxRows() == batch && r.made.Threads == t.Threads &&
		r.made.CacheK == t.CacheK && r.made.CacheV == t.CacheV
	if !same {
		if err := r.Close(); err != nil {
			return err
		}
		var err error
		r.runner, err = r.Model.NewRunner(model.RunnerOptions{Batch: batch, Ctx: max(need, model.DefaultCtx), Threads: t.Threads, CacheK: &t.CacheK, CacheV: &t.CacheV})
		if err != nil {
			return err
		}
		r.made = t
	}
	for _, s := range r.texts {
		s.Free()
	}
	r.texts = r.texts[:0]
	for range t.Parallel {
		r.texts = append(r.texts, r.runner.NewSeq())
	}
	random := rand.New(rand.NewPCG(1, 0))
	for len(r.tokens) < need {
		r.tokens = append(r.tokens, random.Int32N(int32(r.Model.Config.VocabSize)))
	}
	return nil
}

// once runs t and returns the time for its prompts and generation. The
// time for filling the context up to the depth of the test does not count.
func (r *Runner) once(ctx context.Context, t Test) (time.Duration, error) {
	for _, s := range r.texts {
		s.Free()
	}
	if err := r.read(ctx, t.Depth, t.Batch); err != nil {
		return 0, err
	}
	start := time.Now()
	if err := r.read(ctx, t.Prompt, t.Batch); err != nil {
		return 0, err
	}
	for range t.Gen {
		r.batch.Reset()
		for i, s := range r.texts {
			r.batch.Add(s, r.tokens[i+s.Len()], true)
		}
		if err := r.forward(ctx); err != nil {
			return 0, err
		}
	}
	return time.Since(start), nil
}

// read evaluates n tokens of each text, one text after the other. rows is the largest
// number of tokens in a batch. read asks for the logits after the last token of each text.
func (r *Runner) read(ctx context.Context, n, rows int) error {
	r.batch.Reset()
	for i, s := range r.texts {
		for done := 0; done < n; {
			m := min(n-done, rows-r.batch.Len())
			from, wanted := i+s.Len(), 0 // texts get different tokens
			if done += m; done == n {
				wanted = 1
			}
			if r.batch.AddAll(s, r.tokens[from:from+m], wanted); r.batch.Len() < rows {
				continue
			}
			if err := r.forward(ctx); err != nil {
				return err
			}
			r.batch.Reset()
		}
	}
	if r.batch.Len() == 0 {
		return nil
	}
	return r.forward(ctx)
}

// forward evaluates the batch and computes the logits that the batch asks for.
func (r *Runner) forward(ctx context.Context) error {
	err := r.runner.Forward(ctx, &r.batch)
	for from, n := 0, 0; from < r.batch.Wanted() && err == nil; from += n {
		n = min(r.runner.LogitRows(), r.batch.Wanted()-from)
		_, err = r.runner.Logits(from, n)
	}
	return err
}
