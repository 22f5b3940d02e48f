package lint

import (
	"fmt"
	"html"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/encoding/charmap"

	"alpaca/internal/data"
	"alpaca/internal/lazyregexp"
)

// invisible reports whether c does not belong in a text. Such characters are controls
// other than line ends and tabs, the replacement character, no-break spaces, soft
// hyphens, zero-width spaces, line and paragraph separators, and marks of writing
// direction.
func invisible(c rune) bool {
	switch c {
	case '\n', '\t', '\r', '\u200c', '\u200d': // the last two control how letters and emoji join
		return false
	case '\u00a0', '\u00ad', '\ufeff', '\u200b', '\u2028', '\u2029', utf8.RuneError:
		return true
	}
	return unicode.IsControl(c) || c >= '\u202a' && c <= '\u202e' || c >= '\u2066' && c <= '\u2069'
}

func controlText(text string) string {
	for _, c := range text {
		if invisible(c) {
			return fmt.Sprintf("the character %U", c)
		}
	}
	return ""
}

func fixControl(_ *data.Row, _, text string) string {
	return strings.Map(func(c rune) rune {
		switch {
		case c == '\u00a0':
			return ' '
		case c == '\u2028' || c == '\u2029':
			return '\n'
		case invisible(c):
			return -1
		}
		return c
	}, text)
}

// wrong matches what may be UTF-8 read as Windows-1252: the first byte of a character,
// then bytes that can follow it.
var wrong = lazyregexp.New(`[\x{c2}-\x{f4}][\x{80}-\x{bf}\x{152}\x{153}\x{160}\x{161}\x{178}\x{17d}\x{17e}\x{192}\x{2c6}\x{2dc}\x{2013}\x{2014}\x{2018}-\x{201a}\x{201c}-\x{201e}\x{2020}-\x{2022}\x{2026}\x{2030}\x{2039}\x{203a}\x{20ac}\x{2122}]{1,3}`)

func fixMojibake(_ *data.Row, _, text string) string {
	if !strings.ContainsFunc(text, func(c rune) bool { return c >= 0xc2 && c <= 0xf4 }) {
		return text
	}
	return wrong().ReplaceAllStringFunc(text, func(found string) string {
		var b []byte
		for _, c := range found {
			if x, ok := charmap.Windows1252.EncodeRune(c); ok {
				b = append(b, x)
			} else if c < 0x100 {
				b = append(b, byte(c)) // the five bytes that Windows-1252 leaves undefined
			} else {
				return found
			}
		}
		c, n := utf8.DecodeRune(b)
		if c == utf8.RuneError || n < 2 {
			return found
		}
		// The rest of the match is not part of the character.
		rest := string([]rune(found)[n:])
		return string(c) + rest
	})
}

func mojibakeText(text string) string {
	if fixMojibake(nil, "", text) == text {
		return ""
	}
	for _, found := range wrong().FindAllString(text, -1) {
		if mended := fixMojibake(nil, "", found); mended != found {
			return fmt.Sprintf("%q stands for %q", found, mended)
		}
	}
	return ""
}

var (
	escape = lazyregexp.New(`\\(?:n|r|t|u[0-9a-fA-F]{4})|</?br ?/?>|&(?:quot|amp|lt|gt|nbsp|apos|#\d{2,5});`)
	// aboutCode matches rows about code, in which escapes are meant literally.
	aboutCode = lazyregexp.New("(?i)\\b(?:html|code|regex|regular expressions?|python|java|javascript|c\\+\\+|css|xml|json|sql|latex|escape|strings?|program|function|script|tags?|print|unicode|markdown|backslash|path|url)\\b|[{}]|;\\s*\\n|```|</\\w+>")
)

// escapeIn returns the first escape sequence in a row, unless the row is about code.
func escapeIn(r *data.Row) (field, found string) {
	for _, f := range fieldsOf(r) {
		if !strings.ContainsAny(*f.text, `\<&`) {
			continue
		}
		if found = escape().FindString(*f.text); found != "" {
			field = f.name
			break
		}
	}
	if field == "" {
		return "", ""
	}
	for _, f := range fieldsOf(r) {
		if aboutCode().MatchString(strings.ReplaceAll(*f.text, "</br>", "")) {
			return "", ""
		}
	}
	return field, found
}

func literalEscape(_ *Linter, r *data.Row) string {
	field, found := escapeIn(r)
	return when(field != "", "%s: %q", field, found)
}

func fixEscape(r *data.Row, _, text string) string {
	if !escape().MatchString(text) {
		return text
	}
	if field, _ := escapeIn(r); field == "" {
		return text
	}
	return escape().ReplaceAllStringFunc(text, func(found string) string {
		switch {
		case found[0] == '&':
			return strings.ReplaceAll(html.UnescapeString(found), "\u00a0", " ")
		case found[0] == '<' || found[1] == 'n':
			return "\n"
		case found[1] == 'r':
			return ""
		case found[1] == 't':
			return "\t"
		}
		n, err := strconv.ParseUint(found[2:], 16, 16)
		if err != nil || n >= 0xd800 && n < 0xe000 || n == 0 {
			return found
		}
		return string(rune(n))
	})
}
