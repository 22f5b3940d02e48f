package abtest

import (
	"slices"
	"strings"
	"unicode/utf8"

	"alpaca/internal/abtest/stats"
)

// People is the name of the group of people.
const People = "people"

// Report is what came of a session.
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
	Equal   int           `json:"equal_answers"` // ties that nobody was asked for, part of every group's
	Groups  []Group       `json:"groups"`        // people, then each model that judged: they are never mixed
}

// ModelShare is what a report says of a model alone.
type ModelShare struct {
	Model
	MeanChars float64 `json:"mean_characters"`
	Cut       int     `json:"cut_answers"`
}

// Group is the votes of people, or of a model.
type Group struct {
	Name     string `json:"name"` // "people", or the model's
	Judges   int    `json:"judges"`
	Wins     [2]int `json:"wins"`
	Ties     int    `json:"ties"` // both are good, or the same
	Bad      int    `json:"both_bad"`
	Skipped  int    `json:"skipped"`
	Revealed int    `json:"revealed"` // excluded: an answer says whose it is
	Undone   int    `json:"undone"`

	// Win rate of the first model; a tie is half a win.
	Rate     float64        `json:"win_rate"`
	Interval stats.Interval `json:"interval"`
	Kind     string         `json:"interval_kind"`
	// Of decided votes alone.
	Decided         float64        `json:"decided_rate"`
	DecidedInterval stats.Interval `json:"decided_interval"`
	P               float64        `json:"sign_test_p"`
	// Wins of the left side, of decided votes.
	LeftWins     int            `json:"left_wins"`
	LeftInterval stats.Interval `json:"left_interval"`
	LeftBias     bool           `json:"left_bias"` // beyond chance, at 1 %
	// Decided votes whose answers differ in length, and how many went to the longer one.
	Lengths    int      `json:"votes_on_lengths"`
	LongerWins int      `json:"longer_wins"`
	AtEqual    *float64 `json:"win_rate_at_equal_length,omitempty"` // of 100 decided votes or more
	// Pairs that came back mirrored, and how many got the same verdict.
	Repeats int `json:"repeats"`
	Same    int `json:"same_verdicts"`
	// How far judges agree on pairs that several judged.
	Agreement *float64 `json:"agreement,omitempty"`
	Alpha     *float64 `json:"krippendorff_alpha,omitempty"`
}

// Votes returns how many votes the win rate is of.
func (g *Group) Votes() int { return g.Wins[X] + g.Wins[Y] + g.Ties + g.Bad }

// NewReport makes the report of a session.
func NewReport(s *Session) *Report {
	r := &Report{
		Session: s.ID, Created: s.Created.UTC().Format("2006-01-02 15:04:05Z"), Seed: s.Seed, Prompts: s.Plan.Prompts, Planned: s.Plan.Votes,
		Peek: s.Peek, Closed: s.Closed, Version: s.Version, Params: s.Params,
	}
	for slot := range r.Models {
		m := &r.Models[slot]
		m.Model = s.Models[slot]
		n := 0
		for _, pair := range s.Answers {
			if a := pair[slot]; a != nil {
				n++
				m.MeanChars += float64(utf8.RuneCountInString(a.Text))
				if a.Cut {
					m.Cut++
				}
			}
		}
		m.MeanChars /= float64(max(1, n))
	}
	var equal []Vote
	people := map[string][]Vote{}
	var names []string
	for _, v := range s.Votes {
		name := People
		switch {
		case slices.Contains(v.Flags, FlagEqual):
			if !v.Undone {
				equal = append(equal, v)
			}
			continue
		case v.IsModel():
			name = v.Judge
		}
		if people[name] == nil {
			names = append(names, name)
		}
		people[name] = append(people[name], v)
	}
	r.Equal = len(equal)
	slices.SortFunc(names, func(a, b string) int { // people first: no other name has no colon
		return strings.Compare(strings.TrimPrefix("~"+a, "~people"), strings.TrimPrefix("~"+b, "~people"))
	})
	for _, name := range names {
		r.Groups = append(r.Groups, s.group(name, people[name], equal))
	}
	return r
}

// verdict is what a vote says of the models, whatever their sides: 1, −1 or 0 for neither.
func verdict(v *Vote) int {
	switch w, ok := v.Winner(); {
	case !ok:
		return 0
	case w == X:
		return 1
	}
	return -1
}

// group counts votes.
func (s *Session) group(name string, votes, equal []Vote) Group {
	g := Group{Name: strings.TrimPrefix(name, ModelJudge)}
	c := counter{s: s, g: &g, clusters: make([]stats.Cluster, len(s.List)), units: map[int][]int{}, first: map[seen]int{}, judges: map[string]bool{}}
	if isModel := strings.HasPrefix(name, ModelJudge); isModel {
		c.addPairs(votes)
	} else {
		for i := range votes {
			c.addVote(&votes[i])
		}
	}
	for _, v := range equal {
		g.Ties++
		c.worth(v.N, 0)
	}
	g.Judges = len(c.judges)
	c.finish()
	return g
}

// seen is a pair that a judge judged.
type seen struct {
	judge string
	n     int
}

// counter gathers what a group needs.
type counter struct {
	s        *Session
	g        *Group
	clusters []stats.Cluster // by prompt
	units    map[int][]int   // verdicts by prompt
	first    map[seen]int    // verdicts before the pair came back
	judges   map[string]bool
	compared []stats.Compared
}

// worth counts a verdict for the win rate.
func (c *counter) worth(n, verdict int) {
	c.clusters[n].N++
	c.clusters[n].Sum += float64(verdict+1) / 2
}

