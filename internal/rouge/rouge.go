// Package rouge finds texts that say nearly the same. ROUGE-L compares two texts by their
// longest common subsequence of words. An Index compares a text with many others. It looks
// up rare words first, so that it compares only texts that may be similar, and computes
// the subsequence with bit-parallel operations.
package rouge

// Score returns the F measure of ROUGE-L. m and n are the numbers of words of two texts,
// lcs the length of their longest common subsequence. The rounding is that of
// rouge_score, so a threshold accepts the same pairs.
func Score(lcs, m, n int) float64 {
	if lcs == 0 {
		return 0
	}
	precision := float64(lcs) / float64(m)
	recall := float64(lcs) / float64(n)
	return float64(2*precision*recall) / float64(precision+recall)
}

// LCS returns the length of the longest common subsequence of a and b. It is the plain
// dynamic program, which defines the results of Index.
func LCS[T comparable](a, b []T) int {
	row := make([]int, len(b)+1)
	for i := range a {
		diagonal := 0 // row[j] of the previous row
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
