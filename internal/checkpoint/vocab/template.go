package vocab

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"alpaca/internal/checkpoint/config"
	"alpaca/internal/gguf"
)

// These are the keys of chat templates, and the name of the default template.
const (
	keyTemplate  = "tokenizer.chat_template"
	keyTemplates = "tokenizer.chat_templates"
	defaultName  = "default"
)

// template is a chat template with its name.
type template struct{ name, text string }

// templates returns the keys of the chat templates. They come from files of their own or,
// if there are none, from tokenizer_config.json.
func (b *builder) templates() ([]gguf.KV, error) {
	list, err := b.findTemplates()
	if err != nil {
		return nil, err
	}
	var kv []gguf.KV
	var names []string
	for _, t := range list {
		switch {
		case t.name == defaultName:
			kv = append(kv, gguf.KV{Key: keyTemplate, Value: gguf.Str(t.text)})
		case slices.Contains(names, t.name):
			return nil, fmt.Errorf("%s: two templates for chats are called %q", b.Dir, t.name)
		default:
			names = append(names, t.name)
			kv = append(kv, gguf.KV{Key: keyTemplate + "." + t.name, Value: gguf.Str(t.text)})
		}
	}
	if len(names) > 0 {
		kv = append(kv, gguf.KV{Key: keyTemplates, Value: gguf.Strs(names)})
	}
	return kv, nil
}

func (b *builder) findTemplates() ([]template, error) {
	if b.has("chat_template.jinja") {
		raw, err := readFile(b.path("chat_template.jinja"))
		if err != nil {
			return nil, err
		}
		more, err := b.moreTemplates()
		return append([]template{{defaultName, string(raw)}}, more...), err
	}
	o, err := config.ReadFile(b.path("chat_template.json"))
	if err != nil {
		if !errors.Is(err, fs.ErrNotExist) {
			return nil, err
		}
		o = b.config
	}
	const key = "chat_template"
	switch {
	case o.IsText(key):
		return []template{{defaultName, o.Text(key)}}, nil
	case o.IsList(key):
		var list []template
		for _, t := range o.Objects(key) {
			if name := fileName(t.Text("name")); name != "" {
				list = append(list, template{name, t.Text("template")})
			}
		}
		return list, o.Err()
	}
	return nil, nil
}

// moreTemplates reads the templates in the folder additional_chat_templates.
func (b *builder) moreTemplates() (list []template, err error) {
	const folder = "additional_chat_templates"
	entries, err := os.ReadDir(b.path(folder))
	if err != nil {
		return nil, nil // there is none
	}
	for _, e := range entries {
		name, ok := strings.CutSuffix(e.Name(), ".jinja")
		if !ok || !e.Type().IsRegular() {
			continue
		}
		raw, err := readFile(filepath.Join(b.path(folder), e.Name()))
		if err != nil {
			return nil, err
		}
		list = append(list, template{fileName(name), string(raw)})
	}
	return list, nil
}

// fileName returns the name of a template without the characters that are not allowed in a key.
func fileName(name string) string {
	return strings.Map(func(r rune) rune {
		if r == '_' || r == '-' || r >= '0' && r <= '9' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' {
			return r
		}
		return -1
	}, name)
}
