package ab

import (
	"encoding/hex"
	"errors"
	"net/http"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"alpaca/internal/abtest"
	"alpaca/internal/abtest/stats"
)

// startPage asks a judge for a name.
type startPage struct {
	Pairs   int
	Visible int // smallest detectable distance of a win rate from 50 %, in percentage points, if all pairs are judged
	Peek    bool
	Wrong   bool // the name is not valid
	Live    bool // judges may enter prompts
}

// askPage shows a pair to judge.
type askPage struct {
	Judge      string
	Done, All  int
	Prompt     abtest.Prompt
	A, B       string // the answers on the left and on the right
	N, Repeat  int
	Token      string
	At         int64
	Choices    []button
	Peek, Undo bool
	Live       livePart
}

// button is a button for a choice.
type button struct{ Choice, Label, Key string }

var buttons = []button{
	{"left", "A is better", "1"}, {"right", "B is better", "2"}, {"tie", "Tie: both good", "3"}, {"bad", "Both bad", "4"}, {"skip", "Skip", "0"},
}

// donePage is shown to a judge who has no pairs left.
type donePage struct {
	Judge string
	All   int
	Undo  bool
	Peek  bool
	Live  livePart
}

// ask shows the judge's next pair. A new judge gets the page that asks
// for a name, and a judge who has no pairs left gets the last page.
func (s *Server) ask(w http.ResponseWriter, r *http.Request) error {
	if err := s.reload(r.Context()); err != nil {
		return err
	}
	if s.session.Closed {
		http.Redirect(w, r, "/results", http.StatusSeeOther)
		return nil
	}
	judge := s.judge(r)
	if judge == "" {
		return s.showStart(w, false)
	}
	next, done, all := s.session.Next(judge)
	live := s.live(judge)
	if next == nil {
		name := "done.html"
		if live.Expected > 0 {
			name = "wait.html"
		}
		return s.show(w, http.StatusOK, name, donePage{judge, all, done > 0, s.session.Peek, live})
	}
	pair := s.session.Answers[next.N]
	return s.show(w, http.StatusOK, "ask.html", askPage{
		Judge: judge, Done: done, All: all + live.Expected, Live: live, Prompt: s.session.List[next.N],
		A: strings.TrimSpace(pair[next.Left].Text), B: strings.TrimSpace(pair[next.Left.Other()].Text),
		N: next.N, Repeat: next.Repeat, Token: s.token(judge, *next), At: time.Now().UnixMilli(), Choices: buttons, Peek: s.session.Peek, Undo: done > 0,
	})
}

func (s *Server) showStart(w http.ResponseWriter, wrong bool) error {
	n := len(s.session.Items("")) + s.session.Expected("") // the number of pairs of the plan is the same for every judge
	status := http.StatusOK
	if wrong {
		status = http.StatusBadRequest
	}
	return s.show(w, status, "start.html", startPage{n, int(100*stats.Visible(n) + 0.5), s.session.Peek, wrong, s.opt.Ask != nil})
}

// start stores the judge's name in a cookie.
func (s *Server) start(w http.ResponseWriter, r *http.Request) error {
	name := strings.TrimSpace(r.PostFormValue("name"))
	if !isName(name) {
		return s.showStart(w, true)
	}
	http.SetCookie(w, &http.Cookie{
		Name: s.cookie(), Value: hex.EncodeToString([]byte(name)), Path: "/", HttpOnly: true, SameSite: http.SameSiteStrictMode, MaxAge: 30 * 24 * 3600,
	})
	http.Redirect(w, r, "/", http.StatusSeeOther)
	return nil
}

// maxNote is the largest number of characters in a note.
const maxNote = 2000

// vote stores a vote. A second vote on the same pair, by another click or in another window,
// changes nothing.
func (s *Server) vote(w http.ResponseWriter, r *http.Request) error {
	judge := s.judge(r)
	if judge == "" {
		http.Redirect(w, r, "/", http.StatusSeeOther)
		return nil
	}
	n, err := number(r, "n")
	if err != nil {
		return err
	}
	repeat, err := number(r, "repeat")
	if err != nil {
		return err
	}
	item, ok := s.session.Item(judge, n, repeat)
	choice := abtest.Choice(r.PostFormValue("choice"))
	note := strings.TrimSpace(r.PostFormValue("note"))
	switch {
	case !ok || !slices.Contains(abtest.Choices, choice):
		return &failure{http.StatusBadRequest, "This form does not belong to this page: load the page again."}
	case !sameText(r.PostFormValue("token"), s.token(judge, item)):
		return &failure{http.StatusForbidden, "The form was made for somebody else. Load the page again."}
	case utf8.RuneCountInString(note) > maxNote || !utf8.ValidString(note) || strings.ContainsRune(note, 0):
		return &failure{http.StatusBadRequest, "The note is too long: at most 2000 characters."}
	}
	_, err = s.store.AddVote(r.Context(), s.session, abtest.Vote{
		N: n, Repeat: repeat, Judge: judge, Left: item.Left, Choice: choice, Millis: millisSince(r.PostFormValue("at")), Note: note,
	})
	if errors.Is(err, abtest.ErrClosed) {
		return &failure{http.StatusConflict, "The session is closed: no more votes are taken."}
	}
	if err != nil {
		return err
	}
	s.goneOn(judge)
	http.Redirect(w, r, "/", http.StatusSeeOther)
	return nil
}

// undo withdraws the judge's last vote.
func (s *Server) undo(w http.ResponseWriter, r *http.Request) error {
	if judge := s.judge(r); judge != "" {
		if _, err := s.store.Undo(r.Context(), s.session, judge); err != nil {
			return err
		}
	}
	http.Redirect(w, r, "/", http.StatusSeeOther)
	return nil
}

// end closes the session. Only a judge who has judged all pairs may close it.
func (s *Server) end(w http.ResponseWriter, r *http.Request) error {
	if err := s.reload(r.Context()); err != nil {
		return err
	}
	judge := s.judge(r)
	if next, _, _ := s.session.Next(judge); judge == "" || next != nil || s.session.Expected(judge) > 0 {
		return &failure{http.StatusForbidden, "There are pairs left to judge: the session can be closed after the last one."}
	}
	if err := s.store.Close(r.Context(), s.id); err != nil {
		return err
	}
	if err := s.reload(r.Context()); err != nil {
		return err
	}
	http.Redirect(w, r, "/results", http.StatusSeeOther)
	return nil
}
