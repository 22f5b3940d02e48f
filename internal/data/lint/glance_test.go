package lint

import (
	"math/rand/v2"
	"regexp"
	"regexp/syntax"
	"slices"
	"strings"
	"testing"
	"unicode"

	"github.com/stretchr/testify/require"
)

// match writes a random text that re matches. Its letters are in upper or lower case.
func match(b *strings.Builder, re *syntax.Regexp, r *rand.Rand) {
	switch re.Op {
	case syntax.OpLiteral:
		for _, c := range re.Rune {
			for range r.IntN(4) {
				c = unicode.SimpleFold(c)
			}
			b.WriteRune(c)
		}
	case syntax.OpCharClass:
		i := 2 * r.IntN(len(re.Rune)/2)
		b.WriteRune(re.Rune[i] + rune(r.IntN(int(min(re.Rune[i+1]-re.Rune[i], 40))+1)))
	case syntax.OpAnyCharNotNL:
		b.WriteByte('x')
	case syntax.OpConcat, syntax.OpCapture:
		for _, sub := range re.Sub {
			match(b, sub, r)
		}
	case syntax.OpAlternate:
		match(b, re.Sub[r.IntN(len(re.Sub))], r)
	case syntax.OpQuest, syntax.OpStar, syntax.OpPlus, syntax.OpRepeat:
		least := map[syntax.Op]int{syntax.OpPlus: 1, syntax.OpRepeat: re.Min}[re.Op]
		most := map[syntax.Op]int{syntax.OpQuest: 1, syntax.OpRepeat: re.Max}[re.Op]
		for range least + r.IntN(max(most-least, 0)+1) {
			match(b, re.Sub[0], r)
		}
	}
}

// world matches what needsWorld finds.
var world = regexp.MustCompile(link().String() + "|" + attachment().String())

// TestGlances checks that every match of a pattern contains one of the pattern's parts.
func TestGlances(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for _, test := range []struct {
		pattern *regexp.Regexp
		parts   []string
	}{{pointing(), pointingParts}, {pictures(), pictureParts}, {refuses(), refusalParts}, {world, worldParts}} {
		re, err := syntax.Parse(test.pattern.String(), syntax.Perl)
		require.NoError(t, err)
		used, matches := map[string]bool{}, 0
		for range 5000 {
			var b strings.Builder
			match(&b, re, r)
			if !test.pattern.MatchString(b.String()) {
				continue // \b at the beginning of a pattern does not count a long s as a letter
			}
			matches++
			require.True(t, hasFolded(b.String(), test.parts...), b.String())
			i := slices.IndexFunc(test.parts, func(p string) bool { return hasFolded(b.String(), p) })
			used[test.parts[i]] = true
		}
		require.Greater(t, matches, 4000)
		require.Len(t, used, len(test.parts), "a part of a pattern occurs in no match")
	}
}

// TestPlaceholder checks that the limit on the number of words does not change the result of
// isPlaceholder.
func TestPlaceholder(t *testing.T) {
	for _, text := range []string{"", "none", " ( ( None. ) ) ", "[no\n\n input]", "no  output", "no output here", ". . . -", "<<N/A>>", "a b c", "( not ) available", "N / A", "\u2003none\u2003"} {
		require.Equal(t, placeholders[plain(text)], isPlaceholder(text), "%q", text)
	}
}
