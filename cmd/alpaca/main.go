// Alpaca runs LLaMA-family language models on ordinary CPUs. Its exit status is 0 for success,
// 1 for a failure and 2 for a wrong command line. If a signal ended the work, the status is
// 128 plus the number of the signal: 130 for Ctrl-C, 143 for SIGTERM, 129 for SIGHUP.
package main

import (
	"os"

	"alpaca/internal/cli"
)

func main() { os.Exit(cli.Main(os.Args[1:], os.Stdin, os.Stdout, os.Stderr)) }
