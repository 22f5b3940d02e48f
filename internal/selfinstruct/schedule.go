package selfinstruct

import (
	"context"
	"math"
	"strings"
	"time"

	"alpaca/internal/oneshot"
)

// The schedule decides how long a job takes, never its result. An answer depends only on its query,
// and answers are judged and stored in the order of the prompts. Up to Parallel queries are in
// flight, those of the oldest prompt first. A query is expected to yield as many tasks as earlier
// queries did on average. As soon as the queries in flight are expected to yield all missing tasks,
// no further query begins.

// window*Parallel is the largest number of prompts that have begun and are not stored yet. It is
// more than Parallel, so that later prompts proceed while an early one takes long.
const window = 4

// query is a query to the model.
type query struct {
	ask     int  // the number of the prompt
	there   bool // finished: answer, took and err are set
	answer  oneshot.Answer
	took    time.Duration
	err     error
	content oneshot.Query
	begun   bool
}

// asking is a prompt that has begun and is not stored yet.
type asking struct {
	n     int
	list  *query
	asked *Asked // nil until the list is judged
}

// work is a running job.
type work struct {
	job    *Job
	ctx    context.Context
	cancel context.CancelFunc

	asks   []*asking // prompts that have begun and are not stored yet, in order
	next   int       // the next prompt to begin
	start  Start
	busy   int         // queries in flight
	began  time.Time   // the time of the last change of busy
	area   float64     // the integral of busy over time, in seconds
	done   chan *query // finished queries
	failed int         // the first prompt with a failed query; later prompts begin no query

	// Counts so far: judged lists, new instructions in these lists and, in two-step mode,
	// finished outputs and usable outputs.
	lists, fresh, answered, usable int
}

func newWork(ctx context.Context, j *Job, from Start) *work {
	w := &work{job: j, began: time.Now(), next: from.Ask, start: from, done: make(chan *query, j.Parallel), failed: math.MaxInt}
	w.ctx, w.cancel = context.WithCancel(ctx)
	return w
}

// count adds more to the number of queries in flight.
func (w *work) count(more int) {
	now := time.Now()
	w.area += float64(w.busy) * now.Sub(w.began).Seconds()
	w.busy, w.began = w.busy+more, now
}

// end cancels the queries in flight and waits until they have ended.
func (w *work) end() {
	w.cancel()
	for w.busy > 0 {
		w.wait()
	}
}

// wait waits for a query to finish.
func (w *work) wait() {
	q := <-w.done
	w.count(-1)
	q.there = true
	if q.err != nil {
		w.failed = min(w.failed, q.ask)
	}
}

// begin sends a query. It returns false if Parallel queries are in flight, or if an
// earlier prompt has failed.
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

// fill sends queries while fewer than n tasks are expected. The job ends after idle
// further prompts without a task, so fill has at most idle prompts in progress.
func (w *work) fill(n, idle int) {
	expected := 0.0
	perOutput := float64(w.usable+1) / float64(w.answered+1)
	// Before the first list, half of the tasks that a prompt asks for are expected.
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

// decide parses and judges the finished lists, in order, up to the first unfinished one.
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

// unlessBefore returns the error of a prompt if it is the oldest prompt.
// While earlier prompts are not stored yet, unlessBefore returns nil.
func (w *work) unlessBefore(a *asking) error {
	if w.asks[0] == a {
		return a.list.err
	}
	return nil
}

// judge parses a list and judges its pieces.
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

// complete returns the oldest prompt with the number of its tasks. While one of the
// prompt's outputs is not finished, it returns nil. limit is the number of tasks
// that are still wanted. complete drops the pieces after the last wanted task.
func (w *work) complete(limit int) (*Asked, int, error) {
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
		if got++; got == limit {
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

// outputOf returns the output in the answer to q.
func outputOf(q *query) string {
	return trim(strings.ReplaceAll(strings.ToValidUTF8(q.answer.Text, "\uFFFD"), "\x00", ""))
}

// outputProblem returns why the output is unusable, or "" if it is usable.
func outputProblem(q *query) string {
	switch {
	case q.answer.Cut:
		return badOutput + "cut"
	case outputOf(q) == "":
		return badOutput + "empty"
	}
	return ""
}
