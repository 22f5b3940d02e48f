// Package derive makes new sources from existing ones. It splits a source into a training
// and an evaluation set, or merges several sources. The old sources do not change. The
// new ones appear complete or not at all.
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

// Names are the names of the two sources that Split makes. ""
// stands for the name of the old source with _train or _eval.
type Names struct{ Train, Eval string }

// Split divides the rows of a source in two. held is the evaluation set. It gets about the
// fraction eval of the rows (0 < eval < 1), but at least those of one question. The choice of
// rows depends on the seed and the questions, not on the order of the rows. Rows with the same
// question go to the same side, so that no model is evaluated on questions from its training.
// Both parts keep the order of the source. It is an error if one part would be empty.
func Split(ctx context.Context, db *data.DB, source *data.Source, eval float64, seed uint64, names Names) (train, held *data.Source, err error) {
	train, held = like(source), like(source)
	train.Name, train.Note = cmp.Or(names.Train, source.Name+"_train"), fmt.Sprintf("rows of %s to train with, seed %d", source.Name, seed)
	held.Name, held.Note = cmp.Or(names.Eval, source.Name+"_eval"), fmt.Sprintf("rows of %s to measure with, seed %d", source.Name, seed)
	isHeld, err := choose(ctx, db, source, eval, seed)
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
			if isHeld[r.ID] {
				to = held
			}
			return add(tx, to, r)
		})
	})
	return train, held, err
}

// question has the checksum of a question, and the number of rows that ask this question.
type question struct {
	sum  [32]byte
	rows int
}

// choose returns the ids of the held-out rows. It takes questions in the order of their
// checksums until there are enough rows.
func choose(ctx context.Context, db *data.DB, source *data.Source, eval float64, seed uint64) (map[int64]bool, error) {
	type asked struct {
		row int64
		sum [32]byte
	}
	var rows []asked
	count := map[[32]byte]int{}
	err := db.Rows(ctx, source.ID, func(r *data.Row) error {
		sum := r.QuestionSum(seed)
		rows = append(rows, asked{r.ID, sum})
		count[sum]++
		return nil
	})
	if err != nil {
		return nil, err
	}
	if len(count) < 2 {
		return nil, fmt.Errorf("%s has %d rows with %d different questions: at least 2 are needed to divide them", source.Name, len(rows), len(count))
	}
	questions := make([]question, 0, len(count))
	for sum, n := range count {
		questions = append(questions, question{sum, n})
	}
	slices.SortFunc(questions, func(a, b question) int { return bytes.Compare(a.sum[:], b.sum[:]) })
	want := max(1, int(math.Round(eval*float64(len(rows)))))
	chosen := map[[32]byte]bool{}
	for _, q := range questions[:len(questions)-1] { // at least one question is left for training
		if want <= 0 {
			break
		}
		chosen[q.sum] = true
		want -= q.rows
	}
	held := map[int64]bool{}
	for _, r := range rows {
		if chosen[r.sum] {
			held[r.row] = true
		}
	}
	return held, nil
}

// Merge writes the rows of sources to a new source, one source after the other. If unique is true,
// it leaves out rows that equal an earlier row in every text, Category and Extra included. left is
// the number of these rows. If the sources have different formats, the new source has the format
// "chat", which can hold rows of all formats.
func Merge(ctx context.Context, db *data.DB, sources []*data.Source, name string, unique bool) (merged *data.Source, left int, err error) {
	merged = like(sources[0])
	merged.Name = name
	names, mixed := make([]string, len(sources)), false
	for i, s := range sources {
		names[i] = s.Name
		mixed = mixed || s.Format != merged.Format
		if s.Licence != merged.Licence {
			merged.Licence = "" // the licences differ; each old source still has its own
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
				if unique {
					sum := sumOf(r)
					if seen[sum] {
						left++
						return nil
					}
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

// sumOf returns the SHA-256 of all texts of a row, Category and Extra included.
// Extra matters because it holds the rejected answer of a preference pair.
func sumOf(r *data.Row) [32]byte {
	var b []byte
	for _, text := range []string{r.System, r.Instruction, r.Input, r.Output, r.Category, string(r.Extra)} {
		b = append(append(b, text...), 0) // no text has a NUL, so NUL separates them
	}
	for _, m := range r.Turns {
		b = append(append(append(append(b, m.Role...), 0), m.Content...), 0)
	}
	return sha256.Sum256(b)
}

// like returns a new source without rows. It has the path, format, licence and shape of s.
func like(s *data.Source) *data.Source {
	return &data.Source{Path: s.Path, Format: s.Format, Licence: s.Licence, Shape: s.Shape}
}

// add adds a copy of a row to a source.
func add(tx *data.Tx, s *data.Source, r *data.Row) error {
	r.ID, r.SourceID, r.Pos = 0, s.ID, 0
	if s.Format == "seeds" {
		// In this format, Raw can say that a row is one more instance of the task in the previous
		// row. In the new source, the previous row can have another task, so Raw must go.
		r.Raw = nil
	}
	s.Rows++
	return tx.Add(r)
}
