// Alpaca runs LLaMA-family language models on ordinary CPUs.
//
// Rules of this program's surface:
//
//   - stdout carries the answer (generated text, or the data asked for) and
//     nothing else. Everything else goes to stderr with the prefix "alpaca:",
//     in lower case and without a period at the end.
//   - A failure is one line "alpaca: error: …", a way out of it one or more
//     lines "alpaca: hint: …".
//   - The exit status is 0 for success, 1 for a failure, 2 for a command line
//     that cannot be understood and 130 where Ctrl-C ended the work (143 for
//     SIGTERM, 129 for SIGHUP).
package main

import (
	"context"
	"os"

	_ "alpaca/internal/machine/start" // before all else
)

func main() {
	u := newUI()
	ctx, stop := u.watchSignals(context.Background())
	status := u.execute(ctx, os.Args[1:])
	stop()
	os.Exit(status)
}
