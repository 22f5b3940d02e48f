// Package derive makes new sources from the rows of others: it splits one into rows to train
// with and rows to measure with, or merges several. The old sources stay as they are. The new
// ones appear complete or not at all.
package derive

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"fmt"
	"math"
	"slices"
	"strings"

	"alpaca/internal/data"
)

// Names are those of the new sources of Split.
type Names struct{ Train, Eval string }

// Split divides the rows of a source in two. About the share eval of them, 0 < eval < 1, and at
// least one, goes to a source of its own. The seed and the rows' questions decide which, not
// their order. Rows with the same question go to the same side, so that no model is measured
// with rows it was trained on. Both parts keep the order of the source. It is an error if one
// part would be empty.
func Split(ctx context.Context, db *data.DB, source *data.Source, eval float64, seed uint64, names Names) (train, held *data.Source, err error) {
	train, held = like(source), like(source)
	train.Name, train.Note = cmp.Or(names.Train, source.Name+"_train"), fmt.Sprintf("rows of %s to train with, seed %d", source.Name, seed)
	held.Name, held.Note = cmp.Or(names.Eval, source.Name+"_eval"), fmt.Sprintf("rows of %s to measure with, seed %d", source.Name, seed)
	chosen, err := choose(ctx, db, source, eval, seed)
	if err != nil {
		return nil, nil, err
	}
	err = db.Update(ctx, func(tx *data.Tx) error {
		for _, s := range []*data.Source{train, held} {
			if err := tx.AddSource(s); err != nil {
				return err
			}
		}
		if err := tx.Bulk(); err != nil {
			return err
		}
		return db.Rows(ctx, source.ID, func(r *data.Row) error {
			to := train
			if chosen[r.QuestionSum(seed)] {
				to = held
			}
			return add(tx, to, r)
		})
	})
	return train, held, err
}

// question is what rows ask, and how many ask it.
type question struct {
	sum  [32]byte
	rows int
}

// choose returns the questions whose rows are held back: in the order of their sums, until their
// rows are enough.
func choose(ctx context.Context, db *data.DB, source *data.Source, eval float64, seed uint64) (map[[32]byte]bool, error) {
	count := map[[32]byte]int{}
	all := 0
	err := db.Rows(ctx, source.ID, func(r *data.Row) error {
		count[r.QuestionSum(seed)]++
		all++
		return nil
	})
	if err != nil {
		return nil, err
	}
	if len(count) < 2 {
		return nil, fmt.Errorf("%s has %d rows with %d different questions: 2 are needed to divide them", source.Name, all, len(count))
	}
	questions := make([]question, 0, len(count))
	for sum, rows := range count {
		questions = append(questions, question{sum, rows})
	}
	slices.SortFunc(questions, func(a, b question) int { return bytes.Compare(a.sum[:], b.sum[:]) })
	want := max(1, int(math.Round(eval*float64(all))))
	chosen := map[[32]byte]bool{}
	for _, q := range questions[:len(questions)-1] { // one is left to train with
		if want <= 0 {
			break
		}
		chosen[q.sum] = true
		want -= q.rows
	}
	return chosen, nil
}

// Merge writes the rows of sources to a new one, one source after the other. With unique it
// leaves out rows that are equal to an earlier one, to the letter, and returns how many. If
// the sources came in different formats, the new one has the format of chats, which can hold
// all others.
func Merge(ctx context.Context, db *data.DB, sources []*data.Source, name string, unique bool) (merged *data.Source, left int, err error) {
	merged = like(sources[0])
	merged.Name = name
	names, mixed := make([]string, len(sources)), false
	for i, s := range sources {
		names[i] = s.Name
		mixed = mixed || s.Format != merged.Format
		if s.Licence != merged.Licence {
			merged.Licence = "" // several, which the old sources tell
		}
	}
	merged.Note = "rows of " + strings.Join(names, ", ")
	if mixed {
		merged.Format, merged.Shape = "chat", ""
	}
	seen := map[[32]byte]bool{}
	err = db.Update(ctx, func(tx *data.Tx) error {
		if err := tx.AddSource(merged); err != nil {
			return err
		}
		if err := tx.Bulk(); err != nil {
			return err
		}
		for _, s := range sources {
			err := db.Rows(ctx, s.ID, func(r *data.Row) error {
				if sum := sumOf(r); unique && seen[sum] {
					left++
					return nil
				} else if unique {
					seen[sum] = true
				}
				if mixed {
					r.Raw = nil
				}
				return add(tx, merged, r)
			})
			if err != nil {
				return err
			}
		}
		return nil
	})
	return merged, left, err
}

// sumOf returns the SHA-256 of what a row says.
func sumOf(r *data.Row) [32]byte {
	var b []byte
	for _, text := range []string{r.System, r.Instruction, r.Input, r.Output} {
		b = append(append(b, text...), 0) // a row has no NUL
	}
	for _, m := range r.Turns {
		b = append(append(append(append(b, m.Role...), 0), m.Content...), 0)
	}
	return sha256.Sum256(b)
}

// like returns a source of the same kind without rows.
func like(s *data.Source) *data.Source {
	return &data.Source{Path: s.Path, Format: s.Format, Licence: s.Licence, Shape: s.Shape}
}

// add adds a copy of a row to a source.
func add(tx *data.Tx, s *data.Source, r *data.Row) error {
	r.ID, r.SourceID, r.Pos = 0, s.ID, 0
	if s.Format == "seeds" {
		r.Raw = nil // a task whose first instance is elsewhere would join the one before
	}
	s.Rows++
	return tx.Add(r)
}
