package tinydata

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// rules has a function for each exact kind. The function computes the right
// answer from the prompt alone, in another way than the generator does.
var rules = map[string]func(t *testing.T, prompt string) string{
	"past": func(t *testing.T, p string) string { return inflect(t, p, func(v verb) string { return v.past }) },
	"future": func(t *testing.T, p string) string {
		return inflect(t, p, func(v verb) string { return "will " + v.base })
	},
	"negate": func(t *testing.T, p string) string {
		return inflect(t, p, func(v verb) string { return "does not " + v.base })
	},
	"question": question,
	"colour": func(t *testing.T, p string) string {
		c := table(t, p, coloured)
		return upperFirst(c[0]) + " is " + c[1] + "."
	},
	"calendar":    calendar,
	"count words": func(t *testing.T, p string) string { return strconv.Itoa(strings.Count(afterColon(p), " ") + 1) },
	"opposite": func(t *testing.T, p string) string {
		w := lastWord(p)
		for _, o := range opposites {
			if i := slices.Index(o[:], w); i >= 0 {
				return o[1-i]
			}
		}
		t.Fatal(p)
		return ""
	},
	"plural":   func(t *testing.T, p string) string { return plural(nounOf(p)) },
	"classify": classify,
	"pick":     pickRule,
	"spell":    func(t *testing.T, p string) string { return spell(lastWord(p)) },
	"count letters": func(t *testing.T, p string) string {
		w := regexp.MustCompile(`(?:in|of|does) (\w+)`).FindStringSubmatch(p)[1]
		return strconv.Itoa(len([]byte(w)))
	},
	"letter": func(t *testing.T, p string) string {
		w := []rune(lastWord(p))
		for word, i := range map[string]int{"first": 0, "second": 1, "third": 2, "last": len(w) - 1} {
			if strings.Contains(p, "the "+word+" ") {
				return string(w[i])
			}
		}
		t.Fatal(p)
		return ""
	},
	"repeat": func(t *testing.T, p string) string { return afterColon(p) },
	"reverse": func(t *testing.T, p string) string {
		s := ""
		for _, w := range strings.Split(afterColon(p), ", ") {
			if s != "" {
				s = ", " + s
			}
			s = w + s
		}
		return s
	},
	"who":   possession,
	"where": position,
	"upper case": func(t *testing.T, p string) string {
		return strings.Map(func(r rune) rune { return upper(r) }, afterColon(p))
	},
	"lower case": func(t *testing.T, p string) string {
		return strings.Map(func(r rune) rune {
			if r >= 'A' && r <= 'Z' {
				return r + 32
			}
			return r
		}, afterColon(p))
	},
	"sort words": func(t *testing.T, p string) string { return selection(strings.Split(afterColon(p), ", "), less) },
	"add":        func(t *testing.T, p string) string { a, b := two(p); return count(a + b) },
	"subtract": func(t *testing.T, p string) string {
		a, b := two(p)
		if strings.HasPrefix(p, "Subtract") {
			a, b = b, a
		}
		require.GreaterOrEqual(t, a, b)
		return count(a - b)
	},
	"multiply": func(t *testing.T, p string) string {
		a, b := two(p)
		sum := 0
		for range a {
			sum += b
		}
		return count(sum)
	},
	"compare": func(t *testing.T, p string) string {
		a, b := two(p)
		require.NotEqual(t, a, b)
		if large := strings.Contains(p, "larger") || strings.Contains(p, "more"); large == (a > b) {
			return count(a)
		}
		return count(b)
	},
	"series": func(t *testing.T, p string) string {
		n := digits(p)
		require.Equal(t, n[1]-n[0], n[2]-n[1])
		return count(2*n[2] - n[1])
	},
	"sort numbers": func(t *testing.T, p string) string {
		falling := strings.Contains(p, "falling") || strings.Contains(p, "from the largest")
		return selection(strings.Split(afterColon(p), ", "), func(a, b string) bool {
			x, _ := strconv.Atoi(a)
			y, _ := strconv.Atoi(b)
			return x < y != falling
		})
	},
	"number words": numberRule,
	"greeting":     func(t *testing.T, p string) string { return greetingRule(p) },
	"yes or no":    yesNo,
	"unknown":      func(t *testing.T, p string) string { return "I do not know that. I am a very small model." },
	"animal":       animalRule,
}

func TestAnswers(t *testing.T) {
	_, exact := Kinds()
	for _, name := range exact {
		t.Run(name, func(t *testing.T) {
			rule := rules[name]
			require.NotNil(t, rule, "the kind has no rule")
			list, err := Kind(name, 7, 2000)
			require.NoError(t, err)
			for _, e := range list {
				require.Equal(t, rule(t, e.Prompt), e.Answer, e.Prompt)
			}
		})
	}
}

func count(n int) string { return strconv.FormatInt(int64(n), 10) }
