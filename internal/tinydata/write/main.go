// Write prints the training text of the built-in model, as "alpaca train" reads it, or
// the held-out instructions that score the model:
//
//	go run ./internal/tinydata/write -seed 1 -examples 1000000 >train.jsonl
//	go run ./internal/tinydata/write -seed 1 -questions 60 >questions.jsonl
package main

import (
	"bufio"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"os"

	"alpaca/internal/tinydata"
)

func main() {
	seed := flag.Uint64("seed", 1, "seed of the examples")
	examples := flag.Int("examples", 0, "how many examples to write for training")
	questions := flag.Int("questions", 0, "how many held-out instructions of each kind to write, at most")
	mixName := flag.String("mix", "all", "name of the mix, which says how often each kind is drawn (see mix.go)")
	flag.Parse()
	w := bufio.NewWriter(os.Stdout)
	mix, err := tinydata.FindMix(*mixName)
	if err == nil {
		err = write(w, *seed, mix, *examples, *questions)
	}
	if err == nil {
		err = w.Flush()
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "write:", err)
		os.Exit(1)
	}
}

// question is an instruction with its only right answer.
type question struct {
	Kind   string `json:"kind"`
	Prompt string `json:"prompt"`
	Answer string `json:"answer"`
}

func write(w io.Writer, seed uint64, mix tinydata.Mix, examples, questions int) error {
	if err := tinydata.WriteTraining(w, seed, mix, examples); err != nil || questions == 0 {
		return err
	}
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	for _, e := range tinydata.Questions(seed, questions) {
		if err := enc.Encode(question(e)); err != nil {
			return err
		}
	}
	return nil
}
