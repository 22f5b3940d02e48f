// Package batch implements "alpaca batch", which answers all requests of a file in
// OpenAI's batch form, with the same handlers as "alpaca serve". The output file
// is the only record of the progress, so the same command, given again, resumes an
// interrupted run. "alpaca batch merge" joins the outputs of several machines.
package batch

import (
	"context"
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"alpaca/internal/cli/flags"
	"alpaca/internal/cli/load"
	"alpaca/internal/cli/ui"
	"alpaca/internal/engine"
	"alpaca/internal/jobs"
)

// exitErrors is the exit status of a complete run in which some results have errors.
const exitErrors = 3

// options are the flags of "alpaca batch".
type options struct {
	model load.Executor
	queue load.Queue

	in, out   string
	order     string
	shard     string
	part      jobs.Shard
	retries   int
	maxErrors int
	check     bool
	force     bool
	again     bool
	flags     *pflag.FlagSet
}

// New returns the command "alpaca batch".
func New(u *ui.UI) *cobra.Command {
	var o options
	cmd := &cobra.Command{
		Use:   "batch [-m MODEL] INPUT -o OUTPUT",
		Short: "Answer the requests of a file",
		Long: `Answer the requests of a file in the form of OpenAI's batches. Each line is a request:

  {"custom_id": "1", "method": "POST", "url": "/v1/chat/completions", "body": {…}}

The output has a line with the response to each request:

  {"id": …, "custom_id": "1", "response": {"status_code": 200, "request_id": …, "body": {…}}, "error": null}

The urls are /v1/chat/completions, /v1/completions and /v1/responses. The whole file is
checked before the model is loaded. Requests that begin alike are answered one after the
other, and their common beginning is evaluated once.

An answer depends only on its request, the model and the flags, not on the order or the
machine. A request without a seed gets one that depends on its custom_id. So --shard can
divide the work among machines. "alpaca batch merge" then joins the outputs into one
file, with the same bytes that one machine would have written.

To resume a run, however it ended, run the same command again: requests with a result in
the output are not answered again. INPUT and OUTPUT may be "-", which stands for stdin and stdout.

Exit status: 0 all answered; 1 failure; 2 wrong command line; 3 complete, but some results
have errors; 130 interrupted.`,
		Example: `  alpaca batch -m model.gguf in.jsonl -o out.jsonl
  alpaca batch -m model.gguf in.jsonl -o out.0.jsonl --shard 0/2    on one machine, 1/2 on the other
  alpaca batch merge in.jsonl -o out.jsonl out.0.jsonl out.1.jsonl`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			o.in = args[0]
			return o.run(cmd.Context(), u)
		},
	}
	fs := cmd.Flags()
	fs.SortFlags = false
	fs.StringVarP(&o.out, "output", "o", "", "`file` for the results; - is stdout")
	fs.StringVar(&o.order, "order", "done", "`order` of the results: done (as they complete) or input (sorted at the end)")
	fs.StringVar(&o.shard, "shard", "", "answer only part `I/N` of the requests, with I from 0. From a file, lines with similar prompts stay in one part; from a pipe, a part is every N-th line.")
	fs.BoolVar(&o.check, "check", false, "only check the input")
	flags.AddInt(fs, &o.retries, flags.Int{Name: "retries", Value: 2, High: 100}, "how many `times` to retry a request that failed, for example for lack of memory")
	flags.AddInt(fs, &o.maxErrors, flags.Int{Name: "max-errors", Value: -1, Low: -1, High: math.MaxInt32}, "end when more than this number of `results` have errors; -1 is no limit")
	fs.BoolVar(&o.again, "retry-errors", false, "retry the requests whose results have errors")
	fs.BoolVar(&o.force, "force", false, "resume an output that was begun with another model, other flags, or another version")
	o.queue.AddFlags(fs, "`address` of a queue, nats://HOST:4222 or tls://HOST:4222, whose workers answer the requests; docs/workers.md explains it")
	o.model.AddFlags(fs)
	o.flags = fs
	cmd.AddCommand(newMerge(u))
	return cmd
}

