package lineedit

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/rivo/uniseg"
)

// buffer is the text being edited. The cursor stands before byte pos, between two grapheme
// clusters, which a reader sees as characters.
type buffer struct {
	text string
	pos  int
}

// cluster returns the first grapheme cluster of text, such as a letter with its
// accents, and its length in bytes.
func cluster(text string) (string, int) {
	if text[0] < utf8.RuneSelf && (len(text) == 1 || text[1] < utf8.RuneSelf) {
		return text[:1], 1 // the fast path for ASCII
	}
	g, _, _, _ := uniseg.FirstGraphemeClusterInString(text, -1)
	return g, len(g)
}

func (b *buffer) insert(text string) {
	b.text = b.text[:b.pos] + text + b.text[b.pos:]
	b.pos += len(text)
}

// cut removes and returns the bytes from start to end.
func (b *buffer) cut(start, end int) string {
	text := b.text[start:end]
	b.text = b.text[:start] + b.text[end:]
	b.pos = start
	return text
}

func (b *buffer) left() { b.pos = b.before() }

func (b *buffer) right() {
	if b.pos < len(b.text) {
		_, n := cluster(b.text[b.pos:])
		b.pos += n
	}
}

func (b *buffer) backspace() { b.cut(b.before(), b.pos) }

func (b *buffer) delete() {
	at := b.pos
	b.right()
	b.cut(at, b.pos)
}

// before returns the start of the grapheme cluster before the cursor.
func (b *buffer) before() int {
	at := b.lineStart()
	if at == b.pos {
		return max(0, b.pos-1) // the newline
	}
	for {
		_, n := cluster(b.text[at:])
		if at+n >= b.pos {
			return at
		}
		at += n
	}
}

func (b *buffer) lineStart() int { return strings.LastIndexByte(b.text[:b.pos], '\n') + 1 }

func (b *buffer) lineEnd() int {
	if n := strings.IndexByte(b.text[b.pos:], '\n'); n >= 0 {
		return b.pos + n
	}
	return len(b.text)
}

// wordStart returns the start of the word before the cursor.
func (b *buffer) wordStart() int {
	head := strings.TrimRightFunc(b.text[:b.pos], notWord)
	return len(strings.TrimRightFunc(head, isWord))
}

// wordEnd returns the end of the word after the cursor.
func (b *buffer) wordEnd() int {
	tail := strings.TrimLeftFunc(b.text[b.pos:], notWord)
	return len(b.text) - len(strings.TrimLeftFunc(tail, isWord))
}

func isWord(r rune) bool  { return unicode.IsLetter(r) || unicode.IsNumber(r) || unicode.IsMark(r) }
func notWord(r rune) bool { return !isWord(r) }

// up moves to the line above. It returns false if there is none.
func (b *buffer) up() bool {
	start := b.lineStart()
	if start == 0 {
		return false
	}
	column := Width(b.text[start:b.pos])
	b.pos = start - 1
	b.toColumn(column)
	return true
}

// down moves to the line below. It returns false if there is none.
func (b *buffer) down() bool {
	end := b.lineEnd()
	if end == len(b.text) {
		return false
	}
	column := Width(b.text[b.lineStart():b.pos])
	b.pos = end + 1
	b.toColumn(column)
	return true
}

// toColumn moves to a column of the line, or to the line's end if that comes first.
func (b *buffer) toColumn(column int) {
	b.pos = b.lineStart()
	end := b.lineEnd()
	for w := 0; b.pos < end; {
		g, n := cluster(b.text[b.pos:])
		_, width := shown(g, w)
		if w += width; w > column {
			return
		}
		b.pos += n
	}
}
