package load

import (
	"encoding/json"
	"fmt"
	"maps"
	"path/filepath"
	"strings"

	"github.com/spf13/pflag"

	"alpaca/internal/arch"
	"alpaca/internal/chat"
	"alpaca/internal/cli/ui"
	"alpaca/internal/gguf"
	"alpaca/internal/tokenizer"
)

// NoTemplate is the name that stands for no template.
const NoTemplate = "none"

// TemplateChoice holds the flags that choose the chat template.
type TemplateChoice struct {
	Name   string // a built-in template, or NoTemplate; "": the model's own
	File   string // a file with a template in Jinja; "": none
	Kwargs string // further variables of the template, a JSON object
	Like   string // Ollama's template: a model without a template gets the most similar built-in one; "": none
}

// AddFlags adds --chat-template, --chat-template-file and --chat-template-kwargs.
func (c *TemplateChoice) AddFlags(fs *pflag.FlagSet) {
	fs.StringVar(&c.Name, "chat-template", "", "`name` of the chat template: "+strings.Join(chat.Names(), ", ")+"; none: continue texts (default: the one of the model)")
	fs.StringVar(&c.File, "chat-template-file", "", "`file` with a chat template in Jinja")
	fs.StringVar(&c.Kwargs, "chat-template-kwargs", "", "further variables of the template, as a `JSON` object: '{\"enable_thinking\": false}'")
}

// Asked reports whether the flags ask for a template.
func (c *TemplateChoice) Asked() bool {
	return c.File != "" || c.Name != "" && !strings.EqualFold(c.Name, NoTemplate)
}

// Template returns the chat template for the model in f, whose vocabulary is tok, or nil if
// there is none. why says in a few words where the template comes from. request has the tools
// and variables of the conversation.
func Template(u *ui.UI, f *gguf.File, tok *tokenizer.Tokenizer, c TemplateChoice, request chat.Request) (t *chat.Template, why string, err error) {
	if t, why, err = c.choose(u, f, tok); t == nil || err != nil {
		return nil, why, err
	}
	kwargs, err := mergeKwargs(c.Kwargs, request.Kwargs)
	if err != nil {
		return nil, "", err
	}
	t, err = t.With(chat.Settings{Tools: request.Tools, Kwargs: kwargs})
	return t, why, err
}

func (c *TemplateChoice) choose(u *ui.UI, f *gguf.File, tok *tokenizer.Tokenizer) (t *chat.Template, why string, err error) {
	name := strings.ToLower(c.Name)
	text, _, _ := f.String("tokenizer.chat_template")
	switch {
	case name != "" && c.File != "":
		return nil, "", ui.Usagef("--chat-template and --chat-template-file cannot be used together")
	case name == NoTemplate:
		return nil, "no chat template", nil
	case name != "":
		t, err := chat.Builtin(name, tok)
		if err != nil {
			return nil, "", ui.WithHint(ui.Usagef("unknown chat template %q", c.Name), "the names are "+strings.Join(chat.Names(), ", ")+", none; --chat-template-file reads a template from a file")
		}
		return t, "chat template " + name, nil
	case c.File != "":
		text, err := ui.ReadFile(c.File)
		if err != nil {
			return nil, "", err
		}
		t, err := chat.FromModel(text, tok)
		if err != nil {
			return nil, "", fmt.Errorf("%s: %w", c.File, err)
		}
		return t, "chat template of " + c.File, nil
	case text != "":
		t, err := modelTemplate(u, text, tok)
		return t, "its own chat template", err
	case c.Like != "" && chat.Guess(c.Like) != "":
		name := chat.Guess(c.Like)
		t, err := chat.Builtin(name, tok)
		return t, "chat template " + name + ", similar to Ollama's", err
	case IsAlpaca(f):
		t, err := chat.Builtin("alpaca", tok)
		return t, "chat template alpaca", err
	}
	return nil, "a base model", nil
}

// mergeKwargs returns the variables of a flag and of a request. Variables of the request
// override those of the flag.
func mergeKwargs(flag string, request json.RawMessage) (json.RawMessage, error) {
	if flag == "" {
		return request, nil
	}
	var given, asked map[string]json.RawMessage
	if err := json.Unmarshal([]byte(flag), &given); err != nil {
		return nil, ui.WithHint(ui.Usagef("--chat-template-kwargs must be a JSON object: %v", err), `such as '{"enable_thinking": false}'`)
	}
	if len(request) == 0 || json.Unmarshal(request, &asked) != nil || len(asked) == 0 {
		return json.RawMessage(flag), nil
	}
	maps.Copy(given, asked)
	return json.Marshal(given)
}

// modelTemplate compiles the template that comes with a model. If that template does not work, the
// result is the built-in template that is most like it.
func modelTemplate(u *ui.UI, text string, tok *tokenizer.Tokenizer) (*chat.Template, error) {
	t, err := chat.FromModel(text, tok)
	if err == nil {
		return t, nil
	}
	name := chat.Guess(text)
	if name == "" {
		return nil, ui.WithHint(fmt.Errorf("the model's chat template does not work: %w", err), "choose one with --chat-template")
	}
	u.Warnf("the model's chat template does not work, so %s is used: %v", name, err)
	return chat.Builtin(name, tok)
}

// IsAlpaca reports whether a model is an Alpaca model without a template of its own.
// Such a model is recognized by its name, or by the file format "ggml", which is that of
// alpaca.cpp. In other formats that are older than GGUF, it is also recognized by the
// size of the vocabulary, because Stanford added a token to the vocabulary of LLaMA.
func IsAlpaca(f *gguf.File) bool {
	if _, found, _ := f.String("tokenizer.chat_template"); found {
		return false
	}
	name, _, _ := f.String("general.name")
	names := strings.ToLower(name + " " + filepath.Base(f.Path))
	tokens := f.Tensor(arch.TokenEmbed.Weight())
	const stanford = 32001 // LLaMA's 32000 and [PAD]
	return f.Format == "ggml" || strings.Contains(names, "alpaca") || f.Format != "gguf" && tokens != nil && tokens.Rows() == stanford
}
