package engine

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestHolder(t *testing.T) {
	tests := []struct {
		name   string
		stops  []string
		pieces []string
		after  []string // after each piece, all text that has been emitted
		stop   bool
	}{
		{"no stop strings", nil, []string{"a", "", "b"}, []string{"a", "a", "ab"}, false},
		{"a stop string within one token", []string{"\n\n"}, []string{"a", "b\n\nc"}, []string{"a", "ab"}, true},
		{"spans tokens", []string{"User:"}, []string{"hi ", "Us", "er", ":"}, []string{"hi ", "hi ", "hi ", "hi "}, true},
		{"a stop string that begins inside a token", []string{"###"}, []string{"end#", "##x"}, []string{"", "end"}, true},
		{"false alarm", []string{"User:"}, []string{"Us", "ing"}, []string{"", "Using"}, false},
		{"the beginning of a stop string, then its beginning again", []string{"aab"}, []string{"a", "a", "a", "c"}, []string{"", "", "a", "aaac"}, false},
		{"overlap", []string{"aab"}, []string{"a", "a", "a", "b"}, []string{"", "", "a", "a"}, true},
		{"the stop string that is complete first", []string{"bcd", "c"}, []string{"abcd"}, []string{"ab"}, true},
		{"the longer of two stop strings that end together", []string{"cd", "bcd"}, []string{"abcd"}, []string{"a"}, true},
		{"the stop string that is complete first, token by token", []string{"bcd", "c"}, []string{"a", "b", "c", "d"}, []string{"a", "a", "ab"}, true},
		{"a stop string at the very beginning", []string{"x"}, []string{"x"}, []string{""}, true},
		{"non-ASCII", []string{"。"}, []string{"好", "。"}, []string{"好", "好"}, true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			h := newHolder(tt.stops)
			var text string
			for i, piece := range tt.pieces {
				ready, stop := h.push(Token{ID: int32(i), Text: piece}, false)
				text += join(ready)
				require.Equal(t, tt.after[i], text, "after piece %d", i)
				if i == len(tt.after)-1 {
					require.Equal(t, tt.stop, stop)
					break
				}
				require.False(t, stop)
			}
		})
	}
}

func TestHolderFlush(t *testing.T) {
	h := newHolder([]string{"stop"})
	ready, _ := h.push(Token{Text: "is"}, false)
	require.Empty(t, ready)
	ready, _ = h.push(Token{Text: ""}, true)
	require.Empty(t, ready)
	require.Equal(t, "is\xe2", join(h.flush("\xe2")))

	h.push(Token{Text: "x stop"}, false)
	require.Empty(t, h.flush("\xe2"), "after a stop string, no text may follow")
}

// FuzzHolder checks that the emitted text ends before the stop string that is complete first,
// for any division of the text into tokens.
func FuzzHolder(f *testing.F) {
	f.Add("abcdef", "cd", "xyz", uint64(0x5))
	f.Add("aaab", "aab", "b", uint64(0xff))
	f.Add("ab\n\nc", "\n\n", "\n", uint64(0xaa))
	f.Fuzz(func(t *testing.T, text, stop1, stop2 string, cuts uint64) {
		if stop1 == "" || stop2 == "" {
			return
		}
		stops := []string{stop1, stop2}
		want, wantStop := text, false
	search:
		for end := range len(text) + 1 {
			for begin := range end {
				if text[begin:end] == stop1 || text[begin:end] == stop2 {
					want, wantStop = text[:begin], true
					break search
				}
			}
		}
		h := newHolder(stops)
		got, gotStop := "", false
		for piece := range pieces(text, cuts) {
			ready, stop := h.push(Token{Text: piece}, false)
			got += join(ready)
			require.True(t, strings.HasPrefix(want, got), "%q printed, want %q", got, want)
			if stop {
				gotStop = true
				break
			}
		}
		got += join(h.flush(""))
		require.Equal(t, want, got)
		require.Equal(t, wantStop, gotStop)
	})
}

// pieces divides text after byte i where bit i%64 of cuts is set.
func pieces(text string, cuts uint64) func(yield func(string) bool) {
	return func(yield func(string) bool) {
		begin := 0
		for i := range len(text) {
			if cuts>>(i%64)&1 == 1 || i == len(text)-1 {
				if !yield(text[begin : i+1]) {
					return
				}
				begin = i + 1
			}
		}
	}
}

// join returns the joined text of tokens.
func join(tokens []Token) string {
	var b strings.Builder
	for _, t := range tokens {
		b.WriteString(t.Text)
	}
	return b.String()
}
