package cli

import (
	"context"
	"os"

	"alpaca/internal/cli/ui"
)

// Main runs the command line args on the streams of a process until the command ends,
// or a signal ends it, and returns the exit status.
func Main(args []string, in, out, err *os.File) int {
	u := ui.New(in, out, err)
	ctx, stop := u.WatchSignals(context.Background())
	defer stop()
	return Execute(ctx, u, args)
}
