package rouge

import (
	"cmp"
	"math"
	"slices"
)

// Index holds texts that others are compared with. It is not safe for use by several
// goroutines at once.
type Index struct {
	split func(string) []string

	ids   map[string]int32
	rows  [][]int32 // the words of each text
	lists [][]int32 // by word: the texts that have it, each once, ascending

	pattern pattern
	count   []int32 // by text: words that it shares, scratch
	ids2    []int32 // scratch: the words of the text that is compared
}

// NewIndex returns an index without texts. split makes words of a text: Words, or
// CompatWords.
func NewIndex(split func(string) []string) *Index {
	return &Index{split: split, ids: map[string]int32{}}
}

// Match is a text of an index, by the order in which it was added, and how alike it is.
type Match struct {
	Row   int
	Score float64 // F of ROUGE-L, from 0 to 1
}

// Len returns how many texts there are.
func (x *Index) Len() int { return len(x.rows) }

// Add puts a text into the index and returns its row.
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

// look makes a text the pattern and returns its words; those that the index does not have
// get numbers beyond the vocabulary.
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

// Above returns the texts whose score with text is above a threshold of at least 0, in the
// order in which they were added.
func (x *Index) Above(text string, threshold float64) []Match {
	return x.above(x.split(text), threshold)
}

// AboveAdd is Above, and Add behind it.
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
	least := needed(m, shortest(m, threshold), threshold)
	read, unread := x.readLists(words, m-least+1)
	var list []Match
	for _, row := range read {
		shared := int(x.count[row])
		x.count[row] = 0
		n := len(x.rows[row])
		// What is not read may be shared as well. A text shares no more words than it has.
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

// readLists goes through the lists of the rarest words that make up at least n of the
// words of a text, and returns the texts that have some of them. Count says for each how
// many, unread how many words were left out.
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

// slack keeps a pair whose score is the threshold up to rounding: Score itself decides.
const slack = 1e-9

// needed returns the shortest common subsequence with which texts of m and n words may be
// above a threshold: the score is 2·lcs/(m+n).
func needed(m, n int, threshold float64) int {
	return max(1, int(math.Ceil(float64(threshold*float64(m+n)/2)-slack)))
}

// shortest returns the fewest words of a text that may be above a threshold with one of m
// words: all of its words would have to be common, and 2n/(m+n) is above the threshold.
func shortest(m int, threshold float64) int {
	return max(1, int(math.Ceil(float64(threshold*float64(m)/(2-threshold))-slack)))
}

// Best returns the n texts that are most like text, the most alike first and of equal ones
// the earlier, and the mean of the scores of all.
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
