// Package pretokenizer splits text into words. Byte pair encoding then makes the tokens of each
// word, so no token spans two words. Each value of tokenizer.ggml.pre is a way to split.
//
//	text ──► chars (rune, class) ── step ── step … ──► ends of words
//
// Each step is a pattern of a model's tokenizer.json, written as a function.
package pretokenizer

import (
	"cmp"
	"slices"
	"unicode/utf8"
)

// PreTokenizer is a way to split text, together with other properties that tokenizer.ggml.pre
// implies. The way to split is a list of steps. Each step is a function that cuts the pieces of the
// previous step. Such functions are ten times as fast as regular expressions, need no library with
// look-ahead, and never take quadratic time.
type PreTokenizer struct {
	IgnoreMerges bool // a word that is a token is not built from merges
	AddBOS       bool // add BOS if the file does not say whether to add BOS
	NoBOS        bool // if the file does not name BOS, there is none

	AlwaysBOS bool // add BOS even if the file says not to add BOS

	// Raw says that the vocabulary has words as they are, and tokens of single bytes ("<0x0A>") for
	// characters without a token. Other vocabularies write every byte as a printable character.
	Raw        bool
	SpaceMarks bool // U+2581 stands for a space; the caller replaces spaces before Split
	Lines      bool // a run of line breaks that is a token is not built from merges

	steps     []step
	reference []step // the steps that llama.cpp takes, if they differ; otherwise nil
}

// step cuts the piece t[start:end] into parts. It appends the ends of the parts to the slice cut.
type step func(t *chars, cut []int, start, end int) []int

// pattern returns the end of a match that begins at character i, or i if there is no match. It
// looks only at the characters from i to end-1. The time that it takes must be bounded by the
// length of the match or by a constant: otherwise, a hostile text takes quadratic time.
type pattern func(t *chars, i, end int) int

// step cuts a piece into the matches of the pattern and the text between them.
func (match pattern) step(t *chars, cut []int, start, end int) []int {
	for i := start; i < end; {
		to := match(t, i, end)
		if to == i {
			i++
			continue
		}
		if i > start {
			cut = append(cut, i)
		}
		cut = append(cut, to)
		start, i = to, to
	}
	if start < end {
		cut = append(cut, end)
	}
	return cut
}

// Lookup returns the pre-tokenizer with the given name, or false if there is none.
// The pre-tokenizer splits words as in the training of the model. If reference is
// true, it splits words as llama.cpp does. For some names, the result differs.
func Lookup(name string, reference bool) (*PreTokenizer, bool) {
	p, ok := table[name]
	if ok && reference && p.reference != nil {
		other := *p
		other.steps, other.reference = p.reference, nil
		return &other, true
	}
	return p, ok
}

// Names returns the names that Lookup knows, sorted.
func Names() []string {
	names := make([]string, 0, len(table))
	for name := range table {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// Nearest returns the n known names that are most similar to name, beginning with the most similar
// one.
func Nearest(name string, n int) []string {
	names := Names()
	slices.SortStableFunc(names, func(a, b string) int { return cmp.Compare(distance(name, a), distance(name, b)) })
	return names[:min(n, len(names))]
}

// distance returns how many bytes must be inserted, removed or changed to turn a into b
// (Levenshtein, 1966). Only the first 64 bytes of a count.
func distance(a, b string) int {
	a = a[:min(len(a), 64)]
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0]++
		for j := range len(b) {
			change := diagonal
			if a[i] != b[j] {
				change++
			}
			diagonal = row[j+1]
			row[j+1] = min(change, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}

// Split returns the byte offsets of the ends of the words of text, which must be valid UTF-8.
func (p *PreTokenizer) Split(text string) []int {
	t := newChars(text)
	ends := p.cut(t)
	if len(t.r) == len(text) { // ASCII
		return ends
	}
	at, offset := 0, 0
	for i, end := range ends {
		for ; at < end; at++ {
			offset += utf8.RuneLen(t.r[at])
		}
		ends[i] = offset
	}
	return ends
}

// cut returns the ends of the words of t, as indices of characters.
func (p *PreTokenizer) cut(t *chars) []int {
	if len(t.r) == 0 {
		return nil
	}
	ends := []int{len(t.r)}
	for _, step := range p.steps {
		cut := make([]int, 0, len(ends))
		start := 0
		for _, end := range ends {
			cut = step(t, cut, start, end)
			start = end
		}
		ends = cut
	}
	return ends
}
