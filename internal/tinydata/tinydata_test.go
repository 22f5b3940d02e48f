package tinydata

import (
	"fmt"
	"regexp"
	"testing"

	"github.com/stretchr/testify/require"
)

func ExampleGenerator() {
	g := New(1, nil)
	for range 3 {
		e := g.Next()
		fmt.Printf("%s: %q %q\n", e.Kind, e.Prompt, e.Answer)
	}
	// Output:
	// where: "Finn is at the farm. Lily is at the hill. Ruby is at the shop. Where is Finn?" "Finn is at the farm."
	// raw story: "" "Once upon a time, a deer lived near the school. Its friend was Hugo, who lived by the lake. One night, a great storm came. The deer could not find its way home. Hugo saw it from the window and ran outside. \"Come in,\" said Hugo. \"It is warm here.\" They slept side by side, and in the morning the sun was back. The deer never forgot it, and brought him a cup the next day."
	// count letters: "How many letters does small have?" "5"
}

// TestSeed checks that the same seed gives the same examples, and another seed gives other
// examples. ExampleGenerator checks that they are the same with every release of Go.
func TestSeed(t *testing.T) {
	a, b, c := New(1, nil), New(1, nil), New(2, nil)
	same := 0
	for range 1000 {
		x := a.Next()
		require.Equal(t, x, b.Next())
		if x == c.Next() {
			same++
		}
	}
	require.Less(t, same, 50)
}

// TestHeldOut checks that the trainer never gets a held-out instruction, and that every exact kind
// has questions.
func TestHeldOut(t *testing.T) {
	held := map[string]bool{}
	perKind := map[string]int{}
	for _, e := range Questions(3, 20) {
		require.True(t, e.HeldOut())
		held[e.Kind+e.Prompt] = true
		perKind[e.Kind]++
	}
	_, exact := Kinds()
	for _, k := range exact {
		require.Positive(t, perKind[k], k)
	}
	g := New(4, nil)
	for range 50_000 {
		e := g.Next()
		require.False(t, held[e.Kind+e.Prompt], e.Prompt)
	}
}

// TestOneAnswer checks that a prompt always has the same answer, even if several exact kinds
// have that prompt.
func TestOneAnswer(t *testing.T) {
	g, answers := New(5, nil), map[string]string{}
	exact := map[string]bool{}
	_, list := Kinds()
	for _, k := range list {
		exact[k] = true
	}
	for range 100_000 {
		e := g.Next()
		if !exact[e.Kind] {
			continue
		}
		if old, ok := answers[e.Prompt]; ok {
			require.Equal(t, old, e.Answer, e.Prompt)
		}
		answers[e.Prompt] = e.Answer
	}
}

// TestStories checks that stories contain no placeholders,
// and that they mention what the prompt asks for.
func TestStories(t *testing.T) {
	list, err := Kind("story", 9, 3000)
	require.NoError(t, err)
	for _, e := range list {
		require.NotRegexp(t, regexp.MustCompile(`[{}]`), e.Answer)
		require.Regexp(t, regexp.MustCompile(`^[A-Z].*[.!"]$`), e.Answer)
		require.NotRegexp(t, regexp.MustCompile(`\ba [aeiou]|\ban [^aeiou]`), e.Answer)
		for _, m := range regexp.MustCompile(`(?:about|and) (?:an? )?(\w+)`).FindAllStringSubmatch(e.Prompt, -1) {
			require.Contains(t, e.Answer, m[1])
		}
	}
}

func TestUnknownKind(t *testing.T) {
	_, err := Kind("poem", 1, 1)
	require.EqualError(t, err, `tinydata: no kind "poem"`)
}
