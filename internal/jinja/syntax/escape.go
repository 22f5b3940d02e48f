package syntax

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"alpaca/internal/jinja/text"
)

// unescape returns the value of a string literal from the text between its quotes. Jinja first
// replaces all characters beyond ASCII by escapes. A backslash before é therefore yields the
// characters \xe9.
func unescape(s string) (string, error) {
	if !strings.Contains(s, `\`) {
		return s, nil
	}
	var b strings.Builder
	for {
		i := strings.IndexByte(s, '\\')
		if i < 0 {
			break
		}
		b.WriteString(s[:i])
		s = s[i+1:]
		if s == "" {
			return "", errors.New("a backslash at the end of a string")
		}
		r, size := utf8.DecodeRuneInString(s)
		s = s[size:]
		if strings.ContainsRune("xuUN", r) || r >= '0' && r <= '7' {
			n, err := numbered(&b, r, s)
			if err != nil {
				return "", err
			}
			s = s[n:]
			continue
		}
		switch {
		case r == '\n':
		case r >= utf8.RuneSelf:
			b.WriteString(text.Escape(r))
		case strings.ContainsRune(`\'"`, r):
			b.WriteRune(r)
		default:
			if at := strings.IndexRune("abfnrtv", r); at >= 0 {
				b.WriteByte("\a\b\f\n\r\t\v"[at])
			} else {
				b.WriteByte('\\')
				b.WriteRune(r)
			}
		}
	}
	b.WriteString(s)
	return b.String(), nil
}

// numbered writes the character of a numeric escape. kind is the character after the backslash: a
// letter, or the first digit of an octal escape. s is the text after kind. numbered returns the
// number of bytes of s that it used.
func numbered(b *strings.Builder, kind rune, s string) (int, error) {
	if kind == 'N' {
		return 0, errors.New(`\N{NAME} is not supported, write \uXXXX`)
	}
	if kind >= '0' && kind <= '7' {
		n := 0
		value := kind - '0'
		for n < 2 && n < len(s) && s[n] >= '0' && s[n] <= '7' {
			value = value*8 + rune(s[n]-'0')
			n++
		}
		b.WriteRune(value)
		return n, nil
	}
	n := map[rune]int{'x': 2, 'u': 4, 'U': 8}[kind]
	if len(s) < n {
		return 0, fmt.Errorf(`\%c needs %d digits`, kind, n)
	}
	value, err := strconv.ParseUint(s[:n], 16, 32)
	if err != nil || value > unicode.MaxRune || strings.ContainsAny(s[:n], "_+-") {
		return 0, fmt.Errorf(`\%c%s is not a character`, kind, s[:n])
	}
	b.WriteRune(rune(value))
	return n, nil
}

// identifier reports whether a name is an identifier in Python.
func identifier(s string) bool {
	for i, r := range s {
		if i == 0 && (unicode.IsNumber(r) || unicode.IsMark(r) || r == '·') {
			return false
		}
	}
	return s != ""
}
