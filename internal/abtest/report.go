package abtest

import (
	"slices"
	"unicode/utf8"

	"alpaca/internal/abtest/stats"
)

// People is the name of the group of human judges.
const People = "people"

// Report is the result of a session.
type Report struct {
	Session int64         `json:"session"`
	Created string        `json:"created"`
	Seed    uint64        `json:"seed"`
	Prompts string        `json:"prompts_sha256"`
	Planned int           `json:"planned"`
	Peek    bool          `json:"peeking_allowed"`
	Closed  bool          `json:"closed"`
	Version string        `json:"version"`
	Params  string        `json:"params"`
	Models  [2]ModelShare `json:"models"`
	Equal   int           `json:"equal_answers"` // pairs of the plan with equal answers, counted as ties in every group
	Groups  []Group       `json:"groups"`        // people, then each judging model; never mixed
	// Judges' own prompts. A judge who writes a prompt knows earlier answers, and could choose what
	// one of the models is good at. So votes on these prompts are counted separately, and none of
	// Groups includes them.
	Own       int     `json:"own_prompts,omitempty"` // number of own prompts with both answers
	OwnGroups []Group `json:"own_groups,omitempty"`
}

// ModelShare is the part of a report about one model.
type ModelShare struct {
	Model
	MeanChars float64 `json:"mean_characters"`
	Cut       int     `json:"cut_answers"`
}

// Group counts the votes of people, or of one judging model.
type Group struct {
	Name     string `json:"name"` // People, or the judging model's name
	Judges   int    `json:"judges"`
	Wins     [2]int `json:"wins"`
	Ties     int    `json:"ties"`          // votes for "both good", equal answers, and contradictory verdicts of a model
	Equal    int    `json:"equal_answers"` // ties recorded for equal answers, without a vote
	Bad      int    `json:"both_bad"`
	Skipped  int    `json:"skipped"`
	Revealed int    `json:"revealed"` // votes not counted, because an answer reveals its model
	Undone   int    `json:"undone"`

	// The win rate of model X. A vote for neither model is half a win.
	Rate     float64        `json:"win_rate"`
	Interval stats.Interval `json:"interval"`
	Kind     string         `json:"interval_kind"`
	// The win rate of model X among decided votes: those that prefer one of the models.
	Decided         float64        `json:"decided_rate"`
	DecidedInterval stats.Interval `json:"decided_interval"`
	P               float64        `json:"sign_test_p"`
	// The number of decided votes for the answer on the left, and the interval of their share.
	LeftWins     int            `json:"left_wins"`
	LeftInterval stats.Interval `json:"left_interval"`
	LeftBias     bool           `json:"left_bias"` // the preference for one side is significant at 1 %
	// The number of decided votes on answers of different lengths, and how many of these
	// votes prefer the longer answer.
	Lengths    int      `json:"votes_on_lengths"`
	LongerWins int      `json:"longer_wins"`
	AtEqual    *float64 `json:"win_rate_at_equal_length,omitempty"` // nil with fewer than 100 decided votes
	// The number of pairs that were judged again with the sides swapped, and how many of them got
	// the same verdict.
	Repeats int `json:"repeats"`
	Same    int `json:"same_verdicts"`
	// How often two judges of the same pair agree, and Krippendorff's α. Both are nil if no pair
	// has two judges.
	Agreement *float64 `json:"agreement,omitempty"`
	Alpha     *float64 `json:"krippendorff_alpha,omitempty"`
}

// Votes returns the number of votes in the win rate.
func (g *Group) Votes() int { return g.Wins[X] + g.Wins[Y] + g.Ties + g.Bad }

// NewReport computes the report of a session.
func NewReport(s *Session) *Report {
	r := &Report{
		Session: s.ID, Created: s.Created.UTC().Format("2006-01-02 15:04:05Z"), Seed: s.Seed, Prompts: s.Plan.Prompts, Planned: s.Plan.Votes,
		Peek: s.Peek, Closed: s.Closed, Version: s.Version, Params: s.Params,
	}
	for n := range s.Own {
		if s.there(n) {
			r.Own++
		}
	}
	for slot := range r.Models {
		r.Models[slot] = s.share(Slot(slot))
	}
	var planned, own []Vote
	for _, v := range s.Votes {
		if s.IsOwn(v.N) {
			own = append(own, v)
			continue
		}
		planned = append(planned, v)
		if slices.Contains(v.Flags, FlagEqual) && !v.Undone {
			r.Equal++
		}
	}
	r.Groups, r.OwnGroups = s.groups(planned), s.groups(own)
	return r
}

// share describes a model's answers to the prompts of the plan or, if the plan has no prompts,
// to judges' own prompts.
func (s *Session) share(slot Slot) ModelShare {
	m := ModelShare{Model: s.Models[slot]}
	noPlan := len(s.Own) == len(s.List)
	n := 0
	for i, pair := range s.Answers {
		a := pair[slot]
		if a == nil || s.IsOwn(i) != noPlan {
			continue
		}
		n++
		m.MeanChars += float64(utf8.RuneCountInString(a.Text))
		if a.Cut {
			m.Cut++
		}
	}
	m.MeanChars /= float64(max(1, n))
	return m
}

// verdict returns 1 if v prefers model X, −1 if it prefers Y, and 0 if it prefers neither.
func verdict(v *Vote) int {
	switch w, ok := v.Winner(); {
	case !ok:
		return 0
	case w == X:
		return 1
	}
	return -1
}
