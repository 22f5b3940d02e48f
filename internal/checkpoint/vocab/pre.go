package vocab

import (
	"errors"
	"fmt"
	"strings"
)

// These are common parts of the regular expressions that split text into words for byte-level
// vocabularies.
const (
	contractions = `(?i:'s|'t|'re|'ve|'m|'ll|'d)`
	blanks       = `|\s*[\r\n]+|\s+(?!\S)|\s+`
	upperLower   = `[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+`
	upperOnly    = `|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*`
)

// ErrNoPre is the error for a checkpoint that does not say how text is split into words,
// or whose way of splitting has no name in GGUF. Options.Pre can name the pre-tokenizer.
var ErrNoPre = errors.New("the pre-tokenizer is not known")

// patterns maps regular expressions to GGUF's names of pre-tokenizers.
var patterns = map[string]string{
	contractions + `|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*` + blanks:                             "qwen2",
	contractions + `|[^\r\n\p{L}\p{N}]?[\p{L}\p{M}]+|\p{N}| ?[^\s\p{L}\p{M}\p{N}]+[\r\n]*` + blanks:                 "qwen35",
	contractions + `|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*` + blanks:                        llama3Or,
	upperLower + contractions + `?` + upperOnly + contractions + `?|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*` + blanks: "gpt-4o",
	upperLower + upperOnly + `|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n/]*` + blanks:                                           "tekken",
}

// llama3Or stands for a pattern that has two names in GGUF. With "llama-bpe", a word that is
// a token becomes this token at once. With "dbrx", such a word is merged like other words.
const llama3Or = "llama-bpe or dbrx"

// preName returns the name of the pre-tokenizer in GGUF.
func (t *tokenizerJSON) preName() (string, error) {
	var split []string // the regular expressions
	digits, threeDigits, regex := false, false, false
	for _, p := range t.Pre.parts() {
		switch p.Type {
		case "Split":
			switch {
			case p.Pattern.Regex != nil:
				split = append(split, plainPattern(*p.Pattern.Regex))
			case p.Pattern.String != nil:
				split = append(split, "text "+*p.Pattern.String)
			}
		case "Digits":
			digits = digits || p.Individual
			threeDigits = threeDigits || !p.Individual
		case "ByteLevel":
			regex = p.UseRegex == nil || *p.UseRegex
		case "Whitespace", "WhitespaceSplit", "Punctuation", "Metaspace", "BertPreTokenizer", "CharDelimiterSplit", "UnicodeScripts":
			return "", unknownPattern(p.Type)
		}
	}
	if threeDigits {
		return "", unknownPattern("Digits")
	}
	switch {
	case len(split) == 0 && regex && digits:
		return "refact", nil
	case len(split) == 0 && regex:
		return "gpt-2", nil
	case len(split) == 1 && !digits && !regex:
		name, ok := patterns[split[0]]
		if !ok {
			return "", unknownPattern(split[0])
		}
		if name == llama3Or {
			name = "dbrx"
			if t.Model.IgnoreMerges {
				name = "llama-bpe"
			}
		}
		return name, nil
	case len(split) > 1 && split[0] == `[\r\n]` && !regex:
		switch {
		case strings.HasPrefix(split[1], `\s?\p{L}+`):
			return "deepseek-coder", nil
		case strings.HasPrefix(split[1], `\s?[A-Za-zµ`):
			return "deepseek-llm", nil
		}
	case len(split) == 2 && split[0] == `\p{N}{1,3}` && !regex:
		if patterns[split[1]] == llama3Or {
			return "llama-bpe", nil // the first pattern adds nothing, because the second one splits numbers in the same way
		}
	case len(split) == 3 && split[0] == `\p{N}{1,3}` && !regex:
		if strings.HasPrefix(split[2], `[!"#$%&'()*+,\-./:;<=>?@\[\\\]^_`) {
			return "deepseek-v3", nil
		}
	}
	return "", unknownPattern(strings.Join(split, "  "))
}

// plainPattern normalizes the spelling of a pattern. In these patterns, possessive
// quantifiers only affect speed, because the text after them never matches the repeated class.
func plainPattern(p string) string {
	p = strings.NewReplacer(`?+`, `?`, `++`, `+`, `*+`, `*`).Replace(p)
	p = strings.ReplaceAll(p, `'(?i:[sdmt]|ll|ve|re)`, contractions)
	p = strings.ReplaceAll(p, `(?:'[sS]|'[tT]|'[rR][eE]|'[vV][eE]|'[mM]|'[lL][lL]|'[dD])`, contractions)
	return p
}

func unknownPattern(p string) error {
	return fmt.Errorf("%w: pre_tokenizer %q cuts text into words in a way that has no name in GGUF", ErrNoPre, p)
}
