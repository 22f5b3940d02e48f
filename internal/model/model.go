// Package model evaluates language models of the architectures of package arch.
//
//	gguf.File ──Load──▶ Model ──NewRunner──▶ Runner ──Forward(Batch of rows of Seqs)──▶ logits
//
// A Model has views of the mapped weights. It is immutable, and Runners share it. A Runner has
// the scratch memory and the cache, whose blocks the Seqs share. Start reading at forward.go.
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

// Model is a checkpoint ready to evaluate. It is immutable. Any number of runners and
// sessions may use it at the same time.
type Model struct {
	Config    Config
	Weights   *Weights
	Tokenizer *tokenizer.Tokenizer // nil with LoadOptions.NoTokenizer
	File      *gguf.File           // the mapped file with the weights
	LoRAs     []*LoRA              // the adapters that texts may use

	ropes    ropes
	ropeLong *ggml.Rope // replaces ropes[TurnGlobal] in contexts longer than Rope.OrigCtx; nil: no replacement
}

// ropes has the position embedding for each Turn; nil if no layer uses the Turn.
type ropes [TurnNone + 1]*ggml.Rope

// LoadOptions change how a model is loaded. The zero value is the default.
type LoadOptions struct {
	Tokenizer tokenizer.Options
	// NoTokenizer tells Load to skip the vocabulary.
	NoTokenizer bool
	// Adjust, if not nil, may change the Config that the metadata give, such as
	// Rope.Base.
	Adjust func(*Config)
}

// Load returns the model in an open file. It takes milliseconds, because the weights stay in
// the file. The file must stay open while the model is used. Model.Close closes it.
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

// ErrAdapter says that a file is a LoRA adapter, not a model.
var ErrAdapter = errors.New("is a LoRA adapter, not a model")

func load(f *gguf.File, opt LoadOptions) (*Model, error) {
	if kind, _, _ := f.String("general.type"); kind == "adapter" {
		return nil, fmt.Errorf("model: %s: %w", f.Path, ErrAdapter)
	}
	c, err := ReadConfig(f)
	if err != nil && len(f.Tensors) == 0 && !errors.Is(err, ErrUnsupported) {
		return nil, fmt.Errorf("model: %s: holds a vocabulary only: there are no weights to evaluate", f.Path)
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
	// Check the size before the vocabulary is loaded: a small file could claim a huge number of
	// tokens.
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

// setRope sets the position embeddings of m, from c and m.Weights. It also sets
// c.Rope.FreqFactors.
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

// ropesFor returns the position embeddings for a context of ctx tokens. Models with two tables of
// frequency factors (arXiv:2402.13753) use one table for contexts up to Rope.OrigCtx, and the other
// table for longer contexts. The table must not change during a session, because cached keys cannot
// be rotated again without loss. As in llama.cpp, ctx is first rounded up to a multiple of 256.
func (m *Model) ropesFor(ctx int) ropes {
	list := m.ropes
	if m.usesLong(ctx) {
		list[TurnGlobal] = m.ropeLong
	}
	return list
}

// usesLong reports whether a context of ctx tokens uses the table for long contexts.
func (m *Model) usesLong(ctx int) bool {
	return m.ropeLong != nil && (ctx+255)&^255 > m.Config.Rope.OrigCtx
}

// RopeParams returns the parameters of the position embeddings for a context of ctx tokens,
// by Turn.
func (m *Model) RopeParams(ctx int) [2]ggml.RopeParams {
	list := [2]ggml.RopeParams{TurnGlobal: m.Config.Rope, TurnLocal: m.Config.LocalRope}
	if m.usesLong(ctx) {
		list[TurnGlobal].FreqFactors = m.Weights.RopeLong
	}
	return list
}

// vocabSize returns the number of rows of the embedding. If used is true, the vocabulary will be
// loaded, and must have the same number of tokens.
func vocabSize(f *gguf.File, used bool) (int, error) {
	t := f.Tensor(arch.TokenEmbed.Weight())
	if t == nil {
		return 0, fmt.Errorf("no tensor %q: the file has no weights to evaluate", arch.TokenEmbed.Weight())
	}
	if tokens, ok := f.Value("tokenizer.ggml.tokens"); used && ok && t.Rows() != tokens.Len() {
		return 0, fmt.Errorf("tensor %q has %d rows, but the vocabulary has %d tokens", t.Name, t.Rows(), tokens.Len())
	}
	return t.Rows(), nil
}

// seeing lists prefixes of names. Tensors whose names begin with them are for images and audio.
var seeing = []string{"v.", "mm.", "a.", "vision_tower.", "multi_modal_projector."}

// Ignored returns how many tensors of the file are for images and audio. The model does not use
// them.
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
