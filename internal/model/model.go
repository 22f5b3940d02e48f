// Package model evaluates language models of the architectures of package arch.
//
//	gguf.File ──Load──▶ Model ──NewRunner──▶ Runner ──Forward(Batch of rows of Seqs)──▶ logits
//
// A Model is views of the mapped weights, shared and immutable; a Runner has the scratch and
// the cache, whose blocks the Seqs share. Start reading at forward.go: the whole model.
package model

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"

	"alpaca/internal/arch"
	"alpaca/internal/ggml"
	"alpaca/internal/gguf"
	"alpaca/internal/tokenizer"
)

// Model is a checkpoint ready to evaluate. It is immutable; any number of
// sessions may use it at the same time.
type Model struct {
	Config    Config
	Weights   *Weights
	Tokenizer *tokenizer.Tokenizer // nil with LoadOptions.NoTokenizer
	File      *gguf.File           // whose mapping the weights are views of
	LoRAs     []*LoRA              // adapters that texts may have

	ropes    ropes
	ropeLong *ggml.Rope // the global one of contexts longer than Rope.OrigCtx, where that makes a difference; else nil
}

// ropes are the position embeddings of layers, by their Turn; nil where none has that.
type ropes [TurnNone + 1]*ggml.Rope

// LoadOptions change how a model is loaded. The zero value is the usual way.
type LoadOptions struct {
	Tokenizer tokenizer.Options
	// NoTokenizer leaves the vocabulary alone.
	NoTokenizer bool
	// Adjust, if not nil, may change what the metadata say, such as the base
	// of the positions.
	Adjust func(*Config)
}

// Load makes the model of an open file ready, which takes milliseconds: weights
// stay in the file. The file must stay open as long as the model is used; Close
// closes it.
func Load(f *gguf.File, opt LoadOptions) (m *Model, err error) {
	err = gguf.Guard(func() error {
		m, err = load(f, opt)
		return err
	})
	if err != nil {
		return nil, err
	}
	return m, nil
}

// ErrAdapter says that a file is an adapter, which changes a model and is none.
var ErrAdapter = errors.New("is a LoRA adapter, not a model")

func load(f *gguf.File, opt LoadOptions) (*Model, error) {
	if kind, _, _ := f.String("general.type"); kind == "adapter" {
		return nil, fmt.Errorf("model: %s: %w", f.Path, ErrAdapter)
	}
	c, err := ReadConfig(f)
	if err != nil && len(f.Tensors) == 0 && !errors.Is(err, ErrUnsupported) {
		return nil, fmt.Errorf("model: %s: holds a vocabulary only: it has no weights to evaluate", f.Path)
	}
	if err != nil {
		return nil, err
	}
	if opt.Adjust != nil {
		opt.Adjust(&c)
		if err := c.check(); err != nil {
			return nil, fmt.Errorf("model: %w", err)
		}
	}
	m := &Model{File: f}
	// Before a vocabulary is made ready: a few bytes a token can ask for much memory.
	if c.VocabSize, err = vocabSize(f, !opt.NoTokenizer); err != nil {
		return nil, fmt.Errorf("model: %s: %w", f.Path, err)
	}
	if !opt.NoTokenizer {
		if m.Tokenizer, err = tokenizer.FromGGUF(f, opt.Tokenizer); err != nil {
			return nil, err
		}
	}
	if m.Weights, err = bind(f, &c); err != nil {
		return nil, fmt.Errorf("model: %s: %w", f.Path, err)
	}
	if err := m.setRope(&c); err != nil {
		return nil, fmt.Errorf("model: %s: %w", f.Path, err)
	}
	m.Config = c
	return m, nil
}

