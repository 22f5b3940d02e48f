package queue

import (
	"cmp"
	"context"
	"math"
	"time"

	"github.com/spf13/cobra"

	"alpaca/internal/cli/flags"
	"alpaca/internal/cli/load"
	"alpaca/internal/cli/ui"
	"alpaca/internal/gguf"
	"alpaca/internal/queue"
)

// initOptions are the flags of "alpaca queue init".
type initOptions struct {
	executor load.Executor
	queue    load.Queue
	name     string
	jobs     int
	jobSize  int // largest size of a job in MiB
	bytes    int // largest size of all jobs in GB
	maxAge   time.Duration
	ackWait  time.Duration
	replicas int
}

func newInit(u *ui.UI) *cobra.Command {
	var o initOptions
	cmd := &cobra.Command{
		Use:   "init [-m MODEL] [--name NAME]",
		Short: "Make a queue, and in it a place for the jobs of one model",
		Long: `Make the queue's two streams, or change their limits if they exist. With -m, also make
the place where workers of that model find their jobs. The place has a key, which depends
on the model's file and the flags that change answers: give workers the same file and
flags. The key is printed, for deploy/kubernetes/keda.yaml.`,
		Example: `  alpaca queue init --queue nats://127.0.0.1:4222 -m model.gguf --name small
  alpaca queue init --queue nats://127.0.0.1:4222 --max-age 48h`,
		Args: flags.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return o.run(cmd, u) },
	}
	fs := cmd.Flags()
	fs.SortFlags = false
	o.queue.AddFlags(fs, "`address` of the queue")
	fs.StringVar(&o.name, "name", "", "`name` of the model for batches (default: the name given by --alias)")
	flags.AddInt(fs, &o.jobs, flags.Int{Name: "max-jobs", Low: 0, High: math.MaxInt32}, "largest number of waiting `jobs`; batches wait when this number is reached (default 100000)")
	flags.AddInt(fs, &o.bytes, flags.Int{Name: "max-gb", Low: 0, High: 1 << 20}, "`gigabytes` of jobs that may wait (default 10)")
	flags.AddInt(fs, &o.jobSize, flags.Int{Name: "max-job-size", Low: 0, High: 64}, "largest size of a job in `MiB`; the server's max_payload limits it, too (default 4)")
	fs.DurationVar(&o.maxAge, "max-age", 0, "`time` for which results are kept (default 168h)")
	fs.DurationVar(&o.ackWait, "ack-wait", time.Minute, "`time` that a worker may be silent before another worker gets its job")
	flags.AddInt(fs, &o.replicas, flags.Int{Name: "replicas", Low: 0, High: 5}, "how many `servers` of a cluster keep each message (default 1)")
	o.executor.AddFlags(fs)
	return cmd
}

// run adds a model to the queue only if -m names one. Neither the
// built-in model nor the model that the environment names is added.
func (o *initOptions) run(cmd *cobra.Command, u *ui.UI) error {
	for name, d := range map[string]time.Duration{"max-age": o.maxAge, "ack-wait": o.ackWait} {
		const minWait = 100 * time.Millisecond
		if d != 0 && d < minWait {
			return ui.Usagef("--%s %v: must be at least %v", name, d, minWait)
		}
	}
	var model *queue.Model
	if cmd.Flags().Changed("model") {
		m, err := o.model(u)
		if err != nil {
			return err
		}
		model = m
	} else if o.name != "" {
		return ui.Usagef("--name %s: -m must say which model gets this name", o.name)
	}
	return connected(cmd.Context(), u, &o.queue, func(c *queue.Conn) error { return o.make(cmd.Context(), u, c, model) })
}

func (o *initOptions) make(ctx context.Context, u *ui.UI, c *queue.Conn, model *queue.Model) error {
	limits := queue.Limits{
		Jobs: int64(o.jobs), Bytes: int64(o.bytes) * 1e9, JobSize: int32(o.jobSize) << 20, MaxAge: o.maxAge, Replicas: o.replicas,
	}
	if err := c.Init(ctx, limits); err != nil {
		return err
	}
	if model == nil {
		u.Notef("the queue is ready; with -m MODEL, this command also makes the place for the jobs of that model")
		return nil
	}
	if err := c.Add(ctx, *model); err != nil {
		return err
	}
	u.Notef("the queue takes jobs for %s", model.Name)
	_, err := u.Out.Write([]byte(model.Key + "\n"))
	return err
}

// model returns the queue's record of the model.
func (o *initOptions) model(u *ui.UI) (*queue.Model, error) {
	if err := o.executor.Check(u); err != nil {
		return nil, err
	}
	a, err := o.executor.Open(u)
	if err != nil {
		return nil, err
	}
	defer a.Close()
	kind, _, _ := a.Model.Model.File.Uint(gguf.KeyFileType) // only shown to people, so a missing key does not matter
	return &queue.Model{
		Key: queue.ModelKey(a.Digest, a.Settings), Name: cmp.Or(o.name, a.Settings["alias"]),
		Digest: a.Digest, Quant: gguf.FileType(kind).String(), AckWait: o.ackWait,
	}, nil
}
