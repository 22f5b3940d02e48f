package abtest

import (
	"context"
	"crypto/rand"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"alpaca/internal/data"
)

// schema creates the tables of sessions. An undone vote stays in the table ab_vote, and the
// judge may vote again.
var schema = []string{
	`create table if not exists ab_session(
		id integer primary key, created text not null, seed text not null, prompts_sha256 text not null, votes_planned integer not null,
		plan text not null, secret blob not null, closed text)`,
	`create table if not exists ab_model(
		session integer not null references ab_session(id), slot text not null, name text not null, path text not null, sha256 text not null,
		template text not null, adapter text not null, primary key(session, slot)) without rowid`,
	`create table if not exists ab_prompt(
		session integer not null references ab_session(id), n integer not null, instruction text not null, input text not null,
		primary key(session, n)) without rowid`,
	`create table if not exists ab_answer(
		session integer not null references ab_session(id), n integer not null, slot text not null, text text not null, tokens integer not null,
		cut integer not null, ms integer not null, logprob real not null, primary key(session, n, slot)) without rowid`,
	`create table if not exists ab_vote(
		id integer primary key, session integer not null references ab_session(id), n integer not null, repeat integer not null, judge text not null,
		shown_left text not null, choice text not null, ms integer not null, note text not null, flags text not null, at text not null, undone_at text)`,
	`create table if not exists ab_own(
		session integer not null references ab_session(id), n integer not null, judge text not null, failed integer not null,
		primary key(session, n)) without rowid`,
	`create unique index if not exists ab_vote_once on ab_vote(session, n, judge, repeat) where undone_at is null`,
}

// Store gives access to the sessions in a database.
type Store struct{ DB *data.DB }

// Begin returns the id of the open session with plan p. If there is none, Begin makes one and
// isNew is true. An open session keeps its answers and votes. prompts are the prompts to judge,
// in order.
func (st Store) Begin(ctx context.Context, p Plan, prompts []Prompt) (id int64, isNew bool, err error) {
	plan, err := json.Marshal(p)
	if err != nil {
		return 0, false, err
	}
	err = st.DB.Update(ctx, func(tx *data.Tx) error {
		for _, statement := range schema {
			if _, err := tx.Exec(statement); err != nil {
				return err
			}
		}
		err := tx.QueryRow("select id from ab_session where plan = ? and closed is null order by id desc limit 1", string(plan)).Scan(&id)
		if !errors.Is(err, sql.ErrNoRows) {
			return err
		}
		isNew = true
		secret := make([]byte, 32)
		rand.Read(secret)
		res, err := tx.Exec("insert into ab_session(created, seed, prompts_sha256, votes_planned, plan, secret) values (?, ?, ?, ?, ?, ?)",
			now(), fmt.Sprint(p.Seed), p.Prompts, p.Votes, string(plan), secret)
		if err != nil {
			return err
		}
		if id, err = res.LastInsertId(); err != nil {
			return err
		}
		for slot, m := range p.Models {
			if _, err := tx.Exec("insert into ab_model values (?, ?, ?, ?, ?, ?, ?)", id, Slot(slot).String(), m.Name, m.Path, m.SHA256, m.Template, m.Adapter); err != nil {
				return err
			}
		}
		for n, q := range prompts {
			if _, err := tx.Exec("insert into ab_prompt values (?, ?, ?, ?)", id, n, q.Instruction, q.Input); err != nil {
				return err
			}
		}
		return nil
	})
	return id, isNew, err
}

func now() string { return time.Now().UTC().Format(time.RFC3339Nano) }

// ErrNoSession is the error for a session that the database does not have.
var ErrNoSession = errors.New("abtest: there is no session")

// Sessions returns the ids of all sessions.
func (st Store) Sessions(ctx context.Context) (list []int64, err error) {
	var has int
	if err := st.DB.QueryRow(ctx, "select count(*) from sqlite_schema where name = 'ab_session'").Scan(&has); err != nil {
		return nil, err
	}
	if has == 0 {
		return nil, fmt.Errorf("%w in %s", ErrNoSession, st.DB.Path)
	}
	rows, err := st.DB.Query(ctx, "select id from ab_session order by id")
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var id int64
		if err := rows.Scan(&id); err != nil {
			return nil, err
		}
		list = append(list, id)
	}
	if err := rows.Err(); err != nil {
		return nil, err
	}
	if len(list) == 0 {
		return nil, fmt.Errorf("%w in %s", ErrNoSession, st.DB.Path)
	}
	return list, nil
}

// Load reads a session.
func (st Store) Load(ctx context.Context, id int64) (*Session, error) {
	s := &Session{ID: id}
	var created, plan string
	var closed sql.NullString
	err := st.DB.QueryRow(ctx, "select created, plan, secret, closed from ab_session where id = ?", id).Scan(&created, &plan, &s.Secret, &closed)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, fmt.Errorf("%w %d in %s", ErrNoSession, id, st.DB.Path)
	}
	if err != nil {
		return nil, err
	}
	if err := json.Unmarshal([]byte(plan), &s.Plan); err != nil {
		return nil, fmt.Errorf("abtest: the plan of session %d: %w", id, err)
	}
	s.Created, _ = time.Parse(time.RFC3339Nano, created)
	s.Closed = closed.Valid
	if err := st.each(ctx, "select instruction, input from ab_prompt where session = ? order by n", id, func(scan func(...any) error) error {
		var p Prompt
		err := scan(&p.Instruction, &p.Input)
		s.List = append(s.List, p)
		return err
	}); err != nil {
		return nil, err
	}
	if err := st.loadOwn(ctx, s); err != nil {
		return nil, err
	}
	s.Answers = make([][2]*Answer, len(s.List))
	if err := st.each(ctx, "select n, slot, text, tokens, cut, ms, logprob from ab_answer where session = ?", id, func(scan func(...any) error) error {
		var a Answer
		var n int
		var slot string
		if err := scan(&n, &slot, &a.Text, &a.Tokens, &a.Cut, &a.Millis, &a.Logprob); err != nil {
			return err
		}
		if n < 0 || n >= len(s.Answers) {
			return fmt.Errorf("abtest: session %d has an answer to prompt %d, but only %d prompts", id, n, len(s.List))
		}
		s.Answers[n][slotOf(slot)] = &a
		return nil
	}); err != nil {
		return nil, err
	}
	return s, st.loadVotes(ctx, s)
}

