package tokenizer

import (
	"slices"
	"strings"
)

// endTexts are the texts of tokens that end a generation, even if the file does not say so. The
// list is that of src/llama-vocab.cpp in https://github.com/ggml-org/llama.cpp as of November 2026.
var endTexts = []string{
	"<|eot_id|>", "<|im_end|>", "<|end|>", "<|return|>", "<|call|>", "<|flush|>", "<|calls|>", "<end_of_turn>", "<|endoftext|>", "</s>",
	"<|eom_id|>", "<EOT>", "_<EOT>", "[EOT]", "[EOS]", "<|end_of_text|>", "<end_of_utterance>", "<eos>", "<turn|>", "<|tool_response>",
	"<｜end▁of▁sentence｜>", "[e~[",
}

// channels describe vocabularies whose answers have several parts (analysis, final). A vocabulary
// is of this kind if it has every token of the list called all. In such a vocabulary, "<|end|>"
// ends a part, and not the whole answer. The tokens of the list called printed are shown to
// readers, who can then tell the parts apart.
var channels = []struct{ all, printed []string }{
	{[]string{"<|end|>", "<|return|>", "<|call|>"}, []string{"<|start|>", "<|channel|>", "<|constrain|>", "<|message|>", "<|end|>"}},
	{[]string{"<|end|>", "<|flush|>", "<|call|>"}, []string{"<|end|>"}},
	{[]string{"<|end|>", "<|flush|>", "<|calls|>"}, []string{"<|end|>"}},
}

// named returns the special token with the given text, or None. A token that the file calls
// normal is not special: "</s>" may be the end of an HTML element. If the file has no types,
// only the text decides.
func (t *Tokenizer) named(v *Vocab, text string) int32 {
	id, ok := t.index.find(text)
	if !ok {
		return None
	}
	if v.Types != nil && (t.types[id] == TypeNormal || t.types[id] == TypeUnused || t.types[id] == TypeByte) {
		return None
	}
	return id
}

// goesOn reports whether, in this vocabulary, the token with the given text only ends a part of an
// answer. In other vocabularies, the token ends the generation.
func (t *Tokenizer) goesOn(v *Vocab, text string) bool {
	if text != "<|end|>" {
		return false
	}
	for _, c := range channels {
		if !slices.ContainsFunc(c.all, func(text string) bool { return t.named(v, text) == None }) {
			return true
		}
	}
	return false
}

// setEOG collects the tokens that end a generation.
func (t *Tokenizer) setEOG(v *Vocab) {
	s := &t.special
	for _, id := range []int32{s.EOS, s.EOT, s.EOM, s.FIMPad, s.FIMRepo, s.FIMSep} {
		if id != None {
			t.eog = append(t.eog, id)
		}
	}
	for _, id := range v.EOS {
		if !t.valid(id) {
			t.warnf("end token id %d (tokenizer.ggml.eos_token_ids) is out of range (%d tokens) and ignored", id, len(t.tokens))
			continue
		}
		t.eog = append(t.eog, id)
	}
	for _, text := range endTexts {
		if id := t.named(v, text); id != None && !t.goesOn(v, text) {
			t.eog = append(t.eog, id)
			t.types[id] = TypeControl
		}
	}
	slices.Sort(t.eog)
	t.eog = slices.Compact(t.eog)

	if !t.goesOn(v, "<|end|>") {
		return
	}
	t.shown = map[int32]bool{}
	for _, c := range channels {
		for _, text := range c.printed {
			if id := t.named(v, text); id != None && !t.IsEOG(id) {
				t.shown[id] = true
			}
		}
	}
}

// strip says on which sides of a special token white space is removed together with the token.
type strip struct{ left, right bool }

// stripRules returns the tokens that remove the white space beside them. GGUF has no key for this,
// so the rules are known only for some vocabularies, which are recognized by their pre-tokenizer or
// their tokens.
func (t *Tokenizer) stripRules(v *Vocab) map[int32]strip {
	rules := map[int32]strip{}
	set := func(text string, s strip) {
		if id, ok := t.index.find(text); ok && t.types[id].special() {
			rules[id] = s
		}
	}
	switch {
	case v.Model == ModelBPE && (v.Pre == "jina-v2-de" || v.Pre == "jina-v2-es" || v.Pre == "jina-v2-code"):
		set("<mask>", strip{left: true})
	case v.Model == ModelBPE && v.Pre == "modern-bert":
		set("[MASK]", strip{left: true})
	case v.Model == ModelSPM && t.isPhi3():
		for id, typ := range t.types {
			text := t.tokens[id]
			if typ.special() && strings.HasPrefix(text, "<|") && strings.HasSuffix(text, "|>") && text != "<|endoftext|>" {
				rules[int32(id)] = strip{right: true}
			}
		}
		// In Phi-3, </s> is a user-defined token. If it is a control token, the vocabulary is
		// LLaMA's, where white space stays.
		if id, ok := t.index.find("</s>"); ok && v.Types != nil && Type(v.Types[id]) == TypeUserDefined {
			rules[id] = strip{right: true}
		}
	}
	return rules
}

// isPhi3 reports whether an SPM vocabulary is that of Phi-3, which is the vocabulary of LLaMA with
// the tokens below.
func (t *Tokenizer) isPhi3() bool {
	for _, text := range []string{"<|endoftext|>", "<|assistant|>", "<|placeholder1|>", "<|system|>", "<|end|>", "<|user|>"} {
		id, ok := t.index.find(text)
		if !ok || !t.types[id].special() {
			return false
		}
	}
	return true
}
