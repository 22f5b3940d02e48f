package tokenizer

import "unicode/utf8"

// BPE vocabularies write bytes as printable characters, as GPT-2 does. The bytes 0x21–0x7E,
// 0xA1–0xAC and 0xAE–0xFF become the characters with the same numbers. The other 68 bytes become
// U+0100, U+0101, … in ascending order. So a space is U+0120 'Ġ' and a newline U+010A 'Ċ'.

// byteRune[b] is the character that stands for byte b. runeByte is its inverse, with -1 for
// characters that stand for no byte.
var byteRune, runeByte = byteMap()

func byteMap() (to [256]rune, from [0x100 + 68]int16) {
	for r := range from {
		from[r] = -1
	}
	other := rune(0x100)
	for b := range to {
		switch {
		case b >= 0x21 && b <= 0x7E, b >= 0xA1 && b <= 0xAC, b >= 0xAE:
			to[b] = rune(b)
		default:
			to[b] = other
			other++
		}
		from[to[b]] = int16(b)
	}
	return to, from
}

// appendMapped appends the characters that stand for the bytes of text.
func appendMapped(dst []byte, text string) []byte {
	for i := range len(text) {
		dst = utf8.AppendRune(dst, byteRune[text[i]])
	}
	return dst
}

// unmap returns the bytes that the characters of a token's text stand for. A character that
// stands for no byte, as in tokens added by hand, is kept.
func unmap(text string) string {
	bytes := make([]byte, 0, len(text))
	for i, r := range text {
		if int(r) < len(runeByte) && runeByte[r] >= 0 {
			bytes = append(bytes, byte(runeByte[r]))
			continue
		}
		_, n := utf8.DecodeRuneInString(text[i:])
		bytes = append(bytes, text[i:i+n]...)
	}
	return string(bytes)
}

// ByteText returns the text that stands for raw in BPE
// vocabularies. It has a printable character for each byte.
func ByteText(raw []byte) string { return string(appendMapped(nil, string(raw))) }
