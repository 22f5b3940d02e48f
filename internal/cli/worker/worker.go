// Package worker implements "alpaca worker", which answers the
// requests of a queue until a signal ends it. internal/queue takes the
// jobs and stores their results. internal/jobs answers the requests.
package worker

import (
	"context"
	"math"
	"strings"
	"sync/atomic"
	"time"

	"github.com/spf13/cobra"

	"alpaca/internal/cli/flags"
	"alpaca/internal/cli/load"
	"alpaca/internal/cli/ui"
	"alpaca/internal/queue"
	"alpaca/internal/server/listen"
	"alpaca/internal/server/metrics"
	"alpaca/internal/server/probe"
)

// options are the flags of "alpaca worker".
type options struct {
	executor load.Executor
	queue    load.Queue
	retries  int
	grace    time.Duration
	host     string
	port     int
}

// New returns the command "alpaca worker".
func New(u *ui.UI) *cobra.Command {
	var o options
	cmd := &cobra.Command{
		Use:   "worker --queue URL -m MODEL",
		Short: "Answer the requests of a queue",
		Long: `Take requests from a queue, answer them, and put the results into the queue, until
SIGTERM or Ctrl-C. Workers on several machines share the requests that "alpaca batch
--queue" submits. The queue is a NATS server with JetStream; "alpaca queue init" sets it
up, with the same flags about the model. A worker takes only jobs made for the same
model file and flags as its own, so every worker would give the same answer.

After a signal, a worker takes no more requests, and gives back those that it has not
answered within --grace; a second signal ends it at once. If a machine dies, its
requests go to another machine after a minute. If a worker fails at three requests in a
row, for example because memory is short, it takes no more requests, and says so.

Exit status: 0 ended by a signal, 1 failure, 2 wrong command line.`,
		Example: `  alpaca queue init --queue nats://127.0.0.1:4222 -m model.gguf
  alpaca worker --queue nats://127.0.0.1:4222 -m model.gguf --parallel 8
  ALPACA_QUEUE=tls://worker:PASSWORD@queue.lan:4222 alpaca worker -m model.gguf --queue-ca ca.crt`,
		RunE: func(cmd *cobra.Command, _ []string) error { return o.run(cmd.Context(), u) },
	}
	fs := cmd.Flags()
	fs.SortFlags = false
	o.queue.AddFlags(fs, "`address` of the queue, nats://HOST:4222 or tls://HOST:4222")
	o.executor.AddFlags(fs)
	flags.AddInt(fs, &o.retries, flags.Int{Name: "retries", Value: 3, High: 1000}, "how many `times` to retry a request whose worker died while answering it; after that, its result is an error")
	fs.DurationVar(&o.grace, "grace", 25*time.Second, "`time` that requests in progress get to finish after a signal")
	fs.StringVar(&o.host, "host", "localhost", "`address` at which health checks and metrics can be read, if --port is given")
	flags.AddInt(fs, &o.port, flags.Int{Name: "port", Value: -1, Low: -1, High: math.MaxUint16}, "`port` of /readyz, /livez and /metrics; 0 means any free port, -1 no port")
	return cmd
}

func (o *options) run(ctx context.Context, u *ui.UI) error {
	if err := o.queue.Check(); err != nil {
		return err
	}
	if o.grace < 0 {
		return ui.Usagef("--grace %v: must not be negative", o.grace)
	}
	if err := o.executor.Check(u); err != nil {
		return err
	}
	var l listen.Listeners
	if o.port >= 0 {
		var err error
		if l, err = listen.At([]string{o.host}, o.port); err != nil {
			return ui.WithHint(err, "--host and --port choose another address")
		}
		defer l.Close()
	}
	a, err := o.executor.Open(u)
	if err != nil {
		return err
	}
	defer a.Close()
	c, err := o.queue.Connect(ctx, u, "worker", 0)
	if err != nil && ctx.Err() != nil {
		return nil // a signal ended the worker while it waited for the server
	}
	if err != nil {
		return err
	}
	defer c.Close()
	w, err := queue.NewWorker(ctx, c, queue.ModelKey(a.Digest, a.Settings), executor{a}, queue.WorkerOptions{
		Slots: o.executor.Parallel, Retries: o.retries, Grace: o.grace, Log: u.Notef,
	})
	if err != nil {
		return load.Hinted(err)
	}
	if len(l) > 0 {
		watched, end := context.WithCancel(context.WithoutCancel(ctx))
		defer end()
		go probe.Serve(watched, l, &watch{worker: w, answering: a})
		u.Notef("health checks and metrics are at %s", strings.Join(l.URLs(), ", "))
	}
	u.Notef("takes the jobs of %s (key %s), %d at a time", w.Model.Name, w.Model.Key, o.executor.Parallel)
	err = w.Run(ctx)
	n := w.Counts()
	u.Notef("ended: %d results, %d jobs given back, %d result mismatches", n.Done.Load(), n.Returned.Load(), n.Mismatch.Load())
	return load.Hinted(err)
}

// executor answers jobs.
type executor struct{ *load.Answering }

// Progress returns the number of rows, one for each token of a text, that the model has computed.
func (e executor) Progress() int64 { return int64(e.Engine.Stats().Rows) }

// watch reports the state of a worker to probes and metrics.
type watch struct {
	worker    *queue.Worker
	answering *load.Answering
	rows      atomic.Int64 // rows that the model had computed at the last call of Alive
	moved     atomic.Int64 // Unix time in nanoseconds when Alive last saw new rows, or saw that there was no work
}

func (w *watch) Ready() bool { return w.worker.Ready() }

// Alive returns false if there is work, but the model has computed no row for five minutes.
// Normally a step of the engine takes much less time.
func (w *watch) Alive() bool {
	const patience = 5 * time.Minute
	now, s := time.Now().UnixNano(), w.answering.Engine.Stats()
	if rows := int64(s.Rows); w.rows.Swap(rows) != rows || s.Running+s.Waiting == 0 || w.moved.Load() == 0 {
		w.moved.Store(now)
	}
	return time.Duration(now-w.moved.Load()) < patience
}

// Write writes the metrics.
func (w *watch) Write(p *metrics.Exposition) {
	n := w.worker.Counts()
	for _, c := range []struct {
		name, help string
		value      int64
	}{
		{"alpaca_jobs_done_total", "Results that were stored.", n.Done.Load()},
		{"alpaca_jobs_known_total", "Jobs that already had a result when they arrived.", n.Known.Load()},
		{"alpaca_jobs_twice_total", "Results that another machine had stored first.", n.Twice.Load()},
		{"alpaca_jobs_failed_total", "Tries that failed on this machine.", n.Failed.Load()},
		{"alpaca_jobs_given_up_total", "Jobs that were delivered too often.", n.GivenUp.Load()},
		{"alpaca_jobs_returned_total", "Jobs given back because the worker ended.", n.Returned.Load()},
		{"alpaca_jobs_refused_total", "Messages that are not valid jobs.", n.Refused.Load()},
		{"alpaca_result_mismatch_total", "Results that differ from those that another machine had stored: one of the two machines computes wrong results.", n.Mismatch.Load()},
	} {
		p.One("counter", c.name, c.help, float64(c.value))
	}
	s := w.answering.Engine.Stats()
	p.One("counter", "alpaca_prompt_tokens_total", "Tokens of prompts that were evaluated.", float64(s.PromptTokens))
	p.One("counter", "alpaca_generated_tokens_total", "Tokens that were generated.", float64(s.GeneratedTokens))
	p.One("gauge", "alpaca_running", "Answers that are being generated.", float64(s.Running))
}
