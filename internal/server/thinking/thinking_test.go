package thinking

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestSplitter(t *testing.T) {
	for _, tt := range []struct{ prompt, text, thought, answer string }{
		{"", "just text", "", "just text"},
		{"", "<think>\nhm\n</think>\n\nyes", "hm", "yes"},
		{"", "\n <think>hm</think>yes", "hm", "yes"},
		{"", "<think>hm", "hm", ""},
		{"", "<think>hm \n", "hm", ""},
		{"", "<think>\n\n</think>\n\nyes", "", "yes"},
		{"", "<think>a </thi b </think> c </think> d", "a </thi b", "c </think> d"},
		{"", "<thin air", "", "<thin air"},
		{"", "<thi", "", "<thi"},
		{"", "yes <think>no</think>", "", "yes <think>no</think>"},
		{"", "", "", ""},
		{"", "  ", "", "  "},
		{"x<think>\n", "hm\n</think>\nyes", "hm", "yes"},
		{"x<think>\n\n</think>\n\n", "yes", "", "yes"},
		{"x<think>some thought", "hm</think>yes", "", "hm</think>yes"},
	} {
		for _, size := range []int{1, 2, 3, 1000} {
			p := (&knownTags[0]).Splitter(tt.prompt)
			thought, answer := pushed(p, tt.text, size)
			require.Equal(t, tt.thought, thought, "%q by %d", tt.text, size)
			require.Equal(t, tt.answer, answer, "%q by %d", tt.text, size)
		}
	}
}

// pushed pushes a text in pieces of size bytes, and returns the two parts.
func pushed(p *Splitter, text string, size int) (thought, answer string) {
	for len(text) > 0 {
		n := min(size, len(text))
		a, b := p.Push(text[:n])
		thought, answer, text = thought+a, answer+b, text[n:]
	}
	a, b := p.End()
	return thought + a, answer + b
}

// FuzzSplitter checks that the result does not depend on how a text is divided into tokens.
func FuzzSplitter(f *testing.F) {
	f.Add("<think> a </think> b", 3, false)
	f.Add("<think>\n\n </thi</think>\n", 1, true)
	f.Fuzz(func(t *testing.T, text string, size int, begun bool) {
		prompt := ""
		if begun {
			prompt = "<think>"
		}
		size = max(1, size&15)
		tags := &knownTags[0]
		thought, answer := pushed(tags.Splitter(prompt), text, len(text)+1)
		thought2, answer2 := pushed(tags.Splitter(prompt), text, size)
		require.Equal(t, thought, thought2)
		require.Equal(t, answer, answer2)
		require.Equal(t, strings.TrimRight(thought, " \t\r\n"), thought)
		require.LessOrEqual(t, len(thought)+len(answer), len(text))
	})
}

func TestTagsOf(t *testing.T) {
	require.Nil(t, TagsOf("{{ messages }}"))
	require.Equal(t, "<think>", TagsOf("... <think> ...").Open)
	require.Equal(t, "[/THINK]", TagsOf("... [THINK] ...").Close)
}
