// Score asks a model the held-out questions from package tinydata, many at once with the
// program's own engine. For each kind, it prints how many questions the model answers exactly:
//
//	go run ./internal/tinydata/score -wrong 3
//	go run ./internal/tinydata/score -m model.gguf -n 20 -kinds add,repeat -json
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"slices"
	"strings"

	"alpaca/internal/builtin"
	"alpaca/internal/machine"
	"alpaca/internal/report"
	"alpaca/internal/tinydata"
)

// options are the flags.
type options struct {
	model   string
	seed    uint64
	n       int
	kinds   string
	wrong   int
	plain   bool
	json    bool
	threads int
	min     float64
}

func main() {
	var o options
	flag.StringVar(&o.model, "m", builtin.Name, "`file` of the model")
	flag.Uint64Var(&o.seed, "seed", 1, "seed of the questions")
	flag.IntVar(&o.n, "n", 50, "ask at most this number of `questions` of each kind")
	flag.StringVar(&o.kinds, "kinds", "", "ask only the kinds with these `names`, separated by commas")
	flag.IntVar(&o.wrong, "wrong", 0, "show at most this number of wrong `answers` for each kind")
	flag.BoolVar(&o.plain, "plain", false, "ask without the chat template: each question is a text to continue")
	flag.BoolVar(&o.json, "json", false, "print the result as JSON")
	flag.IntVar(&o.threads, "t", machine.CountThreads().Default(), "`threads`")
	flag.Float64Var(&o.min, "least", 0, "exit with status 1 if less than this `percentage` of all answers is right")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := o.run(ctx, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "score:", err)
		os.Exit(1)
	}
}

// run runs the program.
func (o *options) run(ctx context.Context, w io.Writer) error {
	if flag.NArg() > 0 {
		return errors.New("usage: score -m FILE")
	}
	questions, err := o.questions()
	if err != nil {
		return err
	}
	a, err := open(o.model, o.plain, o.threads)
	if err != nil {
		return err
	}
	defer a.model.Close()
	answers, err := a.ask(ctx, questions)
	if err != nil {
		return err
	}
	s := newScore(questions, answers)
	if o.json {
		enc := json.NewEncoder(w)
		enc.SetIndent("", "  ")
		err = enc.Encode(s)
	} else {
		err = s.print(w, o.wrong)
	}
	if err == nil && s.Percent < o.min {
		err = fmt.Errorf("%.1f %% of the answers are right: -least requires %.1f %%", s.Percent, o.min)
	}
	return err
}

// questions returns the questions to ask.
func (o *options) questions() ([]tinydata.Example, error) {
	list := tinydata.Questions(o.seed, o.n)
	if o.kinds == "" {
		return list, nil
	}
	_, exact := tinydata.Kinds()
	wanted := strings.Split(o.kinds, ",")
	for _, k := range wanted {
		if !slices.Contains(exact, k) {
			return nil, fmt.Errorf("no exact kind is called %q: choose among %s", k, strings.Join(exact, ", "))
		}
	}
	return slices.DeleteFunc(list, func(e tinydata.Example) bool { return !slices.Contains(wanted, e.Kind) }), nil
}

// score has the number of right answers, in all and for each kind.
type score struct {
	Questions int         `json:"questions"`
	Right     int         `json:"right"`
	Percent   float64     `json:"percent"`
	Mean      float64     `json:"mean_percent"` // mean of the kinds' percentages
	Kinds     []kindScore `json:"kinds"`
}

// kindScore is the score of one kind.
type kindScore struct {
	Kind      string  `json:"kind"`
	Questions int     `json:"questions"`
	Right     int     `json:"right"`
	Percent   float64 `json:"percent"`
	wrong     []wrong
}

// wrong is a question with a wrong answer.
type wrong struct {
	tinydata.Example
	said string
}

// newScore compares the answers with the right ones.
func newScore(questions []tinydata.Example, answers []string) *score {
	s := &score{}
	for i, q := range questions {
		n := len(s.Kinds) - 1
		if n < 0 || s.Kinds[n].Kind != q.Kind {
			s.Kinds = append(s.Kinds, kindScore{Kind: q.Kind})
			n++
		}
		k := &s.Kinds[n]
		s.Questions++
		k.Questions++
		if answers[i] == q.Answer {
			s.Right++
			k.Right++
		} else {
			k.wrong = append(k.wrong, wrong{q, answers[i]})
		}
	}
	for i := range s.Kinds {
		k := &s.Kinds[i]
		k.Percent = percent(k.Right, k.Questions)
		s.Mean += k.Percent / float64(len(s.Kinds))
	}
	s.Percent = percent(s.Right, s.Questions)
	return s
}

func percent(part, all int) float64 { return 100 * float64(part) / float64(max(all, 1)) }

// print writes a table, and for each kind at most this number of examples of wrong answers.
func (s *score) print(w io.Writer, examples int) error {
	var rows [][]string
	for _, k := range s.Kinds {
		rows = append(rows, []string{k.Kind, fmt.Sprint(k.Questions), fmt.Sprint(k.Right), fmt.Sprintf("%.1f", k.Percent)})
	}
	rows = append(rows, []string{"all", fmt.Sprint(s.Questions), fmt.Sprint(s.Right), fmt.Sprintf("%.1f", s.Percent)},
		[]string{"mean of the kinds", "", "", fmt.Sprintf("%.1f", s.Mean)})
	if err := report.WriteTable(w, []string{"kind", "asked", "right", "%"}, rows); err != nil {
		return err
	}
	for _, k := range s.Kinds {
		for _, x := range k.wrong[:min(examples, len(k.wrong))] {
			if _, err := fmt.Fprintf(w, "\n%s: %s\n  right %q\n  said  %q\n", k.Kind, x.Prompt, x.Answer, x.said); err != nil {
				return err
			}
		}
	}
	return nil
}
