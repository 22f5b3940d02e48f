// Package vocab makes the vocabulary of a GGUF file from the files of a checkpoint. The tokens come
// from tokenizer.json, from the tokenizer.model of SentencePiece or tiktoken, or from tekken.json.
// Other files are tokenizer_config.json, generation_config.json and chat templates.
//
//	tokenizer.json │ tokenizer.model │ tekken.json ──▶ tokens, types, scores or merges ──▶ tokenizer.* keys
package vocab

import (
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
	"path/filepath"

	"alpaca/internal/checkpoint/config"
	"alpaca/internal/gguf"
	"alpaca/internal/tokenizer"
)

// Options describe the checkpoint and its model.
type Options struct {
	Dir    string
	Config config.Object // config.json; may be empty
	Size   int           // rows of the embedding, or 0 if not known; unused tokens are added until the vocabulary has this size
	Pre    string        // name of the pre-tokenizer; "": the checkpoint's pattern decides
	// Gemma4 asks for the vocabulary that GGUF calls "gemma4". Its files look like those of earlier
	// Gemma models, whose vocabularies merge by scores.
	Gemma4 bool
}

// Vocab is a vocabulary as keys of a GGUF file.
type Vocab struct {
	KV    []gguf.KV
	Size  int      // number of tokens
	Notes []string // differences from the reference converter, and properties that GGUF cannot hold
}

// These are the files of a tokenizer, and limits and scores of tokens.
const (
	jsonFile      = "tokenizer.json"
	modelFile     = "tokenizer.model"
	tekkenFile    = "tekken.json"
	configFile    = "tokenizer_config.json"
	addedFile     = "added_tokens.json"
	generateFile  = "generation_config.json"
	specialFile   = "special_tokens_map.json"
	maxTokenizer  = 256 << 20
	maxVocab      = 1 << 24
	maxToken      = 1 << 10 // bytes
	scoreOfAdded  = -1000
	scoreOfUnused = -10000
)

// builder collects a vocabulary.
type builder struct {
	Options
	tokenizer *tokenizerJSON // nil: there is none
	config    config.Object  // tokenizer_config.json
	model     string         // "llama", "gpt2" or "gemma4"
	pre       string

	tokens []string
	types  []int32
	scores []float32 // only for llama and gemma4
	merges []string  // only for gpt2 and gemma4
	index  map[string]int32

	addBOS, addEOS, addSep, spacePrefix *bool
	normalizer                          string
	ids                                 map[string]int // token ids by role; the roles are named as in GGUF's keys
	ends                                []int32        // all tokens that end a text
	notes                               []string
}

// Read reads the tokenizer of a folder.
func Read(opt Options) (*Vocab, error) {
	b := &builder{Options: opt, ids: map[string]int{}}
	if err := b.read(); err != nil {
		return nil, err
	}
	if err := b.special(); err != nil {
		return nil, err
	}
	kv := b.keys()
	templates, err := b.templates()
	if err != nil {
		return nil, err
	}
	return &Vocab{KV: append(kv, templates...), Size: len(b.tokens), Notes: b.notes}, nil
}

func (b *builder) note(format string, args ...any) {
	b.notes = append(b.notes, fmt.Sprintf(format, args...))
}

func (b *builder) path(name string) string { return filepath.Join(b.Dir, name) }

// has reports whether the folder has a file.
func (b *builder) has(name string) bool {
	st, err := os.Stat(b.path(name))
	return err == nil && st.Mode().IsRegular()
}