// parse checks the command's own flags.
func (o *options) parse() (err error) {
	switch {
	case o.out == "" && !o.check:
		return ui.WithHint(ui.Usagef("-o is missing"), "name the file for the results; - is stdout")
	case o.order != "done" && o.order != "input":
		return ui.Usagef("--order %q: must be done or input", o.order)
	case o.out == "-" && (o.again || o.force):
		return ui.Usagef("--retry-errors and --force need a file of results, but -o is - (stdout)")
	}
	if o.part, err = parseShard(o.shard); err != nil {
		return err
	}
	if o.out == "" || o.out == "-" {
		return nil
	}
	return ui.CheckOutputs([]ui.Output{{Flag: "output", Path: o.out}}, o.in)
}

// parseShard returns the shard I/N. "" stands for all requests.
func parseShard(text string) (jobs.Shard, error) {
	if text == "" {
		return jobs.All, nil
	}
	const limit = 1_000_000
	i, n, ok := strings.Cut(text, "/")
	s := jobs.Shard{}
	var errI, errN error
	s.I, errI = strconv.Atoi(i)
	s.N, errN = strconv.Atoi(n)
	if !ok || errI != nil || errN != nil || s.N < 1 || s.N > limit || s.I < 0 || s.I >= s.N {
		return s, ui.Usagef("--shard %q: must be I/N with I from 0 to N-1, and N from 1 to %d", text, limit)
	}
	return s, nil
}

func (o *options) run(ctx context.Context, u *ui.UI) error {
	if err := o.parse(); err != nil {
		return err
	}
	if err := o.checkModel(u); err != nil {
		return err
	}
	src, sum, err := o.source(u)
	if err != nil {
		return err
	}
	defer src.close()
	if o.check {
		u.Notef("%s: %d requests, all valid", o.in, src.Total())
		return nil
	}
	if o.queue.Given() {
		return o.spread(ctx, u, src, sum)
	}
	a, err := o.model.Open(u)
	if err != nil {
		return err
	}
	defer a.Close()
	out, err := o.output(u, src, o.meta(a, sum))
	if err != nil {
		return err
	}
	defer out.close()
	p := progress{ui: u, out: out.Output, total: src.Total(), stats: a.Engine.Stats}
	p.begin()
	err = o.answer(ctx, src, out, a, &p)
	p.end()
	return o.finish(u, src, out, &p, err)
}

// finish closes the output, sorts it for --order input, and returns the error of the command. err
// is the error of the run, or nil if the run is complete.
func (o *options) finish(u *ui.UI, src *source, out *output, p *progress, err error) error {
	if closeErr := out.Close(); err == nil {
		err = closeErr
	}
	if err == nil && out.sorted != "" {
		err = out.sort(src.file, u.Out)
	}
	switch {
	case errors.Is(err, context.Canceled):
		if o.out != "-" {
			u.Notef("%s has %s: run the same command again to resume", o.out, p.count())
		}
		return err
	case err != nil:
		return err
	case out.Failed > 0:
		err := fmt.Errorf("%d of %d results have errors", out.Failed, out.Done)
		if o.out != "-" {
			err = ui.WithHint(err, "--retry-errors answers those requests again")
		}
		return ui.WithStatus(err, exitErrors)
	}
	return nil
}

// answer answers the requests that have no result yet.
func (o *options) answer(ctx context.Context, src *source, out *output, a *load.Answering, p *progress) error {
	run := &jobs.Run{
		Source: src, Output: out.Output, Answer: a.Do, GiveUp: a.GiveUp,
		Parallel: 2 * o.model.Parallel, // so that another request already waits when an answer ends
		Retries:  o.retries, MaxErrors: o.maxErrors, Done: p.show,
	}
	return run.Do(ctx)
}

// meta returns what the results depend on.
func (o *options) meta(a *load.Answering, sum string) *jobs.Meta {
	b := ui.ReadBuild()
	return &jobs.Meta{
		Input: sum, Shard: o.part.String(), Model: a.Digest, Program: strings.TrimSpace(b.Version + " " + b.Commit),
		Numerics: engine.Numerics, Settings: a.Settings,
	}
}
