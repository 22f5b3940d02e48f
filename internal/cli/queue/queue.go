// Package queue implements "alpaca queue". It makes, in a NATS server, the streams and
// consumers that batches on several machines need. It also shows what is in the
// streams, and removes jobs, results or everything. Workers and batches do not need the
// rights that these commands need. internal/queue defines the streams and consumers.
package queue

import (
	"context"
	"time"

	"github.com/spf13/cobra"

	"alpaca/internal/cli/flags"
	"alpaca/internal/cli/load"
	"alpaca/internal/cli/ui"
	"alpaca/internal/queue"
)

// patience is how long a command tries to reach a server that does not answer.
const patience = 10 * time.Second

// New returns the command "alpaca queue".
func New(u *ui.UI) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "queue",
		Short: "Make, show and empty a queue for several machines",
		Long: `Make, show and empty a queue, from which "alpaca worker" on several machines takes the
requests of "alpaca batch --queue". The queue is in a NATS server (2.12 or later) with
JetStream. These commands need a user with the rights of an administrator.`,
		Args: cobra.ArbitraryArgs,
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 {
				return cmd.Help()
			}
			return flags.UnknownCommand(cmd, args[0])
		},
	}
	cmd.AddCommand(newInit(u), newStatus(u), newRemove(u), newRetry(u))
	return cmd
}

// connected calls f with a connection to the queue.
func connected(ctx context.Context, u *ui.UI, o *load.Queue, f func(c *queue.Conn) error) error {
	if err := o.Check(); err != nil {
		return err
	}
	c, err := o.Connect(ctx, u, "queue", patience)
	if err != nil {
		return err
	}
	defer c.Close()
	return load.Hinted(f(c))
}

// batchArg returns the argument that names a batch. A name that is not valid is a usage error.
func batchArg(args []string) (string, error) {
	if err := queue.CheckBatch(args[0]); err != nil {
		return "", ui.WithHint(ui.Usagef("%q: %v", args[0], err), `"alpaca queue status" lists the batches, and "alpaca batch --queue" prints the name of its batch`)
	}
	return args[0], nil
}
