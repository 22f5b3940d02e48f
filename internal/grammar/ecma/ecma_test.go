package ecma

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"alpaca/internal/grammar/fsa"
)

func TestMatch(t *testing.T) {
	tests := []struct {
		pattern string
		yes, no []string
	}{
		{"b", []string{"b", "abc"}, []string{"", "ac"}},
		{"^ab$", []string{"ab"}, []string{"xab", "abx", ""}},
		{"^a|b$", []string{"ax", "xb"}, []string{"xa", "bx"}},
		{"^$", []string{""}, []string{"a"}},
		{`^\d{2,3}$`, []string{"12", "123"}, []string{"1", "1234", "٣٣"}},
		{`^\w+\s\S$`, []string{"a_9 x", "a\u00a0x"}, []string{"é x", "a  "}},
		{`\bcat\b`, []string{"cat", "a cat.", "cat-dog"}, []string{"cats", "concat"}},
		{`^.$`, []string{"x", "é", "😀"}, []string{"\n", "ab", "\u2028"}},
		{`^[^a-c\]]+$`, []string{"xyz["}, []string{"b", "]"}},
		{`^[\w-.]+$`, []string{"a-b.c"}, []string{"a/b"}},
		{`^[]$`, nil, []string{"", "a"}},
		{`^[^]$`, []string{"\n"}, []string{""}},
		{`^(?:ab)+?c??$`, []string{"ab", "ababc"}, []string{"c"}},
		{`^(?<year>\d{4})$`, []string{"2026"}, []string{"26"}},
		{`^\u00e9\x41\u{1F600}\ud83d\ude00\cA\0$`, []string{"éA😀😀\x01\x00"}, []string{"e"}},
		{`^\p{Lu}\P{L}\p{Script=Greek}$`, []string{"É1α"}, []string{"é1α", "É1a"}},
		{`^a{,3}$`, []string{"a{,3}"}, []string{"aa"}},
		{`\/api`, []string{"/api"}, []string{"api"}},
		{`x*`, []string{"", "y"}, nil},
		{`\Bb`, []string{"ab"}, []string{"b", " b"}},
		{`a^b`, nil, []string{"ab", "a^b"}},
	}
	for _, tt := range tests {
		d, err := Compile(tt.pattern, 10_000)
		require.NoError(t, err, tt.pattern)
		for _, s := range tt.yes {
			require.True(t, d.Match([]rune(s)), "%s matches %q", tt.pattern, s)
			require.True(t, d.Minimize().Match([]rune(s)), "%s matches %q", tt.pattern, s)
		}
		for _, s := range tt.no {
			require.False(t, d.Match([]rune(s)), "%s refuses %q", tt.pattern, s)
			require.False(t, d.Minimize().Match([]rune(s)), "%s refuses %q", tt.pattern, s)
		}
	}
}

func TestErrors(t *testing.T) {
	for pattern, want := range map[string]string{
		"a(b":                                  "character 2: the parenthesis is not closed",
		"a)":                                   "character 2: unmatched )",
		"[a":                                   "character 1: the bracket is not closed",
		"[z-a]":                                "character 3: the range is out of order",
		"*a":                                   "character 1: nothing to repeat",
		"a**":                                  "nothing to repeat",
		"{2}":                                  "nothing to repeat",
		"^*":                                   "nothing to repeat",
		"a{3,2}":                               "out of order",
		"(?=a)":                                "look ahead or behind",
		"x(?<!a)":                              "character 2: conditions",
		`(a)\1`:                                "character 4: references",
		`\y`:                                   `unknown escape \y`,
		`\u12`:                                 "4 hexadecimal digits",
		`\p{Nope}`:                             `unknown property "Nope"`,
		`a\`:                                   "nothing follows",
		"(?i)a":                                "unknown kind of group",
		strings.Repeat("(", 200):               "nested deeper",
		"((a{1000}){1000}){1000}":              "too large",
		"^(a|b)*a(a|b){25}$":                   "too large",
		"(((((((((a*)*)*)*)*)*)*)*)*){9999,}[": "not closed",
		"((((x{0,99}){0,99}){0,99}){0,99}){0,99}": "too large",
	} {
		_, err := Compile(pattern, 10_000)
		require.ErrorContains(t, err, want, pattern)
	}
}

func TestProducts(t *testing.T) {
	a, err := Compile("^[a-m]+$", 100)
	require.NoError(t, err)
	b, err := Compile("^.[h-z]$", 100)
	require.NoError(t, err)
	for _, tt := range []struct {
		op   fsa.Op
		text string
		want bool
	}{
		{fsa.And, "ah", true}, {fsa.And, "az", false}, {fsa.And, "a", false},
		{fsa.Or, "a", true}, {fsa.Or, "zz", true}, {fsa.Or, "z", false},
		{fsa.Diff, "ab", true}, {fsa.Diff, "ah", false}, {fsa.Diff, "z", false},
	} {
		d, err := fsa.Product(a, b, tt.op, 1000)
		require.NoError(t, err)
		require.Equal(t, tt.want, d.Match([]rune(tt.text)), tt.text)
	}
	none, err := fsa.Product(a, a, fsa.Diff, 1000)
	require.NoError(t, err)
	require.True(t, none.Empty())
}

func FuzzCompile(f *testing.F) {
	for _, s := range []string{"^a+$", `\d{2}|[^\w-]`, `\p{L}(?<n>x)`, "[z-a]", "a{1,2}{3}", "(?=", `\u{`} {
		f.Add(s, "abc")
	}
	f.Fuzz(func(t *testing.T, pattern, text string) {
		d, err := Compile(pattern, 500)
		if err != nil {
			require.NotEmpty(t, err.Error())
			return
		}
		require.Equal(t, d.Match([]rune(text)), d.Minimize().Match([]rune(text)))
	})
}