func (st Store) loadVotes(ctx context.Context, s *Session) error {
	s.Votes = nil
	return st.each(ctx, "select id, n, repeat, judge, shown_left, choice, ms, note, flags, at, undone_at is not null from ab_vote where session = ? order by id", s.ID, func(scan func(...any) error) error {
		var v Vote
		var left, choice, flags, at string
		if err := scan(&v.ID, &v.N, &v.Repeat, &v.Judge, &left, &choice, &v.Millis, &v.Note, &flags, &at, &v.Undone); err != nil {
			return err
		}
		if v.N < 0 || v.N >= len(s.List) {
			return fmt.Errorf("abtest: session %d has a vote on prompt %d, but only %d prompts", s.ID, v.N, len(s.List))
		}
		v.Left, v.Choice, v.Flags = slotOf(left), Choice(choice), strings.Fields(flags)
		v.At, _ = time.Parse(time.RFC3339Nano, at)
		s.Votes = append(s.Votes, v)
		return nil
	})
}

func slotOf(text string) Slot {
	if text == Y.String() {
		return Y
	}
	return X
}

func (st Store) each(ctx context.Context, query string, id int64, row func(scan func(...any) error) error) error {
	rows, err := st.DB.Query(ctx, query, id)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		if err := row(rows.Scan); err != nil {
			return err
		}
	}
	return rows.Err()
}

// AddAnswer stores a model's answer to prompt n, in place of an earlier answer of the model.
func (st Store) AddAnswer(ctx context.Context, session int64, n int, slot Slot, a Answer) error {
	return st.DB.Update(ctx, func(tx *data.Tx) error {
		_, err := tx.Exec("insert or replace into ab_answer values (?, ?, ?, ?, ?, ?, ?, ?)", session, n, slot.String(),
			strings.ReplaceAll(strings.ToValidUTF8(a.Text, "\uFFFD"), "\x00", "\uFFFD"), a.Tokens, a.Cut, a.Millis, a.Logprob)
		return err
	})
}

// ErrClosed is the error for a new vote or prompt in a closed session.
var ErrClosed = errors.New("abtest: the session is closed")

// isOpen returns ErrClosed if the session is closed.
func isOpen(tx *data.Tx, id int64) error {
	var closed sql.NullString
	if err := tx.QueryRow("select closed from ab_session where id = ?", id).Scan(&closed); err != nil {
		return err
	}
	if closed.Valid {
		return ErrClosed
	}
	return nil
}

// AddVote stores v and reports whether it did. If the judge has already voted on the same
// prompt with the same Repeat, nothing changes. AddVote returns when the vote is on the disk.
func (st Store) AddVote(ctx context.Context, s *Session, v Vote) (added bool, err error) {
	if s.Reveals(v.N) {
		v.Flags = append(v.Flags, FlagRevealed)
	}
	err = st.DB.Update(ctx, func(tx *data.Tx) error {
		if err := isOpen(tx, s.ID); err != nil {
			return err
		}
		res, err := tx.Exec(`insert into ab_vote(session, n, repeat, judge, shown_left, choice, ms, note, flags, at) values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
			on conflict do nothing`, s.ID, v.N, v.Repeat, v.Judge, v.Left.String(), string(v.Choice), v.Millis, v.Note, strings.Join(v.Flags, " "), now())
		if err != nil {
			return err
		}
		n, err := res.RowsAffected()
		added = n > 0
		return err
	})
	return added, err
}

// Undo withdraws a judge's last vote. It returns false
// if the judge has no vote, or if the session is closed.
func (st Store) Undo(ctx context.Context, s *Session, judge string) (undone bool, err error) {
	err = st.DB.Update(ctx, func(tx *data.Tx) error {
		res, err := tx.Exec(`update ab_vote set undone_at = ? where id = (
			select max(id) from ab_vote where session = ? and judge = ? and undone_at is null)
			and (select closed from ab_session where id = ?) is null`, now(), s.ID, judge, s.ID)
		if err != nil {
			return err
		}
		n, err := res.RowsAffected()
		undone = n > 0
		return err
	})
	return undone, err
}

// AddEqual records ties for the pairs with equal answers. Nobody is asked about them.
func (st Store) AddEqual(ctx context.Context, s *Session) error {
	told := map[int]bool{}
	for i := range s.Votes {
		if v := &s.Votes[i]; slices.Contains(v.Flags, FlagEqual) {
			told[v.N] = true
		}
	}
	for n := range s.List {
		if s.Equal(n) && !told[n] {
			if _, err := st.AddVote(ctx, s, Vote{N: n, Choice: Tie, Flags: []string{FlagEqual}}); err != nil {
				return err
			}
		}
	}
	return nil
}

// Close ends the voting.
func (st Store) Close(ctx context.Context, id int64) error {
	return st.DB.Update(ctx, func(tx *data.Tx) error {
		_, err := tx.Exec("update ab_session set closed = ? where id = ? and closed is null", now(), id)
		return err
	})
}
