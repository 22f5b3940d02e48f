package selfinstruct

import (
	"context"
	"math"
	"strings"
	"time"

	"alpaca/internal/oneshot"
)

// What is asked when decides how long a job takes, and never what it makes: answers depend
// on their query alone, and they are decided about and kept in the order of the prompts.
// Whatever order they come in, as many queries are on their way as there are places, the
// eldest prompt's first, as long as more tasks are missing than those on their way bring by
// what earlier ones brought.

// window is how many prompts for each place may be begun and not kept: where one takes long,
// those behind it go on.
const window = 4

// query is something that the model is asked.
type query struct {
	ask     int // of this prompt
	there   bool
	answer  oneshot.Answer
	took    time.Duration
	err     error
	content oneshot.Query
	begun   bool
}

// asking is a prompt on its way.
type asking struct {
	n     int
	list  *query
	asked *Asked // nil until it is decided about
}

// work is a job on its way.
type work struct {
	job    *Job
	ctx    context.Context
	cancel context.CancelFunc

	asks   []*asking // that are begun and not kept, in order
	next   int       // the next prompt to begin
	start  Start
	busy   int         // queries on their way
	began  time.Time   // and since when so many are,
	area   float64     // and the sum of what they were, times seconds
	done   chan *query // that have come back
	failed int         // the first prompt with a failure: nothing behind it is asked

	// What prompts have brought so far: lists that were decided about, the new instructions in
	// them, of those the ones whose output was asked for, and the ones with a usable output.
	lists, fresh, answered, usable int
}

func newWork(ctx context.Context, j *Job, from Start) *work {
	w := &work{job: j, began: time.Now(), next: from.Ask, start: from, done: make(chan *query, j.Parallel), failed: math.MaxInt}
	w.ctx, w.cancel = context.WithCancel(ctx)
	return w
}

// count changes how many queries are on their way.
func (w *work) count(more int) {
	now := time.Now()
	w.area += float64(w.busy) * now.Sub(w.began).Seconds()
	w.busy, w.began = w.busy+more, now
}

// end leaves what is on its way, and waits until it is gone.
func (w *work) end() {
	w.cancel()
	for w.busy > 0 {
		w.wait()
	}
}

// wait waits until a query comes back.
func (w *work) wait() {
	q := <-w.done
	w.count(-1)
	q.there = true
	if q.err != nil {
		w.failed = min(w.failed, q.ask)
	}
}

// begin sends a query. It returns false where there is no place, or no need after a failure.
func (w *work) begin(q *query) bool {
	if w.busy >= w.job.Parallel || q.ask > w.failed {
		return false
	}
	w.count(1)
	q.begun = true
	go func() {
		began := time.Now()
		q.answer, q.err = w.job.Model.Ask(w.ctx, q.content)
		q.took = time.Since(began)
		w.done <- q
	}()
	return true
}

// fill sends queries while there are places and no n tasks are to be expected. Of prompts it
// begins no more than may bring nothing.
func (w *work) fill(n, idle int) {
	expected := 0.0
	perOutput := float64(w.usable+1) / float64(w.answered+1)
	// Before anything is known a prompt is taken to bring half of what it asks for.
	perList := perOutput * (float64(w.fresh) + float64(w.job.Settings.PerAsk)/2) / float64(w.lists+1)
	for _, a := range w.asks {
		if a.asked == nil {
			expected += perList
			continue
		}
		for i := range a.asked.Pieces {
			k := &a.asked.Pieces[i]
			switch q := k.output; {
			case k.Problem != "":
			case q == nil:
				expected++
			case q.there && outputProblem(q) == "":
				expected++
			case q.there:
			default:
				if expected >= float64(n) || !q.begun && !w.begin(q) {
					return
				}
				expected += perOutput
			}
		}
	}
	s := &w.job.Settings
	for len(w.asks) < min(window*w.job.Parallel, idle) && (expected < float64(n) || len(w.asks) == 0) {
		a := &asking{n: w.next, list: &query{ask: w.next, content: s.ask(w.job.Seeds, w.next)}}
		if !w.begin(a.list) {
			return
		}
		w.asks = append(w.asks, a)
		w.next++
		expected += perList
	}
}

// decide takes apart the lists that are there, up to the first that is not, and decides about
// each piece.
func (w *work) decide() error {
	for _, a := range w.asks {
		if a.asked != nil {
			continue
		}
		if !a.list.there {
			break
		}
		if a.list.err != nil {
			return w.unlessBefore(a)
		}
		w.judge(a)
	}
	return nil
}

// unlessBefore returns the failure of a prompt, nil while earlier ones are to be kept first.
func (w *work) unlessBefore(a *asking) error {
	if w.asks[0] == a {
		return a.list.err
	}
	return nil
}

// judge decides about the pieces of a list.
func (w *work) judge(a *asking) {
	s, answer := &w.job.Settings, &a.list.answer
	a.asked = &Asked{Ask: a.n, Prompt: a.list.content.Prompt, Cut: answer.Cut, Tokens: answer.Tokens, Seconds: a.list.took.Seconds()}
	w.lists++
	for at, p := range s.parse(*answer) {
		if a.n == w.start.Ask && at < w.start.At {
			continue
		}
		k := Kept{Piece: p, Ask: a.n, At: at}
		w.job.judge(&k)
		if k.Problem == "" {
			w.fresh++
			if s.TwoStep {
				k.output = &query{ask: a.n, content: s.output(&k.Task, a.n, at)}
			}
		}
		a.asked.Pieces = append(a.asked.Pieces, k)
	}
}

// complete returns the eldest prompt when all its outputs are there, with how many tasks it
// brings: at most most, what comes behind the last is left out. It returns nil until then.
func (w *work) complete(most int) (*Asked, int, error) {
	if len(w.asks) == 0 || w.asks[0].asked == nil {
		return nil, 0, nil
	}
	a, got := w.asks[0].asked, 0
	last := len(a.Pieces)
	for i := range a.Pieces {
		k := &a.Pieces[i]
		if k.output != nil && !k.output.there {
			return nil, 0, nil
		}
		if k.output != nil && k.output.err != nil {
			return nil, 0, k.output.err
		}
		if k.Problem != "" || k.output != nil && outputProblem(k.output) != "" {
			continue
		}
		if got++; got == most {
			last = i + 1
			break
		}
	}
	a.Last, a.Pieces = last < len(a.Pieces), a.Pieces[:last]
	for i := range a.Pieces {
		k := &a.Pieces[i]
		q := k.output
		if q == nil {
			continue
		}
		a.Tokens += q.answer.Tokens
		k.Output, k.Problem, k.output = outputOf(q), outputProblem(q), nil
		w.answered++
		if k.Problem == "" {
			w.usable++
		}
	}
	w.asks = w.asks[1:]
	return a, got, nil
}

// outputOf returns the output that the second step has brought.
func outputOf(q *query) string {
	return trim(strings.ReplaceAll(strings.ToValidUTF8(q.answer.Text, "\uFFFD"), "\x00", ""))
}

// outputProblem says why it is of no use, "" for nothing.
func outputProblem(q *query) string {
	switch {
	case q.answer.Cut:
		return badOutput + "cut"
	case outputOf(q) == "":
		return badOutput + "empty"
	}
	return ""
}
