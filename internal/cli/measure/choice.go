package measure

import (
	"context"
	"fmt"

	"github.com/spf13/pflag"

	"alpaca/internal/cli/flags"
	"alpaca/internal/cli/load"
	"alpaca/internal/cli/ui"
	"alpaca/internal/eval"
)

// choiceOptions are the flags of "alpaca perplexity" for files of questions.
type choiceOptions struct {
	hellaswag, winogrande, multiple                bool
	hellaswagTasks, winograndeTasks, multipleTasks int
	seed                                           int
}

// addFlags adds the flags, with llama-perplexity's names.
func (o *choiceOptions) addFlags(fs *pflag.FlagSet) {
	const limit = 1 << 30
	fs.BoolVar(&o.hellaswag, "hellaswag", false, "the file has HellaSwag's questions, six lines for each")
	flags.AddInt(fs, &o.hellaswagTasks, flags.Int{Name: "hellaswag-tasks", Value: 400, High: limit}, "number of `questions` to ask; 0 means all")
	fs.BoolVar(&o.winogrande, "winogrande", false, "the file has WinoGrande's questions, with lines number,sentence,choice,choice,answer")
	flags.AddInt(fs, &o.winograndeTasks, flags.Int{Name: "winogrande-tasks", High: limit}, "number of `questions` to ask; 0 means all")
	fs.BoolVar(&o.multiple, "multiple-choice", false, "the file has multiple-choice questions, such as those of ARC, MMLU and TruthfulQA")
	flags.AddInt(fs, &o.multipleTasks, flags.Int{Name: "multiple-choice-tasks", High: limit}, "number of `questions` to ask; 0 means all")
	flags.AddInt(fs, &o.seed, flags.Int{Name: "seed", Short: "s", Value: 1, High: 1<<31 - 1}, "`seed` that draws the questions if not all are asked; llama-perplexity uses 1")
}

// asked reports whether the text is a file of questions.
func (o *choiceOptions) asked() bool { return o.flag() != "" }

// flag returns the flag that names the form of the questions, or "".
func (o *choiceOptions) flag() string {
	switch {
	case o.hellaswag:
		return "hellaswag"
	case o.winogrande:
		return "winogrande"
	case o.multiple:
		return "multiple-choice"
	}
	return ""
}

// check returns a usage error if more than one form is named.
func (o *choiceOptions) check() error {
	n := 0
	for _, on := range []bool{o.hellaswag, o.winogrande, o.multiple} {
		if on {
			n++
		}
	}
	if n > 1 {
		return ui.Usagef("--hellaswag, --winogrande and --multiple-choice are different forms: give one")
	}
	return nil
}

// read returns the questions of a text and the benchmark's name.
func (o *choiceOptions) read(text string) (questions []eval.Question, name string, err error) {
	tasks, how := 0, eval.DrawMultiple
	switch {
	case o.hellaswag:
		name, tasks, how = "HellaSwag", o.hellaswagTasks, eval.DrawHellaSwag
		questions, err = eval.ParseHellaSwag(text)
	case o.winogrande:
		name, tasks = "WinoGrande", o.winograndeTasks
		questions, err = eval.ParseWinogrande(text)
	default:
		name, tasks = "multiple choice", o.multipleTasks
		questions, err = eval.ParseMultipleChoice([]byte(text))
	}
	return eval.Select(questions, tasks, how, uint32(o.seed)), name, err
}

// choiceResult is the result in JSON.
type choiceResult struct {
	Task  string `json:"task"`
	Model string `json:"model"`
	eval.Answers
}

// run asks the questions.
func (o *choiceOptions) run(ctx context.Context, u *ui.UI, e *load.Instance, text, output string) error {
	questions, name, err := o.read(text)
	if err != nil {
		return err
	}
	u.Notef("%s: questions: %d", name, len(questions))
	progress := progress(u, "question")
	clock := startClock()
	a, err := eval.Answer(ctx, e.Session, questions, eval.ChoiceOptions{
		Threads: e.Session.Threads(), Context: e.Session.Ctx(),
		Encode: func(text string) []int32 { return e.Model.Tokenizer.Encode(text, true, false) },
		Done: func(q int, _ eval.Rating, a eval.Answers) error {
			progress(eval.Progress{Window: q + 1, Windows: len(questions), Elapsed: clock()},
				fmt.Sprintf("%.2f %% right", 100*a.Accuracy.Value))
			return ctx.Err()
		},
	})
	u.ClearStatus()
	if err != nil {
		return err
	}
	u.Notef("%d tokens read in %.2f s, %.1f tokens/s", a.Tokens, clock().Seconds(), float64(a.Tokens)/max(clock().Seconds(), 1e-9))
	if output == "json" {
		return u.WriteJSON(choiceResult{name, e.Path, a})
	}
	_, err = fmt.Fprintf(u.Out, "%s: %.4f +/- %.4f %% of %d questions are answered right; guessing would reach %.4f %%\n",
		name, 100*a.Accuracy.Value, 100*a.Accuracy.Error, a.Asked, 100*a.Chance)
	return err
}
