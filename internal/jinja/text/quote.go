package text

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Quote is Python's repr of a str. Every character of a literal that is not
// printable is written as an escape, of the origin that the character has.
func (t Text) Quote() Text {
	q := "'"
	if strings.Contains(t.s, "'") && !strings.Contains(t.s, `"`) {
		q = `"`
	}
	var b Builder
	b.AddString(q, Template)
	t.each(&b, func(r rune) string {
		switch {
		case r == '\\' || string(r) == q:
			return `\` + string(r)
		case r == '\n':
			return `\n`
		case r == '\r':
			return `\r`
		case r == '\t':
			return `\t`
		case unicode.IsPrint(r):
			return ""
		}
		return Escape(r)
	})
	b.AddString(q, Template)
	return b.Text()
}

// Escape is Python's escape of a character by its number.
func Escape(r rune) string {
	switch {
	case r < 0x100:
		return fmt.Sprintf(`\x%02x`, r)
	case r < 0x10000:
		return fmt.Sprintf(`\u%04x`, r)
	}
	return fmt.Sprintf(`\U%08x`, r)
}

// each adds t to b with the characters replaced for which f does not return "".
func (t Text) each(b *Builder, f func(rune) string) {
	start := 0
	for i, r := range t.s {
		if r >= 'a' && r <= 'z' || r == ' ' {
			continue
		}
		if s := f(r); s != "" {
			_, n := utf8.DecodeRuneInString(t.s[i:])
			b.Add(t.Cut(start, i))
			b.AddString(s, t.at(i))
			start = i + n
		}
	}
	b.Add(t.Cut(start, len(t.s)))
}

// JSON is the text as a JSON string, as Python's json module writes it: with
// ascii, everything beyond ASCII is escaped.
func (t Text) JSON(ascii bool) Text {
	var b Builder
	b.AddString(`"`, Template)
	t.each(&b, func(r rune) string {
		switch {
		case r == '"' || r == '\\':
			return `\` + string(r)
		case r == '\n':
			return `\n`
		case r == '\r':
			return `\r`
		case r == '\t':
			return `\t`
		case r == '\b':
			return `\b`
		case r == '\f':
			return `\f`
		case r < ' ' || ascii && r > 0x7f && r < 0x10000:
			return fmt.Sprintf(`\u%04x`, r)
		case ascii && r >= 0x10000:
			r -= 0x10000
			return fmt.Sprintf(`\u%04x\u%04x`, 0xd800+r>>10, 0xdc00+r&0x3ff)
		}
		return ""
	})
	b.AddString(`"`, Template)
	return b.Text()
}

// Escaped is the text with the characters of HTML replaced, marked as safe.
func (t Text) Escaped() Text {
	if t.safe {
		return t
	}
	var b Builder
	t.each(&b, func(r rune) string {
		switch r {
		case '&':
			return "&amp;"
		case '<':
			return "&lt;"
		case '>':
			return "&gt;"
		case '"':
			return "&#34;"
		case '\'':
			return "&#39;"
		}
		return ""
	})
	return b.Text().AsSafe(true)
}
