package abtest

import (
	"slices"
	"strings"
	"unicode/utf8"

	"alpaca/internal/abtest/stats"
)

// groups counts votes: either those on the prompts of the plan or those on judges' own prompts. The
// first group has the votes of people. Each further group has the votes of one judging model. Pairs
// with equal answers are ties in every group.
func (s *Session) groups(votes []Vote) (list []Group) {
	var equal []Vote
	by := map[string][]Vote{}
	var names []string
	for _, v := range votes {
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
		if by[name] == nil {
			names = append(names, name)
		}
		by[name] = append(by[name], v)
	}
	slices.SortFunc(names, func(a, b string) int { // people first; names of models begin with ModelJudge
		return strings.Compare(strings.TrimPrefix("~"+a, "~people"), strings.TrimPrefix("~"+b, "~people"))
	})
	for _, name := range names {
		list = append(list, s.group(name, by[name], equal))
	}
	return list
}

// group counts the votes of one group. equal are the ties that were recorded because both answers
// were equal. They count in every group.
func (s *Session) group(name string, votes, equal []Vote) Group {
	g := Group{Name: strings.TrimPrefix(name, ModelJudge), Equal: len(equal)}
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

// seen is a judge and a prompt.
type seen struct {
	judge string
	n     int
}

// counter counts the votes of a group.
type counter struct {
	s        *Session
	g        *Group
	clusters []stats.Cluster // by prompt
	units    map[int][]int   // verdicts by prompt
	first    map[seen]int    // the first verdict, for comparison with the repeat
	judges   map[string]bool
	sides    int // number of votes that prefer the left or the right side
	compared []stats.Compared
}

// worth adds a verdict on prompt n to the votes from which the win rate is computed.
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

// side counts which side v prefers, if any.
func (c *counter) side(v *Vote) {
	if _, ok := v.Winner(); ok {
		c.sides++
	}
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

// addPairs counts a model's votes. A model judges each pair in both orders; if its
// verdicts differ, the pair is a tie.
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
			continue // the run was interrupted between the two votes
		}
		if a.Choice == Skip || b.Choice == Skip {
			c.g.Skipped++
			continue
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

// warnBelow is the p-value below which the report warns of a preference for one side.
const warnBelow = 0.01

// leastForLength is the smallest number of decided votes from which a win rate at equal lengths
// is computed.
const leastForLength = 100

// finish computes the rates, intervals and tests from the counts.
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
	g.LeftInterval = stats.Wilson(float64(g.LeftWins), float64(c.sides))
	g.LeftBias = stats.SignTest(g.LeftWins, c.sides-g.LeftWins) < warnBelow
	if decided >= leastForLength {
		rate := stats.AtEqualLength(c.compared)
		g.AtEqual = &rate
	}
	c.agree()
}

// agree sets the agreement of several judges.
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
