package rouge

import (
	"cmp"
	"math"
	"slices"
)

// Index holds texts, and compares other texts with them. Only one goroutine may use it at a time.
type Index struct {
	split func(string) []string

	ids   map[string]int32
	rows  [][]int32 // the words of each text
	lists [][]int32 // for each word, the rows that have it, ascending

	pattern pattern
	count   []int32 // scratch: for each row, the number of shared words
	ids2    []int32 // scratch: the words of the compared text
}

// NewIndex returns an empty index. split splits a text into words: Words or CompatWords.
func NewIndex(split func(string) []string) *Index {
	return &Index{split: split, ids: map[string]int32{}}
}

// Match is a text of an index, with its similarity to the compared text.
type Match struct {
	Row   int
	Score float64 // F of ROUGE-L, from 0 to 1
}

// Len returns the number of texts.
func (x *Index) Len() int { return len(x.rows) }

// Add adds a text and returns its row: 0 for the first, 1 for the next.
func (x *Index) Add(text string) int { return x.add(x.split(text)) }

func (x *Index) add(words []string) int {
	row := int32(len(x.rows))
	ids := make([]int32, 0, len(words))
	for _, w := range words {
		id, ok := x.ids[w]
		if !ok {
			id = int32(len(x.lists))
			x.ids[w] = id
			x.lists = append(x.lists, nil)
		}
		ids = append(ids, id)
		if list := x.lists[id]; len(list) == 0 || list[len(list)-1] != row {
			x.lists[id] = append(list, row)
		}
	}
	x.rows = append(x.rows, ids)
	x.count = append(x.count, 0)
	return int(row)
}

// look sets the pattern to a text and returns the ids of its words. A word that the index
// lacks gets an id beyond the vocabulary.
func (x *Index) look(words []string) []int32 {
	x.ids2 = x.ids2[:0]
	for _, w := range words {
		id, ok := x.ids[w]
		if !ok {
			id = math.MaxInt32
		}
		x.ids2 = append(x.ids2, id)
	}
	x.pattern.set(x.ids2, len(x.lists))
	return x.ids2
}

// Above returns the texts whose score with text is above threshold, in the order in which
// they were added. threshold must be at least 0.
func (x *Index) Above(text string, threshold float64) []Match {
	return x.above(x.split(text), threshold)
}

// AboveAdd returns what Above returns, and then adds text to the index.
func (x *Index) AboveAdd(text string, threshold float64) []Match {
	words := x.split(text)
	list := x.above(words, threshold)
	x.add(words)
	return list
}

func (x *Index) above(text []string, threshold float64) []Match {
	words := x.look(text)
	m := len(words)
	if m == 0 {
		return nil
	}
	minShared := needed(m, shortest(m, threshold), threshold)
	read, unread := x.readLists(words, m-minShared+1)
	var list []Match
	for _, row := range read {
		shared := int(x.count[row])
		x.count[row] = 0
		n := len(x.rows[row])
		// The row may also share the words that were not
		// looked up, but it shares at most n words in all.
		if shared = min(shared+unread, n); shared < needed(m, n, threshold) {
			continue
		}
		if s := Score(x.pattern.lcs(x.rows[row]), m, n); s > threshold {
			list = append(list, Match{int(row), s})
		}
	}
	slices.SortFunc(list, func(a, b Match) int { return cmp.Compare(a.Row, b.Row) })
	return list
}

// readLists looks up the rarest of words, at least n of them. It returns the rows
// that have at least one of the words it looked up, and sets count to the number of
// these words in each row. unread is the number of words that were not looked up.
func (x *Index) readLists(words []int32, n int) (read []int32, unread int) {
	sorted := slices.Clone(words)
	length := func(w int32) int {
		if int(w) >= len(x.lists) {
			return 0
		}
		return len(x.lists[w])
	}
	slices.SortFunc(sorted, func(a, b int32) int { return cmp.Or(cmp.Compare(length(a), length(b)), cmp.Compare(a, b)) })
	done := 0
	for done < len(sorted) && done < n {
		w, times := sorted[done], 1
		for done+times < len(sorted) && sorted[done+times] == w {
			times++
		}
		done += times
		if length(w) == 0 {
			continue
		}
		for _, row := range x.lists[w] {
			if x.count[row] == 0 {
				read = append(read, row)
			}
			x.count[row] += int32(times)
		}
	}
	return read, len(sorted) - done
}

// slack keeps pairs whose score equals the threshold except for rounding. For these, Score
// decides.
const slack = 1e-9

// needed returns the least length of the common subsequence for which texts of m and n
// words can score above threshold. The score is 2·lcs/(m+n).
func needed(m, n int, threshold float64) int {
	return max(1, int(math.Ceil(float64(threshold*float64(m+n)/2)-slack)))
}

// shortest returns the least number n of words that a text needs to score above threshold
// with a text of m words. At best all n words are common, and the score is 2n/(m+n).
func shortest(m int, threshold float64) int {
	return max(1, int(math.Ceil(float64(threshold*float64(m)/(2-threshold))-slack)))
}

// Best returns the n texts with the highest scores with text, the highest first. Of texts with
// equal scores, the one that was added earlier comes first. mean is the mean score of all
// texts.
func (x *Index) Best(text string, n int) (best []Match, mean float64) {
	words := x.look(x.split(text))
	sum := 0.0
	for row, ids := range x.rows {
		s := Score(x.pattern.lcs(ids), len(words), len(ids))
		sum += s
		if n <= 0 || len(best) == n && s <= best[n-1].Score {
			continue
		}
		at := len(best)
		for at > 0 && best[at-1].Score < s {
			at--
		}
		if best = slices.Insert(best, at, Match{row, s}); len(best) > n {
			best = best[:n]
		}
	}
	if len(x.rows) > 0 {
		mean = sum / float64(len(x.rows))
	}
	return best, mean
}
