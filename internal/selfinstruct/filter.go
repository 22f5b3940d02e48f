package selfinstruct

import (
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"

	"alpaca/internal/rouge"
)

// The words of an instruction, by white space.
const (
	leastWords = 4
	mostWords  = 150
)

// notText are words of instructions that a program with nothing but text cannot follow.
var notText = []string{
	"image", "images", "graph", "graphs", "picture", "pictures", "file", "files", "map", "maps", "draw", "plot", "go to",
	"video", "audio", "music", "flowchart", "diagram",
}

var notTextWord = regexp.MustCompile(`(?i)` + strings.Join(notText, "|"))

// Filter returns why an instruction is of no use, "" if it is. Compat keeps to the letter of
// Alpaca's generator, which wants English: the first character is to be ASCII. What else
// begins with a letter is taken otherwise.
func Filter(instruction string, compat bool) string {
	switch n := len(strings.FieldsFunc(instruction, isSpace)); {
	case n < leastWords && (compat || !hasCharacters(instruction)):
		return "words: fewer than 4"
	case n > mostWords:
		return "words: more than 150"
	}
	if word := unfit(instruction); word != "" {
		return "not text: " + word
	}
	if strings.HasPrefix(instruction, "Write a program") {
		return "a program"
	}
	first, _ := utf8.DecodeRuneInString(instruction)
	switch {
	case first < utf8.RuneSelf && strings.ContainsRune("!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~", first):
		return "first character: punctuation"
	case first >= utf8.RuneSelf && (compat || !unicode.IsLetter(first)):
		return "first character: not ASCII"
	}
	return ""
}

// unfit returns the first word of notText that an instruction has as a whole word, in the
// order of notText.
func unfit(instruction string) string {
	found := len(notText)
	for at := 0; at < len(instruction); {
		m := notTextWord.FindStringIndex(instruction[at:])
		if m == nil {
			break
		}
		from := at + m[0]
		// One of them may begin another: all are tried.
		for i, word := range notText[:found] {
			to := from + len(word)
			if to <= len(instruction) && strings.EqualFold(instruction[from:to], word) && !joins(instruction, from) && !joins(instruction, to) {
				found = i
				break
			}
		}
		at = from + 1
	}
	if found == len(notText) {
		return ""
	}
	return notText[found]
}

// joins reports whether characters of one word meet at a place of a text.
func joins(text string, at int) bool {
	before, _ := utf8.DecodeLastRuneInString(text[:at])
	after, _ := utf8.DecodeRuneInString(text[at:])
	return at > 0 && at < len(text) && inWord(before) && inWord(after)
}

// hasCharacters reports whether a text is in a script without spaces between words, and
// long enough.
func hasCharacters(text string) bool {
	return rouge.HasCharacters(text) && len(rouge.Words(text)) >= leastWords
}

// inWord reports what regular expressions of Python take for part of a word.
func inWord(r rune) bool { return r == '_' || unicode.IsLetter(r) || unicode.IsNumber(r) }
