package tinydata

import (
	"fmt"
	"strings"
)

// wordKinds ask about single words: their meaning and their spelling.
var wordKinds = []kind{
	{"opposite", 10, true, func(r *random) (string, string) {
		p := pick(r, opposites)
		i := r.below(2)
		return fmt.Sprintf(pick(r, []string{"What is the opposite of %s?", "Name the opposite of %s.", "Opposite of %s?", "Which word means the opposite of %s?"}), p[i]), p[1-i]
	}},
	{"plural", 12, true, func(r *random) (string, string) {
		n := pick(r, things)
		if r.chance(60) {
			n = pick(r, plurals)
		}
		return fmt.Sprintf(pick(r, []string{"What is the plural of %s?", "Write the plural of %s.", "Plural of %s?", "One %s, two what?"}), n.one), n.many
	}},
	{"classify", 10, true, func(r *random) (string, string) {
		g := pick(r, groups)
		w := pick(r, g.words)
		return fmt.Sprintf(pick(r, []string{"What is %s? Say what kind of thing.", "What kind of thing is %s?", "Classify this word: %s", "Which group does %s belong to?"}), w),
			upperFirst(w) + " is " + article(g.name) + "."
	}},
	{"pick", 14, true, func(r *random) (string, string) {
		g := pickDistinct(r, groups, 3)
		words := []string{pick(r, g[0].words), pick(r, g[1].words), pick(r, g[2].words)}
		right := r.below(3)
		return fmt.Sprintf(pick(r, []string{"Which one is %[1]s: %[2]s?", "Pick the one that is %[1]s: %[2]s.", "Which of these is %[1]s: %[2]s?", "Find the word that is %[1]s: %[2]s."}),
			article(g[right].name), strings.Join(words, ", ")), words[right]
	}},
	{"spell", 24, true, func(r *random) (string, string) {
		w := characters(r)
		return fmt.Sprintf(pick(r, []string{"Spell the word %s.", "Spell %s.", "How do you spell %s?", "Write the letters of %s."}), w),
			strings.Join(strings.Split(w, ""), "-")
	}},
	{"count letters", 18, true, func(r *random) (string, string) {
		w := characters(r)
		return fmt.Sprintf(pick(r, []string{"How many letters are in %s?", "Count the letters of %s.", "How many letters does %s have?"}), w), fmt.Sprint(len(w))
	}},
	{"letter", 22, true, func(r *random) (string, string) {
		w := characters(r)
		places := []string{"first", "second", "third", "last"}
		i := r.below(4)
		at := i
		if i == 3 {
			at = len(w) - 1
		}
		return fmt.Sprintf(pick(r, []string{"What is the %[1]s letter of %[2]s?", "Name the %[1]s letter of %[2]s.", "Which letter is the %[1]s one in %[2]s?"}), places[i], w), w[at : at+1]
	}},
}

// characters returns a random word, for questions about the word's letters.
func characters(r *random) string {
	switch r.below(4) {
	case 0:
		return pick(r, things).one
	case 1:
		return pick(r, adjectives)
	}
	return pick(r, plain)
}
