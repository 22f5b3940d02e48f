// Package tokenizer turns text into tokens and back. Vocabularies that GGUF calls "llama" merge by
// score; here they are called SPM. Those called "gpt2" or "gemma4" use byte pair encoding; here
// they are called BPE. The time is almost linear in the length of the text.
//
//	text ── special tokens cut out (partition.go) ──► fragments ── SPM or BPE (by words) ──► ids
//	ids ── Piece, Stream ──► bytes of text
package tokenizer

import (
	"slices"
	"sync"
)

// None stands for the id of a special token that the vocabulary does not have.
const None int32 = -1

// Options change how a vocabulary is interpreted.
type Options struct {
	// AllowUnknownPre replaces an unknown pre-tokenizer with the default one, with a warning,
	// instead of refusing the vocabulary.
	AllowUnknownPre bool

	// ReferencePre splits words as llama.cpp does, even if the model was trained with other words.
	// llama.cpp treats combining marks and capitals in another way for the patterns of GPT-4o and
	// Tekken.
	ReferencePre bool
}

// Tokenizer is a vocabulary that is ready for use. It is immutable and may be used by any
// number of goroutines.
type Tokenizer struct {
	model    string
	tokens   []string // [vocab] texts as in the file
	types    []Type   // [vocab]
	index    *table   // text → id; the last one if several tokens have the same text
	special  SpecialIDs
	eog      []int32        // ascending
	shown    map[int32]bool // control tokens that are printed nevertheless
	pieces   pieceKind
	warnings []string

	addBOS, addEOS, addSpacePrefix bool

	normalize func(text string) string // nil: text is not normalized

	encoder encoder // SPM or BPE

	// These find special tokens in a text. partitionUser finds only user-defined tokens.
	// partitionAll also finds control and unknown tokens, which only the program may write.
	partitionAll, partitionUser func() *partitioner
}

// encoder is a family's algorithm: SPM or BPE.
type encoder interface {
	// encode appends the tokens of text, which has no special tokens, to ids. afterSpecial says that
	// text is the first fragment, or follows a special token.
	encode(ids []int32, text string, afterSpecial bool) []int32
}

// New returns a tokenizer for a vocabulary. It returns an error if the vocabulary cannot be used,
// for example because the model or pre-tokenizer is unknown or lists have unequal lengths. Lesser
// oddities become Warnings.
func New(v Vocab, opt Options) (*Tokenizer, error) {
	if err := v.check(); err != nil {
		return nil, err
	}
	t := &Tokenizer{model: v.Model, tokens: v.texts(), types: v.types()}
	var ranks func() *table // built in the background, because only Encode needs it
	if v.bpe() {
		ranks = inBackground(func() *table { return newTable(v.Merges, true) })
	}
	t.index = newTable(t.tokens, false)
	var err error
	switch v.Model {
	case ModelSPM:
		t.setDefaults(spmDefaults)
		t.setIDs(&v)
		t.encoder = newSPM(t, v.Scores)
	case ModelBPE, ModelGemma4:
		err = t.setBPE(&v, ranks, opt)
	}
	if err != nil {
		return nil, err
	}
	t.setNormalizer(v.Normalizer)
	if err := checkSpecial(t.tokens, t.types); err != nil {
		return nil, err
	}
	strip := t.stripRules(&v)
	t.partitionAll = sync.OnceValue(func() *partitioner { return newPartitioner(t, strip, true) })
	t.partitionUser = sync.OnceValue(func() *partitioner { return newPartitioner(t, strip, false) })
	return t, nil
}

// inBackground starts f and returns a function that waits for its result.
func inBackground[T any](f func() T) func() T {
	done := make(chan struct{})
	var result T
	go func() {
		defer close(done)
		result = f()
	}()
	return func() T {
		<-done
		return result
	}
}

// Encode returns the tokens of text. If addSpecial is true, Encode adds the tokens that belong
// around a text in this vocabulary, usually BOS in front. If parseSpecial is true, the texts of
// control tokens, such as "</s>", become these tokens. If parseSpecial is false, such texts stay
// ordinary text. For text from outside, parseSpecial must be false. text need not be valid UTF-8:
// SPM encodes stray bytes as bytes, and BPE encodes them as U+FFFD.
func (t *Tokenizer) Encode(text string, addSpecial, parseSpecial bool) []int32 {
	ids := make([]int32, 0, len(text)/3+2)
	if addSpecial && t.addBOS && t.special.BOS != None {
		ids = append(ids, t.special.BOS)
	}
	partition := t.partitionUser()
	if parseSpecial {
		partition = t.partitionAll()
	}
	afterSpecial := true
	for _, f := range partition.split(text) {
		if f.token != None {
			ids = append(ids, f.token)
			afterSpecial = true
			continue
		}
		ids = t.encoder.encode(ids, t.normal(f.text), afterSpecial)
		afterSpecial = false
	}
	if addSpecial && t.addEOS && t.special.EOS != None {
		ids = append(ids, t.special.EOS)
	}
	return ids
}

// Model returns the value of tokenizer.ggml.model: ModelSPM, ModelBPE or ModelGemma4.
func (t *Tokenizer) Model() string { return t.model }

// Len returns the number of tokens.
func (t *Tokenizer) Len() int { return len(t.tokens) }

// Text returns the text that the vocabulary stores for a token, or "" for an id that does not
// exist.
func (t *Tokenizer) Text(id int32) string {
	if !t.valid(id) {
		return ""
	}
	return t.tokens[id]
}

// Type returns the kind of a token, or TypeUndefined for an id that does not exist.
func (t *Tokenizer) Type(id int32) Type {
	if !t.valid(id) {
		return TypeUndefined
	}
	return t.types[id]
}

// ID returns the token whose stored text is equal to text.
func (t *Tokenizer) ID(text string) (id int32, ok bool) {
	if id, ok = t.index.find(text); !ok {
		id = 0
	}
	return id, ok
}

// Special returns the ids of the tokens that have a role.
func (t *Tokenizer) Special() SpecialIDs { return t.special }

// BOS returns the token that begins a text, or None.
func (t *Tokenizer) BOS() int32 { return t.special.BOS }

// EOS returns the token that ends a text, or None.
func (t *Tokenizer) EOS() int32 { return t.special.EOS }

// EOT returns the token that ends a turn of a conversation, or None.
func (t *Tokenizer) EOT() int32 { return t.special.EOT }

// AddBOS reports whether Encode puts BOS in front of a text if addSpecial is true.
func (t *Tokenizer) AddBOS() bool { return t.addBOS && t.special.BOS != None }

// AddEOS reports whether Encode puts EOS at the end of a text if addSpecial is true.
func (t *Tokenizer) AddEOS() bool { return t.addEOS && t.special.EOS != None }

// IsControl reports whether a token is a control token, which is meant for the program and not for
// people.
func (t *Tokenizer) IsControl(id int32) bool { return t.Type(id) == TypeControl }

// IsEOG reports whether a token ends the generation.
func (t *Tokenizer) IsEOG(id int32) bool { return slices.Contains(t.eog, id) }

// EOG returns the tokens that end the generation, in ascending order.
func (t *Tokenizer) EOG() []int32 { return t.eog }

// Warnings returns messages for users about oddities of the vocabulary, one line each.
func (t *Tokenizer) Warnings() []string { return t.warnings }

func (t *Tokenizer) valid(id int32) bool { return id >= 0 && int(id) < len(t.tokens) }
