package rouge

import (
	"bufio"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// BenchmarkFile reads the file $ALPACA_ROUGE_TEXTS, which has a text on each line. It compares
// all texts with each other, and writes the pairs with a score above 0.7 to $ALPACA_ROUGE_PAIRS.
func BenchmarkFile(b *testing.B) {
	path := os.Getenv("ALPACA_ROUGE_TEXTS")
	if path == "" {
		b.Skip("needs a file of texts: ALPACA_ROUGE_TEXTS")
	}
	data, err := os.ReadFile(path)
	require.NoError(b, err)
	list := strings.Split(strings.TrimSuffix(string(data), "\n"), "\n")
	pairs := 0
	for b.Loop() {
		pairs = 0
		x := NewIndex(CompatWords)
		for _, text := range list {
			pairs += len(x.Above(text, 0.7))
			x.Add(text)
		}
	}
	b.ReportMetric(float64(len(list))*float64(len(list)-1)/2*float64(b.N)/b.Elapsed().Seconds(), "pairs/s")
	b.ReportMetric(float64(pairs), "above")
	if path := os.Getenv("ALPACA_ROUGE_PAIRS"); path != "" {
		writePairs(b, path, list)
	}
}

func writePairs(b *testing.B, path string, list []string) {
	f, err := os.Create(path)
	require.NoError(b, err)
	defer f.Close()
	w := bufio.NewWriter(f)
	x := NewIndex(CompatWords)
	for i, text := range list {
		for _, m := range x.Above(text, 0.7) {
			fmt.Fprintln(w, m.Row, i)
		}
		x.Add(text)
	}
	require.NoError(b, w.Flush())
}
