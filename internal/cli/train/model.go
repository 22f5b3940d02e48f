package train

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"alpaca/internal/arch"
	"alpaca/internal/chat"
	"alpaca/internal/cli/load"
	"alpaca/internal/cli/ui"
	"alpaca/internal/dataset"
	"alpaca/internal/gguf"
	"alpaca/internal/machine"
	"alpaca/internal/tokenizer"
	"alpaca/internal/train"
	"alpaca/internal/train/rows"
)

// model returns the model to train, and a maker of examples for it.
func (j *job) model(u *ui.UI) (*train.Model[float32], *rows.Maker, error) {
	if j.Init != "" {
		return j.newModel(u)
	}
	tmpl, why, err := j.chosenTemplate(u)
	if err != nil {
		return nil, nil, err
	}
	tok := j.base.Tokenizer
	if tmpl == nil {
		if j.ChatTemplate == load.NoTemplate {
			return nil, nil, ui.Usagef("--chat-template none: conversations need a template")
		}
		if tmpl, err = chat.Builtin("stanford", tok); err != nil {
			return nil, nil, err
		}
		why = "chat template stanford"
	}
	if err := j.checkTemplate(tmpl, tok, why); err != nil {
		return nil, nil, err
	}
	if j.Full {
		params := int64(0)
		for i := range j.base.File.Tensors {
			params += int64(j.base.File.Tensors[i].Elems())
		}
		if err := enough(16 * params); err != nil { // before train.Load uses this memory
			return nil, nil, err
		}
	}
	m, err := train.Load(j.base, j.Full)
	if err != nil {
		return nil, nil, err
	}
	if !j.Full {
		if err := j.addAdapters(m); err != nil {
			return nil, nil, err
		}
	}
	return m, &rows.Maker{Tokenizer: tok, Template: tmpl}, nil
}

// chosenTemplate returns the template of --chat-template or --chat-template-file, or the
// base's own.
func (j *job) chosenTemplate(u *ui.UI) (*chat.Template, string, error) {
	if j.TemplateText != "" {
		t, err := chat.FromModel(j.TemplateText, j.base.Tokenizer)
		return t, "chat template of the file", err
	}
	return load.Template(u, j.base.File, j.base.Tokenizer, load.TemplateChoice{Name: j.ChatTemplate}, chat.Request{})
}

// checkTemplate warns if the template has control tokens that the model does not have. why
// names the template.
func (j *job) checkTemplate(tmpl *chat.Template, tok *tokenizer.Tokenizer, why string) error {
	if !slices.ContainsFunc(j.files, hasConversation) {
		return nil
	}
	missing, err := tmpl.MissingTokens(tok)
	if err != nil {
		return err
	}
	if len(missing) > 0 {
		j.u.Warnf("%s: %s is not one token of this model, but several", why, strings.Join(missing, ", "))
	}
	return nil
}

// defaultLength is the largest number of tokens of a row if --max-length is not given.
const defaultLength = 512

// newModel returns a model of --init's shape with random weights, and a maker of examples for
// it.
func (j *job) newModel(u *ui.UI) (*train.Model[float32], *rows.Maker, error) {
	s, err := train.ParseShape(j.Init)
	if err != nil {
		return nil, nil, ui.Usagef("--init: %v", err)
	}
	s.Ctx = cmp.Or(j.MaxLength, defaultLength)
	vocab, tok, err := j.vocabulary(u)
	if err != nil {
		return nil, nil, err
	}
	s.Vocab = tok.Len()
	for _, p := range arch.Llama.Metadata(&arch.Hparams{Layers: s.Layers, Context: s.Ctx, NormEps: s.Eps, RopeBase: float32(s.Rope.Base),
		Sizes: arch.Sizes{VocabSize: s.Vocab, Dim: s.Dim, FFNDim: s.FFNDim, NumHeads: s.Heads, NumKVHeads: s.KVHeads, KeyDim: s.HeadDim, ValueDim: s.HeadDim, RopeDim: s.HeadDim}}) {
		j.kv = append(j.kv, gguf.KV{Key: p.Key, Value: number(p.Value)})
	}
	j.kv = append([]gguf.KV{
		{Key: "general.architecture", Value: gguf.Str(arch.Llama.Name)},
		{Key: "general.type", Value: gguf.Str("model")},
		{Key: "general.name", Value: gguf.Str(j.name())},
	}, append(j.kv, vocab...)...)
	tmpl, err := j.newTemplate(tok, vocab)
	if err != nil {
		return nil, nil, err
	}
	return train.New[float32](s, true, j.Seed), &rows.Maker{Tokenizer: tok, Template: tmpl}, nil
}

func number(v any) gguf.Value {
	if f, ok := v.(float32); ok {
		return gguf.F32(f)
	}
	return gguf.U32(v.(uint32))
}

// vocabKeys is the prefix of the metadata keys of a vocabulary.
const vocabKeys = "tokenizer."

