package vocab

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"alpaca/internal/gguf"
)

// bpe reads a byte-level vocabulary from tokenizer.json.
func (b *builder) bpe() error {
	t := b.tokenizer
	b.model = "gpt2"
	if b.pre = b.Pre; b.pre == "" {
		var err error
		if b.pre, err = t.preName(); err != nil {
			return fmt.Errorf("%s: %w", b.path(jsonFile), err)
		}
		if b.pre == "llama-bpe" && b.Config.Text("model_type") == "lfm2" {
			b.pre = "lfm2" // GGUF has both names for the same pre-tokenizer
		}
	}
	if err := b.resize(t.size()); err != nil {
		return fmt.Errorf("%s: %w", b.path(jsonFile), err)
	}
	for text, id := range t.vocab {
		b.set(int(id), text, gguf.TokenNormal, 0)
	}
	b.addTokens(t.Added)
	if err := b.addOthers(); err != nil {
		return err
	}
	b.setMerges()
	b.around()
	return nil
}

// setMerges sets the merges from tokenizer.json.
func (b *builder) setMerges() {
	b.merges = make([]string, len(b.tokenizer.Model.Merges))
	for i, m := range b.tokenizer.Model.Merges {
		// In GGUF a merge is two texts with a space between them. So a space
		// within a text is written as Ġ, as in byte-level vocabularies.
		b.merges[i] = strings.ReplaceAll(m.left, " ", "Ġ") + " " + strings.ReplaceAll(m.right, " ", "Ġ")
	}
}

// addTokens sets added tokens. Tokens that are marked
// as special or look special become control tokens.
func (b *builder) addTokens(list []addedToken) {
	for _, a := range list {
		if a.ID < 0 || a.ID >= len(b.tokens) {
			b.note("added token %q has the number %d, but there are only %d tokens: it is left out", a.Content, a.ID, len(b.tokens))
			continue
		}
		text, typ := a.Content, int32(gguf.TokenControl)
		if !a.Special && !looksSpecial(text) {
			text, typ = strings.ReplaceAll(text, "\u2581", " "), gguf.TokenUserDefined
		}
		if old := b.tokens[a.ID]; old != "" && b.types[a.ID] != gguf.TokenUnused && old != text && old != a.Content {
			b.note("added token %q has the number %d of the token %q, which is left out: the model read both as the same token", a.Content, a.ID, old)
		}
		b.set(a.ID, text, typ, scoreOfAdded)
	}
}

// addOthers sets the added tokens in files other than tokenizer.json.
func (b *builder) addOthers() error {
	if b.has(addedFile) {
		raw, err := readFile(b.path(addedFile))
		if err != nil {
			return err
		}
		var ids map[string]int
		if err := json.Unmarshal(raw, &ids); err != nil {
			return fmt.Errorf("%s: %w", b.path(addedFile), err)
		}
		var list []addedToken
		for text, id := range ids {
			if id >= 0 && id < len(b.tokens) && b.types[id] == gguf.TokenUnused {
				list = append(list, addedToken{ID: id, Content: text})
			}
		}
		b.addTokens(list)
	}
	decoder := b.config.Sub("added_tokens_decoder")
	var list []addedToken
	for _, key := range decoder.Keys() {
		var id int
		if _, err := fmt.Sscanf(key, "%d", &id); err != nil || id < 0 || id >= len(b.tokens) {
			b.note("added_tokens_decoder of %s has token %q, but there are only %d tokens: it is left out", configFile, key, len(b.tokens))
			continue
		}
		if b.tokenizer != nil && b.types[id] != gguf.TokenUnused && b.model != "llama" {
			continue // tokenizer.json already has this token
		}
		o := decoder.Sub(key)
		list = append(list, addedToken{ID: id, Content: o.Text("content"), Special: o.Bool("special", false)})
	}
	b.addTokens(list)
	return b.config.Err()
}

// looksSpecial reports whether the text of a token shows that it is a control token, although the
// checkpoint does not mark it. The list is the reference converter's.
func looksSpecial(text string) bool {
	switch text {
	case "<pad>", "<mask>", "<2mass>", "[@BOS@]":
		return true
	}
	around := func(left, right string) bool {
		return strings.HasPrefix(text, left) && strings.HasSuffix(text, right) && len(text) >= len(left)+len(right)
	}
	return around("<|", "|>") || around("<｜", "｜>") || around("<unused", ">")
}

// bpeFromParts reads a byte-level vocabulary from vocab.json and merges.txt, which
// tokenizers had before tokenizer.json. Options.Pre must name the pre-tokenizer.
func (b *builder) bpeFromParts() error {
	if b.Pre == "" {
		return fmt.Errorf("%s: %w: vocab.json and merges.txt do not say how text is cut into words: name the pre-tokenizer, or add %s", b.Dir, ErrNoPre, jsonFile)
	}
	b.model, b.pre = "gpt2", b.Pre
	raw, err := readFile(b.path("vocab.json"))
	if err != nil {
		return err
	}
	t := &tokenizerJSON{}
	if err := json.Unmarshal(raw, &t.vocab); err != nil {
		return fmt.Errorf("%s: %w", b.path("vocab.json"), err)
	}
	for text, id := range t.vocab {
		if id < 0 || id >= maxVocab {
			return fmt.Errorf("%s: token %q has the number %d, want 0 to %d", b.path("vocab.json"), text, id, maxVocab-1)
		}
	}
	if err := b.resize(t.size()); err != nil {
		return err
	}
	for text, id := range t.vocab {
		b.set(int(id), text, gguf.TokenNormal, 0)
	}
	if err := b.addOthers(); err != nil {
		return err
	}
	raw, err = readFile(b.path("merges.txt"))
	if err != nil {
		return err
	}
	lines := bufio.NewScanner(bytes.NewReader(raw))
	lines.Buffer(nil, 1<<20)
	for first := true; lines.Scan(); first = false {
		if line := lines.Text(); line != "" && !(first && strings.HasPrefix(line, "#")) {
			b.merges = append(b.merges, line)
		}
	}
	if err := lines.Err(); err != nil {
		return fmt.Errorf("%s: %w", b.path("merges.txt"), err)
	}
	if len(b.merges) == 0 {
		return errors.New("merges.txt has no merges")
	}
	return nil
}
