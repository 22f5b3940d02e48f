package chat

import (
	"regexp"
	"strconv"
	"strings"
)

// A template never sees what was said. In place of each content it is given a
// mark, so that afterwards its own text, which may hold control tokens, can be
// told from what was said, which may not. The space around a content stays, so
// that a template which trims its contents trims it.
type marks struct {
	contents []part // what the marks stand for
}

// Marks are a number between two private-use characters.
const markOpen, markClose = "\uE0A1", "\uE0A2"

var markPattern = regexp.MustCompile(markOpen + `([0-9]+)` + markClose)

// part is a piece of a rendered conversation.
type part struct {
	text    string
	message int // whose content it is, an index; ours: the template's own text
}

// ours is the message of parts that the template wrote.
const ours = -1

// add returns the mark of a text said in a message.
func (m *marks) add(text string, message int) string {
	body := strings.TrimSpace(text)
	if body == "" {
		return text
	}
	at := strings.Index(text, body)
	m.contents = append(m.contents, part{body, message})
	mark := markOpen + strconv.Itoa(len(m.contents)-1) + markClose
	return text[:at] + mark + text[at+len(body):]
}

// thinking are the tags by which templates find what a model thought before it
// answered, to leave it out of what it said before.
var thinking = regexp.MustCompile(`</?think>`)

// addAnswer is add for what the model said, in which those tags stay visible.
func (m *marks) addAnswer(text string, message int) string {
	var b strings.Builder
	end := 0
	for _, tag := range thinking.FindAllStringIndex(text, -1) {
		b.WriteString(m.add(text[end:tag[0]], message))
		b.WriteString(text[tag[0]:tag[1]])
		end = tag[1]
	}
	b.WriteString(m.add(text[end:], message))
	return b.String()
}

// parts divides what a template made of the marks.
func (m *marks) parts(rendered string) []part {
	var list []part
	own := func(text string) {
		if text != "" {
			list = append(list, part{text, ours})
		}
	}
	end := 0
	for _, at := range markPattern.FindAllStringSubmatchIndex(rendered, -1) {
		n, err := strconv.Atoi(rendered[at[2]:at[3]])
		if err != nil || n >= len(m.contents) {
			continue // the template's own text looks like a mark
		}
		own(rendered[end:at[0]])
		list = append(list, m.contents[n])
		end = at[1]
	}
	own(rendered[end:])
	return list
}

// grows reports whether parts, rendered as so many bytes with marks, have more of the
// contents than a template has reason to show: a few times each.
func (m *marks) grows(list []part, rendered int) bool {
	most, size := rendered, 0
	for _, p := range m.contents {
		most += 4 * len(p.text)
	}
	for _, p := range list {
		size += len(p.text)
	}
	return size > most
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
