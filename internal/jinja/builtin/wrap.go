package builtin

import (
	"regexp"
	"strings"

	"alpaca/internal/jinja/text"
)

// wrapping is how Python's textwrap breaks lines: greedily, at white space, which
// is dropped where a line ends, and after hyphens in words.
type wrapping struct {
	width             int
	longWords, hyphen bool
}

var (
	spaces = regexp.MustCompile(`[\t-\r ]+|[^\t-\r ]+`)
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
		for i < len(chunks) && size+chunks[i].Runes() <= w.width {
			size += chunks[i].Runes()
			line = append(line, chunks[i])
			i++
		}
		if i < len(chunks) && chunks[i].Runes() > w.width {
			room := w.width - size
			switch {
			case w.longWords:
				if w.width < 1 {
					room = 1
				}
				if h := w.lastHyphen(chunks[i], room); h > 0 {
					room = h
				}
				// Where a blank has filled the line, nothing of the word is added, and
				// that nothing is dropped below in place of the blank.
				line = append(line, chunks[i].Slice(0, room))
				chunks[i] = chunks[i].Slice(room, chunks[i].Runes())
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

// lastHyphen returns where a long word is broken after a hyphen, 0 for nowhere.
func (w wrapping) lastHyphen(t text.Text, room int) int {
	if !w.hyphen || t.Runes() <= room {
		return 0
	}
	part := t.Slice(0, room).String()
	at := strings.LastIndex(part, "-")
	if at > 0 && strings.Trim(part[:at], "-") != "" {
		return len([]rune(part[:at])) + 1
	}
	return 0
}

func blank(t text.Text) bool { return t.Each(text.IsSpace) }

// chunks divides a line into what is not broken further.
func (w wrapping) chunks(t text.Text) []text.Text {
	var list []text.Text
	for _, at := range spaces.FindAllStringIndex(t.String(), -1) {
		word := t.Cut(at[0], at[1])
		if !w.hyphen || blank(word) || !strings.Contains(word.String(), "-") {
			list = append(list, word)
			continue
		}
		list = append(list, hyphenated(word)...)
	}
	return list
}

// hyphenated divides a word after hyphens between letters and around dashes.
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
		case s[i-1] == '-' && s[i] != '-' && i-1 > start && betweenLetters(s, i):
			list = append(list, word.Cut(start, i))
			start = i
		}
	}
	return append(list, word.Cut(start, len(s)))
}

func wordEnd(s string) bool {
	r := []rune(s)
	return len(r) > 0 && (text.IsAlnum(r[len(r)-1]) || strings.ContainsRune("_!\"'&.,?", r[len(r)-1]))
}

func dashAfterWord(s string, i int) bool {
	rest := strings.TrimLeft(s[i:], "-")
	return wordEnd(s[:i]) && rest != "" && isWord([]rune(rest)[0])
}

func dashBeforeWord(s string, i int) bool {
	before := strings.TrimRight(s[:i], "-")
	return wordEnd(before) && isWord([]rune(s[i:])[0])
}

func isWord(r rune) bool { return r == '_' || text.IsAlnum(r) }

func letter(r rune) bool { return text.IsAlpha(r) || r == '_' }

// betweenLetters reports whether the hyphen in front of i stands after two letters
// (or a letter, a hyphen and a letter) and before two.
func betweenLetters(s string, i int) bool {
	before, after := []rune(s[:i-1]), []rune(s[i:])
	n := len(before)
	left := n >= 2 && letter(before[n-1]) && (letter(before[n-2]) || n >= 3 && before[n-2] == '-' && letter(before[n-3]))
	right := len(after) >= 2 && letter(after[0]) && (letter(after[1]) || after[1] == '-' && len(after) > 2 && letter(after[2]))
	return left && right
}
