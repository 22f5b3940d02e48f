// Package rouge finds texts that say nearly the same: ROUGE-L, which measures two texts by
// the longest sequence of words that both have in the same order. An Index compares a text
// with many others. It reads lists of rare words first, and counts a subsequence with a few
// machine words, so that only pairs which may be alike cost anything.
package rouge

// Score returns the F measure of ROUGE-L of two texts with m and n words, of which lcs
// words are a common subsequence. It is computed as rouge_score does, with every rounding,
// so that a bound lets the same pairs pass.
func Score(lcs, m, n int) float64 {
	if lcs == 0 {
		return 0
	}
	precision := float64(lcs) / float64(m)
	recall := float64(lcs) / float64(n)
	return float64(2*precision*recall) / float64(precision+recall)
}

// LCS returns the length of the longest common subsequence of two texts: the plain dynamic
// program, which defines what the index finds faster.
func LCS[T comparable](a, b []T) int {
	row := make([]int, len(b)+1)
	for i := range a {
		diagonal := 0 // row[j] of the line before
		for j := range b {
			above := row[j+1]
			switch {
			case a[i] == b[j]:
				row[j+1] = diagonal + 1
			default:
				row[j+1] = max(above, row[j])
			}
			diagonal = above
		}
	}
	return row[len(b)]
}
