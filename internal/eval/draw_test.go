package eval

import (
	"fmt"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"
)

// numbered returns n questions. The first text of each is its number.
func numbered(n int) []Question {
	list := make([]Question, n)
	for i := range list {
		list[i].Texts = []string{strconv.Itoa(i)}
	}
	return list
}

// TestSelect compares the order of questions with the order in which the loops of llama-perplexity,
// compiled with GCC 12, choose them.
func TestSelect(t *testing.T) {
	for _, tt := range []struct {
		how   Drawing
		first string // the first 12 drawn from 1000
		of, n int
		hash  int // hash of the drawn questions
	}{
		{DrawHellaSwag, "[417 997 719 931 0 128 302 999 147 236 92 398]", 400, 399, 488015517},
		{DrawMultiple, "[417 996 718 929 0 127 300 992 145 233 91 392]", 1267, 1266, 326808415},
	} {
		var first []string
		for _, q := range Select(numbered(1000), 12, tt.how, 1) {
			first = append(first, q.Texts[0])
		}
		require.Equal(t, tt.first, fmt.Sprint(first))

		hash := 0
		for _, q := range Select(numbered(tt.of), tt.n, tt.how, 1) {
			i, err := strconv.Atoi(q.Texts[0])
			require.NoError(t, err)
			hash = (hash*31 + i) % 1000000007
		}
		require.Equal(t, tt.hash, hash)

		all := numbered(8)
		require.Equal(t, all, Select(all, 0, tt.how, 1))
		require.Equal(t, all, Select(all, 8, tt.how, 1))
		require.NotEqual(t, Select(all, 3, tt.how, 1), Select(all, 3, tt.how, 2))
		require.Equal(t, numbered(8), all, "Select must not change its argument")
	}
}
