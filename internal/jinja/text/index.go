package text

import (
	"strings"
	"unicode/utf8"
)

// isASCII reports whether all bytes of s are ASCII.
func isASCII(s string) bool {
	for i := range len(s) {
		if s[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

// Runes returns the number of characters.
func (t Text) Runes() int { return utf8.RuneCountInString(t.s) }

// Chars returns the characters, each as a text.
func (t Text) Chars() []Text {
	list := make([]Text, 0, len(t.s))
	for i := 0; i < len(t.s); {
		_, n := utf8.DecodeRuneInString(t.s[i:])
		list = append(list, t.Cut(i, i+n))
		i += n
	}
	return list
}

// offset returns the byte offset of character n, or len(s) if there are fewer characters.
func offset(s string, n int) int {
	if isASCII(s) {
		return min(n, len(s))
	}
	for i := range s {
		if n == 0 {
			return i
		}
		n--
	}
	return len(s)
}

// Char returns the character at index, which may count from the end (-1 is the last). ok is
// false if there is none.
func (t Text) Char(index int) (c Text, ok bool) {
	n := t.Runes()
	if index < 0 {
		index += n
	}
	if index < 0 || index >= n {
		return Text{}, false
	}
	i := offset(t.s, index)
	_, size := utf8.DecodeRuneInString(t.s[i:])
	return t.Cut(i, i+size), true
}

// Bounds returns the bounds of a slice of n runes by Python's rules. Negative bounds count from
// the end, and all bounds are clamped to the range from 0 to n.
func Bounds(start, end, n int) (int, int) {
	if start < 0 {
		start = max(0, start+n)
	}
	if end < 0 {
		end = max(0, end+n)
	}
	return min(start, n), min(end, n)
}

// Slice returns the characters from start to end, which follow the rules of Bounds.
func (t Text) Slice(start, end int) Text {
	start, end = Bounds(start, end, t.Runes())
	if start >= end {
		return Text{safe: t.safe}
	}
	i := offset(t.s, start)
	return t.Cut(i, i+offset(t.s[i:], end-start))
}

// Find returns the index in runes of the first occurrence of sub between start and end. If last is
// set, it returns the index of the last occurrence. If there is no occurrence, it returns -1.
func (t Text) Find(sub string, start, end int, last bool) int {
	n := t.Runes()
	if start > n {
		return -1
	}
	start, end = Bounds(start, end, n)
	if start > end {
		return -1
	}
	i := offset(t.s, start)
	part := t.s[i : i+offset(t.s[i:], end-start)]
	at := strings.Index(part, sub)
	if last {
		at = strings.LastIndex(part, sub)
	}
	if at < 0 {
		return -1
	}
	return start + utf8.RuneCountInString(part[:at])
}

// Count returns the number of occurrences of sub between start and end, without overlaps.
func (t Text) Count(sub string, start, end int) int {
	n := t.Runes()
	if start > n {
		return 0
	}
	start, end = Bounds(start, end, n)
	if start > end {
		return 0
	}
	return strings.Count(t.Slice(start, end).s, sub)
}

// Reverse returns the characters from last to first.
func (t Text) Reverse() Text {
	var b Builder
	for i := len(t.s); i > 0; {
		_, n := utf8.DecodeLastRuneInString(t.s[:i])
		b.Add(t.Cut(i-n, i))
		i -= n
	}
	return b.Text().AsSafe(t.safe)
}
