package ab

import (
	"crypto/subtle"
	"fmt"
	"html/template"
	"net/http"
	"strconv"
	"strings"

	"alpaca/internal/abtest"
	"alpaca/internal/abtest/stats"
	"alpaca/internal/report/shorten"
)

func sameText(a, b string) bool { return subtle.ConstantTimeCompare([]byte(a), []byte(b)) == 1 }

// functions are the functions of the page templates.
var functions = template.FuncMap{
	"percent": func(x float64) string { return fmt.Sprintf("%.1f %%", 100*x) },
	"range100": func(i stats.Interval) string {
		return fmt.Sprintf("%.1f–%.1f %%", 100*i.Low, 100*i.High)
	},
	"part": func(n, all int) string { return fmt.Sprintf("%.2f", 100*float64(n)/float64(max(1, all))) },
	"at":   func(x float64) string { return fmt.Sprintf("%.2f", 100*x) },
	"wide": func(i stats.Interval) string { return fmt.Sprintf("%.2f", 100*(i.High-i.Low)) },
	"add":  func(a, b int) int { return a + b },
	"sum": func(list ...int) (n int) {
		for _, x := range list {
			n += x
		}
		return n
	},
	"starts": strings.HasPrefix,
	"p":      func(x float64) string { return fmt.Sprintf("%.4f", x) },
	"round":  func(x float64) string { return fmt.Sprintf("%.0f", x) },
	"short": func(text string) string {
		const limit = 90
		return shorten.Text(strings.Join(strings.Fields(text), " "), limit)
	},
}

// resultsPage has the results of the session.
type resultsPage struct {
	*abtest.Report
	Sections, OwnSections []section
	Rows                  []row
	Filter                string
	Total                 int
}

// section is a group of votes as the page shows it. X and Y are the models' names.
type section struct {
	*abtest.Group
	X, Y string
	Own  bool // the votes are on judges' own prompts
}

func sections(r *abtest.Report, groups []abtest.Group, own bool) (list []section) {
	for i := range groups {
		list = append(list, section{&groups[i], r.Models[abtest.X].Name, r.Models[abtest.Y].Name, own})
	}
	return list
}

// row is a pair in the list of results.
type row struct {
	N       int
	Prompt  abtest.Prompt
	Verdict string
	Equal   bool
	Own     bool // a judge wrote the prompt
	Votes   int
}

// visible returns an error if results must not be shown yet.
func (s *Server) visible() error {
	if s.session.Closed || s.session.Peek {
		return nil
	}
	return &failure{http.StatusForbidden, "Results are shown when the session is closed: until then nobody should know which model is which."}
}

// filters select rows. The keys are the values that the parameter "only" of an address may have.
var filters = map[string]func(r *row) bool{
	"":       func(*row) bool { return true },
	"differ": func(r *row) bool { return !r.Equal },
	"x":      func(r *row) bool { return r.Verdict == "X" },
	"y":      func(r *row) bool { return r.Verdict == "Y" },
	"split":  func(r *row) bool { return r.Verdict == "split" },
}

// results shows the report and the list of pairs.
func (s *Server) results(w http.ResponseWriter, r *http.Request) error {
	if err := s.reload(r.Context()); err != nil {
		return err
	}
	if err := s.visible(); err != nil {
		return err
	}
	p := resultsPage{Report: abtest.NewReport(s.session), Filter: r.URL.Query().Get("only")}
	p.Sections, p.OwnSections = sections(p.Report, p.Groups, false), sections(p.Report, p.OwnGroups, true)
	keep, ok := filters[p.Filter]
	if !ok {
		return notFound
	}
	for n := range s.session.List {
		line := s.row(n)
		p.Total++
		if keep(&line) {
			p.Rows = append(p.Rows, line)
		}
	}
	return s.show(w, http.StatusOK, "results.html", p)
}

// row returns pair n. Its Verdict depends on people's votes:
//
//	a model    its answer won more votes
//	"split"    both answers won equally many votes, at least one each
//	"neither"  people voted, but no answer won
//	"none"     nobody voted
func (s *Server) row(n int) row {
	out := row{N: n, Prompt: s.session.List[n], Equal: s.session.Equal(n), Own: s.session.IsOwn(n)}
	wins := [2]int{}
	for i := range s.session.Votes {
		v := &s.session.Votes[i]
		if v.N != n || v.Undone || v.IsModel() || v.Repeat > 0 {
			continue
		}
		out.Votes++
		if slot, ok := v.Winner(); ok {
			wins[slot]++
		}
	}
	switch {
	case out.Votes == 0:
		out.Verdict = "none"
	case wins[abtest.X] > wins[abtest.Y]:
		out.Verdict = abtest.X.String()
	case wins[abtest.Y] > wins[abtest.X]:
		out.Verdict = abtest.Y.String()
	case wins[abtest.X] > 0:
		out.Verdict = "split"
	default:
		out.Verdict = "neither"
	}
	return out
}

// pairPage is a pair with its votes.
type pairPage struct {
	N, All int
	Prompt abtest.Prompt
	Models [2]abtest.ModelShare
	Texts  [2]*abtest.Answer
	Votes  []abtest.Vote
}

// pair shows one pair.
func (s *Server) pair(w http.ResponseWriter, r *http.Request) error {
	if err := s.reload(r.Context()); err != nil {
		return err
	}
	if err := s.visible(); err != nil {
		return err
	}
	n, err := strconv.Atoi(r.PathValue("n"))
	if err != nil || n < 1 || n > len(s.session.List) {
		return notFound
	}
	p := pairPage{N: n, All: len(s.session.List), Prompt: s.session.List[n-1], Models: abtest.NewReport(s.session).Models, Texts: s.session.Answers[n-1]}
	for _, v := range s.session.Votes {
		if v.N == n-1 {
			p.Votes = append(p.Votes, v)
		}
	}
	return s.show(w, http.StatusOK, "pair.html", p)
}