// setRope makes the position embeddings of a model with c's shape and m's weights.
func (m *Model) setRope(c *Config) (err error) {
	w := m.Weights
	for role, factors := range map[arch.Role][]float32{arch.RopeFreqs: w.RopeFreqs, arch.RopeLong: w.RopeLong, arch.RopeShort: w.RopeShort} {
		for _, x := range factors {
			if !(x > 0 && x <= math.MaxFloat32) {
				return fmt.Errorf("tensor %q: factor %v, must be positive", role.Weight(), x)
			}
		}
	}
	two := w.RopeLong != nil || w.RopeShort != nil
	switch {
	case w.RopeFreqs != nil:
		c.Rope.FreqFactors = w.RopeFreqs
	case two && (w.RopeLong == nil || w.RopeShort == nil):
		return fmt.Errorf("has only one of the tensors %q and %q", arch.RopeLong.Weight(), arch.RopeShort.Weight())
	case two:
		long := c.Rope
		long.FreqFactors = w.RopeLong
		if m.ropeLong, err = ggml.NewRope(long); err != nil {
			return err
		}
		c.Rope.FreqFactors = w.RopeShort
	case c.Rope.Scaling == ggml.ScalingLongRope:
		return fmt.Errorf("no tensors %q and %q, which %s.%s %q needs",
			arch.RopeLong.Weight(), arch.RopeShort.Weight(), c.Arch, arch.KeyRopeScaling, c.Rope.Scaling)
	}
	if m.ropes[TurnGlobal], err = ggml.NewRope(c.Rope); err != nil || c.LocalRope.Dim == 0 {
		return err
	}
	m.ropes[TurnLocal], err = ggml.NewRope(c.LocalRope)
	return err
}

// ropesFor returns the position embeddings of sessions with a context of that many
// tokens. Models with two tables of frequency factors (arXiv:2402.13753) use one for
// contexts up to that of their training and the other for longer ones. It has to be the
// same for the whole session: keys that are cached cannot be turned anew without loss.
// llama.cpp, which decides so too, makes contexts multiples of 256 first.
func (m *Model) ropesFor(ctx int) ropes {
	list := m.ropes
	if m.usesLong(ctx) {
		list[TurnGlobal] = m.ropeLong
	}
	return list
}

// usesLong reports whether contexts of that many tokens use the table for longer ones.
func (m *Model) usesLong(ctx int) bool {
	return m.ropeLong != nil && (ctx+255)&^255 > m.Config.Rope.OrigCtx
}

// RopeParams returns the position embeddings of contexts of that many tokens, by Turn.
func (m *Model) RopeParams(ctx int) [2]ggml.RopeParams {
	list := [2]ggml.RopeParams{TurnGlobal: m.Config.Rope, TurnLocal: m.Config.LocalRope}
	if m.usesLong(ctx) {
		list[TurnGlobal].FreqFactors = m.Weights.RopeLong
	}
	return list
}

// vocabSize returns the rows of the embedding, which must be the vocabulary's where that
// is to be used.
func vocabSize(f *gguf.File, used bool) (int, error) {
	t := f.Tensor(arch.TokenEmbed.Weight())
	if t == nil {
		return 0, fmt.Errorf("no tensor %q: it has no weights to evaluate", arch.TokenEmbed.Weight())
	}
	if tokens, ok := f.Value("tokenizer.ggml.tokens"); used && ok && t.Rows() != tokens.Len() {
		return 0, fmt.Errorf("tensor %q has %d rows, the vocabulary %d tokens", t.Name, t.Rows(), tokens.Len())
	}
	return t.Rows(), nil
}

// seeing begins the names of tensors that are for images and sounds.
var seeing = []string{"v.", "mm.", "a.", "vision_tower.", "multi_modal_projector."}

// Ignored returns how many tensors of the file are for images and sounds, of which the
// model makes no use: text is evaluated as without them.
func (m *Model) Ignored() (n int) {
	for i := range m.File.Tensors {
		if slices.ContainsFunc(seeing, func(prefix string) bool { return strings.HasPrefix(m.File.Tensors[i].Name, prefix) }) {
			n++
		}
	}
	return n
}

// Close closes the file.
func (m *Model) Close() error { return m.File.Close() }
