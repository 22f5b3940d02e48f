package tokenizer

import (
	"strconv"
	"strings"
)

// Piece returns the bytes that a token stands for, which need not be whole characters. Control
// tokens and unknown tokens stand for "" or, if special is true, for their texts.
func (t *Tokenizer) Piece(id int32, special bool) string {
	text := t.Text(id)
	switch t.Type(id) {
	case TypeControl, TypeUnknown:
		if special || t.shown[id] {
			return text
		}
	case TypeUserDefined:
		return text
	case TypeNormal:
		return t.pieces.of(text)
	case TypeByte:
		return bytePiece(text)
	}
	return ""
}

// pieceKind says how a vocabulary writes the texts of normal tokens.
type pieceKind uint8

const (
	pieceMarks pieceKind = iota // U+2581 stands for a space
	pieceBytes                  // each character stands for a byte (bytemap.go)
	pieceRaw                    // texts are unchanged
)

// of returns the bytes that a normal token stands for. text is the token's text.
func (k pieceKind) of(text string) string {
	switch k {
	case pieceMarks:
		return strings.ReplaceAll(text, spaceMark, " ")
	case pieceBytes:
		return unmap(text)
	}
	return text
}

// bytePiece returns the byte of a text such as "<0x0A>". It returns any other text unchanged.
func bytePiece(text string) string {
	if len(text) == 6 && text[:3] == "<0x" && text[5] == '>' {
		if b, err := strconv.ParseUint(text[3:5], 16, 8); err == nil {
			return string([]byte{byte(b)})
		}
	}
	return text
}
