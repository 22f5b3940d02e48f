package grammar_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"alpaca/internal/grammar"
)

// alternatives returns a matcher for a "{", followed by one of n words. Nested parentheses follow
// each word, so the words cannot become an automaton.
func alternatives(t *testing.T, n int) *grammar.Matcher {
	nested := grammar.Seq{grammar.Bytes("("), grammar.Repeat{X: grammar.Ref(1), Max: 1}, grammar.Bytes(")")}
	var words grammar.Alt
	for i := range n {
		words = append(words, grammar.Seq{grammar.Bytes(fmt.Sprintf("w%05d", i)), grammar.Ref(1)})
	}
	p, err := grammar.Compile(&grammar.Rules{Names: []string{"root", "nested"}, Body: []grammar.Expr{grammar.Seq{grammar.Bytes("{"), words}, nested}})
	require.NoError(t, err)
	texts := []string{"{", "w", "0", "1", "(", ")", ""}
	return p.NewMatcher(grammar.NewVocab(len(texts), func(id int32) []byte { return []byte(texts[id]) }, []int32{6}))
}

// TestManyReadings checks that a matcher can follow thousands of readings at once, as for an object
// with thousands of properties. If there are too many, there must be an error that says so.
func TestManyReadings(t *testing.T) {
	m := alternatives(t, 8_000)
	for _, id := range []int32{0, 1, 2, 2, 2, 3, 2, 4, 4, 5, 5} {
		require.NoError(t, m.Accept(id))
	}
	require.True(t, m.Done())
	require.ErrorIs(t, alternatives(t, 25_000).Accept(0), grammar.ErrTooAmbiguous)
}

// TestManyRules compiles a long chain of rules that may be empty, which must not take long.
func TestManyRules(t *testing.T) {
	const n = 20_000
	r := &grammar.Rules{}
	for i := range n {
		body := grammar.Expr(grammar.Repeat{X: grammar.Bytes("a"), Max: 1})
		if i < n-1 {
			body = grammar.Seq{grammar.Repeat{X: grammar.Bytes("a"), Max: 1}, grammar.Ref(i + 1)}
		}
		r.Names, r.Body = append(r.Names, ""), append(r.Body, body)
	}
	_, err := grammar.Compile(r)
	require.NoError(t, err)
}
