package tokenizer

import (
	"fmt"
	"slices"
	"strings"
)

// SpecialIDs are the tokens with a role; None where the vocabulary has no such
// token.
type SpecialIDs struct {
	BOS, EOS           int32 // begin and end of a text
	EOT, EOM           int32 // end of a turn, end of a message (a tool is to answer)
	Unknown            int32 // stands for what has no token
	Separator, Padding int32
	Mask               int32

	// Fill in the middle: before, after, the gap; padding, repository, file.
	FIMPrefix, FIMSuffix, FIMMiddle, FIMPad, FIMRepo, FIMSep int32
}

// defaults are what a family assumes where the file is silent.
type defaults struct {
	bos, eos, unknown              int32
	addBOS, addEOS, addSpacePrefix bool
}

var (
	spmDefaults = defaults{bos: 1, eos: 2, unknown: 0, addBOS: true, addSpacePrefix: true}
	bpeDefaults = defaults{bos: 11, eos: 11, unknown: None}
)

// role is a special token's place, its name in "tokenizer.ggml.NAME_token_id"
// and the texts by which it is known where that key is absent, most telling
// first.
type role struct {
	name  string
	id    func(*SpecialIDs) *int32
	texts []string
}

var roles = []role{
	{name: "bos", id: func(s *SpecialIDs) *int32 { return &s.BOS }},
	{name: "eos", id: func(s *SpecialIDs) *int32 { return &s.EOS }},
	{name: "eot", id: func(s *SpecialIDs) *int32 { return &s.EOT },
		texts: []string{"<|eot_id|>", "<|im_end|>", "<|end|>", "<end_of_turn>", "<|endoftext|>", "<EOT>", "<｜end▁of▁sentence｜>"}},
	{name: "eom", id: func(s *SpecialIDs) *int32 { return &s.EOM }, texts: []string{"<|eom_id|>"}},
	{name: "unknown", id: func(s *SpecialIDs) *int32 { return &s.Unknown }},
	{name: "seperator", id: func(s *SpecialIDs) *int32 { return &s.Separator }}, // the key is really spelled so
	{name: "padding", id: func(s *SpecialIDs) *int32 { return &s.Padding }},
	{name: "mask", id: func(s *SpecialIDs) *int32 { return &s.Mask }},
	{name: "fim_pre", id: func(s *SpecialIDs) *int32 { return &s.FIMPrefix },
		texts: []string{"<|fim_prefix|>", "<fim-prefix>", "<｜fim▁begin｜>", "<PRE>"}},
	{name: "fim_suf", id: func(s *SpecialIDs) *int32 { return &s.FIMSuffix },
		texts: []string{"<|fim_suffix|>", "<fim-suffix>", "<｜fim▁hole｜>", "<SUF>"}},
	{name: "fim_mid", id: func(s *SpecialIDs) *int32 { return &s.FIMMiddle },
		texts: []string{"<|fim_middle|>", "<fim-middle>", "<｜fim▁end｜>", "<MID>"}},
	{name: "fim_pad", id: func(s *SpecialIDs) *int32 { return &s.FIMPad },
		texts: []string{"<|fim_pad|>", "<fim-pad>", "<PAD>"}},
	{name: "fim_rep", id: func(s *SpecialIDs) *int32 { return &s.FIMRepo },
		texts: []string{"<|fim_repo|>", "<|repo_name|>", "<fim-repo>", "<REPO>"}},
	{name: "fim_sep", id: func(s *SpecialIDs) *int32 { return &s.FIMSep }, texts: []string{"<|file_sep|>"}},
	// Older names of three of them; they count where both are present.
	{name: "prefix", id: func(s *SpecialIDs) *int32 { return &s.FIMPrefix }},
	{name: "suffix", id: func(s *SpecialIDs) *int32 { return &s.FIMSuffix }},
	{name: "middle", id: func(s *SpecialIDs) *int32 { return &s.FIMMiddle }},
}

// endTexts are the tokens that end a generation whatever the file says.
var endTexts = []string{"<|eot_id|>", "<|im_end|>", "<|end|>", "<end_of_turn>", "<|endoftext|>", "<|eom_id|>", "<EOT>"}

// setDefaults starts from what the family assumes.
func (t *Tokenizer) setDefaults(d defaults) {
	for _, r := range roles {
		*r.id(&t.special) = None
	}
	t.special.BOS, t.special.EOS, t.special.Unknown = d.bos, d.eos, d.unknown
	t.addBOS, t.addEOS, t.addSpacePrefix = d.addBOS, d.addEOS, d.addSpacePrefix
}

// setIDs takes the roles and switches that the file gives, finds by their texts
// the roles that it does not, and collects the tokens that end a generation.
func (t *Tokenizer) setIDs(v *Vocab) {
	for _, r := range roles {
		id, ok := v.IDs[r.name]
		switch {
		case !ok:
		case id < 0 || id >= int64(len(t.tokens)):
			t.warnf("%s token id %d is out of range (%d tokens) and ignored", r.name, id, len(t.tokens))
		default:
			*r.id(&t.special) = int32(id)
		}
	}
	for _, set := range []struct{ to, from *bool }{
		{&t.addBOS, v.AddBOS}, {&t.addEOS, v.AddEOS}, {&t.addSpacePrefix, v.AddSpacePrefix},
	} {
		if set.from != nil {
			*set.to = *set.from
		}
	}
	for _, r := range roles {
		place := r.id(&t.special)
		if !t.valid(*place) { // a family's default in a vocabulary too small for it
			*place = None
		}
		for _, text := range r.texts {
			if id, ok := t.index[text]; ok && *place == None {
				*place = id
				t.types[id] = TypeControl
			}
		}
	}
	t.setEOG()
}

// setEOG collects the tokens that end a generation.
func (t *Tokenizer) setEOG() {
	s := &t.special
	for _, id := range []int32{s.EOS, s.EOT, s.EOM, s.FIMPad, s.FIMRepo, s.FIMSep} {
		if id != None {
			t.eog = append(t.eog, id)
		}
	}
	for _, text := range endTexts {
		if id, ok := t.index[text]; ok {
			t.eog = append(t.eog, id)
			t.types[id] = TypeControl
		}
	}
	slices.Sort(t.eog)
	t.eog = slices.Compact(t.eog)
}

// strip says which white space around a special token disappears with it.
type strip struct{ left, right bool }

// stripRules returns the tokens that take white space with them. Files do not
// say it: it is known of some models by name.
func (t *Tokenizer) stripRules(v *Vocab) map[int32]strip {
	rules := map[int32]strip{}
	name := strings.ToLower(v.Name)
	switch {
	case v.Model == ModelBPE && (v.Pre == "jina-v2-de" || v.Pre == "jina-v2-es" || v.Pre == "jina-v2-code"):
		if id, ok := t.index["<mask>"]; ok {
			rules[id] = strip{left: true}
		}
	case strings.Contains(name, "phi-3") || strings.Contains(name, "phi3"):
		for id, typ := range t.types {
			if typ.special() {
				rules[int32(id)] = strip{right: true}
			}
		}
		for _, text := range []string{"<unk>", "<s>", "<|endoftext|>"} {
			if id, ok := t.index[text]; ok {
				delete(rules, id)
			}
		}
	}
	return rules
}

// special tells whether tokens of the kind are cut out of the text before it is
// encoded.
func (t Type) special() bool {
	return t == TypeControl || t == TypeUserDefined || t == TypeUnknown
}

func (t *Tokenizer) warnf(format string, args ...any) {
	t.warnings = append(t.warnings, fmt.Sprintf(format, args...))
}
