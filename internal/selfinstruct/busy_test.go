package selfinstruct

import (
	"context"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"alpaca/internal/data"
	"alpaca/internal/oneshot"
)

// context4 is a context in which each token has four bytes.
type context4 int

func (c context4) Fits(prompt string, answer int) bool { return (len(prompt)+3)/4+answer <= int(c) }

func (c context4) Ask(context.Context, oneshot.Query) (oneshot.Answer, error) {
	return oneshot.Answer{}, nil
}

// TestFit checks that prompts are shorter for a small context, and that a context which is too
// small is an error.
func TestFit(t *testing.T) {
	for _, test := range []struct {
		ctx   int
		brief bool
		err   string
	}{{4096, false, ""}, {600, true, ""}, {300, true, ""}, {60, true, "do not fit"}} {
		s := settings(false)
		tasks, note, err := s.Fit(context4(test.ctx), OwnSeeds().Tasks)
		if test.err != "" {
			require.ErrorContains(t, err, test.err)
			continue
		}
		require.NoError(t, err)
		require.Equal(t, test.brief, s.Brief, test.ctx)
		require.Equal(t, test.brief, note != "")
		for n := range 50 {
			q := s.ask(tasks, n)
			require.True(t, context4(test.ctx).Fits(q.Prompt, q.MaxTokens))
		}
	}
	s := settings(false)
	_, _, err := s.Fit(context4(4096), OwnSeeds().Tasks[:2])
	require.ErrorContains(t, err, "2 seed tasks are too few: a prompt shows 3")
}

// watched is a writer that counts concurrent queries. If together is not 0,
// it answers no query until that many queries are in progress. If hold is not
// 0, it answers that many other queries before the first query for a list.
type watched struct {
	writer
	together int64
	full     chan struct{}
	filled   sync.Once
	hold     int64
	now, max atomic.Int64
	answered atomic.Int64
	lists    atomic.Int64
	first    sync.Once
	reached  chan struct{}
}

func (w *watched) Ask(ctx context.Context, q oneshot.Query) (oneshot.Answer, error) {
	n := w.now.Add(1)
	defer w.now.Add(-1)
	for m := w.max.Load(); n > m && !w.max.CompareAndSwap(m, n); m = w.max.Load() {
	}
	if w.together > 0 {
		if n == w.together {
			w.filled.Do(func() { close(w.full) })
		}
		select {
		case <-w.full:
		case <-ctx.Done():
			return oneshot.Answer{}, ctx.Err()
		}
	}
	if q.Messages == nil {
		w.lists.Add(1)
		isFirst := false
		w.first.Do(func() { isFirst = true })
		if isFirst && w.hold > 0 {
			select {
			case <-w.reached:
			case <-ctx.Done():
				return oneshot.Answer{}, ctx.Err()
			}
		}
	}
	a, err := w.writer.Ask(ctx, q)
	if w.answered.Add(1) == w.hold {
		close(w.reached)
	}
	return a, err
}

// TestBusy checks that at most Parallel queries are in progress at once, and
// that a slow list does not delay other queries. The rows must not depend on
// Parallel, and the number of superfluous prompts must be limited.
func TestBusy(t *testing.T) {
	s := settings(true)
	one := openDB(t)
	w := &watched{}
	run := func(db *data.DB, w *watched, parallel int) {
		st, from, err := OpenStore(t.Context(), db, "run", s)
		require.NoError(t, err)
		j := &Job{Settings: s, Seeds: OwnSeeds().Tasks, Model: w, Parallel: parallel, Sink: st, Idle: 20}
		require.NoError(t, j.Run(t.Context(), from, 40))
		require.Zero(t, w.now.Load(), "no query may be in progress after the end")
		require.LessOrEqual(t, w.max.Load(), int64(parallel))
	}
	run(one, w, 1)
	var needed int64
	require.NoError(t, one.QueryRow(t.Context(), "select count(*) from selfinstruct_ask").Scan(&needed))
	require.Equal(t, needed, w.lists.Load(), "if one prompt is answered at a time, none is superfluous")

	many := openDB(t)
	// The first list ends only after 12 other queries, although at most 4 may be in flight.
	w = &watched{together: 4, full: make(chan struct{}), hold: 12, reached: make(chan struct{})}
	run(many, w, 4)
	require.Equal(t, made(t, one), made(t, many))
	require.Equal(t, int64(4), w.max.Load())

	many = openDB(t)
	w = &watched{}
	run(many, w, 8)
	require.LessOrEqual(t, w.lists.Load(), needed+window*8, "too many prompts were answered in vain")
}
