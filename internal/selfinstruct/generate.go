package selfinstruct

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"alpaca/internal/rouge"
)

// Kept is a piece of an answer, with the verdict on it.
type Kept struct {
	Piece
	Ask, At int // the number of the prompt, and of the piece in its answer, from 0
	// For a new instruction: the ten most similar earlier
	// instructions, and the mean score of all earlier instructions.
	Similar []Similar
	Mean    float64

	output *query // the query for its output in two-step mode, else nil
}

// Similar is an earlier instruction, with its ROUGE-L score.
type Similar struct {
	Instruction string
	Score       float64
}

// isSeen reports whether later instructions are compared with this one.
// In two-step mode, even an instruction with an unusable output counts:
// outputs finish in any order, and results must not depend on that order.
func (k *Kept) isSeen() bool { return k.Problem == "" || strings.HasPrefix(k.Problem, badOutput) }

// badOutput begins a Problem that says why a new instruction has no usable output.
const badOutput = "output: "

// Asked is a prompt with its answer.
type Asked struct {
	Ask     int
	Prompt  string
	Cut     bool
	Tokens  int
	Seconds float64 // time of the query for the list of tasks; queries for outputs do not count
	Pieces  []Kept
	Last    bool // the job ended within this answer; Pieces lacks the rest
}

// Sink stores results. Add stores all of a prompt's results, or none.
type Sink interface {
	Add(ctx context.Context, a *Asked) error
}

// Job makes tasks.
type Job struct {
	Settings Settings
	Seeds    []Task // the tasks that prompts show as examples
	All      []Task // the tasks with which new tasks are compared; nil: Seeds
	Model    Model
	Parallel int // the largest number of queries in flight
	Sink     Sink
	Idle     int // the job ends after this many prompts in a row without a new task
	// If Progress is not nil, it is called after each prompt that the Sink has stored.
	Progress func(*Asked)

	// Busy is the average number of queries in flight. Run sets Busy before it returns.
	Busy float64

	seen  *rouge.Index
	texts []string // the instructions in seen
}

// Start is where a job resumes.
type Start struct {
	Ask, At int    // the next piece to judge
	Seen    []Kept // earlier pieces, in order; only their Instruction and Problem matter
}

// ErrIdle is the error for a model that writes no usable tasks.
var ErrIdle = errors.New("selfinstruct: the model writes no usable tasks")

// Run makes n tasks. If ctx is cancelled, Run returns the error of ctx. The Sink then
// holds only complete prompts, and another job can resume after the last of them.
func (j *Job) Run(ctx context.Context, from Start, n int) error {
	if j.Parallel < 1 || j.Idle < 1 {
		return fmt.Errorf("selfinstruct: %d parallel queries, and an end after %d prompts without a task: both must be at least 1", j.Parallel, j.Idle)
	}
	j.prepare(from)
	w := newWork(ctx, j, from)
	began := time.Now()
	defer func() {
		w.count(0)
		j.Busy = w.area / max(time.Since(began).Seconds(), 1e-9)
		w.end()
	}()
	for idle := 0; n > 0; {
		if err := w.decide(); err != nil {
			return err
		}
		w.fill(n, j.Idle-idle)
		a, got, err := w.complete(n)
		if err != nil {
			return err
		}
		if a == nil {
			w.wait()
			continue
		}
		if err := j.Sink.Add(ctx, a); err != nil {
			return err
		}
		if j.Progress != nil {
			j.Progress(a)
		}
		n -= got
		if idle++; got > 0 {
			idle = 0
		}
		if idle >= j.Idle {
			return fmt.Errorf("%w: none in the last %d prompts", ErrIdle, idle)
		}
	}
	return nil
}

// prepare builds the index of the instructions that new ones are compared with.
func (j *Job) prepare(from Start) {
	split := rouge.Words
	if j.Settings.Words == ASCIIWords {
		split = rouge.CompatWords
	}
	j.seen, j.texts = rouge.NewIndex(split), nil
	all := j.All
	if all == nil {
		all = j.Seeds
	}
	for _, t := range all {
		j.see(t.Instruction)
	}
	for i := range from.Seen {
		if from.Seen[i].isSeen() {
			j.see(from.Seen[i].Instruction)
		}
	}
}

func (j *Job) see(instruction string) {
	j.seen.Add(instruction)
	j.texts = append(j.texts, instruction)
}

// judge sets a piece's Problem or, if the piece has no problem, its Similar and Mean.
func (j *Job) judge(k *Kept) {
	if all := k.Instruction + k.Input + k.Output; k.Problem == "" && (!utf8.ValidString(all) || strings.ContainsRune(all, 0)) {
		k.Problem = "bytes: not UTF-8, or with a NUL"
	}
	if k.Problem == "" {
		k.Problem = Filter(k.Instruction, j.Settings.Compat)
	}
	if k.Problem == "" && !j.Settings.Compat && !j.Settings.TwoStep && k.Output == "" {
		k.Problem = "empty: no output"
	}
	if k.Problem != "" {
		return
	}
	best, mean := j.seen.Best(k.Instruction, 10)
	if len(best) > 0 && best[0].Score > j.Settings.Above {
		k.Problem = fmt.Sprintf("duplicate: ROUGE-L %.2f with: %s", best[0].Score, j.texts[best[0].Row])
		return
	}
	k.Mean = mean
	for _, m := range best {
		k.Similar = append(k.Similar, Similar{j.texts[m.Row], m.Score})
	}
	j.see(k.Instruction)
}
