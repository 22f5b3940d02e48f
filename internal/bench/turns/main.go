// Command turns compares this program's speed with llama.cpp's. "alpaca bench" and llama-bench
// measure the same files in turns, so that changes of the machine's speed affect both. The
// script bench/run calls turns. From stored results, turns prints the table of README.md and
// draws the plot. It also writes models of random weights that both programs can read:
//
//	turns -table -plot bench/speed.svg bench/results/NAME.json; turns -noise DIR qwen3-1.7B@8:q4_0
package main

import (
	"bytes"
	"cmp"
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime"
	"strings"
	"time"

	"alpaca/internal/atomicfile"
	"alpaca/internal/machine"
	"alpaca/internal/report"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, os.Stdout, os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "turns:", err)
		os.Exit(1)
	}
}

// run does the work of main, and returns an error.
func run(ctx context.Context, w io.Writer, args []string) error {
	fs := flag.NewFlagSet("turns", flag.ContinueOnError)
	ours := fs.String("ours", "./alpaca", "our `program`")
	peer := fs.String("peer", "", "`path` of llama-bench: measures the models in the arguments")
	name := fs.String("peer-name", "llama.cpp", "`name` and version of the other program, for the results and the plot")
	note := fs.String("note", "", "`text` to store with the results")
	commit := fs.String("commit", "", "our `commit`, if the program does not print it")
	turns := fs.Int("turns", 3, "how many `times` each program measures each model")
	threads := fs.Int("threads", machine.CountThreads().Default(), "`threads` that both programs use")
	prompt := fs.Int("prompt", 512, "`tokens` of the prompt")
	generate := fs.Int("generate", 64, "`tokens` that are generated")
	out := fs.String("o", "", "`file` for the results")
	table := fs.Bool("table", false, "print the table")
	noise := fs.String("noise", "", "`folder` for models of random weights; the arguments are then models such as 7B:q4_0, not files")
	plot := fs.String("plot", "", "`file` to draw into: .svg or .png")
	if err := fs.Parse(args); err != nil {
		return err
	}
	if fs.NArg() == 0 {
		return fmt.Errorf("usage: turns -peer llama-bench MODEL.gguf..., or turns -table -plot FILE RESULTS.json")
	}
	models := fs.Args()
	var r *Results
	var err error
	if *noise != "" {
		if models, err = writeNoise(ctx, *noise, models); err != nil || *peer == "" {
			return err
		}
	}
	if *peer != "" {
		m := measurement{ours: *ours, peer: *peer, turns: *turns, threads: *threads, prompt: *prompt, generate: *generate, log: os.Stderr}
		r, err = m.run(ctx, models)
		if err == nil {
			r.Date, r.CPU, r.Peer, r.Note = time.Now().UTC().Format(time.DateOnly), machine.CPUName(), *name, *note
			r.Ours = cmp.Or(r.Ours, *commit)
			r.Machine = fmt.Sprintf("%s/%s, %s; kernels: %s", runtime.GOOS, runtime.GOARCH, machine.CountThreads(), strings.Join(machine.Levels(), ", "))
		}
	} else {
		r, err = readResults(fs.Arg(0))
	}
	if err != nil {
		return err
	}
	if *out != "" {
		if err := writeFile(*out, r.write); err != nil {
			return err
		}
	}
	if *table || *peer != "" {
		if err := r.table(w); err != nil {
			return err
		}
	}
	if *plot == "" {
		return nil
	}
	form, err := report.PlotForm(*plot)
	if err != nil {
		return err
	}
	return writeFile(*plot, func(w io.Writer) error { return r.draw(w, form) })
}

// writeFile writes a file with the contents that write produces.
func writeFile(path string, write func(io.Writer) error) error {
	var b bytes.Buffer
	if err := write(&b); err != nil {
		return err
	}
	return atomicfile.WriteFile(path, b.Bytes(), 0o644)
}
