package selfinstruct

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"alpaca/internal/oneshot"
	"alpaca/internal/rouge"
)

// Kept is a piece of an answer with what was decided about it.
type Kept struct {
	Piece
	Ask, At int // the number of the prompt, and of the piece in its answer, from 0
	// Of an instruction that is new: the ten that are most like it, and the mean score of all.
	Similar []Similar
	Mean    float64

	output chan result // of the second step, nil without
}

// Similar is an instruction that is like another.
type Similar struct {
	Instruction string
	Score       float64
}

// isSeen reports whether later instructions are compared with this one: also where its
// output was of no use, so that what is compared does not depend on how long outputs take.
func (k *Kept) isSeen() bool { return k.Problem == "" || strings.HasPrefix(k.Problem, badOutput) }

// badOutput begins the reasons for which a new instruction has no usable output.
const badOutput = "output: "

// Asked is a prompt that was answered.
type Asked struct {
	Ask     int
	Prompt  string
	Cut     bool
	Tokens  int
	Seconds float64 // until the answer was there
	Pieces  []Kept
	Last    bool // no more is wanted: Pieces may be fewer than the answer had
}

// Sink keeps what was made: all of a prompt, or nothing.
type Sink interface {
	Add(ctx context.Context, a *Asked) error
}

// Job makes tasks.
type Job struct {
	Settings Settings
	Seeds    []Task // that prompts show
	All      []Task // that new tasks are compared with; nil: Seeds
	Model    Model
	Parallel int // queries at once
	Sink     Sink
	Idle     int // prompts in a row that may bring nothing before the job gives up
	// Progress, if not nil, is called for each prompt that was kept.
	Progress func(*Asked)

	seen  *rouge.Index
	texts []string // of seen
	slots chan struct{}
}

// Start is where a job goes on.
type Start struct {
	Ask, At int    // the next piece to decide about
	Seen    []Kept // all before it, in order; of those without a problem the instruction matters alone
}

// ErrIdle says that a model brings nothing.
var ErrIdle = errors.New("selfinstruct: the model writes no usable tasks")

type result struct {
	answer oneshot.Answer
	took   time.Duration
	err    error
}

// asking is a prompt on its way.
type asking struct {
	n      int
	query  oneshot.Query
	answer chan result
	asked  *Asked
}

// Run makes n tasks. When ctx is cancelled it returns its error: what is in the Sink is
// complete up to a prompt, from which another job can go on.
func (j *Job) Run(ctx context.Context, from Start, n int) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	j.prepare(from)
	var listing, answering []*asking // in order
	next, idle := from.Ask, 0
	for n > 0 {
		for len(listing) < j.Parallel && len(answering) < 2*j.Parallel {
			listing = append(listing, j.start(ctx, next))
			next++
		}
		// The oldest prompt that is decided is kept as soon as it is complete, and before
		// that the oldest answer is decided about.
		if len(listing) > 0 && (len(answering) == 0 || len(answering) < 2*j.Parallel && !answering[0].isDone()) {
			a := listing[0]
			listing = listing[1:]
			skip := 0
			if a.n == from.Ask {
				skip = from.At
			}
			if err := j.decide(ctx, a, skip); err != nil {
				return err
			}
			answering = append(answering, a)
			continue
		}
		a := answering[0].asked
		answering = answering[1:]
		got, err := a.complete(n)
		if err != nil {
			return err
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

// prepare makes the index of all that was seen.
func (j *Job) prepare(from Start) {
	split := rouge.Words
	if j.Settings.Words == ASCIIWords {
		split = rouge.CompatWords
	}
	j.seen, j.texts, j.slots = rouge.NewIndex(split), nil, make(chan struct{}, j.Parallel)
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

// query asks the model, when there is a place.
func (j *Job) query(ctx context.Context, q oneshot.Query) chan result {
	done := make(chan result, 1)
	go func() {
		select {
		case j.slots <- struct{}{}:
		case <-ctx.Done():
			done <- result{err: ctx.Err()}
			return
		}
		defer func() { <-j.slots }()
		began := time.Now()
		a, err := j.Model.Ask(ctx, q)
		done <- result{a, time.Since(began), err}
	}()
	return done
}

// start begins a prompt.
func (j *Job) start(ctx context.Context, n int) *asking {
	a := &asking{n: n, query: j.Settings.ask(j.Seeds, n)}
	a.answer = j.query(ctx, a.query)
	return a
}

// decide waits for an answer, takes it apart and decides about each piece from skip on.
func (j *Job) decide(ctx context.Context, a *asking, skip int) error {
	r := <-a.answer
	if r.err != nil {
		return r.err
	}
	a.asked = &Asked{Ask: a.n, Prompt: a.query.Prompt, Cut: r.answer.Cut, Tokens: r.answer.Tokens, Seconds: r.took.Seconds()}
	for at, p := range j.Settings.parse(r.answer) {
		if at < skip {
			continue
		}
		k := Kept{Piece: p, Ask: a.n, At: at}
		j.judge(&k)
		if k.Problem == "" && j.Settings.TwoStep {
			k.output = j.query(ctx, j.Settings.output(&k.Task, a.n, at))
		}
		a.asked.Pieces = append(a.asked.Pieces, k)
	}
	return nil
}

// judge sets a piece's Problem, or what it is like.
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

// isDone reports whether all outputs of a prompt are there.
func (a *asking) isDone() bool {
	for i := range a.asked.Pieces {
		if c := a.asked.Pieces[i].output; c != nil && len(c) == 0 {
			return false
		}
	}
	return true
}

// complete waits for the outputs, and leaves out what comes after the task that was
// wanted last. It returns how many tasks there are, at most.
func (a *Asked) complete(most int) (got int, err error) {
	for i := range a.Pieces {
		k := &a.Pieces[i]
		if k.output != nil {
			r := <-k.output
			if r.err != nil {
				return 0, r.err
			}
			a.Tokens += r.answer.Tokens
			k.Output, k.output = trim(strings.ReplaceAll(strings.ToValidUTF8(r.answer.Text, "\uFFFD"), "\x00", "")), nil
			switch {
			case r.answer.Cut:
				k.Problem = badOutput + "cut"
			case k.Output == "":
				k.Problem = badOutput + "empty"
			}
		}
		if k.Problem != "" {
			continue
		}
		if got++; got == most {
			a.Last = i+1 < len(a.Pieces)
			a.Pieces = a.Pieces[:i+1]
			break
		}
	}
	return got, nil
}
