// Package card makes the general.* keys of a GGUF file. They have the model's name and the
// parts of this name, the size, the licence, base models, tags and recommended sampling
// settings. The sources are the front matter of README.md, generation_config.json, config.json
// and the name of the folder, as in the reference converter's gguf-py (metadata.py).
package card

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"go.yaml.in/yaml/v3"

	"alpaca/internal/checkpoint/config"
	"alpaca/internal/gguf"
	"alpaca/internal/lazyregexp"
)

// Counts says how many weights a model has.
type Counts struct {
	Total   int64
	Shared  int64 // weights that every token uses
	Expert  int64 // weights of a single expert per layer, summed over all layers
	Experts int   // experts per layer; 0: none
}

// Options describe the model.
type Options struct {
	Name   string // replaces the name in the files; "": keep the name in the files
	Counts Counts
}

// maxCard bounds the size of README.md in bytes.
const maxCard = 16 << 20

// facts are the known facts about a model. If a fact
// is found several times, the first value counts.
type facts struct {
	text map[string]string // values by key; keys lack the prefix "general."
	list map[string][]string
	base []origin // the model's base models
	data []origin // the model's data sets

}

// origin is a base model or a data set of a model.
type origin struct{ name, organization, version, url string }

// set sets the text of a key, unless the key already has a text or text is empty.
func (f *facts) set(key, text string) {
	if text != "" && f.text[key] == "" {
		f.text[key] = text
	}
}

// Read returns the general.* keys for the checkpoint in a folder.
// Read leaves out data that it cannot read, and adds notes about some of it.
func Read(dir string, opt Options) (kv []gguf.KV, notes []string) {
	f := &facts{text: map[string]string{}, list: map[string][]string{}}
	if err := f.readme(filepath.Join(dir, "README.md"), opt.Counts.Total); err != nil {
		notes = append(notes, fmt.Sprintf("README.md is left out: %v", err))
	}
	if o, err := config.ReadFile(filepath.Join(dir, "config.json")); err == nil {
		if id := o.Text("_name_or_path"); o.Err() == nil && strings.Count(id, "/") <= 1 {
			f.parts(id, opt.Counts.Total)
		}
	}
	abs, err := filepath.Abs(dir)
	if err != nil {
		abs = dir
	}
	f.parts(filepath.Base(abs), opt.Counts.Total)
	f.set("name", filepath.Base(abs))
	f.set("size_label", sizeLabel(opt.Counts))
	if opt.Name != "" {
		f.text["name"] = opt.Name
	}
	generate, err := config.ReadFile(filepath.Join(dir, "generation_config.json"))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		notes = append(notes, fmt.Sprintf("generation_config.json is left out: %v", err))
		generate = config.Parse(nil, "")
	}
	return append(sampling(generate), f.keys()...), notes
}

// parts sets facts from the name of a model, such as "org/Llama-3-8B-Instruct".
func (f *facts) parts(id string, total int64) {
	n := cutName(id, total)
	f.set("name", title(n.full))
	f.set("organization", title(n.organization))
	f.set("basename", n.base)
	f.set("finetune", n.finetune)
	f.set("version", n.version)
	f.set("size_label", n.size)
}

// readme sets facts from the front matter of a model card.
func (f *facts) readme(path string, total int64) error {
	st, err := os.Stat(path)
	if err != nil || !st.Mode().IsRegular() || st.Size() > maxCard {
		return nil
	}
	raw, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	front := frontMatter(string(raw))
	if front == "" {
		return nil
	}
	var card map[string]any
	if err := yaml.Unmarshal([]byte(front), &card); err != nil {
		line, _, _ := strings.Cut(err.Error(), "\n")
		return errors.New(line)
	}
	f.card(card, total)
	return nil
}

// frontMatter returns the lines after a first line "---", up to the next line "---" or the end.
func frontMatter(text string) string {
	text = strings.ReplaceAll(text, "\r\n", "\n")
	rest, ok := strings.CutPrefix(text, "---\n")
	if !ok {
		return ""
	}
	lines := strings.Split(rest, "\n")
	for i, line := range lines {
		if line == "---" {
			lines = lines[:i]
			break
		}
	}
	return strings.ReplaceAll(strings.Join(lines, "\n"), "\t", "  ")
}

// cardKeys are keys of general.* with their possible names
// in a model card. If a card has several of the names, the first one with a text is used.
var cardKeys = []struct {
	key   string
	names []string
}{
	{"name", []string{"name", "model_name"}},
	{"author", []string{"author", "model_author", "model_creator"}},
	{"version", []string{"version", "model_version"}},
	{"organization", []string{"organization", "model_organization"}},
	{"description", []string{"description", "model_description"}},
	{"finetune", []string{"finetune", "model_finetune"}},
	{"basename", []string{"basename", "model_basename", "model_type"}},
	{"size_label", []string{"size_label", "model_size_label"}},
	{"source.url", []string{"url", "model_url"}},
	{"source.doi", []string{"doi", "model_doi"}},
	{"source.uuid", []string{"uuid", "model_uuid"}},
	{"source.repo_url", []string{"repo_url", "model_repo_url"}},
	{"license", []string{"license"}},
	{"license.name", []string{"license_name"}},
	{"license.link", []string{"license_link"}},
}

// card sets facts from the values of a model card.
func (f *facts) card(card map[string]any, total int64) {
	for _, k := range cardKeys {
		for _, name := range k.names {
			f.set(k.key, strings.Join(texts(card[name]), ","))
		}
	}
	for key, names := range map[string][]string{"tags": {"tags", "pipeline_tag"}, "languages": {"languages", "language"}} {
		for _, name := range names {
			f.list[key] = append(f.list[key], texts(card[name])...)
		}
	}
	first := func(names ...string) any {
		for _, n := range names {
			if v, ok := card[n]; ok {
				return v
			}
		}
		return nil
	}
	f.base = origins(first("base_model", "base_models", "base_model_sources"), total)
	f.data = origins(first("datasets", "dataset", "dataset_sources"), total)
}

// texts returns a value as a list of texts. The value may be a text or a list of texts.
func texts(v any) (list []string) {
	switch v := v.(type) {
	case nil, map[string]any:
	case []any:
		for _, x := range v {
			list = append(list, texts(x)...)
		}
	default:
		list = append(list, fmt.Sprint(v))
	}
	return list
}

// hubURL matches the address of a model on huggingface.co.
var hubURL = lazyregexp.New(`^https?://huggingface\.co/([^/]+/[^/]+)$`)

// origins parses a list of base models or data sets, given as names, addresses, or both.
func origins(v any, total int64) (list []origin) {
	entries, isList := v.([]any)
	if !isList && v != nil {
		entries = []any{v}
	}
	for _, e := range entries {
		var o origin
		id := ""
		switch e := e.(type) {
		case map[string]any:
			text := func(key string) string { return strings.Join(texts(e[key]), ",") }
			o = origin{text("name"), text("organization"), text("version"), text("repo_url")}
		case string:
			id = e
		}
		if strings.HasPrefix(id, "http://") || strings.HasPrefix(id, "https://") || strings.HasPrefix(id, "ssh://") {
			o.url, id = id, ""
			if m := hubURL().FindStringSubmatch(o.url); m != nil {
				id = m[1]
			}
		}
		if id != "" {
			n := cutName(id, total)
			o.name, o.organization, o.version = title(n.full), title(n.organization), n.version
			if o.url == "" && n.organization != "" {
				o.url = "https://huggingface.co/" + n.organization + "/" + n.full
			}
		}
		list = append(list, o)
	}
	return list
}
