package vocab

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// tokenizerJSON has the keys of tokenizer.json that are used here.
type tokenizerJSON struct {
	Added  []addedToken `json:"added_tokens"`
	Normal *part        `json:"normalizer"`
	Pre    *part        `json:"pre_tokenizer"`
	Post   *part        `json:"post_processor"`
	Model  struct {
		Type         string          `json:"type"`
		Vocab        json.RawMessage `json:"vocab"`
		Merges       []merge         `json:"merges"`
		ByteFallback bool            `json:"byte_fallback"`
		IgnoreMerges bool            `json:"ignore_merges"`
		Unknown      *string         `json:"unk_token"`
	} `json:"model"`

	vocab map[string]int32
}

// addedToken is a token that is found in a text before the rest of the text is split into words.
type addedToken struct {
	ID      int    `json:"id"`
	Content string `json:"content"`
	Special bool   `json:"special"`
}

// part is a normalizer, a pre-tokenizer or a post-processor, or a sequence of them.
type part struct {
	Type          string `json:"type"`
	Normalizers   []part `json:"normalizers"`
	Pretokenizers []part `json:"pretokenizers"`
	Processors    []part `json:"processors"`

	Pattern struct {
		Regex  *string
		String *string
	} `json:"pattern"`
	Behavior      string  `json:"behavior"`
	Content       string  `json:"content"`
	Prepend       string  `json:"prepend"`
	PrependScheme string  `json:"prepend_scheme"`
	PrefixSpace   *bool   `json:"add_prefix_space"`
	UseRegex      *bool   `json:"use_regex"`
	Individual    bool    `json:"individual_digits"`
	Single        []piece `json:"single"`
}

// piece is a part of a template: a special token, or the place of the text.
type piece struct {
	SpecialToken *struct {
		ID string `json:"id"`
	}
	Sequence *struct {
		ID string `json:"id"`
	}
}

// merge is a pair of tokens that are merged. Older
// files have "a b", and newer files have ["a", "b"].
type merge struct{ left, right string }

// UnmarshalJSON parses both forms.
func (m *merge) UnmarshalJSON(raw []byte) error {
	if len(raw) > 0 && raw[0] == '[' {
		var pair []string
		if err := json.Unmarshal(raw, &pair); err != nil {
			return err
		}
		if len(pair) != 2 {
			return fmt.Errorf("a merge has %d texts, want 2", len(pair))
		}
		m.left, m.right = pair[0], pair[1]
		return nil
	}
	var text string
	if err := json.Unmarshal(raw, &text); err != nil {
		return err
	}
	var ok bool
	if m.left, m.right, ok = strings.Cut(text, " "); !ok {
		return fmt.Errorf("merge %q has no space", text)
	}
	return nil
}

// readTokenizerJSON reads a tokenizer.json.
func readTokenizerJSON(path string) (*tokenizerJSON, error) {
	raw, err := readFile(path)
	if err != nil {
		return nil, err
	}
	t, err := parseTokenizerJSON(raw)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return t, nil
}

func parseTokenizerJSON(raw []byte) (*tokenizerJSON, error) {
	t := &tokenizerJSON{}
	if err := json.Unmarshal(raw, t); err != nil {
		return nil, err
	}
	switch t.Model.Type {
	case "BPE", "":
	default:
		return nil, fmt.Errorf("a tokenizer of type %q is not supported, only BPE", t.Model.Type)
	}
	if list := bytes.TrimSpace(t.Model.Vocab); len(list) == 0 || list[0] != '{' {
		return nil, errors.New("model.vocab is not an object: only BPE is supported")
	}
	if err := json.Unmarshal(t.Model.Vocab, &t.vocab); err != nil {
		return nil, fmt.Errorf("model.vocab: %w", err)
	}
	t.Model.Vocab = nil
	texts := make(map[int32]string, len(t.vocab))
	for _, text := range slices.Sorted(maps.Keys(t.vocab)) {
		id := t.vocab[text]
		if id < 0 || id >= maxVocab {
			return nil, fmt.Errorf("token %q has the number %d, want 0 to %d", text, id, maxVocab-1)
		}
		if other, twice := texts[id]; twice {
			return nil, fmt.Errorf("the tokens %q and %q both have the number %d, but GGUF has one token for each number: give one of them a number of its own", other, text, id)
		}
		texts[id] = text
	}
	for _, a := range t.Added {
		if a.ID < 0 || a.ID >= maxVocab {
			return nil, fmt.Errorf("added token %q has the number %d, want 0 to %d", a.Content, a.ID, maxVocab-1)
		}
	}
	return t, nil
}

// parts returns the parts of a sequence in order. If p is not a sequence, the result is a list with
// p alone.
func (p *part) parts() []part {
	if p == nil {
		return nil
	}
	if p.Type != "Sequence" {
		return []part{*p}
	}
	var list []part
	for _, sub := range [][]part{p.Normalizers, p.Pretokenizers, p.Processors} {
		for i := range sub {
			list = append(list, sub[i].parts()...)
		}
	}
	return list
}

// byteLevel reports whether the vocabulary is byte-level: in its tokens, each character stands for
// a byte.
func (t *tokenizerJSON) byteLevel() bool {
	for _, p := range t.Pre.parts() {
		if p.Type == "ByteLevel" {
			return true
		}
	}
	return false
}

// size returns the number of tokens, including unused ids.
func (t *tokenizerJSON) size() int {
	n := 0
	for _, id := range t.vocab {
		n = max(n, int(id)+1)
	}
	for _, a := range t.Added {
		n = max(n, a.ID+1)
	}
	return n
}
