package tinydata

import (
	"fmt"
	"slices"
	"strings"
)

// numberKinds ask about numbers of at most two digits: arithmetic, order and number words.
var numberKinds = []kind{
	{"add", 50, true, func(r *random) (string, string) {
		a, b := r.below(100), r.below(100)
		return fmt.Sprintf(pick(r, []string{"What is %d + %d?", "%d + %d =", "Add %d and %d.", "How much is %d plus %d?"}), a, b), fmt.Sprint(a + b)
	}},
	{"subtract", 40, true, func(r *random) (string, string) {
		a, b := r.below(100), r.below(100)
		a, b = max(a, b), min(a, b)
		if r.chance(25) {
			return fmt.Sprintf("Subtract %d from %d.", b, a), fmt.Sprint(a - b)
		}
		return fmt.Sprintf(pick(r, []string{"What is %d - %d?", "%d - %d =", "How much is %d minus %d?"}), a, b), fmt.Sprint(a - b)
	}},
	{"multiply", 20, true, func(r *random) (string, string) {
		a, b := r.between(0, 12), r.between(0, 12)
		return fmt.Sprintf(pick(r, []string{"What is %d * %d?", "%d * %d =", "Multiply %d by %d.", "How much is %d times %d?"}), a, b), fmt.Sprint(a * b)
	}},
	{"compare", 24, true, func(r *random) (string, string) {
		a := r.below(100)
		b := (a + r.between(1, 99)) % 100
		if r.chance(50) {
			return fmt.Sprintf(pick(r, []string{"Which number is larger, %d or %d?", "Which is more: %d or %d?", "Name the larger number: %d, %d"}), a, b), fmt.Sprint(max(a, b))
		}
		return fmt.Sprintf(pick(r, []string{"Which number is smaller, %d or %d?", "Which is less: %d or %d?", "Name the smaller number: %d, %d"}), a, b), fmt.Sprint(min(a, b))
	}},
	{"series", 20, true, func(r *random) (string, string) {
		step := pick(r, []int{1, 2, 3, 5, 10})
		from := r.between(0, 40)
		return fmt.Sprintf(pick(r, []string{"What comes next: %d, %d, %d", "Continue the series: %d, %d, %d", "Which number follows: %d, %d, %d"}), from, from+step, from+2*step),
			fmt.Sprint(from + 3*step)
	}},
	{"sort numbers", 44, true, func(r *random) (string, string) {
		n := []int{r.below(100), r.below(100), r.below(100)}
		sorted := slices.Clone(n)
		slices.Sort(sorted)
		forms := []string{"Sort these numbers: %s", "Sort from the smallest to the largest: %s", "Put these numbers in order: %s"}
		if r.chance(40) {
			slices.Reverse(sorted)
			forms = []string{"Sort from the largest to the smallest: %s", "Put these numbers in falling order: %s"}
		}
		return fmt.Sprintf(pick(r, forms), numbers(n)), numbers(sorted)
	}},
	{"number words", 16, true, func(r *random) (string, string) {
		n := r.below(100)
		if r.chance(50) {
			return fmt.Sprintf(pick(r, []string{"Write %d in words.", "How do you write %d as a word?", "Spell the number %d."}), n), numberName(n)
		}
		return fmt.Sprintf(pick(r, []string{"Write %s as a number.", "Which number is %s?", "Write %s in digits."}), numberName(n)), fmt.Sprint(n)
	}},
}

func numbers(list []int) string {
	var s []string
	for _, n := range list {
		s = append(s, fmt.Sprint(n))
	}
	return strings.Join(s, ", ")
}

var tens = []string{"", "", "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"}

// numberName returns 0 to 99 in words.
func numberName(n int) string {
	switch {
	case n < len(numberWords):
		return numberWords[n]
	case n%10 == 0:
		return tens[n/10]
	}
	return tens[n/10] + "-" + numberWords[n%10]
}
