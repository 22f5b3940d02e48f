// Package model evaluates language models of the architectures of package arch.
//
//	gguf.File ──Load──▶ Model ──NewSession──▶ Session ──Eval──▶ logits
//	 (mapping)        (views of weights,     (cache, scratch,
//	                   shared, immutable)     position: one conversation)
//
// Start reading at forward.go: it is the whole model, from top to bottom.
package model

import (
	"errors"
	"fmt"

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

	rope *ggml.Rope
}

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

func load(f *gguf.File, opt LoadOptions) (*Model, error) {
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
	for _, x := range m.Weights.RopeFreqs {
		if !(x > 0 && x < 1e9) {
			return nil, fmt.Errorf("model: %s: tensor %q: factor %v, must be positive", f.Path, arch.RopeFreqs.Weight(), x)
		}
	}
	c.Rope.FreqFactors = m.Weights.RopeFreqs
	if m.rope, err = ggml.NewRope(c.Rope); err != nil {
		return nil, fmt.Errorf("model: %s: %w", f.Path, err)
	}
	m.Config = c
	return m, nil
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

// Close closes the file.
func (m *Model) Close() error { return m.File.Close() }
