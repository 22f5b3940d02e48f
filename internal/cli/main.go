package cli

import (
	"context"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"alpaca/internal/cli/ui"
)

// Main runs the command line args on the streams of a process until the command ends or a signal
// ends it. It returns the exit status.
func Main(args []string, in, out, err *os.File) int {
	u := ui.New(in, out, err)
	ctx, stop := u.WatchSignals(context.Background())
	defer stop()
	return Execute(ctx, u, args)
}

// Root returns the program's command, for generators of manual pages and completions.
func Root() *cobra.Command {
	return newRoot(&ui.UI{In: strings.NewReader(""), Out: io.Discard, Err: io.Discard}, "")
}
