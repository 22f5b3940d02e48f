package ab

import (
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"unicode/utf8"

	"alpaca/internal/abtest"
)

// livePart is what pages show of a session whose answers come while people vote.
type livePart struct {
	Live           bool
	Planned, Ready int  // number of prompts of the plan, and of those that can be judged already
	Expected       int  // number of pairs that this judge can judge later, once they have answers
	Waits          bool // the judge's own prompt does not have both answers yet
	Notice         int  // number, from 1, of the prompt that the next fields describe; 0: none
	Failed, Equal  bool // whether this prompt cannot be answered; whether both answers to it are equal
	Prompt         abtest.Prompt
	Answer         string // if Equal: the text of both answers
}

// notice is what a page has told a judge about one of the judge's own prompts. Nobody votes on
// that prompt, because a model has no room for the prompt or both answers are equal.
type notice struct {
	n    int  // number of the prompt, counted from 0
	over bool // the judge has voted since the page showed the notice
}

// notice returns n, the number of the prompt that the judge entered last,
// if a page must show a notice about it. ok is false if there is nothing
// to tell, or if the judge has seen the notice and has voted since.
func (s *Server) notice(judge string) (n int, ok bool) {
	n, ok = s.session.LastOwn(judge)
	if !ok || !s.session.Own[n].Failed && !s.session.Equal(n) {
		return 0, false
	}
	told, was := s.told[judge]
	return n, !was || told.n != n || !told.over
}

// live returns the livePart for a judge. If p has a
// notice, live records that the judge is shown the notice.
func (s *Server) live(judge string) (p livePart) {
	if s.opt.Ask == nil {
		return p
	}
	p.Live, p.Expected = true, s.session.Expected(judge)
	p.Planned, p.Ready = s.session.Progress()
	p.Waits = p.Expected > p.Planned-p.Ready
	n, ok := s.notice(judge)
	if !ok {
		return p
	}
	s.told[judge] = notice{n: n}
	p.Notice = n + 1
	p.Prompt, p.Failed, p.Equal = s.session.List[n], s.session.Own[n].Failed, s.session.Equal(n)
	if p.Equal {
		p.Answer = strings.TrimSpace(s.session.Answers[n][abtest.X].Text)
	}
	return p
}

// goneOn records that a judge has voted. After that, a notice that was shown is not shown again.
func (s *Server) goneOn(judge string) {
	if t, ok := s.told[judge]; ok {
		t.over = true
		s.told[judge] = t
	}
}

// mostOwn bounds the size of a judge's prompt in bytes.
const mostOwn = 32 << 10

// own accepts a judge's prompt, which both models then answer.
func (s *Server) own(w http.ResponseWriter, r *http.Request) error {
	judge := s.judge(r)
	if judge == "" {
		http.Redirect(w, r, "/", http.StatusSeeOther)
		return nil
	}
	text := strings.TrimSpace(strings.ReplaceAll(r.PostFormValue("prompt"), "\r\n", "\n"))
	switch {
	case text == "":
		return &failure{http.StatusBadRequest, "There is nothing to ask: the prompt is empty."}
	case len(text) > mostOwn:
		return &failure{http.StatusBadRequest, "The prompt is too long: at most 32 KiB."}
	case !utf8.ValidString(text) || strings.ContainsRune(text, 0):
		return &failure{http.StatusBadRequest, "The prompt is not text."}
	}
	n, err := s.store.Ask(r.Context(), s.session, judge, abtest.Prompt{Instruction: text})
	switch {
	case errors.Is(err, abtest.ErrClosed):
		return &failure{http.StatusConflict, "The session is closed: no more prompts are accepted."}
	case errors.Is(err, abtest.ErrBusy):
		return &failure{http.StatusConflict, "Both models are still answering what you asked before."}
	case err != nil:
		return err
	}
	s.opt.Ask(n)
	http.Redirect(w, r, "/", http.StatusSeeOther)
	return nil
}

// ready tells the page's script whether a judge who waits can continue, or must be shown a notice.
func (s *Server) ready(w http.ResponseWriter, r *http.Request) error {
	if err := s.reload(r.Context()); err != nil {
		return err
	}
	judge := s.judge(r)
	next, _, _ := s.session.Next(judge)
	planned, ready := s.session.Progress()
	about := 0 // counted from 1, as in livePart.Notice; 0: none
	if n, ok := s.notice(judge); ok {
		about = n + 1
	}
	w.Header().Set("Content-Type", "application/json")
	return json.NewEncoder(w).Encode(map[string]any{
		"ready": next != nil || s.session.Closed || s.session.Expected(judge) == 0, "planned": planned, "made": ready, "notice": about,
	})
}
