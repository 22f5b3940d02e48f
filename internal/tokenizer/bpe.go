package tokenizer

import (
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"alpaca/internal/tokenizer/pretokenizer"
)

// bpe encodes with byte pair encoding. Text is split into words, the bytes of a word are written as
// printable characters (bytemap.go), and neighbours are merged in the order of a list. bpe follows
// https://github.com/ggerganov/llama.cpp/blob/c392e5094deaf2d1a7c18683214f007fad3fe42b/src/llama-vocab.cpp#L463
// except for bytes without a token. Such bytes are dropped before merging, as in the tokenizers of
// Hugging Face, so that their neighbours may merge. In raw vocabularies (PreTokenizer.Raw),
// characters stay as they are.
type bpe struct {
	index    *table
	ranks    func() *table // "left right" → index in the list of merges; of equal merges, the first counts
	maxPair  int           // length of the longest merge in bytes, with its space
	pre      *pretokenizer.PreTokenizer
	maxToken int        // length of the longest token in bytes
	bytes    [256]int32 // byte → id, for raw vocabularies
	lacks    [256]bool  // bytes without a token, unless the vocabulary is raw
	lacksAny bool
	unknown  int32
}

// ErrPreTokenizer is the error for a vocabulary whose pre-tokenizer this program does not know.
var ErrPreTokenizer = errors.New("unknown pre-tokenizer")

// setBPE makes t a BPE tokenizer.
func (t *Tokenizer) setBPE(v *Vocab, ranks func() *table, opt Options) error {
	pre, err := t.preTokenizer(v, opt)
	if err != nil {
		return err
	}
	d := bpeDefaults
	d.addBOS = pre.AddBOS
	if pre.NoBOS {
		d.bos = None
	}
	if v.Model == ModelGemma4 {
		d.bos, d.eos = None, None
	}
	t.setDefaults(d)
	t.setIDs(v)
	if pre.AlwaysBOS && !t.addBOS {
		t.warnf("the file says that no text begins with BOS (tokenizer.ggml.add_bos_token), but models with pre-tokenizer %q need BOS: it is added", v.Pre)
		t.addBOS = true
	}
	switch {
	case pre.SpaceMarks:
		t.pieces = pieceMarks
	case pre.Raw:
		t.pieces = pieceRaw
	default:
		t.pieces = pieceBytes
	}

	b := &bpe{index: t.index, pre: pre, ranks: ranks, unknown: t.special.Unknown}
	for _, merge := range v.Merges {
		b.maxPair = max(b.maxPair, len(merge))
	}
	for _, text := range t.tokens {
		b.maxToken = max(b.maxToken, len(text))
	}
	b.setBytes()
	t.encoder = b
	return nil
}

// preTokenizer returns the pre-tokenizer of a vocabulary.
func (t *Tokenizer) preTokenizer(v *Vocab, opt Options) (*pretokenizer.PreTokenizer, error) {
	if v.Model == ModelGemma4 {
		v.Pre = ModelGemma4
	}
	pre, known := pretokenizer.Lookup(v.Pre, opt.ReferencePre)
	if known {
		return pre, nil
	}
	if v.Pre != "" && !opt.AllowUnknownPre {
		return nil, fmt.Errorf("tokenizer: %w %q (tokenizer.ggml.pre); the most similar of the %d known ones: %s",
			ErrPreTokenizer, v.Pre, len(pretokenizer.Names()), strings.Join(pretokenizer.Nearest(v.Pre, 3), ", "))
	}
	what := fmt.Sprintf("unknown pre-tokenizer %q", v.Pre)
	if v.Pre == "" {
		what = "the file names no pre-tokenizer (tokenizer.ggml.pre)"
	}
	t.warnf("%s: the default one may split words in another way than in the model's training, which makes answers worse", what)
	pre, _ = pretokenizer.Lookup("default", opt.ReferencePre)
	return pre, nil
}

// setBytes sets b.bytes for raw vocabularies. For other vocabularies, it sets b.lacks and
// b.lacksAny.
func (b *bpe) setBytes() {
	for i := range b.bytes {
		b.bytes[i] = None
		if b.pre.Raw {
			if id, ok := b.index.find(byteName(byte(i))); ok {
				b.bytes[i] = id
			}
			continue
		}
		mapped := string(byteRune[i])
		_, found := b.index.find(mapped)
		for j := 0; j < len(mapped) && !found; j++ {
			_, found = b.index.find(mapped[j : j+1])
		}
		b.lacks[i] = !found
		b.lacksAny = b.lacksAny || !found
	}
}

func (b *bpe) encode(ids []int32, text string, _ bool) []int32 {
	text = validUTF8(text)
	if b.pre.SpaceMarks {
		text = strings.ReplaceAll(text, " ", spaceMark)
	}
	w := wordEncoder{bpe: b, ranked: b.ranks()}
	w.merger.pair = w.pair
	start := 0
	for _, end := range b.pre.Split(text) {
		ids = w.encode(ids, text[start:end])
		start = end
	}
	return ids
}

// validUTF8 returns text with U+FFFD for every byte that is not part of valid UTF-8.
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
	ranked *table
	merger merger
	mapped []byte // the word, written as in the vocabulary
	key    []byte // the pair to look up, as "left right"
}

// encode appends the tokens of a word to ids.
func (w *wordEncoder) encode(ids []int32, word string) []int32 {
	if w.pre.Raw {
		w.mapped = append(w.mapped[:0], word...)
	} else {
		w.mapped = appendMapped(w.mapped[:0], word)
	}
	if (w.pre.IgnoreMerges || w.pre.Lines && word[0] == '\n') && len(w.mapped) <= w.maxToken {
		if id, ok := w.index.findBytes(w.mapped); ok {
			return append(ids, id)
		}
	}
	if w.lacksAny {
		w.mapped = w.mapped[:0]
		for i := range len(word) {
			if !w.lacks[word[i]] {
				w.mapped = utf8.AppendRune(w.mapped, byteRune[word[i]])
			}
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

// pair reports whether two symbols may be merged, and the rank of the merge.
func (w *wordEncoder) pair(_ string, left, right *symbol) (priority uint32, id int32, ok bool) {
	if int(left.n)+int(right.n)+1 > w.maxPair {
		return 0, 0, false
	}
	w.key = append(w.key[:0], w.mapped[left.start:left.start+int(left.n)]...)
	w.key = append(w.key, ' ')
	w.key = append(w.key, w.mapped[right.start:right.start+int(right.n)]...)
	rank, ok := w.ranked.findBytes(w.key)
	return uint32(rank), None, ok
}

// flush merges the symbols, appends their tokens to ids, and removes the symbols.
func (w *wordEncoder) flush(ids []int32) []int32 {
	m := &w.merger
	if len(m.syms) == 0 {
		return ids
	}
	m.merge("")
	for i := int32(0); i >= 0; i = m.syms[i].next {
		sym := &m.syms[i]
		part := w.mapped[sym.start : sym.start+int(sym.n)]
		switch id, ok := w.index.findBytes(part); {
		case ok:
			ids = append(ids, id)
		case w.pre.Raw:
			ids = appendByteTokens(ids, string(part), &w.bytes, w.unknown)
		default:
			ids = w.appendParts(ids, part)
		}
	}
	m.reset()
	return ids
}

// appendParts appends the tokens for a symbol that is not a token: the tokens of its bytes.
// Bytes without a token are dropped.
func (w *wordEncoder) appendParts(ids []int32, part []byte) []int32 {
	for j := range part {
		if id, ok := w.index.findBytes(part[j : j+1]); ok {
			ids = append(ids, id)
		}
	}
	return ids
}
