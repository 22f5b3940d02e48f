package vocab

import (
	"fmt"

	"alpaca/internal/gguf"
	"alpaca/internal/lazyregexp"
)

// spmModel is the name that GGUF has for vocabularies that merge by scores.
const spmModel = "llama"

// sentencePiece reads a vocabulary from SentencePiece's tokenizer.model, with the added
// tokens of other files.
func (b *builder) sentencePiece(raw []byte) error {
	p, err := parseProto(raw)
	if err != nil {
		return fmt.Errorf("%s: %w", b.path(modelFile), err)
	}
	if !p.bpe {
		return fmt.Errorf("%s: a unigram model is not supported, only BPE", b.path(modelFile))
	}
	b.model, b.pre = spmModel, "default"
	n := len(p.pieces)
	if b.Size > 0 && n > b.Size {
		b.note("%s has %d tokens, but the model has only %d: the rest is left out", modelFile, n, b.Size)
		n = b.Size
	}
	if b.tokenizer != nil && b.Size == 0 {
		n = max(n, b.tokenizer.size())
	}
	if err := b.resize(n); err != nil {
		return err
	}
	for id, x := range p.pieces[:min(n, len(p.pieces))] {
		b.set(id, x.text, x.typ, x.score)
	}
	if b.tokenizer != nil {
		b.addTokens(b.tokenizer.Added)
	}
	if err := b.addOthers(); err != nil {
		return err
	}
	for role, id := range map[string]int{"bos": p.bos, "eos": p.eos, "unknown": p.unk, "padding": p.pad} {
		if id >= 0 && id < len(b.tokens) {
			b.ids[role] = id
		}
	}
	if p.normalizer != "" && p.normalizer != "identity" || p.hasNormalizerCharacters {
		b.note("%s brings text to the normal form %q, for which GGUF has no key: text is not normalized", modelFile, p.normalizer)
	}
	if p.fewSpaces {
		b.note("%s joins several spaces into one, for which GGUF has no key: all spaces are kept", modelFile)
	}
	if b.tokenizer == nil {
		yes := true
		b.spacePrefix, b.addBOS = &p.dummyPrefix, &yes // as in Meta's code
	}
	b.around()
	return nil
}

// byteToken is the text of a token for one byte.
var byteToken = lazyregexp.New(`^<0x[0-9A-Fa-f]{2}>$`)

// spmFromJSON reads a vocabulary like those of SentencePiece from a
// tokenizer.json, which has merges instead of scores. The token that the merge
// number k makes gets the score -k, so the merges happen in the same order.
func (b *builder) spmFromJSON() error {
	t := b.tokenizer
	if !t.Model.ByteFallback {
		return fmt.Errorf("%s: a BPE that has neither bytes as characters nor tokens for bytes is not supported", b.path(jsonFile))
	}
	b.model, b.pre = spmModel, "default"
	if err := b.resize(t.size()); err != nil {
		return fmt.Errorf("%s: %w", b.path(jsonFile), err)
	}
	scores := make(map[string]float32, len(t.Model.Merges))
	for k, m := range t.Model.Merges {
		made := m.left + m.right
		if _, ok := scores[made]; !ok {
			scores[made] = -float32(k)
		}
	}
	for text, id := range t.vocab {
		typ := int32(gguf.TokenNormal)
		switch {
		case byteToken().MatchString(text):
			typ = gguf.TokenByte
		case t.Model.Unknown != nil && text == *t.Model.Unknown:
			typ = gguf.TokenUnknown
			b.ids["unknown"] = int(id)
		}
		b.set(int(id), text, typ, scores[text])
	}
	b.addTokens(t.Added)
	if err := b.addOthers(); err != nil {
		return err
	}
	if len(t.Model.Merges) > 1<<24 {
		b.note("%s has %d merges, more than float32 scores can distinguish", jsonFile, len(t.Model.Merges))
	}
	b.around()
	return nil
}
