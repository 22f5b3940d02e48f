package vocab

import (
	"errors"
	"io/fs"
	"slices"

	"alpaca/internal/checkpoint/config"
)

// roles are the roles of special tokens. key is the name of a role in GGUF's keys, and name is its
// name in the files of a checkpoint.
var roles = []struct{ key, name string }{
	{"bos", "bos"}, {"eos", "eos"}, {"unknown", "unk"}, {"seperator", "sep"}, {"padding", "pad"}, {"cls", "cls"}, {"mask", "mask"},
}

// around determines which tokens are added before and after a text.
// tokenizer.json takes precedence over tokenizer_config.json.
func (b *builder) around() {
	t := b.tokenizer
	yes, no := true, false
	if t != nil {
		b.addBOS, b.addEOS = &no, &no
		posts := t.Post.parts()
		if len(posts) == 0 { // without a post-processor, the tokenizer's class adds the tokens that tokenizer_config.json asks for
			for flag, key := range map[**bool]string{&b.addBOS: "add_bos_token", &b.addEOS: "add_eos_token"} {
				if b.config.Bool(key, false) {
					*flag = &yes
				}
			}
		}
		for _, p := range posts {
			if p.Type != "TemplateProcessing" || len(p.Single) == 0 {
				continue
			}
			if first := p.Single[0].SpecialToken; first != nil {
				b.addBOS = &yes
				if id, ok := b.id(first.ID); ok {
					b.ids["bos"] = id
				}
			}
			b.addSep = &no
			if last := p.Single[len(p.Single)-1].SpecialToken; last != nil && len(p.Single) > 1 {
				b.addEOS = &yes
				if id, ok := b.id(last.ID); ok {
					b.ids["eos"] = id
				}
			}
		}
	} else {
		for flag, key := range map[**bool]string{&b.addBOS: "add_bos_token", &b.addEOS: "add_eos_token"} {
			if b.config.IsBool(key) {
				v := b.config.Bool(key, false)
				*flag = &v
			}
		}
	}
	b.spaces()
	b.normalForm()
}

// spaces determines whether a space is added before a text.
// This concerns only vocabularies like those of SentencePiece.
func (b *builder) spaces() {
	if !b.scored() || b.tokenizer == nil {
		return
	}
	prefix := false
	for _, p := range b.tokenizer.Normal.parts() {
		prefix = prefix || p.Type == "Prepend"
	}
	for _, p := range b.tokenizer.Pre.parts() {
		if p.Type != "Metaspace" {
			continue
		}
		prefix = p.PrependScheme == "always" || p.PrependScheme == "first" || p.PrependScheme == "" && (p.PrefixSpace == nil || *p.PrefixSpace)
	}
	b.spacePrefix = &prefix
}

// normalForm determines the Unicode normal form that tokenizer.json asks for.
func (b *builder) normalForm() {
	if b.tokenizer == nil {
		return
	}
	for _, p := range b.tokenizer.Normal.parts() {
		switch p.Type {
		case "NFC", "NFD", "NFKC", "NFKD":
			if b.normalizer != "" {
				b.note("%s asks for %s and %s: the last is kept", jsonFile, b.normalizer, p.Type)
			}
			b.normalizer = p.Type
		case "Replace", "Prepend": // in SentencePiece's vocabularies, these handle spaces
			if !b.scored() {
				b.note("%s replaces text before it is cut (%s), for which GGUF has no key: text is not replaced", jsonFile, p.Type)
			}
		case "Precompiled":
			b.note("%s has a table of normal forms, for which GGUF has no key: text is not normalized", jsonFile)
		default:
			b.note("%s changes text by %q, for which GGUF has no key: text is not changed", jsonFile, p.Type)
		}
	}
}

// special finds the tokens with a role. It looks for their texts in tokenizer_config.json and
// special_tokens_map.json, then for their ids in config.json and generation_config.json. If
// these files name no token for a role, the token from the tokenizer's file stays. special also
// collects all tokens that end a text according to config.json and generation_config.json.
func (b *builder) special() error {
	generate, err := config.ReadFile(b.path(generateFile))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		b.note("%s cannot be read and is left out: %v", generateFile, err)
		generate = config.Parse(nil, generateFile)
	}
	texts, err := config.ReadFile(b.path(specialFile))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	for _, r := range roles {
		if id, ok := b.named(r.name, texts); ok {
			b.ids[r.key] = id
			continue
		}
		key := r.name + "_token_id"
		for _, o := range []config.Object{b.Config, generate} {
			if ids := numbers(o, key); len(ids) > 0 && ids[0] < len(b.tokens) {
				b.ids[r.key] = ids[0]
				break
			}
		}
	}
	if id, ok := b.ids["eos"]; ok {
		b.ends = append(b.ends, int32(id))
	}
	for _, o := range []config.Object{b.Config, generate} {
		for _, id := range numbers(o, "eos_token_id") {
			if id >= len(b.tokens) {
				b.note("eos_token_id %d of %s is out of range (%d tokens) and left out", id, o.Name, len(b.tokens))
				continue
			}
			if !slices.Contains(b.ends, int32(id)) {
				b.ends = append(b.ends, int32(id))
			}
		}
	}
	return errors.Join(b.config.Err(), b.Config.Err())
}

// named returns the token whose text the files give for a role. ok is false if the files give no
// text.
func (b *builder) named(role string, texts config.Object) (int, bool) {
	key := role + "_token"
	for _, o := range []config.Object{b.config, texts} {
		text := ""
		switch {
		case o.IsText(key):
			text = o.Text(key)
		case o.IsObject(key):
			text = o.Sub(key).Text("content")
		}
		if text == "" {
			continue
		}
		if id, ok := b.id(text); ok {
			return id, true
		}
	}
	return 0, false
}

// numbers returns the token ids of a key, which may have a number or a list.
func numbers(o config.Object, key string) (list []int) {
	switch {
	case o.IsNumber(key):
		if v := o.Float(key, -1); v >= 0 && v < maxVocab {
			list = append(list, int(v))
		}
	case o.IsList(key):
		for _, v := range o.Floats(key) {
			if v >= 0 && v < maxVocab {
				list = append(list, int(v))
			}
		}
	}
	return list
}
