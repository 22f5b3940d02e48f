package queue

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"alpaca/internal/cli/load"
	"alpaca/internal/cli/ui"
	"alpaca/internal/queue"
)

// removeOptions are the flags of "alpaca queue rm".
type removeOptions struct {
	queue load.Queue
	model string
	all   bool
	yes   bool
}

func newRemove(u *ui.UI) *cobra.Command {
	var o removeOptions
	cmd := &cobra.Command{
		Use:   "rm BATCH",
		Short: "Remove a batch, a model's jobs, or everything",
		Long: `Remove a batch's waiting jobs and its results. Requests in progress are finished; their
results stay until they expire. The same batch can be submitted again at once. --model
removes the place of a model and the jobs in it; --all removes the whole queue.`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error { return o.run(cmd.Context(), u, args) },
	}
	fs := cmd.Flags()
	fs.SortFlags = false
	o.queue.AddFlags(fs, "`address` of the queue")
	fs.StringVar(&o.model, "model", "", "`name` or key of a model to remove, with its jobs")
	fs.BoolVar(&o.all, "all", false, "remove all jobs, results and models")
	fs.BoolVarP(&o.yes, "yes", "y", false, "do not ask")
	return cmd
}

func (o *removeOptions) run(ctx context.Context, u *ui.UI, args []string) error {
	what := len(args)
	for _, given := range []bool{o.model != "", o.all} {
		if given {
			what++
		}
	}
	if what != 1 {
		return ui.Usagef("give a batch, --model or --all to say what to remove")
	}
	batch := ""
	if len(args) == 1 {
		var err error
		if batch, err = batchArg(args); err != nil {
			return err
		}
	}
	return connected(ctx, u, &o.queue, func(c *queue.Conn) error {
		n, err := o.remove(ctx, u, c, batch)
		if err == nil && n != nil {
			u.Notef("removed %d jobs and %d results", n.Jobs, n.Results)
		}
		return err
	})
}

// remove removes what the flags name, and returns the numbers of jobs and results. It returns
// nil if the user refuses.
func (o *removeOptions) remove(ctx context.Context, u *ui.UI, c *queue.Conn, batch string) (*queue.Removed, error) {
	if batch != "" {
		n, err := c.Remove(ctx, batch)
		return &n, err
	}
	s, err := c.Status(ctx)
	if err != nil {
		return nil, err
	}
	n := queue.Removed{Jobs: int(s.Jobs.Messages), Results: int(s.Results.Messages)}
	question := fmt.Sprintf("remove the queue with %d jobs and %d results?", n.Jobs, n.Results)
	key := ""
	if o.model != "" {
		m, err := c.Find(ctx, o.model)
		if err != nil {
			return nil, err
		}
		key, question = m.Key, fmt.Sprintf("remove the place for jobs of %s (%s), with the jobs?", ui.Printable(m.Name), m.Key)
	}
	if u.InTTY && u.ErrTTY && !o.yes && !u.Confirm(question) {
		return nil, nil
	}
	if key != "" {
		n, err = c.RemoveModel(ctx, key)
		return &n, err
	}
	return &n, c.RemoveAll(ctx)
}

func newRetry(u *ui.UI) *cobra.Command {
	var o load.Queue
	cmd := &cobra.Command{
		Use:   "retry BATCH",
		Short: "Retry the requests that no worker could answer",
		Long: `Remove a batch's results for requests that no worker could answer: each try killed its
worker or gave an invalid result. "alpaca batch --queue … --retry-errors" submits these
requests again.`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			batch, err := batchArg(args)
			if err != nil {
				return err
			}
			return connected(cmd.Context(), u, &o, func(c *queue.Conn) error {
				n, err := c.Retry(cmd.Context(), batch)
				if err == nil {
					u.Notef("%d requests can be tried again: alpaca batch --retry-errors submits them", n)
				}
				return err
			})
		},
	}
	fs := cmd.Flags()
	fs.SortFlags = false
	o.AddFlags(fs, "`address` of the queue")
	return cmd
}
