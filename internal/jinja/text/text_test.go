package text

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// mixed is "ab" from the template, "Çd" with the origin 1 and "e " with the origin 2.
var mixed = Concat(New("ab"), From("Çd", 1), From("e ", 2))

func TestSpans(t *testing.T) {
	require.Equal(t, []Span{{"ab", 0}, {"Çd", 1}, {"e ", 2}}, mixed.Spans())
	require.Equal(t, []Span{{"b", 0}, {"Ç", 1}}, mixed.Slice(1, 3).Spans())
	require.Equal(t, []Span{{" e", 2}, {"dÇ", 1}, {"ba", 0}}, mixed.Reverse().Spans())
	require.Equal(t, []Span{{"ab", 0}, {"çd", 1}, {"e ", 2}}, mixed.Lower().Spans())
	require.Equal(t, []Span{{"ab", 0}, {"Çd", 1}, {"e", 2}}, mixed.Strip(Both, IsSpace).Spans())
	require.Equal(t, []Span{{"ab", 0}, {"Ç", 1}, {"--", 0}, {"e ", 2}}, mixed.Replace(New("d"), New("--"), -1).Spans())
	require.Equal(t, []Span{{"'ab", 0}, {"Çd", 1}, {"e ", 2}, {"'", 0}}, mixed.Quote().Spans())
	require.Equal(t, []Span{{`"ab`, 0}, {`\u00c7d`, 1}, {"e ", 2}, {`"`, 0}}, mixed.JSON(true).Spans())
	require.Equal(t, []Span{{"e ab", 5}}, Tainted("e ab", New("x"), From("y", 5)).Spans())
	require.Nil(t, Text{}.Spans())
	require.Equal(t, Origin(1), mixed.Origin())
	require.Equal(t, Template, From("", 7).Origin())
	require.Equal(t, []Span{{"aa", 0}}, Concat(New("a"), From("", 3), New("a")).Spans(), "an empty text must not split a span")
}

// TestPython compares the results of methods with those of Python.
func TestPython(t *testing.T) {
	strs := func(list []Text) []string {
		out := []string{}
		for _, x := range list {
			out = append(out, x.String())
		}
		return out
	}
	for got, want := range map[string]string{
		New("ΑΣ ΣΑΣ.").Lower().String():                               "ας σας.",
		New("\x1c\x1d\u0085 x\x1e\x1f").Strip(Both, IsSpace).String(): "x",
		New("\x1b x\u200b").Strip(Both, IsSpace).String():             "\x1b x\u200b",
		New("ß ŉx ǆ").Title().String():                                "Ss ʼNx ǅ",
		New("ǆ ΑΣ").Capitalize().String():                             "ǅ ας",
		New("İß").Swapcase().String():                                 "i̇SS",
		New("ﬁẞ").Casefold().String():                                 "fiss",
		New("a\tb\tcc").ExpandTabs(4).String():                        "a   b   cc",
		New("it's").Quote().String():                                  `"it's"`,
		New("a\\\n\x00é\u200b").Quote().String():                      `'a\\\n\x00é\u200b'`,
		New("<a> & 'b'").Escaped().String():                           "&lt;a&gt; &amp; &#39;b&#39;",
	} {
		require.Equal(t, want, got)
	}
	require.Equal(t, []string{"a", "b  c "}, strs(New("  a b  c ").Fields(1, false)))
	require.Equal(t, []string{"  a b", "c"}, strs(New("  a b  c ").Fields(1, true)))
	require.Equal(t, []string{"a", "b"}, strs(New("  a b ").Fields(-1, false)))
	require.Equal(t, []string{"a", "", "b"}, strs(New("a,,b").Split(",", -1, false)))
	require.Equal(t, []string{"a,", "b"}, strs(New("a,,b").Split(",", 1, true)))
	require.Equal(t, []string{"a", "b", "", "c"}, strs(New("a\r\nb\u2028\x1dc\n").Lines(false)))
	require.Equal(t, []string{"a\r\n", "b"}, strs(New("a\r\nb").Lines(true)))
	require.Equal(t, "-a-b-", New("ab").Replace(Text{}, New("-"), -1).String())
	require.Equal(t, 3, New("日本日本").Find("本", 2, 9, false))
	require.Equal(t, -1, New("abc").Find("", 4, 9, false))
}

// FuzzCut checks that the pieces of a text add up to the whole text.
func FuzzCut(f *testing.F) {
	f.Add("a", "b", 1)
	f.Fuzz(func(t *testing.T, a, b string, at int) {
		whole := Concat(From(a, 1), From(b, 2))
		if at < 0 || at > whole.Len() {
			return
		}
		require.Equal(t, whole.Spans(), Concat(whole.Cut(0, at), whole.Cut(at, whole.Len())).Spans())
	})
}
