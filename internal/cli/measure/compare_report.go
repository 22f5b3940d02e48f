package measure

import (
	"context"
	"time"

	"alpaca/internal/cli/load"
	"alpaca/internal/eval"
)

// generationTokens is the number of tokens that are generated to measure the speed.
const generationTokens = 16

// report returns the report, with a row for each model.
func (c *comparison) report(ctx context.Context, base eval.Base, results []eval.CompareResult) (*eval.Report, error) {
	r := &eval.Report{Text: c.name, Policy: c.policy, Chunks: len(c.windows), Scored: results[0].Scored}
	r.Base = eval.Row{Name: c.fileName, PPL: results[0].BasePPL}
	if c.base != nil {
		row, err := c.row(ctx, c.base, base.Elapsed())
		if err != nil {
			return nil, err
		}
		row.PPL = results[0].BasePPL
		r.Base = row
	}
	for i, e := range c.others {
		row, err := c.row(ctx, e, results[i].Eval)
		if err != nil {
			return nil, err
		}
		row.PPL, row.Divergence = results[i].PPL, &results[i].Divergence
		r.Models = append(r.Models, row)
	}
	return r, nil
}

// row returns the row of the report for a model, without the results of the comparison. spent is
// the time that the model took to evaluate the text.
func (c *comparison) row(ctx context.Context, e *load.Instance, spent time.Duration) (eval.Row, error) {
	row := eval.Row{Name: e.Name(), Bytes: e.Model.File.Size(), BPW: bitsPerWeight(e.Model.File)}
	if e.Label == "" {
		row.Path = e.Path
	}
	tokens := 0
	for _, w := range c.windows {
		tokens += len(w.Tokens)
	}
	row.Prompt = float64(tokens) / max(spent.Seconds(), 1e-9)
	var err error
	row.Gen, err = c.generationRate(ctx, e)
	return row, err
}

// generationRate returns the tokens per second of a model that evaluates them one by one. The
// first token is a warm-up and does not count.
func (c *comparison) generationRate(ctx context.Context, e *load.Instance) (float64, error) {
	if err := c.start(e); err != nil {
		return 0, err
	}
	defer e.Stop()
	tokens := c.windows[0].Tokens
	n := min(generationTokens, len(tokens)-1)
	if _, err := e.Session.Eval(ctx, tokens[:1], nil); err != nil {
		return 0, err
	}
	start := time.Now()
	for i := range n {
		if _, err := e.Session.Eval(ctx, tokens[i+1:i+2], nil); err != nil {
			return 0, err
		}
	}
	return float64(n) / max(time.Since(start).Seconds(), 1e-9), nil
}
