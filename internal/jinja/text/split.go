package text

import (
	"slices"
	"strings"
	"unicode/utf8"
)

// IsSpace is Python's str.isspace for one character.
func IsSpace(r rune) bool {
	switch {
	case r >= '\t' && r <= '\r', r >= 0x1c && r <= ' ':
		return true
	case r < 0x85:
		return false
	}
	switch r {
	case 0x85, 0xa0, 0x1680, 0x2028, 0x2029, 0x202f, 0x205f, 0x3000:
		return true
	}
	return r >= 0x2000 && r <= 0x200a
}

// Sides of Strip.
const (
	Left  = 1
	Right = 2
	Both  = Left | Right
)

// Strip removes characters from the given sides as long as the function in returns true for them.
func (t Text) Strip(sides int, in func(rune) bool) Text {
	i, j := 0, len(t.s)
	if sides&Left != 0 {
		i = len(t.s) - len(strings.TrimLeftFunc(t.s, in))
	}
	if sides&Right != 0 {
		j = max(i, len(strings.TrimRightFunc(t.s, in)))
	}
	return t.Cut(i, j)
}

// Split returns the parts between separators. It makes at most limit splits; a negative limit means
// no limit. If last is set, Split begins at the end.
func (t Text) Split(sep string, limit int, last bool) []Text {
	var list []Text
	i, j := 0, len(t.s)
	for limit != 0 {
		at := strings.Index(t.s[i:j], sep)
		if last {
			at = strings.LastIndex(t.s[i:j], sep)
		}
		if at < 0 {
			break
		}
		if last {
			list = append(list, t.Cut(at+len(sep), j))
			j = at
		} else {
			list = append(list, t.Cut(i, i+at))
			i += at + len(sep)
		}
		limit--
	}
	list = append(list, t.Cut(i, j))
	if last {
		slices.Reverse(list)
	}
	return list
}

// Fields does what Split does, with runs of white space as separators.
func (t Text) Fields(limit int, last bool) []Text {
	var list []Text
	rest := t.Strip(Both, IsSpace)
	for rest.s != "" {
		at, end := strings.IndexFunc(rest.s, IsSpace), len(rest.s)
		if last {
			at = strings.LastIndexFunc(rest.s, IsSpace)
		}
		if limit == 0 {
			list = append(list, trimSide(t, rest, last))
			break
		}
		if at < 0 {
			list = append(list, rest)
			break
		}
		if last {
			_, n := utf8.DecodeRuneInString(rest.s[at:])
			list = append(list, rest.Cut(at+n, end))
			rest = rest.Cut(0, at).Strip(Right, IsSpace)
		} else {
			list = append(list, rest.Cut(0, at))
			rest = rest.Cut(at, end).Strip(Left, IsSpace)
		}
		limit--
	}
	if last {
		slices.Reverse(list)
	}
	return list
}

// trimSide returns the part of t after the last split. It keeps the white space at the outer
// end, as Python does.
func trimSide(t, rest Text, last bool) Text {
	if last {
		lead := t.Strip(Left, IsSpace)
		i := len(t.s) - len(lead.s)
		return t.Cut(0, i+len(rest.s))
	}
	trail := t.Strip(Right, IsSpace)
	return t.Cut(len(trail.s)-len(rest.s), len(t.s))
}

// lineEnd returns the length of the line boundary at the start of s, or 0.
func lineEnd(s string) int {
	r, n := utf8.DecodeRuneInString(s)
	switch r {
	case '\r':
		if strings.HasPrefix(s, "\r\n") {
			return 2
		}
		return 1
	case '\n', '\v', '\f', 0x1c, 0x1d, 0x1e, 0x85, 0x2028, 0x2029:
		return n
	}
	return 0
}

// Lines returns the lines, with their line ends if keep is set.
func (t Text) Lines(keep bool) []Text {
	var list []Text
	start := 0
	for i := 0; i < len(t.s); {
		n := lineEnd(t.s[i:])
		if n == 0 {
			_, n = utf8.DecodeRuneInString(t.s[i:])
			i += n
			continue
		}
		end := i
		i += n
		if keep {
			end = i
		}
		list = append(list, t.Cut(start, end))
		start = i
	}
	if start < len(t.s) {
		list = append(list, t.Cut(start, len(t.s)))
	}
	return list
}

// Replaced returns an upper bound for the Size of Replace's result.
func (t Text) Replaced(old, now Text, limit int) int {
	n := strings.Count(t.s, old.s)
	if limit >= 0 {
		n = min(n, limit)
	}
	return t.Size() + n*(now.Size()+32)
}

// Replace returns the text with the parameter now in place of old, at
// most limit times. A negative limit means no limit. If old is empty,
// the new text is inserted before every character and at the end.
func (t Text) Replace(old, now Text, limit int) Text {
	if limit == 0 || t.s == "" && old.s != "" {
		return t
	}
	var b Builder
	i := 0
	if old.s == "" {
		for limit != 0 {
			b.Add(now)
			limit--
			if i == len(t.s) {
				break
			}
			_, n := utf8.DecodeRuneInString(t.s[i:])
			b.Add(t.Cut(i, i+n))
			i += n
		}
		b.Add(t.Cut(i, len(t.s)))
		return b.Text().AsSafe(t.safe)
	}
	for limit != 0 {
		at := strings.Index(t.s[i:], old.s)
		if at < 0 {
			break
		}
		b.Add(t.Cut(i, i+at))
		b.Add(now)
		i += at + len(old.s)
		limit--
	}
	b.Add(t.Cut(i, len(t.s)))
	return b.Text().AsSafe(t.safe)
}

// Join returns the texts with sep between them.
func Join(sep Text, list []Text) Text {
	var b Builder
	for i, t := range list {
		if i > 0 {
			b.Add(sep)
		}
		b.Add(t)
	}
	return b.Text()
}

// Repeat returns the text n times.
func (t Text) Repeat(n int) Text {
	if n <= 0 || t.s == "" {
		return Text{safe: t.safe}
	}
	if t.runs == nil {
		return Text{s: strings.Repeat(t.s, n), o: t.o, safe: t.safe}
	}
	var b Builder
	for range n {
		b.Add(t)
	}
	return b.Text().AsSafe(t.safe)
}

// ExpandTabs replaces each tab by spaces up to the next column that is a multiple
// of size; the spaces have the tab's origin.
func (t Text) ExpandTabs(size int) Text {
	var b Builder
	column := 0
	for i, r := range t.s {
		o := t.at(i)
		switch r {
		case '\t':
			if size > 0 {
				n := size - column%size
				b.AddString(strings.Repeat(" ", n), o)
				column += n
			}
		case '\n', '\r':
			b.AddString(string(r), o)
			column = 0
		default:
			b.Add(t.Cut(i, i+utf8.RuneLen(r)))
			column++
		}
	}
	return b.Text().AsSafe(t.safe)
}
