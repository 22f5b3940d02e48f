package rouge

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"
)

// CompatWords returns the words that rouge_score's default tokenizer without stemmer finds in a
// text: runs of a to z and 0 to 9 in the lower-case text. Letters of other scripts do not count.
func CompatWords(text string) []string {
	var list []string
	start := -1 // where the current word begins; -1: outside a word
	var b strings.Builder
	for _, r := range text {
		switch r {
		case '\u212A': // the Kelvin sign, whose lower case is k
			b.WriteByte('k')
		case '\u0130': // its lower case is i with a dot above, which ends the word
			b.WriteString("i ")
		default:
			if r >= 'A' && r <= 'Z' {
				r += 'a' - 'A'
			}
			if r > unicode.MaxASCII {
				r = ' '
			}
			b.WriteByte(byte(r))
		}
	}
	lower := b.String()
	for i := 0; i <= len(lower); i++ {
		inWord := i < len(lower) && (lower[i] >= 'a' && lower[i] <= 'z' || lower[i] >= '0' && lower[i] <= '9')
		switch {
		case inWord && start < 0:
			start = i
		case !inWord && start >= 0:
			list = append(list, lower[start:i])
			start = -1
		}
	}
	return list
}

// unspaced are the scripts without spaces between words. In these, each character counts
// as a word.
var unspaced = []*unicode.RangeTable{
	unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Thai, unicode.Lao, unicode.Khmer, unicode.Myanmar, unicode.Tibetan,
}

// Words returns the words of a text in any script: runs of letters, digits and their
// marks, in normalization form NFKC, with folded case. In a script without spaces between
// words, each character is a word.
func Words(text string) []string {
	list, _ := words(text)
	return list
}

// HasCharacters reports whether text has characters of a
// script without spaces, each of which is a word for Words.
func HasCharacters(text string) bool {
	if isASCII(text) {
		return false
	}
	_, single := words(text)
	return single
}

// fold returns a text in normalization form NFKC, with folded case.
func fold(text string) string {
	if isASCII(text) {
		return strings.ToLower(text)
	}
	return norm.NFKC.String(cases.Fold().String(norm.NFKC.String(text)))
}

func isASCII(text string) bool {
	for i := range len(text) {
		if text[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

func words(text string) (list []string, single bool) {
	folded := fold(text)
	start := -1
	end := func(i int) {
		if start >= 0 {
			list = append(list, folded[start:i])
			start = -1
		}
	}
	for i, r := range folded {
		switch {
		case unicode.In(r, unicode.M) && (start >= 0 || single && len(list) > 0 && strings.HasSuffix(folded[:i], list[len(list)-1])):
			if start < 0 { // a mark of the character before it
				last := &list[len(list)-1]
				*last = folded[i-len(*last) : i+len(string(r))]
			}
		case r > unicode.MaxLatin1 && unicode.In(r, unspaced...) && unicode.In(r, unicode.L, unicode.N):
			end(i)
			list, single = append(list, string(r)), true
		case unicode.IsLetter(r) || unicode.IsDigit(r):
			if start < 0 {
				start = i
			}
		default:
			end(i)
		}
	}
	end(len(folded))
	return list, single
}
