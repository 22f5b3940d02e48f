package builtin

import (
	"strings"
	"unicode/utf8"

	"alpaca/internal/jinja/text"
	"alpaca/internal/jinja/value"
	"alpaca/internal/lazyregexp"
)

// wrapping breaks lines as Python's textwrap does. It breaks greedily, at white space and after
// hyphens in words. White space at the end of a line is dropped.
type wrapping struct {
	run               *value.Run
	width             int
	longWords, hyphen bool
}

var (
	spaces = lazyregexp.New(`[\t-\r ]+|[^\t-\r ]+`)
)

// wrap breaks one line.
func (w wrapping) wrap(t text.Text) []text.Text {
	chunks := w.chunks(t)
	var lines []text.Text
	for i := 0; i < len(chunks); {
		var line []text.Text
		size := 0
		if blank(chunks[i]) && len(lines) > 0 {
			i++
		}
		for i < len(chunks) && !longer(chunks[i], w.width-size) {
			size += chunks[i].Runes()
			line = append(line, chunks[i])
			i++
		}
		w.run.Steps(1)
		if i < len(chunks) && longer(chunks[i], w.width) {
			switch {
			case w.longWords:
				room := runesAt(chunks[i], w.width-size)
				if h := w.lastHyphen(chunks[i], room); h > 0 {
					room = h
				}
				// If a blank has filled the line, the part of the word that is added is empty.
				// Then the blank is not the last item of the line, so it is kept, as in Python.
				line = append(line, chunks[i].Cut(0, room))
				chunks[i] = chunks[i].Cut(room, chunks[i].Len())
			case len(line) == 0:
				line = append(line, chunks[i])
				i++
			}
		}
		if n := len(line); n > 0 && blank(line[n-1]) {
			line = line[:n-1]
		}
		if len(line) > 0 {
			lines = append(lines, text.Concat(line...))
		}
	}
	return lines
}

// longer reports whether a text has more than n characters. It does not read beyond them.
func longer(t text.Text, n int) bool { return runesAt(t, n) < t.Len() }

// runesAt returns the byte offset at which the first n characters of a text end.
func runesAt(t text.Text, n int) int {
	for at := range t.String() {
		if n == 0 {
			return at
		}
		n--
	}
	return t.Len()
}

// lastHyphen returns the offset after the last hyphen in the first room bytes of a long word. The
// word can be broken at this offset. Without a hyphen, the result is 0.
func (w wrapping) lastHyphen(t text.Text, room int) int {
	if !w.hyphen {
		return 0
	}
	part := t.String()[:room]
	at := strings.LastIndexByte(part, '-')
	if at > 0 && strings.Trim(part[:at], "-") != "" {
		return at + 1
	}
	return 0
}

func blank(t text.Text) bool { return t.Each(text.IsSpace) }

// chunks divides a line into parts that are not broken further.
func (w wrapping) chunks(t text.Text) []text.Text {
	var list []text.Text
	for _, at := range spaces().FindAllStringIndex(t.String(), -1) {
		word := t.Cut(at[0], at[1])
		if !w.hyphen || blank(word) || !strings.Contains(word.String(), "-") {
			list = append(list, word)
			continue
		}
		list = append(list, hyphenated(word)...)
	}
	return list
}

// hyphenated divides a word after each hyphen that is
// between letters, and before and after each dash.
func hyphenated(word text.Text) []text.Text {
	var list []text.Text
	s := word.String()
	start := 0
	for i := 1; i < len(s); i++ {
		switch {
		case s[i] == '-' && strings.HasPrefix(s[i:], "--") && s[i-1] != '-' && dashAfterWord(s, i):
			list = append(list, word.Cut(start, i))
			start = i
		case s[i-1] == '-' && s[i] != '-' && i >= 2 && s[i-2] == '-' && dashBeforeWord(s, i):
			list = append(list, word.Cut(start, i))
			start = i
		case s[i-1] == '-' && s[i] != '-' && i-1 > start && betweenLetters(s[max(0, i-1-3*utf8.UTFMax):i-1], s[i:min(len(s), i+3*utf8.UTFMax)]):
			list = append(list, word.Cut(start, i))
			start = i
		}
	}
	return append(list, word.Cut(start, len(s)))
}

func wordEnd(s string) bool {
	last, size := utf8.DecodeLastRuneInString(s)
	return size > 0 && (text.IsAlnum(last) || strings.ContainsRune("_!\"'&.,?", last))
}

func dashAfterWord(s string, i int) bool {
	rest := strings.TrimLeft(s[i:], "-")
	return wordEnd(s[:i]) && rest != "" && isWord(firstRune(rest))
}

func dashBeforeWord(s string, i int) bool {
	before := strings.TrimRight(s[:i], "-")
	return wordEnd(before) && isWord(firstRune(s[i:]))
}

func isWord(r rune) bool { return r == '_' || text.IsAlnum(r) }

func letter(r rune) bool { return text.IsAlpha(r) || r == '_' }

func firstRune(s string) rune {
	r, _ := utf8.DecodeRuneInString(s)
	return r
}

// betweenLetters reports whether a line may be broken after a hyphen that stands between left
// and right. left must end with two letters, or with a letter, a hyphen and a letter. right must
// begin with one of the same two patterns.
func betweenLetters(left, right string) bool {
	before, after := []rune(left), []rune(right)
	n := len(before)
	ok := n >= 2 && letter(before[n-1]) && (letter(before[n-2]) || n >= 3 && before[n-2] == '-' && letter(before[n-3]))
	return ok && len(after) >= 2 && letter(after[0]) && (letter(after[1]) || after[1] == '-' && len(after) > 2 && letter(after[2]))
}
