package tinydata

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func inflect(t *testing.T, prompt string, form func(verb) string) string {
	_, sentence, _ := strings.Cut(prompt, ": ")
	words := strings.Fields(sentence)
	for i, w := range words {
		for _, v := range slices.Concat(motions, actions) {
			if v.third == w && i > 0 {
				words[i] = form(v)
				return strings.Join(words, " ")
			}
		}
	}
	t.Fatal(prompt)
	return ""
}

func question(t *testing.T, prompt string) string {
	s := strings.Fields(inflect(t, prompt, func(v verb) string { return v.base }))
	if s[0] == "The" {
		s[0] = "the"
	}
	return "Does " + strings.TrimSuffix(strings.Join(s, " "), ".") + "?"
}

func table(t *testing.T, prompt string, list [][2]string) [2]string {
	best := [2]string{}
	for _, c := range list {
		if strings.Contains(prompt, c[0]+" ") || strings.Contains(prompt, c[0]+"?") || strings.Contains(prompt, c[0]+".") {
			if len(c[0]) > len(best[0]) {
				best = c
			}
		}
	}
	require.NotEmpty(t, best[0], prompt)
	return best
}

func calendar(t *testing.T, prompt string) string {
	step := 1
	if strings.Contains(prompt, "before") {
		step = -1
	}
	for _, all := range [][]string{days, months} {
		for i, d := range all {
			if strings.Contains(prompt, d) {
				return all[(i+step+len(all))%len(all)] + "."
			}
		}
	}
	t.Fatal(prompt)
	return ""
}

func afterColon(p string) string { return p[strings.Index(p, ": ")+2:] }

func lastWord(p string) string {
	f := strings.FieldsFunc(p, func(r rune) bool { return strings.ContainsRune(" ?.,!:", r) })
	return f[len(f)-1]
}

func nounOf(p string) string {
	if strings.HasPrefix(p, "One ") {
		return p[4:strings.Index(p, ",")]
	}
	return lastWord(p)
}

// plural forms the plural by the rules of English spelling and its exceptions.
func plural(w string) string {
	odd := map[string]string{"child": "children", "man": "men", "woman": "women", "foot": "feet", "tooth": "teeth", "mouse": "mice",
		"goose": "geese", "sheep": "sheep", "fish": "fish", "potato": "potatoes", "tomato": "tomatoes", "hero": "heroes"}
	if p, ok := odd[w]; ok {
		return p
	}
	switch {
	case strings.HasSuffix(w, "fe"):
		return w[:len(w)-2] + "ves"
	case regexp.MustCompile(`[aeo]?[ael]f$`).MatchString(w):
		return w[:len(w)-1] + "ves"
	case regexp.MustCompile(`[^aeiou]y$`).MatchString(w):
		return w[:len(w)-1] + "ies"
	case regexp.MustCompile(`(s|x|sh|ch)$`).MatchString(w):
		return w + "es"
	}
	return w + "s"
}

func classify(t *testing.T, prompt string) string {
	w := regexp.MustCompile(`^(?:What is (\w+)\? Say|What kind of thing is (\w+)|Classify this word: (\w+)|Which group does (\w+))`).FindStringSubmatch(prompt)
	require.NotNil(t, w, prompt)
	word := strings.Join(w[1:], "")
	for _, g := range groups {
		if slices.Contains(g.words, word) {
			return upperFirst(word) + " is " + article(g.name) + "."
		}
	}
	t.Fatal(prompt)
	return ""
}

func pickRule(t *testing.T, prompt string) string {
	head, tail, _ := strings.Cut(strings.TrimRight(prompt, "?."), ": ")
	var right []string
	for _, w := range strings.Split(tail, ", ") {
		for _, g := range groups {
			if strings.HasSuffix(head, " "+g.name) && slices.Contains(g.words, w) {
				right = append(right, w)
			}
		}
	}
	require.Len(t, right, 1, prompt)
	return right[0]
}

func spell(w string) string {
	var b strings.Builder
	for i := range len(w) {
		if i > 0 {
			b.WriteByte('-')
		}
		b.WriteByte(w[i])
	}
	return b.String()
}

func possession(t *testing.T, prompt string) string {
	owner := map[string]string{}
	for _, m := range regexp.MustCompile(`(\w+) has (an? (\w+))\.`).FindAllStringSubmatch(prompt, -1) {
		owner[m[1]], owner[m[3]] = m[2], m[1]
	}
	if m := regexp.MustCompile(`Who has the (\w+)\?$`).FindStringSubmatch(prompt); m != nil {
		return owner[m[1]] + " has the " + m[1] + "."
	}
	m := regexp.MustCompile(`What does (\w+) have\?$`).FindStringSubmatch(prompt)
	return m[1] + " has " + owner[m[1]] + "."
}

