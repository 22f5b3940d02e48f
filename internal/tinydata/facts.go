package tinydata

import (
	"fmt"
	"strings"
)

// factKinds ask for facts in the lexicon.
var factKinds = []kind{
	{"animal", 24, true, func(r *random) (string, string) {
		a := pick(r, animals)
		switch r.below(7) {
		case 0:
			return fmt.Sprintf(pick(r, []string{"What sound does %s make?", "How does %s sound?", "Which noise does %s make?"}), article(a.name)),
				upperFirst(article(a.name)) + " " + a.sound + "."
		case 1:
			return fmt.Sprintf(pick(r, []string{"How many legs does %s have?", "Tell me how many legs %s has."}), article(a.name)),
				fmt.Sprintf("%s has %s legs.", upperFirst(article(a.name)), a.legs)
		case 2:
			return fmt.Sprintf(pick(r, []string{"What is a young %s called?", "What do you call a baby %s?"}), a.name),
				fmt.Sprintf("A young %s is called %s.", a.name, article(a.young))
		case 3:
			return fmt.Sprintf(pick(r, []string{"Where does %s live?", "What is the home of %s?"}), article(a.name)),
				fmt.Sprintf("%s lives %s.", upperFirst(article(a.name)), a.home)
		case 4:
			return fmt.Sprintf(pick(r, []string{"What does %s eat?", "What is the food of %s?"}), article(a.name)),
				fmt.Sprintf("%s eats %s.", upperFirst(article(a.name)), a.food)
		case 5:
			return fmt.Sprintf(pick(r, []string{"What kind of animal is %s?", "Which class of animals does %s belong to?"}), article(a.name)),
				fmt.Sprintf("%s is %s.", upperFirst(article(a.name)), article(a.class))
		default:
			return fmt.Sprintf(pick(r, []string{"Describe %s.", "What is %s like?", "Tell me about %s."}), article(a.name)),
				fmt.Sprintf("%s is %s. It lives %s and eats %s.", upperFirst(article(a.name)), a.look, a.home, a.food)
		}
	}},
	{"colour", 6, true, func(r *random) (string, string) {
		c := pick(r, coloured)
		return fmt.Sprintf(pick(r, []string{"What colour is %s?", "Which colour does %s have?", "Tell me the colour of %s.", "Name the colour of %s."}), c[0]),
			fmt.Sprintf("%s is %s.", upperFirst(c[0]), c[1])
	}},
	{"calendar", 8, true, func(r *random) (string, string) {
		all, what := days, "day"
		if r.chance(50) {
			all, what = months, "month"
		}
		i := r.below(len(all))
		if r.chance(60) {
			return fmt.Sprintf(pick(r, []string{"Which %[1]s comes after %[2]s?", "What %[1]s follows %[2]s?", "Name the %[1]s after %[2]s."}), what, all[i]),
				all[(i+1)%len(all)] + "."
		}
		return fmt.Sprintf(pick(r, []string{"Which %[1]s comes before %[2]s?", "Name the %[1]s before %[2]s."}), what, all[i]),
			all[(i+len(all)-1)%len(all)] + "."
	}},
	{"count words", 14, true, func(r *random) (string, string) {
		words := pickDistinct(r, plain, r.between(1, 8))
		return fmt.Sprintf(pick(r, []string{"How many words are here: %s", "Count the words: %s", "Count these words: %s", "How many words do you see: %s"}),
			strings.Join(words, " ")), fmt.Sprint(len(words))
	}},
}
