package abtest

import (
	"cmp"
	"slices"

	"alpaca/internal/abtest/stats"
	"alpaca/internal/train/random"
)

// Strength is the rating of a model from several sessions.
type Strength struct {
	Name string  `json:"name"`
	Elo  float64 `json:"elo"`
	Low  float64 `json:"low"` // Low and High are the ends of the 95 % bootstrap interval, for which prompts are resampled
	High float64 `json:"high"`
	N    int     `json:"votes"`
}

// resamples is the number of bootstrap samples for the intervals of strengths.
const resamples = 400

// forStrengths is the second argument of random.Hash here. It keeps these random numbers
// apart from those drawn for other purposes.
const forStrengths = 311

// Strengths returns the Bradley–Terry strengths of the models of several sessions, the strongest
// first. judge is People or the name of a judging model. This judge's votes count, and so do the
// ties that were recorded for equal answers. Votes on judges' own prompts do not count, and
// neither do votes that people give on a pair shown a second time. Models are the same if their
// names, checksums and adapters are equal. Unlike ratings that are updated vote by vote, strengths
// do not depend on the order of votes.
func Strengths(list []*Session, judge string) []Strength {
	index := map[string]int{}
	var out []Strength
	find := func(m Model) int {
		key := m.Name + "\x00" + m.SHA256 + "\x00" + m.Adapter
		i, ok := index[key]
		if !ok {
			i = len(out)
			index[key] = i
			out = append(out, Strength{Name: m.Name})
		}
		return i
	}
	// result is one vote: two models and the points that each got.
	type result struct {
		a, b       int
		forA, forB float64
	}
	var prompts [][]result
	for _, s := range list {
		a, b := find(s.Models[X]), find(s.Models[Y])
		by := make([][]result, len(s.List))
		for i := range s.Votes {
			v := &s.Votes[i]
			if s.IsOwn(v.N) || v.Undone || v.Choice == Skip || slices.Contains(v.Flags, FlagRevealed) || !slices.Contains(v.Flags, FlagEqual) && !judged(v, judge) {
				continue
			}
			w := float64(verdict(v)+1) / 2
			by[v.N] = append(by[v.N], result{a, b, w, 1 - w})
			out[a].N++
			out[b].N++
		}
		for _, r := range by {
			if len(r) > 0 {
				prompts = append(prompts, r)
			}
		}
	}
	fit := func(pick func(i int) int) []float64 {
		wins := make([][]float64, len(out))
		for i := range wins {
			wins[i] = make([]float64, len(out))
		}
		for i := range prompts {
			for _, r := range prompts[pick(i)] {
				wins[r.a][r.b] += r.forA
				wins[r.b][r.a] += r.forB
			}
		}
		return stats.BradleyTerry(wins)
	}
	samples := make([][]float64, len(out))
	for i, theta := range fit(func(i int) int { return i }) {
		out[i].Elo = stats.Elo(theta)
	}
	for k := range resamples {
		theta := fit(func(i int) int {
			return int(random.Hash(list[0].Seed, forStrengths, uint64(k), uint64(i)) % uint64(len(prompts)))
		})
		for i := range theta {
			samples[i] = append(samples[i], stats.Elo(theta[i]))
		}
	}
	for i := range out {
		slices.Sort(samples[i])
		out[i].Low, out[i].High = samples[i][resamples*25/1000], samples[i][resamples*975/1000-1]
	}
	slices.SortStableFunc(out, func(a, b Strength) int { return cmp.Compare(b.Elo, a.Elo) })
	return out
}

// judged reports whether v is a vote of judge, which is People or the name of a model.
// Votes that people give on a pair shown a second time do not count.
func judged(v *Vote, judge string) bool {
	if judge == People {
		return !v.IsModel() && v.Repeat == 0
	}
	return v.Judge == ModelJudge+judge
}
