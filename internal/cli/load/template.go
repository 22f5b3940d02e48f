package load

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"alpaca/internal/chat"
	"alpaca/internal/cli/ui"
	"alpaca/internal/gguf"
)

// NoTemplate is the name of no template.
const NoTemplate = "none"

// Template returns the form of conversations with the model: that of name, or
// where name is "" the model's own. It is nil where there is none. Why says in a few
// words where it comes from.
func Template(u *ui.UI, e *Instance, name string) (t *chat.Template, why string, err error) {
	tok := e.Model.Tokenizer
	asked := name
	name = strings.ToLower(name)
	text, _, _ := e.Model.File.String("tokenizer.chat_template")
	switch {
	case name == NoTemplate:
		return nil, "no chat template", nil
	case name != "":
		t, err := chat.Builtin(name, tok)
		if err != nil {
			return nil, "", ui.WithHint(ui.Usagef("unknown chat template %q", asked), "known are "+strings.Join(chat.Names(), ", ")+", none")
		}
		return t, "chat template " + name, nil
	case text != "":
		t, err := modelTemplate(u, e, text)
		return t, "its own chat template", err
	case IsAlpaca(e.Model.File):
		t, err := chat.Builtin("alpaca", tok)
		return t, "chat template alpaca", err
	}
	return nil, "a base model", nil
}

// modelTemplate makes the template that comes with a model ready. One that does
// not work is replaced by the built-in one that it looks like.
func modelTemplate(u *ui.UI, e *Instance, text string) (*chat.Template, error) {
	exe, err := os.Executable()
	if err != nil {
		return nil, err
	}
	t, err := chat.FromModel(text, e.Model.Tokenizer, []string{exe, TemplateCommand})
	if err == nil {
		return t, nil
	}
	name := chat.Guess(text)
	if name == "" {
		return nil, ui.WithHint(fmt.Errorf("the model's chat template does not work: %w", err), "choose one with --chat-template")
	}
	u.Warnf("the model's chat template does not work, %s is used: %v", name, err)
	return chat.Builtin(name, e.Model.Tokenizer)
}

// IsAlpaca reports whether a model that has no template of its own is an
// Alpaca: by the container, which alpaca.cpp alone reads to this day, by the
// token that Stanford added, or by name.
func IsAlpaca(f *gguf.File) bool {
	if _, found, _ := f.String("tokenizer.chat_template"); found {
		return false
	}
	name, _, _ := f.String("general.name")
	names := strings.ToLower(name + " " + filepath.Base(f.Path))
	tokens := f.Tensor("token_embd.weight")
	const stanford = 32001 // LLaMA's 32000 and [PAD]
	return f.Format == "ggml" || strings.Contains(names, "alpaca") || f.Format != "gguf" && tokens != nil && tokens.Rows() == stanford
}

// TemplateCommand is the hidden command that renders a model's template, in a
// process of its own.
const TemplateCommand = "render-chat-template"
