// Write prints the text that the built-in model learns from, as "alpaca train"
// reads it, or the held-out instructions that it is judged by:
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
	seed := flag.Uint64("seed", 1, "of all texts")
	examples := flag.Int("examples", 0, "how many examples to write for training")
	questions := flag.Int("questions", 0, "how many held-out instructions of each kind to write")
	flag.Parse()
	w := bufio.NewWriter(os.Stdout)
	err := write(w, *seed, *examples, *questions)
	if err == nil {
		err = w.Flush()
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "write:", err)
		os.Exit(1)
	}
}

type message struct {
	Role    string `json:"role"`
	Content string `json:"content"`
}

// record is a conversation, or a text that is learned from its first word on.
type record struct {
	Messages []message `json:"messages,omitempty"`
	Text     string    `json:"text,omitempty"`
}

// question is an instruction with the only right answer.
type question struct {
	Kind   string `json:"kind"`
	Prompt string `json:"prompt"`
	Answer string `json:"answer"`
}

// plain is the percentage of instructions that are written without a template, as
// a text in which the answer follows on the next line: so "run -p" without a
// template works as well.
const plain = 12

// turns is the percentage of conversations that go on after the first answer.
const turns = 12

func write(w io.Writer, seed uint64, examples, questions int) error {
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	g := tinydata.New(seed)
	for i := range examples {
		e := g.Next()
		r := record{Text: e.Answer}
		switch {
		case e.Prompt == "":
		case i%100 < plain:
			r.Text = e.Prompt + "\n" + e.Answer
		default:
			r = record{Messages: []message{{"user", e.Prompt}, {"assistant", e.Answer}}}
			for n := i % 100; n >= 100-turns && len(r.Messages) < 2*(2+n%2); {
				if e := g.Next(); e.Prompt != "" {
					r.Messages = append(r.Messages, message{"user", e.Prompt}, message{"assistant", e.Answer})
				}
			}
		}
		if err := enc.Encode(r); err != nil {
			return err
		}
	}
	if questions == 0 {
		return nil
	}
	for _, e := range tinydata.Questions(seed, questions) {
		if err := enc.Encode(question(e)); err != nil {
			return err
		}
	}
	return nil
}
