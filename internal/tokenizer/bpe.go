package tokenizer

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"
)

// bpe encodes with byte pair encoding: text is split into words, the bytes of a
// word are written as printable characters (bytemap.go), and neighbours are
// joined in the order of a list of merges. It follows
// https://github.com/ggerganov/llama.cpp/blob/c392e5094deaf2d1a7c18683214f007fad3fe42b/src/llama-vocab.cpp#L463
type bpe struct {
	index    map[string]int32
	ranks    map[string]uint32 // "left right" → place in the list of merges
	maxPair  int               // bytes of the longest merge, space included
	pre      *preTokenizer
	maxToken int // bytes of the longest token
}

// ErrPreTokenizer is the reason for refusing a vocabulary that is to be split in a way
// that is not known here.
var ErrPreTokenizer = errors.New("unknown pre-tokenizer")

// setBPE makes t a BPE tokenizer.
func (t *Tokenizer) setBPE(v *Vocab, opt Options) error {
	pre, known := preTokenizers[v.Pre]
	switch {
	case v.Pre == "":
		pre = preTokenizers["default"]
		t.warnf("the file names no pre-tokenizer (tokenizer.ggml.pre): the default one may split words otherwise than the model learned, and degrade its answers")
	case !known && !opt.AllowUnknownPre:
		return fmt.Errorf("tokenizer: %w %q, known are %s", ErrPreTokenizer, v.Pre, strings.Join(PreTokenizers(), ", "))
	case !known:
		pre = preTokenizers["default"]
		t.warnf("unknown pre-tokenizer %q: the default one may split words otherwise than the model learned, and degrade its answers", v.Pre)
	}
	d := bpeDefaults
	d.addBOS = pre.addBOS
	if pre.noBOS {
		d.bos = None
	}
	t.setDefaults(d)
	t.setIDs(v)

	b := &bpe{index: t.index, pre: pre, ranks: make(map[string]uint32, len(v.Merges))}
	for rank, merge := range slices.Backward(v.Merges) { // of equal merges the first counts
		b.ranks[merge] = uint32(rank)
		b.maxPair = max(b.maxPair, len(merge))
	}
	for _, text := range t.tokens {
		b.maxToken = max(b.maxToken, len(text))
	}
	t.encoder = b
	return nil
}

// PreTokenizers returns the names of the pre-tokenizers that are known, sorted.
func PreTokenizers() []string {
	var names []string
	for name := range preTokenizers {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

func (b *bpe) encode(ids []int32, text string, _ bool) []int32 {
	text = validUTF8(text)
	w := wordEncoder{bpe: b}
	w.merger.pair = w.pair
	start := 0
	for _, end := range b.pre.split(text) {
		ids = w.encode(ids, text[start:end])
		start = end
	}
	return ids
}

// validUTF8 returns text with every byte that is no part of valid UTF-8 replaced
// by U+FFFD.
func validUTF8(text string) string {
	if utf8.ValidString(text) {
		return text
	}
	var b strings.Builder
	for _, r := range text {
		b.WriteRune(r)
	}
	return b.String()
}

// wordEncoder encodes the words of a text one after the other.
type wordEncoder struct {
	*bpe
	merger merger
	mapped []byte // the word, its bytes written as characters
	key    []byte // of the pair that is looked up
}

// encode appends the tokens of a word.
func (w *wordEncoder) encode(ids []int32, word string) []int32 {
	w.mapped = appendMapped(w.mapped[:0], word)
	if w.pre.ignoreMerges && len(w.mapped) <= w.maxToken {
		if id, ok := w.index[string(w.mapped)]; ok {
			return append(ids, id)
		}
	}
	w.merger.reset()
	for at := 0; at < len(w.mapped); {
		if len(w.merger.syms) == maxSymbols {
			ids = w.flush(ids)
		}
		n := charLen(w.mapped[at])
		w.merger.add(at, n)
		at += n
	}
	return w.flush(ids)
}

// pair tells whether two symbols may be joined, and when.
func (w *wordEncoder) pair(_ string, left, right *symbol) (priority uint32, id int32, ok bool) {
	if int(left.n)+int(right.n)+1 > w.maxPair {
		return 0, 0, false
	}
	w.key = append(w.key[:0], w.mapped[left.start:left.start+int(left.n)]...)
	w.key = append(w.key, ' ')
	w.key = append(w.key, w.mapped[right.start:right.start+int(right.n)]...)
	priority, ok = w.ranks[string(w.key)]
	return priority, None, ok
}

// flush appends the tokens of the symbols and forgets them. A symbol that is no
// token falls apart into its bytes; those that are no token either are dropped.
func (w *wordEncoder) flush(ids []int32) []int32 {
	m := &w.merger
	if len(m.syms) == 0 {
		return ids
	}
	m.merge("")
	for i := int32(0); i >= 0; i = m.syms[i].next {
		sym := &m.syms[i]
		part := w.mapped[sym.start : sym.start+int(sym.n)]
		if id, ok := w.index[string(part)]; ok {
			ids = append(ids, id)
			continue
		}
		for j := range part {
			if id, ok := w.index[string(part[j:j+1])]; ok {
				ids = append(ids, id)
			}
		}
	}
	m.reset()
	return ids
}
