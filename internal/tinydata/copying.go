package tinydata

import (
	"fmt"
	"slices"
	"strings"
)

// copyKinds are tasks whose answers consist of words from the prompt. A small
// model learns copying late, so most of these kinds have large weights.
// "twice" has the weight 0: training uses it only if a mix names it.
var copyKinds = []kind{
	{"twice", 0, false, func(r *random) (string, string) {
		words := make([]string, r.between(3, 14))
		for i := range words {
			words[i] = anyWord(r)
		}
		between := pick(r, []string{" ", " ", ", ", ". "})
		text := strings.Join(words, between)
		return "", text + pick(r, []string{" ", "\n", ". ", ", "}) + text
	}},
	{"repeat", 40, true, func(r *random) (string, string) {
		words := pickDistinct(r, plain, r.between(2, 7))
		if r.chance(25) {
			for i := range words {
				if r.chance(50) {
					words[i] = madeUp(r)
				}
			}
			words = words[:min(len(words), 4)]
		}
		text := strings.Join(words, " ")
		return fmt.Sprintf(pick(r, []string{"Repeat after me: %s", "Say this again: %s", "Copy this text: %s", "Repeat: %s"}), text), text
	}},
	{"reverse", 30, true, func(r *random) (string, string) {
		words := pickDistinct(r, plain, r.between(2, 5))
		back := slices.Clone(words)
		slices.Reverse(back)
		return fmt.Sprintf(pick(r, []string{"Reverse this list: %s", "Say these words backwards: %s", "Write this list from the last to the first: %s", "Turn the order round: %s"}),
			strings.Join(words, ", ")), strings.Join(back, ", ")
	}},
	{"who", 40, true, func(r *random) (string, string) {
		n := r.between(2, 3)
		who, what := pickDistinct(r, names, n), pickDistinct(r, things, n)
		var facts []string
		for i := range who {
			facts = append(facts, fmt.Sprintf("%s has %s.", who[i], article(what[i].one)))
		}
		i := r.below(n)
		text := strings.Join(facts, " ")
		if r.chance(50) {
			return fmt.Sprintf("%s Who has the %s?", text, what[i].one), fmt.Sprintf("%s has the %s.", who[i], what[i].one)
		}
		return fmt.Sprintf("%s What does %s have?", text, who[i]), fmt.Sprintf("%s has %s.", who[i], article(what[i].one))
	}},
	{"where", 40, true, func(r *random) (string, string) {
		n := r.between(2, 3)
		who, where := pickDistinct(r, names, n), pickDistinct(r, places, n)
		var facts []string
		for i := range who {
			facts = append(facts, fmt.Sprintf("%s is at the %s.", who[i], where[i]))
		}
		i := r.below(n)
		text := strings.Join(facts, " ")
		if r.chance(50) {
			return fmt.Sprintf("%s Where is %s?", text, who[i]), fmt.Sprintf("%s is at the %s.", who[i], where[i])
		}
		return fmt.Sprintf("%s Who is at the %s?", text, where[i]), fmt.Sprintf("%s is at the %s.", who[i], where[i])
	}},
	{"upper case", 20, true, func(r *random) (string, string) {
		text := strings.Join(pickDistinct(r, plain, r.between(1, 3)), " ")
		return fmt.Sprintf(pick(r, []string{"Write in capital letters: %s", "Write in upper case: %s", "Upper case: %s"}), text), strings.ToUpper(text)
	}},
	{"lower case", 16, true, func(r *random) (string, string) {
		text := strings.Join(pickDistinct(r, plain, r.between(1, 3)), " ")
		return fmt.Sprintf(pick(r, []string{"Write in small letters: %s", "Write in lower case: %s", "Lower case: %s"}), strings.ToUpper(text)), text
	}},
	{"sort words", 30, true, func(r *random) (string, string) {
		words := pickDistinct(r, plain, 3)
		sorted := slices.Clone(words)
		slices.Sort(sorted)
		return fmt.Sprintf(pick(r, []string{"Sort these words: %s", "Put these words in alphabetical order: %s", "Order by the alphabet: %s"}), strings.Join(words, ", ")),
			strings.Join(sorted, ", ")
	}},
}

// madeUp returns an invented word, so that the model must copy it letter by letter.
func madeUp(r *random) string {
	var word strings.Builder
	for range r.between(2, 3) {
		word.WriteString(pick(r, syllables))
	}
	return word.String()
}

var syllables = []string{"ba", "bo", "da", "de", "di", "fa", "fi", "ga", "go", "ka", "ke", "ko", "la", "le", "li", "lo", "ma", "mi", "mo", "na", "ne", "no",
	"pa", "pe", "po", "ra", "re", "ri", "ro", "sa", "se", "so", "ta", "te", "ti", "to", "va", "vi", "wa", "za", "zo"}

// anyWord returns any word, name or number.
func anyWord(r *random) string {
	switch r.below(8) {
	case 0:
		return pick(r, names)
	case 1:
		return pick(r, things).one
	case 2:
		return pick(r, places)
	case 3:
		return fmt.Sprint(r.below(100))
	case 4:
		return madeUp(r)
	case 5:
		return pick(r, animals).name
	}
	return pick(r, plain)
}
