package tokenizer

import (
	"fmt"
)

// SpecialIDs are the tokens that have a role. None means that the vocabulary has no token for the
// role.
type SpecialIDs struct {
	BOS, EOS           int32 // beginning and end of a text
	EOT, EOM           int32 // end of a turn; end of a message that a tool should answer
	Unknown            int32 // stands for characters without a token
	Separator, Padding int32
	Mask               int32

	// Tokens for fill-in-the-middle. FIMPrefix stands before the text that precedes the gap,
	// FIMSuffix before the text that follows the gap, and FIMMiddle before the text in the gap.
	// The others are padding, and the beginnings of a repository's name and of a file.
	FIMPrefix, FIMSuffix, FIMMiddle, FIMPad, FIMRepo, FIMSep int32
}

// defaults are the values that a family of vocabularies has for keys that the file lacks.
type defaults struct {
	bos, eos, unknown              int32
	addBOS, addEOS, addSpacePrefix bool
}

var (
	spmDefaults = defaults{bos: 1, eos: 2, unknown: 0, addBOS: true, addSpacePrefix: true}
	bpeDefaults = defaults{bos: 11, eos: 11, unknown: None}
)

// role describes a special token: its NAME in the key "tokenizer.ggml.NAME_token_id", and its field
// in SpecialIDs. If the key is missing, the token is the first of the given texts that is in the
// vocabulary.
type role struct {
	name  string
	id    func(*SpecialIDs) *int32
	texts []string
}

var roles = []role{
	{name: "bos", id: func(s *SpecialIDs) *int32 { return &s.BOS }},
	{name: "eos", id: func(s *SpecialIDs) *int32 { return &s.EOS }},
	{name: "eot", id: func(s *SpecialIDs) *int32 { return &s.EOT },
		texts: []string{"<|eot_id|>", "<|im_end|>", "<|end|>", "<end_of_turn>", "<turn|>", "<|endoftext|>", "<|end_of_text|>", "<EOT>", "_<EOT>",
			"[EOT]", "<｜end▁of▁sentence｜>", "<end_of_utterance>"}},
	{name: "eom", id: func(s *SpecialIDs) *int32 { return &s.EOM }, texts: []string{"<|eom_id|>"}},
	{name: "unknown", id: func(s *SpecialIDs) *int32 { return &s.Unknown }},
	{name: "seperator", id: func(s *SpecialIDs) *int32 { return &s.Separator }}, // the key is really spelled this way
	{name: "padding", id: func(s *SpecialIDs) *int32 { return &s.Padding }},
	{name: "mask", id: func(s *SpecialIDs) *int32 { return &s.Mask }},
	{name: "fim_pre", id: func(s *SpecialIDs) *int32 { return &s.FIMPrefix },
		texts: []string{"<|fim_prefix|>", "<fim-prefix>", "<fim_prefix>", "<｜fim▁begin｜>", "<PRE>", "▁<PRE>", "<|code_prefix|>", "<|prefix|>"}},
	{name: "fim_suf", id: func(s *SpecialIDs) *int32 { return &s.FIMSuffix },
		texts: []string{"<|fim_suffix|>", "<fim-suffix>", "<fim_suffix>", "<｜fim▁hole｜>", "<SUF>", "▁<SUF>", "<|code_suffix|>", "<|suffix|>"}},
	{name: "fim_mid", id: func(s *SpecialIDs) *int32 { return &s.FIMMiddle },
		texts: []string{"<|fim_middle|>", "<fim-middle>", "<fim_middle>", "<｜fim▁end｜>", "<MID>", "▁<MID>", "<|code_middle|>", "<|middle|>"}},
	{name: "fim_pad", id: func(s *SpecialIDs) *int32 { return &s.FIMPad },
		texts: []string{"<|fim_pad|>", "<fim-pad>", "<fim_pad>", "<PAD>", "[PAD]"}},
	{name: "fim_rep", id: func(s *SpecialIDs) *int32 { return &s.FIMRepo },
		texts: []string{"<|fim_repo|>", "<|repo_name|>", "<fim-repo>", "<REPO>", "<reponame>"}},
	{name: "fim_sep", id: func(s *SpecialIDs) *int32 { return &s.FIMSep }, texts: []string{"<|file_sep|>"}},
	// Older names of three of the roles above. If a file has both names, the older one decides.
	{name: "prefix", id: func(s *SpecialIDs) *int32 { return &s.FIMPrefix }},
	{name: "suffix", id: func(s *SpecialIDs) *int32 { return &s.FIMSuffix }},
	{name: "middle", id: func(s *SpecialIDs) *int32 { return &s.FIMMiddle }},
}

// setDefaults sets the roles and the booleans, such as addBOS, to the family's defaults.
func (t *Tokenizer) setDefaults(d defaults) {
	for _, r := range roles {
		*r.id(&t.special) = None
	}
	t.special.BOS, t.special.EOS, t.special.Unknown = d.bos, d.eos, d.unknown
	t.addBOS, t.addEOS, t.addSpacePrefix = d.addBOS, d.addEOS, d.addSpacePrefix
}

// setIDs sets the roles and the booleans that the file has. It finds the remaining roles by the
// texts of tokens, and collects the tokens that end a generation.
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
		if !t.valid(*place) { // the default is too large for this small vocabulary
			*place = None
		}
		for _, text := range r.texts {
			if id := t.named(v, text); id != None && *place == None && !t.goesOn(v, text) {
				*place = id
				t.types[id] = TypeControl
			}
		}
	}
	t.setEOG(v)
}

// special reports whether tokens of this kind are cut out of a text before the text is encoded.
func (t Type) special() bool {
	return t == TypeControl || t == TypeUserDefined || t == TypeUnknown
}

func (t *Tokenizer) warnf(format string, args ...any) {
	t.warnings = append(t.warnings, fmt.Sprintf(format, args...))
}
