package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"alpaca/internal/chat"
	"alpaca/internal/gguf"
	"alpaca/internal/sampler"
)

// noTemplate is the name of no template.
const noTemplate = "none"

// chooseTemplate returns the form of conversations with the model: that of name, or
// where name is "" the model's own. It is nil where there is none. Why says in a few
// words where it comes from.
func chooseTemplate(u *ui, e *instance, name string) (t *chat.Template, why string, err error) {
	tok := e.model.Tokenizer
	asked := name
	name = strings.ToLower(name)
	text, _, _ := e.model.File.String("tokenizer.chat_template")
	switch {
	case name == noTemplate:
		return nil, "no chat template", nil
	case name != "":
		t, err := chat.Builtin(name, tok)
		if err != nil {
			return nil, "", withHint(usageErrorf("unknown chat template %q", asked), "known are "+strings.Join(chat.Names(), ", ")+", none")
		}
		return t, "chat template " + name, nil
	case text != "":
		t, err := modelTemplate(u, e, text)
		return t, "its own chat template", err
	case isAlpacaFile(e.model.File):
		t, err := chat.Builtin("alpaca", tok)
		return t, "chat template alpaca", err
	}
	return nil, "a base model", nil
}

// modelTemplate makes the template that comes with a model ready. One that does
// not work is replaced by the built-in one that it looks like.
func modelTemplate(u *ui, e *instance, text string) (*chat.Template, error) {
	exe, err := os.Executable()
	if err != nil {
		return nil, err
	}
	t, err := chat.FromModel(text, e.model.Tokenizer, []string{exe, templateCommand})
	if err == nil {
		return t, nil
	}
	name := chat.Guess(text)
	if name == "" {
		return nil, withHint(fmt.Errorf("the model's chat template does not work: %w", err), "choose one with --chat-template")
	}
	u.warnf("the model's chat template does not work, %s is used: %v", name, err)
	return chat.Builtin(name, e.model.Tokenizer)
}

// isAlpacaFile reports whether a model that has no template of its own is an
// Alpaca: by the container, which alpaca.cpp alone reads to this day, by the
// token that Stanford added, or by name.
func isAlpacaFile(f *gguf.File) bool {
	if _, found, _ := f.String("tokenizer.chat_template"); found {
		return false
	}
	name, _, _ := f.String("general.name")
	names := strings.ToLower(name + " " + filepath.Base(f.Path))
	tokens := f.Tensor("token_embd.weight")
	const stanford = 32001 // LLaMA's 32000 and [PAD]
	return f.Format == "ggml" || strings.Contains(names, "alpaca") || f.Format != "gguf" && tokens != nil && tokens.Rows() == stanford
}

// alpacaDefaults are alpaca.cpp's settings, where the command line has no others.
func (o *runOptions) alpacaDefaults(p *sampler.Params) {
	set := func(flag string, target *float32, value float32) {
		if !o.prompt.flags.Changed(flag) {
			*target = value
		}
	}
	set("temp", &p.Temp, 0.1)
	set("repeat-penalty", &p.RepeatPenalty, 1.3)
	set("min-p", &p.MinP, 0)
}

// templateCommand is the hidden command that renders a model's template, in a
// process of its own.
const templateCommand = "render-chat-template"

func newTemplateCmd(u *ui) *cobra.Command {
	return &cobra.Command{
		Use:    templateCommand,
		Hidden: true,
		RunE:   func(*cobra.Command, []string) error { return chat.ServeTemplate(u.in, u.out) },
	}
}
