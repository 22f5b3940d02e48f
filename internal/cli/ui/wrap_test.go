package ui

import (
	"bytes"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"alpaca/internal/lineedit"
)

// TestWrapper checks that lines are broken between words, in whatever pieces the text is written,
// and that only spaces and control characters are lost.
func TestWrapper(t *testing.T) {
	for text, want := range map[string]string{
		"a\x1b[31mb\x07\u009b":          "a[31mb",
		"":                              "",
		"one two":                       "one two",
		"one two three four":            "one two\nthree four",
		"one\n\n  two":                  "one\n\n  two",
		"abcdefghijklmnop q":            "abcdefghijklmnop\nq",
		"0123456789 next":               "0123456789\nnext",
		"a 0123456789 next":             "a\n0123456789\nnext",
		"日本語日本語日本語":                     "日本語日本\n語日本語",
		"e\u0301e\u0301 e\u0301 abcdef": "e\u0301e\u0301 e\u0301\nabcdef",
	} {
		for _, size := range []int{1, 2, 5, 100} {
			var out bytes.Buffer
			w := &Wrapper{Out: &out, Width: func() int { return 10 }}
			for runes := []rune(text); len(runes) > 0; runes = runes[min(size, len(runes)):] {
				_, err := w.Write([]byte(string(runes[:min(size, len(runes))])))
				require.NoError(t, err)
			}
			require.NoError(t, w.flush())
			require.Equal(t, want, out.String())
		}
	}
	require.Equal(t, "one two\nthree", wrap("one two three", 10))
	for line := range strings.Lines(wrap(strings.Repeat("word ", 50), 40)) {
		require.LessOrEqual(t, lineedit.Width(strings.TrimSuffix(line, "\n")), 40)
	}
}
