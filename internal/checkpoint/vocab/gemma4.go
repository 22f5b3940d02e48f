package vocab

import (
	"fmt"
	"unicode/utf8"

	"alpaca/internal/gguf"
	"alpaca/internal/tokenizer"
)

// visible are the control tokens of Gemma 4 that must be printed, because
// they delimit the parts of an answer. The list is the reference converter's.
var visible = map[string]bool{
	"<|channel>": true, "<channel|>": true, "<|tool_call>": true, "<tool_call|>": true,
	"<|tool_response>": true, "<tool_response|>": true, `<|"|>`: true,
}

// gemma4 reads the vocabulary of Gemma 4 from tokenizer.json. Like a
// byte-level vocabulary, it has merges. But the merges join characters, not
// bytes. Spaces are written as U+2581, and there are tokens for single bytes.
func (b *builder) gemma4() error {
	t := b.tokenizer
	b.model = tokenizer.ModelGemma4
	if err := b.resize(t.size()); err != nil {
		return fmt.Errorf("%s: %w", b.path(jsonFile), err)
	}
	for text, id := range t.vocab {
		typ := int32(gguf.TokenNormal)
		if byteToken().MatchString(text) {
			typ = gguf.TokenByte
		}
		b.set(int(id), text, typ, scoreOfAdded)
	}
	merged := map[string]bool{}
	for _, m := range t.Model.Merges {
		merged[m.left+m.right] = true
	}
	for _, a := range t.Added {
		typ := int32(gguf.TokenControl)
		switch _, inVocab := t.vocab[a.Content]; {
		case visible[a.Content]:
			typ = gguf.TokenUserDefined
		case a.Special || looksSpecial(a.Content):
		case inVocab && (merged[a.Content] || utf8.RuneCountInString(a.Content) == 1):
			typ = gguf.TokenNormal // merges can make this token, so U+2581 in its text must stand for a space
		default:
			typ = gguf.TokenUserDefined
		}
		b.set(a.ID, a.Content, typ, scoreOfAdded)
	}
	if err := b.addOthers(); err != nil {
		return err
	}
	b.setMerges()
	b.around()
	yes := true
	b.addBOS = &yes // Gemma 4 needs BOS, even if the files disagree
	return nil
}
