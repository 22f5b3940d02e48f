package selfinstruct

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"alpaca/internal/data"
	"alpaca/internal/oneshot"
	"alpaca/internal/train/random"
)

// writer is a model whose tasks depend only on the seed of a query. Some are unusable. Each answer
// takes up to 2 ms.
type writer struct {
	asked  atomic.Int64
	broken int64 // number of the query that fails, from 1; 0: none
	mute   bool
}

func (w *writer) Fits(prompt string, answer int) bool { return len(prompt)/4+answer < 4096 }

func (w *writer) Ask(ctx context.Context, q oneshot.Query) (a oneshot.Answer, err error) {
	if n := w.asked.Add(1); n == w.broken {
		return a, errors.New("the plug was pulled")
	}
	h := func(n ...uint64) int { return int(random.Hash(append([]uint64{uint64(q.Seed)}, n...)...) >> 33) }
	select {
	case <-time.After(time.Duration(h(0)%3) * time.Millisecond):
	case <-ctx.Done():
		return a, ctx.Err()
	}
	if w.mute {
		return oneshot.Answer{Text: "…"}, nil
	}
	words := strings.Fields("red blue small old quick loud green bird house")
	word := func(n int) string { return words[h(uint64(n))%len(words)] }
	if q.Messages != nil {
		a = oneshot.Answer{Text: " " + word(1) + " answer", Cut: h(2)%5 == 0, Tokens: 2}
		if h(3)%7 == 0 {
			a.Text = " "
		}
		return a, nil
	}
	var b strings.Builder
	for i := range 4 {
		verb := []string{"Describe", "Explain", "Compare"}[h(9, uint64(i))%3]
		fmt.Fprintf(&b, " %s %s %s for %s %s %s\n%d. Input:\n<noinput>\n%d. Output:\n%s\n###\n%d. Instruction:", verb, word(10*i+1), word(10*i+2), word(10*i+3), word(10*i+5), word(10*i+6), 4+i, 4+i, word(10*i+4), 5+i)
	}
	return oneshot.Answer{Text: b.String(), Cut: true, Tokens: 100}, nil
}

// made returns all that a database has about a run, except times.
func made(t *testing.T, db *data.DB) string {
	t.Helper()
	var b strings.Builder
	require.NoError(t, db.Rows(t.Context(), 0, func(r *data.Row) error {
		fmt.Fprintf(&b, "%d %q %q %q %s\n", r.Pos, r.Instruction, r.Input, r.Output, r.Extra)
		return nil
	}))
	rows, err := db.Query(t.Context(), "select error, raw from rejected order by id")
	require.NoError(t, err)
	defer rows.Close()
	for rows.Next() {
		var problem string
		var raw []byte
		require.NoError(t, rows.Scan(&problem, &raw))
		fmt.Fprintf(&b, "%s %s\n", problem, raw)
	}
	require.NoError(t, rows.Err())
	return b.String()
}

// generate begins or resumes a run, and ends it at n tasks.
func generate(t *testing.T, db *data.DB, w *writer, s Settings, n, parallel int) error {
	t.Helper()
	st, from, err := OpenStore(t.Context(), db, "run", s)
	require.NoError(t, err)
	j := &Job{Settings: s, Seeds: OwnSeeds().Tasks, Model: w, Parallel: parallel, Sink: st, Idle: 20}
	return j.Run(t.Context(), from, n-int(st.Source.Rows))
}

func openDB(t *testing.T) *data.DB {
	db, err := data.Open(t.Context(), filepath.Join(t.TempDir(), "d.db"))
	require.NoError(t, err)
	t.Cleanup(func() { db.Close() })
	return db
}

func settings(twoStep bool) Settings {
	return Settings{Model: "writer", Sampler: json.RawMessage(`{}`), Seed: 3, Examples: 3, PerAsk: 4, MaxLen: 100, OutLen: 10, TwoStep: twoStep, Above: 0.7, Words: UnicodeWords}
}

// TestSame checks that the rows do not depend on how many prompts are answered at once, nor on
// where a run was interrupted, by its number of tasks or by a failure.
func TestSame(t *testing.T) {
	for _, twoStep := range []bool{false, true} {
		s := settings(twoStep)
		one := openDB(t)
		require.NoError(t, generate(t, one, &writer{}, s, 24, 1))
		want := made(t, one)
		require.True(t, strings.Contains(want, "duplicate: ROUGE-L "))
		if twoStep {
			require.True(t, strings.Contains(want, badOutput+"cut"))
			require.True(t, strings.Contains(want, badOutput+"empty"))
		}
		var rows int
		require.NoError(t, one.QueryRow(t.Context(), "select count(*) from example").Scan(&rows))
		require.Equal(t, 24, rows)

		many := openDB(t)
		require.NoError(t, generate(t, many, &writer{}, s, 24, 8))
		require.Equal(t, want, made(t, many))

		steps := openDB(t)
		for _, n := range []int{1, 2, 9, 10, 24} {
			require.NoError(t, generate(t, steps, &writer{}, s, n, 3))
		}
		require.Equal(t, sortLines(want), sortLines(made(t, steps)))

		failing := openDB(t)
		for try := 1; ; try++ {
			err := generate(t, failing, &writer{broken: int64(5 + try)}, s, 24, 4)
			if err == nil {
				break
			}
			require.ErrorContains(t, err, "the plug was pulled")
			require.Less(t, try, 24)
		}
		require.Equal(t, want, made(t, failing))
	}
}

