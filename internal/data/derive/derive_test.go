package derive

import (
	"context"
	"fmt"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"alpaca/internal/data"
)

// filled returns a database with a source for each list of questions.
func filled(t *testing.T, sources ...[]string) (*data.DB, []*data.Source) {
	t.Helper()
	db, err := data.Open(t.Context(), filepath.Join(t.TempDir(), "data.db"))
	require.NoError(t, err)
	t.Cleanup(func() { db.Close() })
	var list []*data.Source
	require.NoError(t, db.Update(t.Context(), func(tx *data.Tx) error {
		for i, questions := range sources {
			s := &data.Source{Name: fmt.Sprintf("s%d", i), Format: "alpaca", Licence: "CC0"}
			if err := tx.AddSource(s); err != nil {
				return err
			}
			for _, q := range questions {
				if err := tx.Add(&data.Row{SourceID: s.ID, Instruction: q, Output: "answer"}); err != nil {
					return err
				}
			}
			list = append(list, s)
		}
		return nil
	}))
	return db, list
}

func questions(t *testing.T, db *data.DB, s *data.Source) (list []string) {
	t.Helper()
	require.NoError(t, db.Rows(t.Context(), s.ID, func(r *data.Row) error {
		list = append(list, r.Instruction)
		return nil
	}))
	return list
}

func TestSplit(t *testing.T) {
	var rows, reversed []string
	for i := range 100 {
		rows = append(rows, fmt.Sprint("Question ", i%80)) // some are asked twice
		reversed = append([]string{rows[i]}, reversed...)
	}
	db, s := filled(t, rows, reversed)
	train, eval, err := Split(t.Context(), db, s[0], 0.1, 1, Names{})
	require.NoError(t, err)
	require.Equal(t, []string{"s0_train", "s0_eval"}, []string{train.Name, eval.Name})
	require.Equal(t, "CC0", eval.Licence)
	held := map[string]bool{}
	for _, q := range questions(t, db, eval) {
		held[q] = true
	}
	require.EqualValues(t, 100, train.Rows+eval.Rows)
	require.InDelta(t, 10, eval.Rows, 1)
	for _, q := range questions(t, db, train) {
		require.False(t, held[q], "the question %s is in both sources", q)
	}
	_, other, err := Split(t.Context(), db, s[1], 0.1, 1, Names{Eval: "e"})
	require.NoError(t, err)
	require.ElementsMatch(t, questions(t, db, eval), questions(t, db, other), "the order of the rows must make no difference")
	_, other, err = Split(t.Context(), db, s[0], 0.1, 2, Names{})
	require.NoError(t, err)
	require.Equal(t, "s0_eval_2", other.Name)
	require.NotEqual(t, questions(t, db, eval), questions(t, db, other), "another seed must make a difference")
	again, err := db.Source(context.Background(), "s0")
	require.NoError(t, err)
	require.EqualValues(t, 100, again.Rows)
}

func TestSplitNothing(t *testing.T) {
	db, s := filled(t, []string{"one", "One!"})
	_, _, err := Split(t.Context(), db, s[0], 0.5, 1, Names{})
	require.EqualError(t, err, "s0 has 2 rows with 1 different questions: at least 2 are needed to divide them")
	list, err := db.Sources(t.Context())
	require.NoError(t, err)
	require.Len(t, list, 1)
}

// Preference pairs are different even if they differ only in the rejected answer.
func TestMergePairs(t *testing.T) {
	db, s := filled(t, []string{})
	require.NoError(t, db.Update(t.Context(), func(tx *data.Tx) error {
		for _, extra := range []string{`{"rejected": "x"}`, `{"rejected": "y"}`, `{"rejected": "x"}`} {
			if err := tx.Add(&data.Row{SourceID: s[0].ID, Instruction: "q", Output: "good", Extra: []byte(extra)}); err != nil {
				return err
			}
		}
		return nil
	}))
	_, left, err := Merge(t.Context(), db, s, "all", true)
	require.NoError(t, err)
	require.Equal(t, 1, left)
}

func TestMerge(t *testing.T) {
	db, s := filled(t, []string{"a", "b", "a"}, []string{"b", "c"})
	all, left, err := Merge(t.Context(), db, s, "all", false)
	require.NoError(t, err)
	require.Zero(t, left)
	require.Equal(t, []string{"a", "b", "a", "b", "c"}, questions(t, db, all))
	require.Equal(t, "alpaca", all.Format)
	require.Equal(t, "CC0", all.Licence)
	require.Equal(t, "rows of s0, s1", all.Note)
	unique, left, err := Merge(t.Context(), db, s, "all", true)
	require.NoError(t, err)
	require.Equal(t, 2, left)
	require.Equal(t, "all_2", unique.Name)
	require.Equal(t, []string{"a", "b", "c"}, questions(t, db, unique))
	s[1].Format = "chat"
	mixed, _, err := Merge(t.Context(), db, s, "mixed", true)
	require.NoError(t, err)
	require.Equal(t, "chat", mixed.Format)
}