func position(t *testing.T, prompt string) string {
	at := map[string]string{}
	for _, m := range regexp.MustCompile(`(\w+) is at the (\w+)\.`).FindAllStringSubmatch(prompt, -1) {
		at[m[1]], at[m[2]] = m[0], m[0]
	}
	return at[lastWord(prompt)]
}

func upper(r rune) rune {
	if r >= 'a' && r <= 'z' {
		return r - 32
	}
	return r
}

func less(a, b string) bool { return a < b }

// selection sorts a list by choosing the smallest element again and again.
func selection(list []string, less func(a, b string) bool) string {
	var out []string
	for len(list) > 0 {
		best := 0
		for i := range list {
			if less(list[i], list[best]) {
				best = i
			}
		}
		out = append(out, list[best])
		list = slices.Delete(slices.Clone(list), best, best+1)
	}
	return strings.Join(out, ", ")
}

func digits(p string) (n []int) {
	for _, m := range regexp.MustCompile(`\d+`).FindAllString(p, -1) {
		x, _ := strconv.Atoi(m)
		n = append(n, x)
	}
	return n
}

func two(p string) (int, int) { n := digits(p); return n[0], n[1] }

func greetingRule(p string) string {
	for _, g := range greetings {
		if slices.Contains(g.said, p) {
			return g.answer
		}
	}
	return ""
}

func numberRule(t *testing.T, prompt string) string {
	ones := strings.Fields("zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen")
	decades := strings.Fields("twenty thirty forty fifty sixty seventy eighty ninety")
	value := func(word string) int {
		if i := slices.Index(ones, word); i >= 0 {
			return i
		}
		head, tail, compound := strings.Cut(word, "-")
		n := 10 * (slices.Index(decades, head) + 2)
		if compound {
			n += slices.Index(ones, tail)
		}
		return n
	}
	if n := digits(prompt); len(n) == 1 {
		for i := range 100 {
			name := ""
			switch {
			case i < 20:
				name = ones[i]
			case i%10 == 0:
				name = decades[i/10-2]
			default:
				name = decades[i/10-2] + "-" + ones[i%10]
			}
			if i == n[0] {
				require.Equal(t, i, value(name))
				return name
			}
		}
	}
	m := regexp.MustCompile(`([a-z]+(?:-[a-z]+)?)(?: as a number\.| in digits\.|\?)$`).FindStringSubmatch(prompt)
	require.NotNil(t, m, prompt)
	return count(value(m[1]))
}

func animalOf(t *testing.T, prompt string) animal {
	for _, a := range animals {
		if regexp.MustCompile(`\b` + a.name + `\b`).MatchString(prompt) {
			return a
		}
	}
	t.Fatal(prompt)
	return animal{}
}

func animalRule(t *testing.T, prompt string) string {
	a := animalOf(t, prompt)
	it := upperFirst(article(a.name))
	for _, c := range []struct{ words, answer string }{
		{"sound|noise", it + " " + a.sound + "."},
		{"legs", it + " has " + a.legs + " legs."},
		{"young|baby", "A young " + a.name + " is called " + article(a.young) + "."},
		{"home|live", it + " lives " + a.home + "."},
		{"food|eat", it + " eats " + a.food + "."},
		{"kind|class", it + " is " + article(a.class) + "."},
		{"Describe|like|about", it + " is " + a.look + ". It lives " + a.home + " and eats " + a.food + "."},
	} {
		if regexp.MustCompile(c.words).MatchString(prompt) {
			return c.answer
		}
	}
	t.Fatal(prompt)
	return ""
}

func yesNo(t *testing.T, prompt string) string {
	a := animalOf(t, prompt)
	body, truth := "", false
	switch {
	case strings.Contains(prompt, " eat "):
		body, truth = " eats "+a.food, strings.HasSuffix(prompt, " eat "+a.food+"?")
	case strings.Contains(prompt, " live "):
		body, truth = " lives "+a.home, strings.HasSuffix(prompt, " live "+a.home+"?")
	default:
		body, truth = " is "+article(a.class), strings.HasSuffix(prompt, " "+article(a.class)+"?")
	}
	if truth {
		return "Yes, " + article(a.name) + body + "."
	}
	return "No, " + article(a.name) + body + "."
}
