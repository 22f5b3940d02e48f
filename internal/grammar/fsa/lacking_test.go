package fsa_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"alpaca/internal/grammar/fsa"
)

// TestLacking compares the automaton with strings.Contains. It uses all texts of up to five
// characters that are "x" or occur in end.
func TestLacking(t *testing.T) {
	for _, end := range []string{"a", "ab", "aab", "abab", "aaa", "é日é"} {
		d := fsa.Lacking([]rune(end), fsa.MaxRune)
		letters := []rune(end + "x")
		var walk func(text []rune)
		walk = func(text []rune) {
			require.Equal(t, !strings.Contains(string(text), end), d.Match(text), "%q in %q", end, string(text))
			if len(text) < 5 {
				for _, c := range letters {
					walk(append(text[:len(text):len(text)], c))
				}
			}
		}
		walk(nil)
	}
}
