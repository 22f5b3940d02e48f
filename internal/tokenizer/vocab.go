package tokenizer

import (
	"fmt"
	"math"
	"strconv"

	"alpaca/internal/gguf"
)

// The supported values of tokenizer.ggml.model.
const (
	ModelSPM    = "llama"
	ModelBPE    = "gpt2"
	ModelGemma4 = "gemma4" // BPE with spaces as U+2581, and bytes for characters without a token
)

// otherModels are values that only other programs support, with the names of their algorithms.
var otherModels = map[string]string{
	"bert": "WordPiece", "t5": "Unigram", "rwkv": "RWKV", "plamo2": "PLaMo-2", "hybriddna": "HybriDNA",
	"whitespace": "words between spaces",
}

// Type is the kind of a token, by its number in GGUF files.
type Type int32

// The kinds of tokens.
const (
	TypeUndefined   Type = gguf.TokenUndefined
	TypeNormal      Type = gguf.TokenNormal
	TypeUnknown     Type = gguf.TokenUnknown     // stands for characters without a token
	TypeControl     Type = gguf.TokenControl     // not printed, and found in text only on request
	TypeUserDefined Type = gguf.TokenUserDefined // found in text before tokens of other types, printed unchanged
	TypeUnused      Type = gguf.TokenUnused
	TypeByte        Type = gguf.TokenByte // "<0x0A>": one byte
)

var typeNames = [...]string{"undefined", "normal", "unknown", "control", "user-defined", "unused", "byte"}

// String returns the name of the kind.
func (t Type) String() string {
	if t < 0 || int(t) >= len(typeNames) {
		return "type " + strconv.Itoa(int(t))
	}
	return typeNames[t]
}

// Vocab is a vocabulary as it is in a file, unchecked.
type Vocab struct {
	Model string // tokenizer.ggml.model
	Pre   string // tokenizer.ggml.pre; "" if absent. Only BPE uses it

	Tokens []string  // [vocab] texts; an empty one becomes "[EMPTY_id]"
	Scores []float32 // [vocab], or nil: all 0. Only SPM uses them
	Types  []int32   // [vocab], or nil: all normal. Unknown numbers become undefined
	Merges []string  // BPE: "left right", best first. A merge without a space never applies

	IDs map[string]int64 // role ("bos", "eot", "fim_pre", …) → token id

	// EOS are more tokens that end a generation, for example from generation_config.json.
	EOS []int32
	// Normalizer is the Unicode normal form of all text: "NFC", "NFD", "NFKC", "NFKD", or ""
	// for none.
	Normalizer string

	// These say whether tokens and a space are added. nil stands for the model's default.
	AddBOS, AddEOS, AddSpacePrefix *bool
}

// maxVocab bounds the number of tokens, so that every id easily fits an int32. The largest known
// vocabulary has 262,144 tokens.
const maxVocab = 1 << 28

// maxVocabBytes bounds the bytes of all texts together, so that lengths and counts of bytes fit an
// int32, too.
const maxVocabBytes = 1 << 30

// bpe reports whether the vocabulary has merges.
func (v *Vocab) bpe() bool { return v.Model == ModelBPE || v.Model == ModelGemma4 }

// check returns an error if the vocabulary cannot be used.
func (v *Vocab) check() error {
	n := len(v.Tokens)
	switch {
	case v.Model == "":
		return fmt.Errorf("tokenizer: the file names no tokenizer model (tokenizer.ggml.model)")
	case v.Model == "no_vocab" || v.Model == "none":
		return fmt.Errorf("tokenizer: model %q: the file holds no vocabulary", v.Model)
	case otherModels[v.Model] != "":
		return fmt.Errorf("tokenizer: model %q (%s) is not supported, want %q (SPM), %q (BPE) or %q", v.Model, otherModels[v.Model], ModelSPM, ModelBPE, ModelGemma4)
	case v.Model != ModelSPM && !v.bpe():
		return fmt.Errorf("tokenizer: unknown model %q, want %q (SPM), %q (BPE) or %q", v.Model, ModelSPM, ModelBPE, ModelGemma4)
	case n == 0:
		return fmt.Errorf("tokenizer: the vocabulary is empty")
	case n > maxVocab:
		return fmt.Errorf("tokenizer: %d tokens, at most %d", n, maxVocab)
	case v.Scores != nil && len(v.Scores) != n:
		return fmt.Errorf("tokenizer: %d scores for %d tokens", len(v.Scores), n)
	case v.Types != nil && len(v.Types) != n:
		return fmt.Errorf("tokenizer: %d token types for %d tokens", len(v.Types), n)
	case v.bpe() && v.Merges == nil:
		return fmt.Errorf("tokenizer: model %q needs tokenizer.ggml.merges, which the file lacks", v.Model)
	}
	total := 0
	for _, list := range [][]string{v.Tokens, v.Merges} {
		for _, text := range list {
			if total += len(text); total > maxVocabBytes {
				return fmt.Errorf("tokenizer: the vocabulary has more than %d bytes of text", maxVocabBytes)
			}
		}
	}
	for id, s := range v.Scores {
		if math.IsNaN(float64(s)) {
			return fmt.Errorf("tokenizer: the score of token %d is not a number", id)
		}
	}
	return nil
}

// texts returns the tokens' texts. Empty ones become "[EMPTY_id]".
func (v *Vocab) texts() []string {
	texts := v.Tokens
	copied := false
	for id, text := range v.Tokens {
		if text != "" {
			continue
		}
		if !copied {
			texts = append([]string(nil), v.Tokens...)
			copied = true
		}
		texts[id] = "[EMPTY_" + strconv.Itoa(id) + "]"
	}
	return texts
}

// types returns the tokens' kinds.
func (v *Vocab) types() []Type {
	types := make([]Type, len(v.Tokens))
	for id := range types {
		types[id] = TypeNormal
		if v.Types != nil {
			types[id] = Type(v.Types[id])
			if types[id] < TypeUndefined || types[id] > TypeByte {
				types[id] = TypeUndefined
			}
		}
	}
	return types
}
