// Package pretokenizer splits text into the words that byte pair encoding merges
// one by one: one way for each value of tokenizer.ggml.pre.
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

// PreTokenizer is a way to split text, with what its name says beyond that. It is
// a list of steps: each cuts the pieces that the one before has left. Functions are
// an order of magnitude faster than regular expressions, need no look-ahead from a
// library, and cannot be made to take quadratic time.
type PreTokenizer struct {
	IgnoreMerges bool // a word that is a token is that token, whatever the merges
	AddBOS       bool // by default
	NoBOS        bool // there is no default BOS

	AlwaysBOS bool // whatever the file says

	// Raw vocabularies write words as they are, and characters that are no token byte
	// by byte ("<0x0A>"); the others write every byte as a printable character.
	Raw        bool
	SpaceMarks bool // U+2581 stands for a space; text is to be split with them
	Lines      bool // line breaks that are a token together are that token

	steps     []step
	reference []step // what the reference does instead; nil: the same
}

// step cuts the piece t[start:end]: it appends to cut where the parts end.
type step func(t *chars, cut []int, start, end int) []int

// pattern returns where a match that begins at character i ends; i if there is
// none. It sees the characters up to end and none before i. Its work must be
// bounded by the match, or by a constant, or a hostile text makes it quadratic.
type pattern func(t *chars, i, end int) int

// step cuts out the matches of a pattern, with the text between them.
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

// Lookup returns the pre-tokenizer of a name, false if there is none. Where the
// reference (llama.cpp) splits words otherwise than the model was trained with, the
// model's way counts, unless the reference's is asked for.
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

// Nearest returns the n known names that differ least from name, the nearest first.
func Nearest(name string, n int) []string {
	names := Names()
	slices.SortStableFunc(names, func(a, b string) int { return cmp.Compare(distance(name, a), distance(name, b)) })
	return names[:min(n, len(names))]
}

// distance is the number of bytes to insert, remove or change that make b of a
// (Levenshtein, 1966). Of a long name only the beginning is looked at.
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

// Split returns the byte offsets at which the words of text, which is valid UTF-8, end.
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

// cut returns the characters at which the words of t end.
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
