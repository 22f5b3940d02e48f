package rouge

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestLCS compares the bit-parallel algorithm with LCS: for empty texts, equal texts, and lengths
// around one and two machine words.
func TestLCS(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	draw := func(n, vocab int) []int32 {
		list := make([]int32, n)
		for i := range list {
			list[i] = int32(r.IntN(vocab))
		}
		return list
	}
	lengths := []int{0, 1, 2, 10, 20, 63, 64, 65, 100, 127, 128, 129, 200}
	var p pattern
	for round := range 100_000 {
		m, n := r.IntN(20), r.IntN(20)
		if round%40 == 0 {
			m, n = lengths[r.IntN(len(lengths))], lengths[r.IntN(len(lengths))]
		}
		vocab := 1 + r.IntN(30)
		a, b := draw(m, vocab), draw(n, vocab)
		if round%7 == 0 {
			b = slices.Clone(a)
		}
		p.set(a, vocab)
		require.Equal(t, LCS(a, b), p.lcs(b), "%v and %v", a, b)
	}
}

func TestScore(t *testing.T) {
	require.Zero(t, Score(0, 0, 0))
	require.Zero(t, Score(0, 3, 4))
	require.Equal(t, 1.0, Score(5, 5, 5))
	require.InDelta(t, 2.0*3/(4+5), Score(3, 4, 5), 1e-15)
}

func TestWords(t *testing.T) {
	for _, test := range []struct {
		text          string
		words, compat string
	}{
		{"", "", ""},
		{" Don't PANIC, 42 times! ", "don|t|panic|42|times", "don|t|panic|42|times"},
		{"résumé", "résumé", "r|sum"},
		{"re\u0301sume", "résume", "re|sume"},
		{"\u212Aelvin \u0130x", "kelvin|i\u0307x", "kelvin|i|x"},
		{"ﬁne ½", "fine|1|2", "ne"},
		{"Straße", "strasse", "stra|e"},
		{"你好,world", "你|好|world", "world"},
		{"ประเทศ", "ป|ร|ะ|เ|ท|ศ", ""},
		{"ที่", "ที่", ""},
		{"अनुवाद करो", "अनुवाद|करो", ""},
		{"اكتب قصة", "اكتب|قصة", ""},
		{"snake_case", "snake|case", "snake|case"},
	} {
		require.Equal(t, test.words, strings.Join(Words(test.text), "|"), test.text)
		require.Equal(t, test.compat, strings.Join(CompatWords(test.text), "|"), test.text)
	}
	require.True(t, HasCharacters("你好"))
	require.False(t, HasCharacters("hello, мир"))
}

// texts returns n instructions. Many of them are nearly equal to another one.
func texts(n int) []string {
	r := rand.New(rand.NewPCG(3, 4))
	verbs := strings.Fields("write describe list explain translate summarize name compare classify rewrite")
	nouns := strings.Fields("story poem city animal recipe law planet sentence number friend letter game")
	ends := []string{"in simple words", "for a child", "about the sea and the wind", "with three examples", "as briefly as you can", ""}
	list := make([]string, n)
	for i := range list {
		if i > 0 && r.IntN(4) == 0 {
			words := strings.Fields(list[r.IntN(i)])
			words[r.IntN(len(words))] = nouns[r.IntN(len(nouns))]
			list[i] = strings.Join(words, " ")
			continue
		}
		list[i] = fmt.Sprintf("%s a %s of the %s %s", verbs[r.IntN(len(verbs))], nouns[r.IntN(len(nouns))], nouns[r.IntN(len(nouns))], ends[r.IntN(len(ends))])
		if i%50 == 0 {
			list[i] = strings.Repeat(list[i]+" ", 12)
		}
	}
	return list
}

// TestIndex compares the results of an index with a comparison of all pairs.
func TestIndex(t *testing.T) {
	list := append(texts(160), "", "…", "你好")
	for _, threshold := range []float64{0, 0.5, 0.7, 0.9} {
		x := NewIndex(Words)
		for i, text := range list {
			var want []Match
			sum := 0.0
			a := Words(text)
			for row, other := range list[:i] {
				b := Words(other)
				s := Score(LCS(a, b), len(a), len(b))
				sum += s
				if s > threshold {
					want = append(want, Match{row, s})
				}
			}
			got := x.Above(text, threshold)
			require.Equal(t, want, got, "%q above %v", text, threshold)
			best, mean := x.Best(text, 10)
			if i > 0 {
				require.Equal(t, sum/float64(i), mean)
			}
			slices.SortStableFunc(want, func(a, b Match) int { return cmp.Compare(b.Score, a.Score) })
			for k := range min(len(want), len(best)) {
				require.Equal(t, want[k], best[k])
			}
			require.Equal(t, i, x.Add(text))
		}
		require.Equal(t, len(list), x.Len())
	}
}

// FuzzWords compares the score of any two texts with LCS. If a text has words, an index that
// contains the text must find it.
func FuzzWords(f *testing.F) {
	f.Add("Write a story", "Write the story")
	f.Add("\u0300\u0e34你\u0300", "İ\xff")
	f.Fuzz(func(t *testing.T, a, b string) {
		for _, split := range []func(string) []string{Words, CompatWords} {
			x := NewIndex(split)
			x.Add(a)
			wa, wb := split(a), split(b)
			best, _ := x.Best(b, 1)
			require.Equal(t, Score(LCS(wa, wb), len(wb), len(wa)), best[0].Score)
			require.Equal(t, len(wa) > 0, len(x.Above(a, 0.99)) == 1)
		}
	})
}

func BenchmarkAbove(b *testing.B) {
	list := texts(5000)
	for b.Loop() {
		x := NewIndex(CompatWords)
		for _, text := range list {
			x.Above(text, 0.7)
			x.Add(text)
		}
	}
	b.ReportMetric(float64(len(list)*(len(list)-1)/2*b.N)/b.Elapsed().Seconds(), "pairs/s")
}

func BenchmarkBest(b *testing.B) {
	list := texts(5000)
	x := NewIndex(CompatWords)
	for _, text := range list {
		x.Add(text)
	}
	for b.Loop() {
		x.Best(list[0], 10)
	}
	b.ReportMetric(float64(len(list)*b.N)/b.Elapsed().Seconds(), "pairs/s")
}
