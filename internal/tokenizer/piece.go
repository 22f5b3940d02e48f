package tokenizer

import (
	"strconv"
	"strings"
)

// Piece returns the bytes that a token stands for; they need not be whole
// characters. Control and unknown tokens stand for nothing, unless special asks
// for their texts.
func (t *Tokenizer) Piece(id int32, special bool) string {
	text := t.Text(id)
	switch t.Type(id) {
	case TypeControl, TypeUnknown:
		if special {
			return text
		}
	case TypeUserDefined:
		return text
	case TypeNormal:
		if t.model == ModelBPE {
			return unmap(text)
		}
		return strings.ReplaceAll(text, spaceMark, " ")
	case TypeByte:
		return bytePiece(text)
	}
	return ""
}

// bytePiece returns the byte that "<0x0A>" names. Any other text is itself.
func bytePiece(text string) string {
	if len(text) == 6 && text[:3] == "<0x" && text[5] == '>' {
		if b, err := strconv.ParseUint(text[3:5], 16, 8); err == nil {
			return string([]byte{byte(b)})
		}
	}
	return text
}

// Decode returns the text of a whole list of tokens, tidied as the model's own
// tokenizer does: without the space that Encode put in front, and, where the
// model is used to it, without spaces before punctuation. With removeSpecial the
// BOS and EOS that Encode adds are dropped; special asks for the texts of other
// control tokens. Text that appears token by token is printed with a Stream
// instead.
func (t *Tokenizer) Decode(ids []int32, removeSpecial, special bool) string {
	removeSpace := t.addSpacePrefix
	if removeSpecial && t.AddBOS() && len(ids) > 0 && ids[0] == t.special.BOS {
		ids = ids[1:]
		removeSpace = false // as the reference has it
	}
	if removeSpecial && t.AddEOS() && len(ids) > 0 && ids[len(ids)-1] == t.special.EOS {
		ids = ids[:len(ids)-1]
	}
	var b strings.Builder
	for i, id := range ids {
		piece := t.Piece(id, special)
		if i == 0 && removeSpace {
			piece = strings.TrimPrefix(piece, " ")
		}
		b.WriteString(piece)
	}
	if t.cleanSpaces {
		return cleanSpaces(b.String())
	}
	return b.String()
}

// cleanSpaces undoes what tokenizers of the time before byte-level vocabularies
// did to text: " ?" → "?", " ' " → "'", " 's" → "'s".
func cleanSpaces(text string) string {
	text = dropSpaces(text, func(rest string) int {
		if strings.IndexByte("?!.,", rest[0]) >= 0 {
			return 1
		}
		return 0
	})
	text = dropSpaces(text, func(rest string) int {
		if strings.HasPrefix(rest, "' ") {
			return 2
		}
		return 0
	})
	return dropSpaces(text, func(rest string) int {
		for _, suffix := range []string{"'s", "'m", "'re", "'ve"} {
			if strings.HasPrefix(rest, suffix) {
				return 1
			}
		}
		return 0
	})
}

// dropSpaces drops the spaces before what drop answers 1 to, and those around the
// one byte that it answers 2 to.
func dropSpaces(text string, drop func(rest string) int) string {
	b := make([]byte, 0, len(text))
	space := false // the byte before is a space and was written
	for i := 0; i < len(text); i++ {
		if space {
			switch drop(text[i:]) {
			case 1:
				b = b[:len(b)-1]
			case 2:
				b[len(b)-1] = text[i]
				i++
				space = false
				continue
			}
		}
		b = append(b, text[i])
		space = text[i] == ' '
	}
	return string(b)
}
