package selfinstruct

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"alpaca/internal/lazyregexp"
	"alpaca/internal/rouge"
)

// The smallest and the largest number of words in an instruction. White space separates words.
const (
	minWords = 4
	maxWords = 150
)

// notText lists words that mark an instruction as impossible for a program that only
// reads and writes text.
var notText = []string{
	"image", "images", "graph", "graphs", "picture", "pictures", "file", "files", "map", "maps", "draw", "plot", "go to",
	"video", "audio", "music", "flowchart", "diagram",
}

var notTextWord = lazyregexp.New(`(?i)` + strings.Join(notText, "|"))

// Filter returns why an instruction is unusable, or "" if it is usable. With compat, it applies
// exactly the rules of Alpaca's generator, which require an ASCII character at the start. Without
// compat any letter may come first.
func Filter(instruction string, compat bool) string {
	switch n := len(strings.FieldsFunc(instruction, isSpace)); {
	case n < minWords && (compat || !hasCharacters(instruction)):
		return "words: fewer than 4"
	case n > maxWords:
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

// oddLetters maps letters that Python equates with s and i when it ignores case.
var oddLetters = strings.NewReplacer("ſ", "s", "ı", "i", "İ", "i")

// unfit returns the first entry of notText that occurs in the instruction as a whole
// word, else "".
func unfit(instruction string) string {
	instruction = oddLetters.Replace(instruction)
	found := len(notText)
	for at := 0; at < len(instruction); {
		m := notTextWord().FindStringIndex(instruction[at:])
		if m == nil {
			break
		}
		from := at + m[0]
		// One entry may be a prefix of another, so all are tried.
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

// joins reports whether the offset at is inside a word of text.
func joins(text string, at int) bool {
	before, _ := utf8.DecodeLastRuneInString(text[:at])
	after, _ := utf8.DecodeRuneInString(text[at:])
	return at > 0 && at < len(text) && inWord(before) && inWord(after)
}

// hasCharacters reports whether a text has characters of a script without
// spaces between words, and at least minWords words by rouge.Words.
func hasCharacters(text string) bool {
	return rouge.HasCharacters(text) && len(rouge.Words(text)) >= minWords
}

// inWord reports whether r matches \w in Python's regular expressions.
func inWord(r rune) bool { return r == '_' || unicode.IsLetter(r) || unicode.IsNumber(r) }