// vocabulary returns the vocabulary of --tokenizer, or one trained on the data, with its
// metadata.
func (j *job) vocabulary(u *ui.UI) ([]gguf.KV, *tokenizer.Tokenizer, error) {
	var kv []gguf.KV
	if j.Tokenizer != "" {
		f, err := load.OpenFile(j.Tokenizer, gguf.Options{HeaderOnly: true})
		if err != nil {
			return nil, nil, err
		}
		defer f.Close()
		tok, err := load.Tokenizer(u, f, tokenizer.Options{})
		if err != nil {
			return nil, nil, err
		}
		for _, e := range f.KV {
			if strings.HasPrefix(e.Key, vocabKeys) {
				kv = append(kv, e)
			}
		}
		return kv, tok, nil
	}
	trainer, err := tokenizer.NewBPETrainer("smollm")
	if err != nil {
		return nil, nil, err
	}
	for _, r := range j.records() {
		trainer.Add(r.Text)
		for _, m := range r.Messages {
			trainer.Add(m.Content)
			trainer.Add(m.Input)
		}
	}
	v, err := trainer.Train(j.Vocab, []string{"<s>", "</s>", "<|user|>", "<|assistant|>", "<|system|>", "<pad>"})
	if err != nil {
		return nil, nil, ui.Usagef("--vocab: %v", err)
	}
	if len(v.Tokens) < j.Vocab {
		u.Warnf("the data gives a vocabulary of only %d tokens", len(v.Tokens))
	}
	v.IDs = map[string]int64{"bos": 0, "eos": 1, "padding": 5}
	yes := true
	v.AddBOS = &yes
	tok, err := tokenizer.New(v, tokenizer.Options{})
	if err != nil {
		return nil, nil, err
	}
	return append(vocabKV(&v), gguf.KV{Key: templateKey, Value: gguf.Str(newTemplate)}), tok, nil
}

// newTemplate is the chat template of a new model whose vocabulary is trained on the data. A
// control token before each message says whose message it is.
const newTemplate = `{{ bos_token }}{% for message in messages %}{% if message['role'] == 'assistant' %}{{ '<|assistant|>' + message['content'] + eos_token }}` +
	`{% else %}{{ '<|' + message['role'] + '|>' + message['content'] }}{% endif %}{% endfor %}{% if add_generation_prompt %}{{ '<|assistant|>' }}{% endif %}`

// newTemplate returns the template for a new model.
func (j *job) newTemplate(tok *tokenizer.Tokenizer, kv []gguf.KV) (*chat.Template, error) {
	switch {
	case j.TemplateText != "":
		return chat.FromModel(j.TemplateText, tok)
	case j.ChatTemplate != "":
		return chat.Builtin(j.ChatTemplate, tok)
	}
	for _, e := range kv {
		if text, ok := e.Value.Str(); ok && e.Key == templateKey {
			return chat.FromModel(text, tok)
		}
	}
	return chat.Builtin("stanford", tok)
}

// fits returns an error if the run needs more memory than is free, except in a dry run.
func (j *job) fits(m *train.Model[float32]) error {
	if j.dryRun {
		return nil // describe shows how much is needed and free
	}
	return enough(m.Memory(j.MaxLength, j.micro, j.checkpointing))
}

// enough returns an error if fewer than need bytes of memory are free. If the free memory is
// unknown, it returns nil.
func enough(need int64) error {
	if free := machine.FreeMemory(); free > 0 && need > free {
		return ui.WithHint(fmt.Errorf("the run needs about %s of memory, but only %s are free", ui.ByteCount(need), ui.ByteCount(free)),
			"a shorter --max-length, a smaller --micro-batch, --gradient-checkpointing or an adapter in place of --full needs less")
	}
	return nil
}

// templateKey is the metadata key of the chat template.
const templateKey = "tokenizer.chat_template"

// form returns the template to write into the model's metadata: the source of t,
// which is the template of the training. It returns "" if the metadata must not
// change, because the data has no conversations or t is the model's own template.
func (j *job) form(t *chat.Template) string {
	own := slices.ContainsFunc(j.kv, func(e gguf.KV) bool { return e.Key == templateKey })
	if own && j.ChatTemplate == "" && j.TemplateText == "" || !slices.ContainsFunc(j.files, hasConversation) {
		return ""
	}
	return t.Source()
}

// hasConversation reports whether a file has records that need a template.
func hasConversation(f *dataset.File) bool {
	return slices.ContainsFunc(f.Records, func(r dataset.Record) bool { return r.Messages != nil })
}

// vocabKV returns the metadata of a vocabulary.
func vocabKV(v *tokenizer.Vocab) []gguf.KV {
	kv := []gguf.KV{
		{Key: "tokenizer.ggml.model", Value: gguf.Str(v.Model)},
		{Key: "tokenizer.ggml.pre", Value: gguf.Str(v.Pre)},
		{Key: "tokenizer.ggml.tokens", Value: gguf.Strs(v.Tokens)},
		{Key: "tokenizer.ggml.token_type", Value: gguf.I32s(v.Types)},
		{Key: "tokenizer.ggml.merges", Value: gguf.Strs(v.Merges)},
	}
	for _, role := range slices.Sorted(maps.Keys(v.IDs)) {
		kv = append(kv, gguf.KV{Key: "tokenizer.ggml." + role + "_token_id", Value: gguf.U32(uint32(v.IDs[role]))})
	}
	return append(kv, gguf.KV{Key: "tokenizer.ggml.add_bos_token", Value: gguf.Bool(v.AddBOS != nil && *v.AddBOS)})
}
