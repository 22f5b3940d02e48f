package tokenizer

import (
	"container/heap"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"alpaca/internal/tokenizer/pretokenizer"
)

// BPETrainer learns a byte-level BPE vocabulary from texts. It counts the words of the texts, and
// merges the most frequent pair of neighbours again and again (Sennrich et al. 2016,
// arXiv:1508.07909). The same texts always give the same vocabulary: if pairs are equally frequent,
// the pair with the lower ids is merged first.
type BPETrainer struct {
	pre   string
	split *pretokenizer.PreTokenizer
	words map[string]int // how often each word occurs
}

// NewBPETrainer returns a trainer that splits texts into words with the pre-tokenizer called
// pre.
func NewBPETrainer(pre string) (*BPETrainer, error) {
	p, ok := pretokenizer.Lookup(pre, false)
	switch {
	case !ok:
		return nil, fmt.Errorf("tokenizer: %w %q", ErrPreTokenizer, pre)
	case p.Raw:
		return nil, fmt.Errorf("tokenizer: vocabularies of pre-tokenizer %q are made of characters, not of bytes", pre)
	}
	return &BPETrainer{pre: pre, split: p, words: map[string]int{}}, nil
}

// Add counts the words of a text. Bytes that are not UTF-8 count as U+FFFD.
func (t *BPETrainer) Add(text string) {
	text = strings.ToValidUTF8(text, string(utf8.RuneError))
	start := 0
	for _, end := range t.split.Split(text) {
		t.words[text[start:end]]++
		start = end
	}
}

// Train returns a vocabulary of size tokens: the control tokens, the 256 bytes, and merges. If the
// texts have too few pairs, there are fewer tokens. It is an error if size is too small for the
// control tokens and the bytes.
func (t *BPETrainer) Train(size int, control []string) (Vocab, error) {
	const bytes = 256
	if minSize := len(control) + bytes; size < minSize {
		return Vocab{}, fmt.Errorf("tokenizer: a vocabulary of %d tokens, must have at least %d: %d control tokens and the bytes", size, minSize, len(control))
	}
	v := Vocab{Model: ModelBPE, Pre: t.pre, Tokens: slices.Clone(control), Merges: []string{}}
	for b := range bytes {
		v.Tokens = append(v.Tokens, string(byteRune[b]))
	}
	m := countPairs(t.words, int32(len(control)))
	for len(v.Tokens) < size {
		p, ok := m.best()
		if !ok {
			break
		}
		left, right := v.Tokens[p.left], v.Tokens[p.right]
		m.merge(p, int32(len(v.Tokens)))
		v.Tokens = append(v.Tokens, left+right)
		v.Merges = append(v.Merges, left+" "+right)
	}
	v.Types = make([]int32, len(v.Tokens))
	for i := range v.Types {
		v.Types[i] = int32(TypeNormal)
		if i < len(control) {
			v.Types[i] = int32(TypeControl)
		}
	}
	return v, nil
}

type tokenPair struct{ left, right int32 }

// trainWord is a word, divided into tokens by the merges so far, with its number of occurrences.
type trainWord struct {
	ids   []int32
	count int
}

// pairCounts finds the most frequent pair, and keeps the counts up to date while pairs merge.
type pairCounts struct {
	words []trainWord
	count map[tokenPair]int
	in    map[tokenPair]map[int]struct{} // indices of the words that have, or had, the pair
	queue pairQueue                      // the counts in it may be out of date
}

func countPairs(words map[string]int, first int32) *pairCounts {
	m := &pairCounts{count: map[tokenPair]int{}, in: map[tokenPair]map[int]struct{}{}}
	texts := make([]string, 0, len(words))
	for w := range words {
		texts = append(texts, w)
	}
	slices.Sort(texts)
	for _, text := range texts {
		w := trainWord{ids: make([]int32, len(text)), count: words[text]}
		for i := range len(text) {
			w.ids[i] = first + int32(text[i])
		}
		m.words = append(m.words, w)
		m.addPairs(len(m.words)-1, 1)
	}
	for p, n := range m.count {
		m.queue = append(m.queue, queuedPair{p, n})
	}
	heap.Init(&m.queue)
	return m
}

// addPairs adds the pairs of a word to the counts if sign is 1, and subtracts them if it is -1.
func (m *pairCounts) addPairs(word, sign int) {
	w := &m.words[word]
	for i := range len(w.ids) - 1 {
		p := tokenPair{w.ids[i], w.ids[i+1]}
		m.count[p] += sign * w.count
		if sign > 0 {
			if m.in[p] == nil {
				m.in[p] = map[int]struct{}{}
			}
			m.in[p][word] = struct{}{}
		}
	}
}

// best returns the most frequent pair that occurs more than once.
func (m *pairCounts) best() (tokenPair, bool) {
	for len(m.queue) > 0 {
		top := m.queue[0]
		switch now := m.count[top.tokenPair]; {
		case now == top.count && now > 1:
			return top.tokenPair, true
		case now > 1: // the count has changed since the pair was queued
			m.queue[0].count = now
			heap.Fix(&m.queue, 0)
		default:
			heap.Pop(&m.queue)
		}
	}
	return tokenPair{}, false
}

// merge replaces every pair p with the token id, from left to right in each word.
func (m *pairCounts) merge(p tokenPair, id int32) {
	changed := map[tokenPair]struct{}{}
	for word := range m.in[p] {
		m.addPairs(word, -1)
		ids := m.words[word].ids
		out := ids[:0]
		for i := 0; i < len(ids); i++ {
			if i+1 < len(ids) && ids[i] == p.left && ids[i+1] == p.right {
				out = append(out, id)
				i++
				continue
			}
			out = append(out, ids[i])
		}
		m.words[word].ids = out
		m.addPairs(word, 1)
		for i := range len(out) - 1 {
			if out[i] == id || out[i+1] == id {
				changed[tokenPair{out[i], out[i+1]}] = struct{}{}
			}
		}
	}
	delete(m.in, p)
	delete(m.count, p)
	for q := range changed {
		heap.Push(&m.queue, queuedPair{q, m.count[q]})
	}
}

// queuedPair is a pair with the count that it had when it was queued.
type queuedPair struct {
	tokenPair
	count int
}

// pairQueue is a heap with the most frequent pair on top. If pairs are equally frequent, the pair
// with the lower ids is on top.
type pairQueue []queuedPair

func (q pairQueue) Len() int      { return len(q) }
func (q pairQueue) Swap(i, j int) { q[i], q[j] = q[j], q[i] }
func (q *pairQueue) Push(x any)   { *q = append(*q, x.(queuedPair)) }
func (q *pairQueue) Pop() any {
	last := (*q)[len(*q)-1]
	*q = (*q)[:len(*q)-1]
	return last
}

func (q pairQueue) Less(i, j int) bool {
	a, b := q[i], q[j]
	switch {
	case a.count != b.count:
		return a.count > b.count
	case a.left != b.left:
		return a.left < b.left
	}
	return a.right < b.right
}
