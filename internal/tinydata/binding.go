package tinydata

import (
	"fmt"
	"slices"
	"strings"
)

// bindingKinds teach what belongs together: a name and its thing, the digits of a number,
// a word and the one after it. Each asks for several of these at once, in another order
// than the prompt has them, so that nothing but what stands beside helps. They are only
// trained on, in the mixes that name them: none is asked of the model, and none contains
// an instruction of another kind.
var bindingKinds = []kind{
	{"tell", 0, false, func(r *random) (string, string) {
		n := r.between(3, 5)
		who := pickDistinct(r, names, n)
		facts, asked := make([]string, n), "where they are"
		var whose []string // what else can be asked for, and the sentences that answer
		var answers []string
		if r.chance(50) {
			for i, p := range pickDistinct(r, places, n) {
				facts[i] = fmt.Sprintf("%s is at the %s.", who[i], p)
				whose = append(whose, p)
			}
			answers = facts
		} else {
			asked = "what they have"
			for i, thing := range pickDistinct(r, things, n) {
				facts[i] = fmt.Sprintf("%s has %s.", who[i], article(thing.one))
				whose = append(whose, thing.one)
				answers = append(answers, fmt.Sprintf("%s has the %s.", who[i], thing.one))
			}
		}
		order := r.order(n)[:r.between(2, n)]
		text := strings.Join(facts, " ")
		if r.chance(50) {
			return fmt.Sprintf("%s Say %s: %s", text, asked, strings.Join(at(who, order), ", ")), strings.Join(at(facts, order), " ")
		}
		question := "Who is there"
		if asked == "what they have" {
			question = "Who has them"
		}
		return fmt.Sprintf("%s %s: %s", text, question, strings.Join(at(whose, order), ", ")), strings.Join(at(answers, order), " ")
	}},
	{"larger of pairs", 0, false, func(r *random) (string, string) {
		larger := r.chance(50)
		var pairs, answers []string
		for range r.between(2, 5) {
			a := r.below(100)
			b := (a + r.between(1, 99)) % 100
			pairs = append(pairs, fmt.Sprintf("%d or %d", a, b))
			if larger {
				answers = append(answers, fmt.Sprint(max(a, b)))
			} else {
				answers = append(answers, fmt.Sprint(min(a, b)))
			}
		}
		form := "Say the smaller number of each pair: %s"
		if larger {
			form = "Say the larger number of each pair: %s"
		}
		return fmt.Sprintf(form, strings.Join(pairs, ", ")), strings.Join(answers, ", ")
	}},
	{"pairs again", 0, false, func(r *random) (string, string) {
		n := r.between(3, 7)
		between := pick(r, []string{" ", " ", " ", ": ", "-", " is ", " has ", " has the ", " is at the "})
		pairs, i := make([]string, n), 0
		seen := map[string]bool{}
		for i < n {
			if key := anyWord(r); !seen[key] {
				seen[key] = true
				pairs[i] = key + between + anyWord(r)
				i++
			}
		}
		end := pick(r, []string{", ", ". ", "; ", "\n"})
		return "", rounds(r, n, func() string { i--; return pairs[i] }, end, true)
	}},
	{"pairs turned", 0, false, func(r *random) (string, string) {
		n := r.between(3, 6)
		pairs := make([][2]string, n)
		words := pickDistinct(r, concatNames(), 2*n)
		for i := range pairs {
			pairs[i] = [2]string{words[2*i], words[2*i+1]}
		}
		between := pick(r, []string{" ", ": ", " has the ", " is at the "})
		said := make([]string, r.between(3, 5))
		for i := range said {
			list := make([]string, n)
			for j, k := range r.order(n) {
				list[j] = pairs[k][i%2] + between + pairs[k][1-i%2]
			}
			said[i] = strings.Join(list, ", ")
		}
		return "", strings.Join(said, "\n")
	}},
	{"owner", 0, false, func(r *random) (string, string) {
		n := r.between(4, 5)
		who, i := pickDistinct(r, names, n), r.below(n)
		facts := make([]string, n)
		if r.chance(50) {
			where := pickDistinct(r, places, n)
			for j := range facts {
				facts[j] = fmt.Sprintf("%s is at the %s.", who[j], where[j])
			}
			return fmt.Sprintf("%s Who is at the %s?", strings.Join(facts, " "), where[i]), facts[i]
		}
		what := pickDistinct(r, things, n)
		for j := range facts {
			facts[j] = fmt.Sprintf("%s has %s.", who[j], article(what[j].one))
		}
		return fmt.Sprintf("%s Who has the %s?", strings.Join(facts, " "), what[i].one), fmt.Sprintf("%s has the %s.", who[i], what[i].one)
	}},
	{"numbers again", 0, false, func(r *random) (string, string) {
		return "", rounds(r, r.between(3, 5), func() string { return fmt.Sprint(r.below(100)) }, ", ", true)
	}},
	{"words again", 0, false, func(r *random) (string, string) {
		word := func() string { return anyWord(r) }
		if r.chance(30) {
			word = func() string { return madeUp(r) }
		}
		return "", rounds(r, r.between(3, 8), word, pick(r, []string{" ", " ", ", "}), false)
	}},
}

// concatNames returns the words that stand for somebody or something.
func concatNames() (list []string) {
	list = slices.Concat(names, places, plain)
	for _, t := range things {
		list = append(list, t.one)
	}
	return list
}

// rounds returns a list that is said three to five times, in new orders or always in the
// same one.
func rounds(r *random, n int, element func() string, between string, shuffled bool) string {
	list := make([]string, n)
	for i := range list {
		list[i] = element()
	}
	said := make([]string, r.between(3, 5))
	for i := range said {
		order := r.order(n)
		if !shuffled {
			slices.Sort(order)
		}
		said[i] = strings.Join(at(list, order), between)
	}
	return strings.Join(said, "\n")
}

// order returns the numbers below n in random order.
func (r *random) order(n int) []int {
	list := make([]int, n)
	for i := range list {
		list[i] = i
	}
	return pickDistinct(r, list, n)
}

// at returns the elements of list at the positions of order.
func at(list []string, order []int) []string {
	out := make([]string, len(order))
	for i, j := range order {
		out[i] = list[j]
	}
	return out
}
