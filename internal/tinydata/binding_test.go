package tinydata

import (
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// bindingRules has a function for each of the bindingKinds that have a
// prompt. The function computes the right answer from the prompt alone.
var bindingRules = map[string]func(t *testing.T, prompt string) string{
	"tell": func(t *testing.T, p string) string {
		facts, asked, found := strings.Cut(p, ": ")
		require.True(t, found)
		var answers []string
		for _, word := range strings.Split(asked, ", ") {
			m := regexp.MustCompile(`(\w+) (has an?|is at the) (\w+)\.`).FindAllStringSubmatch(facts, -1)
			i := slices.IndexFunc(m, func(f []string) bool { return f[1] == word || f[3] == word })
			require.GreaterOrEqual(t, i, 0, p)
			answer := m[i][0]
			if m[i][3] == word && m[i][2] != "is at the" {
				answer = m[i][1] + " has the " + word + "."
			}
			answers = append(answers, answer)
		}
		return strings.Join(answers, " ")
	},
	"larger of pairs": func(t *testing.T, p string) string {
		var out []string
		n := digits(p)
		for i := 0; i < len(n); i += 2 {
			if (n[i] > n[i+1]) == strings.Contains(p, "larger") {
				out = append(out, count(n[i]))
			} else {
				out = append(out, count(n[i+1]))
			}
		}
		return strings.Join(out, ", ")
	},
	"owner": func(t *testing.T, p string) string {
		require.GreaterOrEqual(t, strings.Count(p, "."), 4, "the prompt must have at least four facts")
		if strings.Contains(p, " is at the ") {
			return position(t, p)
		}
		return possession(t, p)
	},
}

func TestBinding(t *testing.T) {
	for name, rule := range bindingRules {
		list, err := Kind(name, 7, 2000)
		require.NoError(t, err)
		for _, e := range list {
			require.Equal(t, rule(t, e.Prompt), e.Answer, e.Prompt)
		}
	}
}

// TestRounds checks the kinds whose texts repeat a list. Each repetition must have the same words.
func TestRounds(t *testing.T) {
	words := func(s string) []string {
		return slices.Sorted(slices.Values(regexp.MustCompile(`\w+`).FindAllString(s, -1)))
	}
	for _, name := range []string{"pairs again", "pairs turned", "numbers again", "words again"} {
		list, err := Kind(name, 7, 1000)
		require.NoError(t, err)
		for _, e := range list {
			require.Empty(t, e.Prompt)
			lines := strings.Split(e.Answer, "\n")
			all := words(e.Answer)
			divides := false
			for rounds := 3; rounds <= 5; rounds++ {
				one := words(strings.Join(lines[:len(lines)/rounds], "\n"))
				var same []string
				for _, w := range one {
					same = append(same, slices.Repeat([]string{w}, rounds)...)
				}
				divides = divides || slices.Equal(same, all)
			}
			require.True(t, divides, e.Answer)
			if name == "words again" {
				require.Equal(t, lines[0], lines[1])
			}
		}
	}
}

// TestTurned checks texts of the kind "pairs turned". In every second round, the words of each pair
// must be in the other order.
func TestTurned(t *testing.T) {
	list, err := Kind("pairs turned", 3, 500)
	require.NoError(t, err)
	for _, e := range list {
		lines := strings.Split(e.Answer, "\n")
		for _, pair := range strings.Split(lines[0], ", ") {
			w := regexp.MustCompile(`^(\w+)(.*?)(\w+)$`).FindStringSubmatch(pair)
			require.Contains(t, ", "+lines[1]+", ", ", "+w[3]+w[2]+w[1]+", ")
			require.Contains(t, ", "+lines[2]+", ", ", "+pair+", ")
		}
	}
}
