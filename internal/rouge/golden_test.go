package rouge

import (
	"bufio"
	"fmt"
	"os"
	"testing"

	"alpaca/internal/testshared"

	"github.com/stretchr/testify/require"
)

// TestGolden checks that the pairs with a score above 0.7 are those of
// rouge_score 0.1.2 (testdata/pairs.py), and that the scores have the same bits.
// Because of rounding, most pairs whose exact score is 0.7 count as above it.
func TestGolden(t *testing.T) {
	texts := testshared.ReadJSON[[]string](t, "testdata/texts.json")
	f, err := os.Open("testdata/pairs.txt")
	require.NoError(t, err)
	defer f.Close()
	want := make([][]Match, len(texts))
	exact := 0
	lines := bufio.NewScanner(f)
	for lines.Scan() {
		var a, b int
		var score float64
		_, err := fmt.Sscan(lines.Text(), &a, &b, &score)
		require.NoError(t, err)
		want[b] = append(want[b], Match{a, score})
		if score < 0.7000001 {
			exact++
		}
	}
	require.NoError(t, lines.Err())
	require.Greater(t, exact, 100)
	x := NewIndex(CompatWords)
	for i, text := range texts {
		require.Equal(t, want[i], x.Above(text, 0.7), "%d: %q", i, text)
		x.Add(text)
	}
}
