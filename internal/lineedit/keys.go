package lineedit

import (
	"bytes"
	"strings"
	"unicode/utf8"
)

// key is a key that the user pressed, or text that was typed or pasted.
type key struct {
	code int
	text string // the text, if code is keyText
}

const (
	keyNone = iota
	keyText
	keyEnter
	keyInterrupt
	keyEOF
	keyLeft
	keyRight
	keyWordLeft
	keyWordRight
	keyUp
	keyDown
	keyHome
	keyEnd
	keyBackspace
	keyDelete
	keyKillLine
	keyKillStart
	keyKillWord
	keyYank
	keyClear
)

// controlKeys maps control characters to keys: 1 is Ctrl-A, and so on.
var controlKeys = map[byte]int{
	1: keyHome, 2: keyLeft, 3: keyInterrupt, 4: keyEOF, 5: keyEnd, 6: keyRight, 8: keyBackspace,
	// The terminal turns Enter into a newline while it is not in raw mode.
	10: keyEnter,
	11: keyKillLine, 12: keyClear, 13: keyEnter, 14: keyDown, 16: keyUp, 21: keyKillStart,
	23: keyKillWord, 25: keyYank, 127: keyBackspace,
}

// sequences maps the bytes after an escape to keys.
var sequences = map[string]int{
	"[A": keyUp, "[B": keyDown, "[C": keyRight, "[D": keyLeft, "[H": keyHome, "[F": keyEnd,
	"OA": keyUp, "OB": keyDown, "OC": keyRight, "OD": keyLeft, "OH": keyHome, "OF": keyEnd,
	"[1~": keyHome, "[7~": keyHome, "[4~": keyEnd, "[8~": keyEnd, "[3~": keyDelete,
	"[1;5C": keyWordRight, "[1;5D": keyWordLeft, "[1;3C": keyWordRight, "[1;3D": keyWordLeft,
	"b": keyWordLeft, "f": keyWordRight, "\x7f": keyKillWord,
}

// The marks that the terminal puts around pasted text.
var pasteBegin, pasteEnd = []byte("\x1b[200~"), []byte("\x1b[201~")

// decoder turns bytes into keys.
type decoder struct {
	pasting bool
	pasted  []byte
}

// next takes a key from the front of data. ok is false if data is empty or the key is
// incomplete.
func (d *decoder) next(data *[]byte) (k key, ok bool) {
	b := *data
	take := func(n int) { *data = (*data)[n:] }
	switch {
	case len(b) == 0:
		return key{}, false
	case d.pasting:
		return d.paste(data)
	case bytes.HasPrefix(b, pasteBegin):
		take(len(pasteBegin))
		d.pasting = true
		return d.paste(data)
	case b[0] == 0x1b:
		n := sequenceLen(b)
		if n == 0 {
			return key{}, false
		}
		take(n)
		if s := string(b[1:n]); s == "\r" || s == "\n" { // Alt-Enter
			return key{keyText, "\n"}, true
		} else {
			return key{code: sequences[s]}, true
		}
	case b[0] == '\t':
		take(1)
		return key{keyText, "\t"}, true
	case b[0] < ' ' || b[0] == 0x7f:
		take(1)
		return key{code: controlKeys[b[0]]}, true
	case !utf8.FullRune(b):
		return key{}, false
	}
	// Take all text up to the next control character at once.
	n := 0
	for n < len(b) && b[n] >= ' ' && b[n] != 0x7f && utf8.FullRune(b[n:]) {
		_, size := utf8.DecodeRune(b[n:])
		n += size
	}
	take(n)
	return key{keyText, clean(string(b[:n]))}, true
}

// paste collects pasted text up to its end.
func (d *decoder) paste(data *[]byte) (key, bool) {
	if string(*data) == "\x03" { // Ctrl-C: the end mark is missing
		d.pasting, d.pasted = false, nil
		*data = nil
		return key{code: keyInterrupt}, true
	}
	d.pasted = append(d.pasted, *data...)
	*data = nil
	end := bytes.Index(d.pasted, pasteEnd)
	if end < 0 {
		return key{}, false
	}
	text := string(d.pasted[:end])
	*data = append(*data, d.pasted[end+len(pasteEnd):]...)
	d.pasting, d.pasted = false, nil
	return key{keyText, clean(text)}, true
}

// sequenceLen returns the length of the escape sequence that b begins with, or 0 if it is
// incomplete.
func sequenceLen(b []byte) int {
	if len(b) < 2 {
		return 0
	}
	switch {
	case b[1] == '[' || b[1] == 'O':
	case b[1] >= ' ' && b[1] <= 0x7f || b[1] == '\r' || b[1] == '\n': // Alt and a key
		return 2
	default:
		return 1 // the key Esc, followed by another key
	}
	for i := 2; i < len(b); i++ {
		if b[i] >= 0x40 && b[i] < 0x7f {
			return i + 1
		}
	}
	return 0
}

// clean returns text from a terminal as valid UTF-8, with \n as newlines, and without control
// characters except newlines and tabs.
func clean(text string) string {
	text = strings.ReplaceAll(text, "\r\n", "\n")
	text = strings.ReplaceAll(text, "\r", "\n")
	text = strings.ToValidUTF8(text, "\uFFFD")
	return strings.Map(func(r rune) rune {
		if r < ' ' && r != '\n' && r != '\t' || r >= 0x7f && r < 0xa0 {
			return -1
		}
		return r
	}, text)
}