// read reads the tokens.
func (b *builder) read() (err error) {
	if b.config, err = config.ReadFile(b.path(configFile)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if b.has(jsonFile) {
		if b.tokenizer, err = readTokenizerJSON(b.path(jsonFile)); err != nil {
			return err
		}
	}
	switch {
	case b.tokenizer != nil && b.tokenizer.byteLevel():
		return b.bpe()
	case b.tokenizer != nil && b.Gemma4:
		return b.gemma4()
	case b.has(modelFile):
		raw, err := readFile(b.path(modelFile))
		if err != nil {
			return err
		}
		if isTiktoken(raw) {
			return b.tiktoken(raw)
		}
		return b.sentencePiece(raw)
	case b.tokenizer != nil:
		return b.spmFromJSON()
	case b.has(tekkenFile):
		return b.tekken()
	case b.has("vocab.json") && b.has("merges.txt"):
		return b.bpeFromParts()
	}
	return fmt.Errorf("%s: no tokenizer found: a tokenizer needs %s, %s, %s, or vocab.json with merges.txt", b.Dir, jsonFile, modelFile, tekkenFile)
}

// resize makes room for n tokens, or for b.Size tokens if that
// is more. It gives all new tokens the names of unused tokens.
func (b *builder) resize(n int) error {
	n = max(n, b.Size)
	if n > maxVocab {
		return fmt.Errorf("%d tokens, at most %d", n, maxVocab)
	}
	for i := len(b.tokens); i < n; i++ {
		b.tokens = append(b.tokens, fmt.Sprintf("[PAD%d]", i))
		b.types = append(b.types, gguf.TokenUnused)
		if b.scored() {
			b.scores = append(b.scores, scoreOfUnused)
		}
	}
	return nil
}

// scored reports whether tokens have scores. In a "gemma4" vocabulary, the scores exist but have no
// meaning.
func (b *builder) scored() bool { return b.model == spmModel || b.model == tokenizer.ModelGemma4 }

// set sets a token.
func (b *builder) set(id int, text string, typ int32, score float32) {
	b.tokens[id], b.types[id] = text, typ
	if b.scored() {
		b.scores[id] = score
	}
}

// id returns the id of the token with the given text. ok is false if there is none.
func (b *builder) id(text string) (int, bool) {
	if b.index == nil {
		b.index = make(map[string]int32, len(b.tokens))
		for i, t := range b.tokens {
			if b.types[i] != gguf.TokenUnused {
				b.index[t] = int32(i)
			}
		}
	}
	id, ok := b.index[text]
	return int(id), ok
}

// readFile reads a file of a tokenizer.
func readFile(path string) ([]byte, error) {
	st, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if !st.Mode().IsRegular() || st.Size() > maxTokenizer {
		return nil, fmt.Errorf("%s: is not a regular file of at most %d bytes", path, maxTokenizer)
	}
	return os.ReadFile(path)
}

// keys returns the keys of the vocabulary.
func (b *builder) keys() []gguf.KV {
	var kv []gguf.KV
	add := func(key string, v gguf.Value) { kv = append(kv, gguf.KV{Key: "tokenizer.ggml." + key, Value: v}) }
	add("model", gguf.Str(b.model))
	if b.pre != "" {
		add("pre", gguf.Str(b.pre))
	}
	add("tokens", gguf.Strs(b.tokens))
	if b.scored() {
		add("scores", gguf.F32s(b.scores))
	}
	add("token_type", gguf.I32s(b.types))
	if b.model != spmModel {
		add("merges", gguf.Strs(b.merges))
	}
	for _, role := range roles {
		if id, ok := b.ids[role.key]; ok {
			add(role.key+"_token_id", gguf.U32(uint32(min(id, math.MaxInt32))))
		}
	}
	if len(b.ends) > 1 {
		add("eos_token_ids", gguf.I32s(b.ends))
	}
	for _, flag := range []struct {
		key   string
		value *bool
	}{{"add_bos_token", b.addBOS}, {"add_eos_token", b.addEOS}, {"add_sep_token", b.addSep}, {"add_space_prefix", b.spacePrefix}} {
		if flag.value != nil {
			add(flag.key, gguf.Bool(*flag.value))
		}
	}
	if b.normalizer != "" {
		add("normalizer", gguf.Str(b.normalizer))
	}
	return kv
}
