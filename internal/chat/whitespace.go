package chat

import (
	"regexp"
	"strings"
)

// spaceExplicit returns a template in which the white space around tags is what
// it is to be: the rules by which Jinja removes some, with trim_blocks and
// lstrip_blocks as all chat templates are rendered, are applied here, and what
// stays is made an expression. The library applies a tag's rule to the nearest
// text instead of to the text next to the tag, and so takes the space out of
// "User: {{ text }}{%- endif %}", which the model then never sees.
func spaceExplicit(source string) string {
	source = strings.NewReplacer("\r\n", "\n", "\r", "\n").Replace(source)
	source = strings.TrimSuffix(source, "\n")
	var b strings.Builder
	lineStart := true // the text to come begins a line
	for {
		at := tagOpen.FindStringIndex(source)
		if at == nil {
			writeText(&b, source)
			return b.String()
		}
		text, rest := source[:at[0]], source[at[0]:]
		body, end, closer := endOfTag(rest)
		if closer == "" { // an error that the library tells of
			writeText(&b, text)
			b.WriteString(rest)
			return b.String()
		}
		kind := rest[1]
		after := rest[end:]
		switch open := strings.TrimLeft(body, "-+"); {
		case strings.HasPrefix(body, "-"):
			text = strings.TrimRight(text, spaces)
			body = open
		case strings.HasPrefix(body, "+") && kind != '{':
			body = open
		case kind != '{':
			text = withoutIndent(text, lineStart)
		}
		lineStart = false
		switch sign := strings.TrimRight(body, "-+"); {
		case strings.HasSuffix(body, "-"):
			after = strings.TrimLeft(after, spaces)
			body = sign
		case strings.HasSuffix(body, "+") && kind != '{':
			body = sign
		case kind != '{' && strings.HasPrefix(after, "\n"):
			after, lineStart = after[1:], true
		}
		writeText(&b, text)
		if kind != '#' {
			b.WriteString(rest[:2] + " " + body + " " + closer)
		}
		source = after
	}
}

var tagOpen = regexp.MustCompile(`\{[%{#]`)

const spaces = " \t\n\v\f"

// endOfTag returns what is in the tag that source begins with, where what follows
// it begins, and what closes it; "" where nothing does.
func endOfTag(source string) (body string, end int, closer string) {
	closer = map[byte]string{'%': "%}", '{': "}}", '#': "#}"}[source[1]]
	if source[1] == '#' {
		if n := strings.Index(source[2:], closer); n >= 0 {
			return source[2 : 2+n], 2 + n + len(closer), closer
		}
		return "", 0, ""
	}
	var b strings.Builder
	quote, depth := byte(0), 0
	for i := 2; i < len(source); i++ {
		c := source[i]
		switch {
		case quote != 0 && c == '\\' && i+1 < len(source):
			b.WriteByte(c)
			i++
			c = source[i]
		case quote != 0:
			if c == quote {
				quote = 0
			}
		case c == '\'' || c == '"':
			quote = c
		case depth == 0 && strings.HasPrefix(source[i:], closer):
			return b.String(), i + len(closer), closer
		case c == '{':
			depth++
		case c == '}':
			depth--
			if strings.HasPrefix(source[i:], "}}") {
				b.WriteByte(c)
				c = ' ' // the library takes two braces for the end
			}
		}
		b.WriteByte(c)
	}
	return "", 0, ""
}

// withoutIndent removes the white space between the begin of the last line of a
// text and the tag after it, where there is nothing else.
func withoutIndent(text string, lineStart bool) string {
	line := strings.LastIndexByte(text, '\n') + 1
	if line == 0 && !lineStart || strings.Trim(text[line:], spaces) != "" {
		return text
	}
	return text[:line]
}

// writeText writes a text with the white space at its ends as expressions, which
// nothing is removed from, and with it a brace at its end, which would make
// another tag of the next one.
func writeText(b *strings.Builder, text string) {
	body := strings.TrimLeft(text, spaces)
	writeLiteral(b, text[:len(text)-len(body)])
	text = body
	body = strings.TrimRight(text, spaces+"{")
	b.WriteString(body)
	writeLiteral(b, text[len(body):])
}

var escapeSpace = strings.NewReplacer("\n", `\n`, "\t", `\t`)

func writeLiteral(b *strings.Builder, text string) {
	if text != "" {
		b.WriteString(`{{ "` + escapeSpace.Replace(text) + `" }}`)
	}
}
