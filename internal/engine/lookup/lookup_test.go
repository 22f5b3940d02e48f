package lookup

import (
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
)

// ids returns a token for each letter of text.
func ids(text string) (list []int32) {
	for _, r := range text {
		list = append(list, r)
	}
	return list
}

// TestFind checks that Find uses the longest match, and the last one of several equal matches.
// If a match reaches the end of the text, the draft continues with its own first tokens.
func TestFind(t *testing.T) {
	for _, tt := range []struct {
		text  string
		n     int
		want  string
		match Match
	}{
		{"", 3, "", 0},
		{"abcdefgh", 3, "", 0},
		{"abcd", 0, "", 0},
		{"the llama, the l", 4, "lama", 5},
		{"1abcdX 2abcdY 1abcd", 2, "X ", 5}, // the longer match counts, although it is further back
		{"1abcdX 2abcdY 3abcd", 2, "Y ", 4}, // the last one of two matches
		{"abcX abc", 2, "X ", 3},
		{"abX 1ab", 2, "", 0}, // a pair of tokens that occurred only once before does not count as a match
		{"abX 1abX 2ab", 2, "X ", 2},
		{"abX 1abY 2ab", 2, "", 0},
		{"ababab", 5, "ababa", 4},
		{"aaaa", 4, "aaaa", 3},
	} {
		var x Index
		x.Add(ids(tt.text)...)
		got, match := x.Find([]int32{7}, tt.n)
		require.Equal(t, append([]int32{7}, ids(tt.want)...), got, tt.text)
		require.Equal(t, tt.match, match, tt.text)
	}
}

// TestResume checks texts that depart from the passage that they repeat. The draft must continue
// the passage after the change.
func TestResume(t *testing.T) {
	const source = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ|"
	for _, tt := range []struct{ said, want string }{
		{"2345678x", "ABCD"},     // one token is replaced
		{"2345678xyzEF", "GHIJ"}, // several tokens are replaced, then the text follows the passage again
		{"2345678xyz9", "ABCD"},  // tokens are inserted
		{"2345678B", "CDEF"},     // tokens are left out
		{"2345678xyz", ""},       // it is not known how many tokens the change has
	} {
		var x Index
		x.Add(ids(source)...)
		for i, id := range ids(tt.said) {
			x.Add(id)
			if i > 2 && i+1 < len(tt.said) {
				x.Find(nil, 4)
			}
		}
		got, match := x.Find(nil, 4)
		require.Equal(t, append([]int32(nil), ids(tt.want)...), got, tt.said)
		if tt.want != "" {
			require.Equal(t, Match(Resumed), match, tt.said)
		}
	}
	var x Index
	x.Add(ids(source + "2345678")...)
	x.Find(nil, 1)
	x.Add(ids("abcdefghijklmnopqrstuvwxyzab9")...)
	got, _ := x.Find(nil, 4)
	require.Empty(t, got, "after too many tokens outside of the passage, nothing must be drafted")
}

// TestLongest checks that the index finds the same match as a comparison of the text with itself
// at every position.
func TestLongest(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	found := 0
	for range 20 {
		var x Index
		var text []int32
		letters := 5 + rng.Int32N(6)
		for len(text) < 300 {
			more := []int32{rng.Int32N(letters)}
			if at := rng.IntN(len(text) + 1); rng.IntN(8) == 0 {
				more = slices.Clone(text[at:min(len(text), at+rng.IntN(12))])
			}
			text = append(text, more...)
			x.Add(more...)
			require.Equal(t, len(text), x.Len())
			best, most := 0, 0
			for at := len(text) - 1; at >= long; at-- {
				n := 0
				for n < min(at, Longest) && text[at-1-n] == text[len(text)-1-n] {
					n++
				}
				if n > most {
					best, most = at, n
				}
			}
			if got, match := x.Find(nil, 1); most >= long {
				found++
				require.Equal(t, Match(most), match)
				require.Equal(t, text[best], got[0])
			}
		}
	}
	require.Greater(t, found, 200)
}

// TestGrowth checks that a match at the beginning of a long text is found.
func TestGrowth(t *testing.T) {
	var x Index
	text := rand.New(rand.NewPCG(3, 4)).Perm(5000)
	for _, id := range text {
		x.Add(int32(id))
	}
	x.Add(int32(text[10]), int32(text[11]), int32(text[12]), int32(text[13]), int32(text[14]))
	got, match := x.Find(nil, 8)
	require.Equal(t, Match(5), match)
	for i, id := range got {
		require.EqualValues(t, text[15+i], id)
	}
	require.Len(t, got, 8)
}

// BenchmarkFind looks for a match after each token of a random text, in which mostly pairs of
// tokens repeat.
func BenchmarkFind(b *testing.B) {
	rng := rand.New(rand.NewPCG(5, 6))
	var x Index
	var draft []int32
	for b.Loop() {
		if x.Len() == 1<<15 {
			x = Index{}
		}
		x.Add(rng.Int32N(200))
		draft, _ = x.Find(draft[:0], 16)
	}
}
