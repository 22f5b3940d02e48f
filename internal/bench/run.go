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
	ReadBandwidth func(threads int) float64 // 0 where it is not measured
	Commit        string
	// Progress, if not nil, is told what is about to be done.
	Progress func(what string)

	session *model.Session
	made    Test // whose settings session has
	tokens  []int32
}

// Close ends the runner.
func (r *Runner) Close() error {
	if r.session == nil {
		return nil
	}
	s := r.session
	r.session = nil
	return s.Close()
}

// Run measures one test: a warm-up that is not counted, then the repetitions,
// each from an empty context filled to the test's depth.
func (r *Runner) Run(ctx context.Context, t Test) (*Result, error) {
	if err := r.prepare(t); err != nil {
		return nil, err
	}
	result := &Result{Model: Describe(r.Model), Test: t, Started: time.Now(), CPU: machine.CPUName(), Commit: r.Commit}
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

// prepare makes a session for t, or keeps the one there is if it suits, and
// tokens to feed it: seeded noise, as text does not matter to speed.
func (r *Runner) prepare(t Test) error {
	need := t.Prompt + t.Gen + t.Depth
	same := r.session != nil && r.made.Batch == t.Batch && r.made.Threads == t.Threads &&
		r.made.CacheK == t.CacheK && r.made.CacheV == t.CacheV && r.session.Ctx() >= need
	if !same {
		if err := r.Close(); err != nil {
			return err
		}
		s, err := r.Model.NewSession(model.SessionOptions{
			Ctx: max(need, model.DefaultCtx), Batch: t.Batch, Threads: t.Threads,
			CacheK: &t.CacheK, CacheV: &t.CacheV,
		})
		if err != nil {
			return err
		}
		r.session, r.made = s, t
	}
	random := rand.New(rand.NewPCG(1, 0))
	for len(r.tokens) < need {
		r.tokens = append(r.tokens, random.Int32N(int32(r.Model.Config.VocabSize)))
	}
	return nil
}

// once runs t and returns the time that its prompt and generation took.
func (r *Runner) once(ctx context.Context, t Test) (time.Duration, error) {
	s := r.session
	s.Truncate(0)
	next := r.tokens
	if t.Depth > 0 {
		if _, err := s.Eval(ctx, next[:t.Depth], nil); err != nil {
			return 0, err
		}
		next = next[t.Depth:]
	}
	start := time.Now()
	if t.Prompt > 0 {
		if _, err := s.Eval(ctx, next[:t.Prompt], nil); err != nil {
			return 0, err
		}
		next = next[t.Prompt:]
	}
	for i := range t.Gen {
		if _, err := s.Eval(ctx, next[i:i+1], nil); err != nil {
			return 0, err
		}
	}
	return time.Since(start), nil
}
