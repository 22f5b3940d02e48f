package selfinstruct

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
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

// made returns everything that a database has about a run, except times.
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

// TestSame checks that the rows depend neither on how many prompts
// are answered at once, nor on interruptions. The test interrupts
// one run at small numbers of tasks, and another run by failures.
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
