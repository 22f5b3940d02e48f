package tokenizer

import (
	"fmt"

	"alpaca/internal/gguf"
)

// FromGGUF returns a tokenizer for the vocabulary of a file. Files in formats older than GGUF work,
// too, because the reader of such files makes the same keys.
func FromGGUF(f *gguf.File, opt Options) (*Tokenizer, error) {
	v, err := readVocab(f)
	if err != nil {
		return nil, err
	}
	return New(v, opt)
}

// readVocab reads the tokenizer.* keys. A key of the wrong type is an error.
func readVocab(f *gguf.File) (Vocab, error) {
	r := reader{}
	v := Vocab{
		Model: read(&r, f.String, "tokenizer.ggml.model"),
		Pre:   read(&r, f.String, "tokenizer.ggml.pre"),
		IDs:   map[string]int64{},
	}
	if v.Model == ModelSPM || v.bpe() {
		// Tokenizers of other families may have these keys with other types. New refuses such
		// families by name.
		v.Tokens = read(&r, f.Strings, "tokenizer.ggml.tokens")
		v.Types = read(&r, f.Ints, "tokenizer.ggml.token_type")
	}
	if v.Model == ModelSPM {
		v.Scores = read(&r, f.Floats, "tokenizer.ggml.scores")
	}
	if v.bpe() {
		v.Merges = read(&r, f.Strings, "tokenizer.ggml.merges")
	}
	for _, role := range roles {
		key := "tokenizer.ggml." + role.name + "_token_id"
		if id := optional(&r, f.Int, key); id != nil {
			v.IDs[role.name] = *id
		}
	}
	v.EOS = read(&r, f.Ints, "tokenizer.ggml.eos_token_ids")
	v.Normalizer = read(&r, f.String, "tokenizer.ggml.normalizer")
	v.AddBOS = optional(&r, f.Bool, "tokenizer.ggml.add_bos_token")
	v.AddEOS = optional(&r, f.Bool, "tokenizer.ggml.add_eos_token")
	v.AddSpacePrefix = optional(&r, f.Bool, "tokenizer.ggml.add_space_prefix")
	if r.err != nil {
		return Vocab{}, fmt.Errorf("tokenizer: %w", r.err)
	}
	return v, nil
}

// reader remembers the first error of several reads.
type reader struct {
	err error
}

// optional returns the value of a key, or nil if the file does not have it.
func optional[T any](r *reader, get func(key string) (T, bool, error), key string) *T {
	value, found, err := get(key)
	if err != nil && r.err == nil {
		r.err = err
	}
	if err != nil || !found {
		return nil
	}
	return &value
}

// read returns the value of a key, or the zero value if the file does not have it.
func read[T any](r *reader, get func(key string) (T, bool, error), key string) (value T) {
	if p := optional(r, get, key); p != nil {
		value = *p
	}
	return value
}
