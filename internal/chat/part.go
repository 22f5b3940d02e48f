package chat

import (
	"math"
	"strings"

	"alpaca/internal/jinja/text"
)

// part is a piece of a rendered conversation.
type part struct {
	text    string
	message int // index of the message that the text comes from; fromTemplate: the template
}

// fromTemplate is the value of part.message for text that comes from the template.
const fromTemplate = -1

// settings is the origin of the text of tools and variables, which do not belong to a message.
const settings text.Origin = math.MaxInt32 - 1

// origin returns the origin of a message's fields.
func origin(message int) text.Origin { return text.Origin(message + 1) }

// partsOf divides a rendered text by its origins.
func partsOf(t text.Text) []part {
	var list []part
	for _, s := range t.Spans() {
		list = append(list, part{s.Text, int(s.Origin) - 1})
	}
	return list
}

// flat returns the text of parts.
func flat(parts []part) string {
	var b strings.Builder
	for _, p := range parts {
		b.WriteString(p.text)
	}
	return b.String()
}

// cut returns parts without the first n bytes of their text.
func cut(parts []part, n int) []part {
	for len(parts) > 0 && n >= len(parts[0].text) {
		n -= len(parts[0].text)
		parts = parts[1:]
	}
	if n == 0 || len(parts) == 0 {
		return parts
	}
	rest := append([]part{}, parts...)
	rest[0].text = rest[0].text[n:]
	return rest
}
