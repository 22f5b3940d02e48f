package abtest

import (
	"context"
	"errors"
	"fmt"

	"alpaca/internal/data"
)

// In a live session, both models are running, and votes begin while further answers are generated.
// Judges can write prompts of their own; only the judge who wrote a prompt votes on its answers. A
// pair is shown once both answers exist, so that nobody sees which model is faster.

// Own says which judge wrote a prompt.
type Own struct {
	Judge  string
	Failed bool // a model could not answer it
}

// IsOwn reports whether a judge wrote prompt n.
func (s *Session) IsOwn(n int) bool {
	_, ok := s.Own[n]
	return ok
}

// there reports whether prompt n has both answers.
func (s *Session) there(n int) bool { return s.Answers[n][X] != nil && s.Answers[n][Y] != nil }

// ready returns the prompts of the plan before the first one that lacks an answer. Later prompts
// must wait, because the sides of a pair depend on all earlier pairs.
func (s *Session) ready() (list []int) {
	for n := range s.List {
		if s.IsOwn(n) {
			continue
		}
		if !s.there(n) {
			break
		}
		list = append(list, n)
	}
	return list
}

// ownOf returns the judge's own prompts that have both answers.
func (s *Session) ownOf(judge string) (list []int) {
	for n := range s.List {
		if own, ok := s.Own[n]; ok && own.Judge == judge && s.there(n) {
			list = append(list, n)
		}
	}
	return list
}

// Progress returns the number of prompts in the plan, and how many of them can be judged.
func (s *Session) Progress() (planned, ready int) {
	return len(s.List) - len(s.Own), len(s.ready())
}

// Expected returns the number of pairs that the judge will be asked about later, because
// answers are still missing.
func (s *Session) Expected(judge string) int {
	planned, ready := s.Progress()
	n := planned - ready
	for i, own := range s.Own {
		if own.Judge == judge && !own.Failed && !s.there(i) {
			n++
		}
	}
	return n
}

// LastOwn returns n, the number of the last prompt that the judge wrote. ok is false if the judge
// wrote no prompt.
func (s *Session) LastOwn(judge string) (n int, ok bool) {
	n = -1
	for i, own := range s.Own {
		if own.Judge == judge {
			n = max(n, i)
		}
	}
	return n, n >= 0
}

// ErrBusy is the error for a judge whose last prompt is not answered yet.
var ErrBusy = errors.New("abtest: the judge's last prompt is not answered yet")

// Ask stores a judge's prompt and returns its number.
func (st Store) Ask(ctx context.Context, s *Session, judge string, p Prompt) (n int, err error) {
	err = st.DB.Update(ctx, func(tx *data.Tx) error {
		if err := isOpen(tx, s.ID); err != nil {
			return err
		}
		var waiting int
		if err := tx.QueryRow(`select count(*) from ab_own where session = ?1 and judge = ?2 and not failed and
			(select count(*) from ab_answer a where a.session = ?1 and a.n = ab_own.n) < 2`, s.ID, judge).Scan(&waiting); err != nil {
			return err
		}
		if waiting > 0 {
			return ErrBusy
		}
		if err := tx.QueryRow("select count(*) from ab_prompt where session = ?", s.ID).Scan(&n); err != nil {
			return err
		}
		if _, err := tx.Exec("insert into ab_prompt values (?, ?, ?, ?)", s.ID, n, p.Instruction, p.Input); err != nil {
			return err
		}
		_, err := tx.Exec("insert into ab_own values (?, ?, ?, 0)", s.ID, n, judge)
		return err
	})
	return n, err
}

// Fail records that a model cannot answer a judge's prompt.
func (st Store) Fail(ctx context.Context, session int64, n int) error {
	return st.DB.Update(ctx, func(tx *data.Tx) error {
		_, err := tx.Exec("update ab_own set failed = 1 where session = ? and n = ?", session, n)
		return err
	})
}

// loadOwn reads the judges' own prompts. A database that an earlier version of the program made
// has no table for these prompts.
func (st Store) loadOwn(ctx context.Context, s *Session) error {
	s.Own = map[int]Own{}
	var has int
	if err := st.DB.QueryRow(ctx, "select count(*) from sqlite_schema where name = 'ab_own'").Scan(&has); err != nil || has == 0 {
		return err
	}
	return st.each(ctx, "select n, judge, failed from ab_own where session = ?", s.ID, func(scan func(...any) error) error {
		var n int
		var own Own
		var failed int64 // 0 if no model failed; earlier versions also stored numbers other than 1
		if err := scan(&n, &own.Judge, &failed); err != nil {
			return err
		}
		own.Failed = failed > 0
		if n < 0 || n >= len(s.List) {
			return fmt.Errorf("abtest: session %d has a judge's own prompt %d, but only %d prompts", s.ID, n, len(s.List))
		}
		s.Own[n] = own
		return nil
	})
}