// addVote counts a vote of a person.
func (c *counter) addVote(v *Vote) {
	g := c.g
	switch {
	case v.Undone:
		g.Undone++
		return
	case slices.Contains(v.Flags, FlagRevealed):
		g.Revealed++
		return
	case v.Choice == Skip:
		g.Skipped++
		return
	}
	c.judges[v.Judge] = true
	sign := verdict(v)
	if v.Repeat > 0 {
		if before, ok := c.first[seen{v.Judge, v.N}]; ok {
			g.Repeats++
			if before == sign {
				g.Same++
			}
		}
		return
	}
	c.first[seen{v.Judge, v.N}] = sign
	c.units[v.N] = append(c.units[v.N], sign)
	c.side(v)
	c.count(v.N, sign, v.Choice == Bad)
}

// side counts which side won.
func (c *counter) side(v *Vote) {
	if v.Choice == Left {
		c.g.LeftWins++
	}
}

// count counts a verdict on a prompt.
func (c *counter) count(n, sign int, bad bool) {
	g := c.g
	c.worth(n, sign)
	switch {
	case sign > 0:
		g.Wins[X]++
	case sign < 0:
		g.Wins[Y]++
	case bad:
		g.Bad++
	default:
		g.Ties++
	}
	if sign == 0 {
		return
	}
	pair := c.s.Answers[n]
	if pair[X] == nil || pair[Y] == nil {
		return
	}
	longer := utf8.RuneCountInString(pair[X].Text) - utf8.RuneCountInString(pair[Y].Text)
	c.compared = append(c.compared, stats.Compared{Won: sign > 0, Longer: float64(longer)})
	if longer != 0 {
		g.Lengths++
		if longer > 0 == (sign > 0) {
			g.LongerWins++
		}
	}
}

// addPairs counts what a model said of each pair in both orders: where it contradicts
// itself that is a tie.
func (c *counter) addPairs(votes []Vote) {
	type both struct{ votes [2]*Vote }
	pairs := map[int]*both{}
	var order []int
	for i := range votes {
		v := &votes[i]
		switch {
		case v.Undone:
			c.g.Undone++
			continue
		case slices.Contains(v.Flags, FlagRevealed):
			if v.Repeat == 0 {
				c.g.Revealed++
			}
			continue
		}
		c.judges[v.Judge] = true
		if pairs[v.N] == nil {
			pairs[v.N] = &both{}
			order = append(order, v.N)
		}
		pairs[v.N].votes[min(v.Repeat, 1)] = v
		c.side(v)
	}
	for _, n := range order {
		a, b := pairs[n].votes[0], pairs[n].votes[1]
		if a == nil || b == nil {
			continue // it was interrupted between them
		}
		c.g.Repeats++
		sign := verdict(a)
		if sign == verdict(b) {
			c.g.Same++
		} else {
			sign = 0
		}
		c.count(n, sign, sign == 0 && a.Choice == Bad && b.Choice == Bad)
	}
}

// warnBelow is the probability below which a preference for one side is told.
const warnBelow = 0.01

// leastForLength is how many decided votes the win rate at equal length needs.
const leastForLength = 100

// finish computes what the counts make.
func (c *counter) finish() {
	g := c.g
	var clusters []stats.Cluster
	var sum, n float64
	for _, k := range c.clusters {
		if k.N > 0 {
			clusters = append(clusters, k)
			sum, n = sum+k.Sum, n+k.N
		}
	}
	g.Rate = sum / max(1, n)
	decided := g.Wins[X] + g.Wins[Y]
	switch {
	case c.s.Peek:
		g.Interval, g.Kind = stats.Anytime(sum, n), "anytime"
	case n == float64(len(clusters)) && int(n) == decided:
		g.Interval, g.Kind = stats.Wilson(sum, n), "wilson"
	default:
		g.Interval, g.Kind = stats.Bootstrap(clusters, c.s.Seed), "bootstrap"
	}
	g.Decided = float64(g.Wins[X]) / float64(max(1, decided))
	g.DecidedInterval = stats.Wilson(float64(g.Wins[X]), float64(decided))
	g.P = stats.SignTest(g.Wins[X], g.Wins[Y])
	sides := g.sides(c)
	g.LeftInterval = stats.Wilson(float64(g.LeftWins), float64(sides))
	g.LeftBias = stats.SignTest(g.LeftWins, sides-g.LeftWins) < warnBelow
	if decided >= leastForLength {
		rate := stats.AtEqualLength(c.compared)
		g.AtEqual = &rate
	}
	c.agree()
}

// sides returns how many votes one of the sides won.
func (g *Group) sides(c *counter) int {
	n := 0
	for i := range c.s.Votes {
		v := &c.s.Votes[i]
		if _, ok := v.Winner(); !ok || v.Undone || slices.Contains(v.Flags, FlagRevealed) || !c.judges[v.Judge] {
			continue
		}
		if v.IsModel() || v.Repeat == 0 {
			n++
		}
	}
	return n
}

// agree sets how far several judges agree.
func (c *counter) agree() {
	var units [][]int
	var pairs, same float64
	for n := range c.s.List {
		u := c.units[n]
		units = append(units, u)
		for i := range u {
			for j := range u[:i] {
				pairs++
				if u[i] == u[j] {
					same++
				}
			}
		}
	}
	if pairs == 0 {
		return
	}
	rate := same / pairs
	c.g.Agreement = &rate
	if alpha, ok := stats.Alpha(units); ok {
		c.g.Alpha = &alpha
	}
}
