package text

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Quote returns Python's repr of a str. A character that is not printable becomes an escape,
// whose bytes keep the character's Origin.
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

// Escape returns Python's numeric escape of a character.
func Escape(r rune) string {
	switch {
	case r < 0x100:
		return fmt.Sprintf(`\x%02x`, r)
	case r < 0x10000:
		return fmt.Sprintf(`\u%04x`, r)
	}
	return fmt.Sprintf(`\U%08x`, r)
}

// each adds t to b, with characters replaced by f. It calls f for each
// character except a to z and the space. If f returns "", the character stays.
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

// JSON returns the text as a JSON string, as Python's json module writes it. If ascii is true,
// all characters beyond ASCII are escaped.
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

// Escaped returns the text with HTML's special characters escaped, marked as safe.
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