func sortLines(text string) []string {
	lines := strings.Split(text, "\n")
	return lines
}

func TestOtherSettings(t *testing.T) {
	db := openDB(t)
	s := settings(false)
	require.NoError(t, generate(t, db, &writer{}, s, 3, 2))
	s.Seed = 4
	_, _, err := OpenStore(t.Context(), db, "run", s)
	require.ErrorIs(t, err, ErrOther)
	require.ErrorContains(t, err, "seed was 3, is 4")
	_, _, err = OpenStore(t.Context(), db, "other", s)
	require.NoError(t, err)
	require.NoError(t, db.Update(t.Context(), func(tx *data.Tx) error { return tx.AddSource(&data.Source{Name: "file", Format: "alpaca"}) }))
	_, _, err = OpenStore(t.Context(), db, "file", s)
	require.ErrorContains(t, err, "not made by self-instruct")
}

func TestIdle(t *testing.T) {
	db := openDB(t)
	err := generate(t, db, &writer{mute: true}, settings(false), 3, 4)
	require.ErrorIs(t, err, ErrIdle)
	require.ErrorContains(t, err, "none in the last 20 prompts")
	s, err := ReadStats(t.Context(), db, "run")
	require.NoError(t, err)
	require.Equal(t, 20, s.Prompts)
	require.Equal(t, []Reason{{"fields", 20}}, s.Reasons)
}

func TestStats(t *testing.T) {
	db := openDB(t)
	require.NoError(t, generate(t, db, &writer{}, settings(false), 30, 4))
	s, err := ReadStats(t.Context(), db, "run")
	require.NoError(t, err)
	require.Equal(t, 30, s.Tasks)
	require.Zero(t, s.WithInput)
	require.Equal(t, 7, s.Lengths[0].Median)
	require.LessOrEqual(t, s.Similar.Max, 0.7)
	require.Equal(t, 3, len(s.Verbs.Verbs))
	require.Len(t, s.Plots(), 3)
	_, err = ReadStats(t.Context(), db, "absent")
	require.ErrorContains(t, err, `has no source "absent": it has run`)
}

// TestFit checks that prompts are shorter for a small context, and that a context that is too
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
	require.ErrorContains(t, err, "2 seed tasks, a prompt shows 3")
}

// context4 is a model with a context of that many tokens, each four bytes long.
type context4 int

func (c context4) Fits(prompt string, answer int) bool { return (len(prompt)+3)/4+answer <= int(c) }
func (c context4) Ask(context.Context, oneshot.Query) (oneshot.Answer, error) {
	return oneshot.Answer{}, nil
}

// watched is a writer that counts concurrent queries. It answers none until together queries are
// in flight, and holds the first list back until hold others are answered.
type watched struct {
	writer
	together  int64
	full      chan struct{}
	filled    sync.Once
	hold      int64
	now, most atomic.Int64
	answered  atomic.Int64
	lists     atomic.Int64
	first     sync.Once
	reached   chan struct{}
}

func (w *watched) Ask(ctx context.Context, q oneshot.Query) (oneshot.Answer, error) {
	n := w.now.Add(1)
	defer w.now.Add(-1)
	for m := w.most.Load(); n > m && !w.most.CompareAndSwap(m, n); m = w.most.Load() {
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

// TestBusy checks that at most Parallel queries are in flight, that a slow list does not delay
// others or change the rows, and that the number of unneeded prompts is bounded.
func TestBusy(t *testing.T) {
	s := settings(true)
	one := openDB(t)
	w := &watched{}
	run := func(db *data.DB, w *watched, parallel int) {
		st, from, err := OpenStore(t.Context(), db, "run", s)
		require.NoError(t, err)
		j := &Job{Settings: s, Seeds: OwnSeeds().Tasks, Model: w, Parallel: parallel, Sink: st, Idle: 20}
		require.NoError(t, j.Run(t.Context(), from, 40))
		require.Zero(t, w.now.Load(), "nothing goes on after the end")
		require.LessOrEqual(t, w.most.Load(), int64(parallel))
	}
	run(one, w, 1)
	var needed int64
	require.NoError(t, one.QueryRow(t.Context(), "select count(*) from selfinstruct_ask").Scan(&needed))
	require.Equal(t, needed, w.lists.Load(), "one at a time nothing is asked in vain")

	many := openDB(t)
	w = &watched{together: 4, full: make(chan struct{}), hold: 12, reached: make(chan struct{})} // hold is more than Parallel
	run(many, w, 4)
	require.Equal(t, made(t, one), made(t, many))
	require.Equal(t, int64(4), w.most.Load())

	many = openDB(t)
	w = &watched{}
	run(many, w, 8)
	require.LessOrEqual(t, w.lists.Load(), needed+window*8, "of prompts that are begun and not kept")
}
