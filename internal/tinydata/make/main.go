// Make makes the built-in model from this repository alone. It writes the
// training text, runs "alpaca train" for the vocabulary and the weights, and
// then "alpaca quantize" for the shipped file. The same seed gives the same
// file on any CPU and with any number of threads. An interrupted run resumes:
//
//	go run ./internal/tinydata/make -alpaca ./alpaca -seed 1 -dir DIR -o internal/builtin/model.gguf
package main

import (
	"bufio"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"

	"alpaca/internal/atomicfile"
	"alpaca/internal/tinydata"
)

func main() {
	r := shipped
	flag.Uint64Var(&r.seed, "seed", r.seed, "seed of the text, the weights and the order of the examples")
	tokens := flag.String("tokens", "", "for a short trial: train a single stage with this number of `tokens`, not the recipe's stages")
	alpaca := flag.String("alpaca", "alpaca", "the `program`")
	dir := flag.String("dir", "", "working `folder`; an interrupted run resumes from its files")
	out := flag.String("o", "", "`file` to write")
	threads := flag.Int("t", 0, "number of `threads`; 0 stands for the program's default")
	flag.Parse()
	if *tokens != "" {
		r.stages = []stage{{mix: "all", examples: shipped.stages[0].examples, tokens: *tokens, rate: shipped.stages[0].rate, heldOut: "0.002"}}
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := r.make(ctx, job{*alpaca, *dir, *out, *threads}); err != nil {
		fmt.Fprintln(os.Stderr, "make:", err)
		os.Exit(1)
	}
}

// job has the paths of the program and of the files, and the number of threads.
type job struct {
	alpaca, dir, out string
	threads          int
}

// make makes the model of recipe r.
func (r *recipe) make(ctx context.Context, j job) error {
	if j.dir == "" || j.out == "" || flag.NArg() > 0 {
		return errors.New("usage: make -alpaca PROGRAM -dir DIR -o FILE")
	}
	if err := os.MkdirAll(j.dir, 0o777); err != nil {
		return err
	}
	if err := r.claim(j.dir); err != nil {
		return err
	}
	for i := range r.stages {
		if err := r.stage(ctx, j, i); err != nil {
			return err
		}
	}
	if err := j.run(ctx, r.quantize(j.dir, j.out, j.threads)); err != nil {
		return err
	}
	sum, size, err := sumOf(j.out)
	if err == nil {
		fmt.Printf("%s: %d bytes, SHA-256 %s\n", j.out, size, sum)
	}
	return err
}

// stage writes the text of stage i and trains on it, unless the stage's model exists.
func (r *recipe) stage(ctx context.Context, j job, i int) error {
	if _, err := os.Stat(filepath.Join(j.dir, modelName(i))); err == nil {
		return nil
	}
	if err := r.writeText(j.dir, i); err != nil {
		return err
	}
	for _, args := range r.round(j.dir, i, j.threads) {
		if err := j.run(ctx, args); err != nil {
			return err
		}
	}
	begun, _ := filepath.Glob(filepath.Join(j.dir, runName(i), "checkpoint-*.gguf"))
	return j.run(ctx, r.train(j.dir, i, len(begun) > 0, j.threads))
}

// run runs alpaca until it ends. The user sees its messages. Ctrl-C reaches alpaca, too,
// which then saves a checkpoint.
func (j *job) run(ctx context.Context, args []string) error {
	fmt.Fprintln(os.Stderr, "+", j.alpaca, strings.Join(args, " "))
	cmd := exec.Command(j.alpaca, args...)
	cmd.Stdout, cmd.Stderr = os.Stderr, os.Stderr
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("%s %s: %w", j.alpaca, args[0], err)
	}
	return ctx.Err()
}

// claim writes the recipe to the folder. It fails if the folder already has another recipe.
func (r *recipe) claim(dir string) error {
	path := filepath.Join(dir, "recipe.txt")
	now := fmt.Sprintf("%+v\n", *r)
	before, err := os.ReadFile(path)
	switch {
	case err == nil && string(before) != now:
		return fmt.Errorf("%s: belongs to another recipe, %s: choose another folder", dir, strings.TrimSpace(string(before)))
	case err == nil:
		return nil
	}
	return writeFile(path, func(w io.Writer) error {
		_, err := io.WriteString(w, now)
		return err
	})
}

// writeText writes the text of stage i, unless the file exists.
func (r *recipe) writeText(dir string, i int) error {
	path := filepath.Join(dir, textName(i))
	if _, err := os.Stat(path); err == nil {
		return nil
	}
	mix, err := tinydata.FindMix(r.stages[i].mix)
	if err != nil {
		return err
	}
	return writeFile(path, func(w io.Writer) error { return tinydata.WriteTraining(w, r.seed+uint64(i), mix, r.stages[i].examples) })
}

// writeFile writes a file. The file appears at path only when it is complete.
func writeFile(path string, write func(w io.Writer) error) error {
	f, err := atomicfile.Create(path, 0o666)
	if err != nil {
		return err
	}
	defer f.Abort()
	w := bufio.NewWriter(f)
	if err := write(w); err != nil {
		return err
	}
	if err := w.Flush(); err != nil {
		return err
	}
	return f.Commit()
}

// sumOf returns the SHA-256 and the size of a file.
func sumOf(path string) (sum string, size int64, err error) {
	f, err := os.Open(path)
	if err != nil {
		return "", 0, err
	}
	defer f.Close()
	h := sha256.New()
	size, err = io.Copy(h, f)
	return hex.EncodeToString(h.Sum(nil)), size, err
}
