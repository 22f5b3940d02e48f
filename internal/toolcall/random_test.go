package toolcall

import (
	"math/rand/v2"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"
)

// broken returns text with pieces left out, repeated, swapped, or taken from the text other.
func broken(r *rand.Rand, text, other string) string {
	list := []rune(text)
	for range 1 + r.IntN(4) {
		if len(list) < 2 {
			break
		}
		i := r.IntN(len(list))
		j := i + r.IntN(min(12, len(list)-i))
		switch r.IntN(4) {
		case 0:
			list = append(list[:i:i], list[j:]...)
		case 1:
			list = append(list[:j:j], list[i:]...)
		case 2:
			list = append(append(append([]rune{}, list[j:]...), list[i:j]...), list[:i]...)
		default:
			more := []rune(other)
			k := r.IntN(len(more))
			list = append(append(append([]rune{}, list[:i]...), more[k:min(len(more), k+20)]...), list[i:]...)
		}
	}
	return string(list)
}

// TestBrokenTexts makes the same checks as FuzzParser, with texts that are nearly calls.
func TestBrokenTexts(t *testing.T) {
	n := 2000
	if testing.Short() {
		n = 300
	}
	r := rand.New(rand.NewPCG(1, 2))
	list := cases()
	for range n {
		c, other := list[r.IntN(len(list))], list[r.IntN(len(list))]
		checkText(t, family(t, c.family), broken(r, c.text, other.text))
	}
}

// checkText checks that the result does not depend on how a text is cut. It also checks that a text
// without a call stays unchanged, if the family has no marks around such answers.
func checkText(t *testing.T, f *Family, text string) {
	whole := parse(t, f, weather, text)
	pieces := make([]string, len(text))
	for i := range len(text) {
		pieces[i] = text[i : i+1]
	}
	require.Equal(t, whole, parse(t, f, weather, pieces...), "%s: %q", f.Name, text)
	require.Equal(t, whole, parse(t, f, weather, strings.Split(text, "")...), "%s: %q", f.Name, text)
	if utf8.ValidString(text) {
		require.True(t, utf8.ValidString(whole.Content+whole.Reasoning), "%s: %q", f.Name, text)
		for _, c := range whole.Calls {
			require.True(t, utf8.ValidString(c.Args), "%s: %q", f.Name, text)
		}
	}
	if len(whole.Calls) == 0 && !f.Always && !f.IsGeneric() {
		require.Equal(t, text, whole.Content, "%s: a text without a call must not change", f.Name)
	}
}
