package tinydata

import (
	"fmt"
	"slices"
	"strings"
)

// bindingKinds teach which words belong together: a person and the thing that this
// person has, the digits of a number, a word and the next one. Most of these kinds list
// the same pairs several times, each time in another order. So the model can predict a
// word only from the word beside it. Training uses these kinds only if a mix names them.
// The score leaves them out, and none of their instructions belongs to another kind.
var bindingKinds = []kind{
	{"tell", 0, false, tell},
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
		var pairs []string
		seen := map[string]bool{}
		for len(pairs) < n {
			if key := anyWord(r); !seen[key] {
				seen[key] = true
				pairs = append(pairs, key+between+anyWord(r))
			}
		}
		slices.Reverse(pairs)
		return "", rounds(r, pairs, pick(r, []string{", ", ". ", "; ", "\n"}), true)
	}},
	{"pairs turned", 0, false, func(r *random) (string, string) {
		n := r.between(3, 6)
		words := pickDistinct(r, nouns(), 2*n)
		between := pick(r, []string{" ", ": ", " has the ", " is at the "})
		said := make([]string, r.between(3, 5))
		for i := range said {
			list := make([]string, n)
			for j, k := range r.order(n) {
				pair := words[2*k : 2*k+2]
				list[j] = pair[i%2] + between + pair[1-i%2]
			}
			said[i] = strings.Join(list, ", ")
		}
		return "", strings.Join(said, "\n")
	}},
	{"owner", 0, false, func(r *random) (string, string) {
		n := r.between(4, 5) // the kinds "who" and "where" have fewer, so no prompt belongs to two kinds
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
		list := make([]string, r.between(3, 5))
		for i := range list {
			list[i] = fmt.Sprint(r.below(100))
		}
		return "", rounds(r, list, ", ", true)
	}},
	{"words again", 0, false, func(r *random) (string, string) {
		word := anyWord
		if r.chance(30) {
			word = madeUp
		}
		list := make([]string, r.between(3, 8))
		between := pick(r, []string{" ", " ", ", "})
		for i := range list {
			list[i] = word(r)
		}
		return "", rounds(r, list, between, false)
	}},
}

// tell makes a prompt that says what some people have, or where they are. Then it lists several
// people, to ask for their things or places, or several things or places, to ask for the people.
func tell(r *random) (prompt, answer string) {
	n := r.between(3, 5)
	who := pickDistinct(r, names, n)
	facts, objects, owners := make([]string, n), make([]string, n), make([]string, n)
	form, question := "Say where they are", "Who is there"
	if r.chance(50) {
		for i, place := range pickDistinct(r, places, n) {
			facts[i], objects[i] = fmt.Sprintf("%s is at the %s.", who[i], place), place
		}
		copy(owners, facts)
	} else {
		form, question = "Say what they have", "Who has them"
		for i, thing := range pickDistinct(r, things, n) {
			facts[i], objects[i] = fmt.Sprintf("%s has %s.", who[i], article(thing.one)), thing.one
			owners[i] = fmt.Sprintf("%s has the %s.", who[i], thing.one)
		}
	}
	order := r.order(n)[:r.between(2, n)]
	asked, answers := who, facts
	if !r.chance(50) {
		form, asked, answers = question, objects, owners
	}
	return fmt.Sprintf("%s %s: %s", strings.Join(facts, " "), form, strings.Join(at(asked, order), ", ")), strings.Join(at(answers, order), " ")
}

// nouns returns names, places, things and plain words.
func nouns() []string {
	list := slices.Concat(names, places, plain)
	for _, t := range things {
		list = append(list, t.one)
	}
	return list
}

// rounds repeats a list three to five times, each time in a new order if shuffled is
// true.
func rounds(r *random, list []string, between string, shuffled bool) string {
	said := make([]string, r.between(3, 5))
	for i := range said {
		order := r.order(len(list))
		if !shuffled {
			slices.Sort(order)
		}
		said[i] = strings.Join(at(list, order), between)
	}
	return strings.Join(said, "\n")
}

// order returns the numbers from 0 to n-1 in random order.
func (r *random) order(n int) []int {
	list := make([]int, n)
	for i := range list {
		list[i] = i
	}
	return pickDistinct(r, list, n)
}

// at returns the elements of list at the positions in order.
func at(list []string, order []int) []string {
	out := make([]string, len(order))
	for i, j := range order {
		out[i] = list[j]
	}
	return out
}
