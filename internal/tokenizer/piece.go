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
