package batch

import (
	"context"
	"fmt"
	"strings"

	"github.com/spf13/pflag"

	"alpaca/internal/cli/load"
	"alpaca/internal/cli/ui"
	"alpaca/internal/engine"
	"alpaca/internal/jobs"
	"alpaca/internal/queue"
)

// checkModel checks the flags about the model. With --queue, only -m may be given; its value is
// then the name of the model in the queue. The other flags must be given to the workers.
func (o *options) checkModel(u *ui.UI) error {
	if !o.queue.Given() {
		return o.model.Check(u)
	}
	own := pflag.NewFlagSet("", pflag.ContinueOnError)
	(&load.Executor{}).AddFlags(own)
	var odd []string
	own.VisitAll(func(f *pflag.Flag) {
		if f.Name != "model" && o.flags.Changed(f.Name) {
			odd = append(odd, "--"+f.Name)
		}
	})
	if len(odd) > 0 {
		return ui.WithHint(ui.Usagef("%s: cannot be used with --queue, because the workers' flags decide how requests are answered", strings.Join(odd, ", ")),
			"give these flags to \"alpaca queue init\" and \"alpaca worker\"")
	}
	return o.queue.Check()
}

// spread lets the workers of a queue answer the requests.
func (o *options) spread(ctx context.Context, u *ui.UI, src *source, sum string) error {
	if sum == "" {
		return ui.Usagef("--queue: INPUT must be a file, because the name of the batch depends on the file's content")
	}
	c, err := o.queue.Connect(ctx, u, "batch", 0)
	if err != nil {
		return err
	}
	defer c.Close()
	name := ""
	if o.flags.Changed("model") {
		name = o.model.Model
	}
	m, err := c.Find(ctx, name)
	if err != nil {
		return load.Hinted(err)
	}
	b := ui.ReadBuild()
	out, err := o.output(u, src, &jobs.Meta{
		Input: sum, Shard: o.part.String(), Model: m.Digest, Program: strings.TrimSpace(b.Version + " " + b.Commit),
		Numerics: engine.Numerics, Settings: map[string]string{"model-key": m.Key},
	})
	if err != nil {
		return err
	}
	defer out.close()
	p := progress{ui: u, out: out.Output, total: src.Total()}
	p.begin()
	batch := queue.Batch{
		ID: queue.BatchID(sum, m.Key), Model: m, Requests: src.file.Rest, Log: u.Notef,
		Fail: func(r *jobs.Request, code, message string) *jobs.Result {
			return jobs.Unanswered(r, m.Digest, code, message)
		},
		Deliver: func(r *jobs.Result) error {
			if err := out.Add(r); err != nil {
				return err
			}
			p.show()
			if o.maxErrors >= 0 && out.Failed > o.maxErrors {
				return fmt.Errorf("%w: %d, at most %d are allowed", jobs.ErrTooMany, out.Failed, o.maxErrors)
			}
			return nil
		},
	}
	u.Notef("batch %s of %s: %d requests, of which %d have a result already", batch.ID, m.Name, src.Total(), out.Done)
	err = batch.Run(ctx, c)
	p.end()
	return load.Hinted(o.finish(u, src, out, &p, err))
}
