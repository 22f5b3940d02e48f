package diversity

import (
	"strings"
	"unicode"
)

// word is a word of an instruction, in lower case. comma says whether a comma, semicolon or colon
// follows the word. end says whether the sentence ends after the word.
type word struct {
	text       string
	comma, end bool
	quoted     bool // within quotation marks, so not part of the sentence's structure
}

// Find looks for the first clause with a verb at its
// beginning, and returns the clause's verb and object.
func Find(instruction string) Pair {
	words := split(instruction)
	for from := 0; from < len(words); {
		if at := verbAt(words, from); at >= 0 {
			return Pair{words[at].text, object(words, at+1)}
		}
		from = nextClause(words, from)
	}
	return Pair{}
}

// split returns the words of text.
func split(text string) (list []word) {
	quoted := false
	for _, field := range strings.Fields(text) {
		opens := strings.IndexAny(field, "\"“«") == 0
		body := strings.TrimFunc(field, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) })
		tail := field[len(strings.TrimRightFunc(field, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) })):]
		quoted = quoted || opens
		if body != "" {
			list = append(list, word{
				text:   strings.ReplaceAll(strings.ToLower(body), "’", "'"),
				comma:  strings.ContainsAny(tail, ",;:"),
				end:    strings.ContainsAny(tail, ".!?"),
				quoted: quoted,
			})
		}
		if strings.ContainsAny(tail, "\"”»") || strings.HasSuffix(field, "\"") && len(field) > 1 {
			quoted = false
		}
	}
	return list
}

// verbAt returns the index of the verb in the clause that begins at word number from, or -1 if
// there is none. The verb is the first word, or comes after words of courtesy, adverbs, or the
// subject of a question.
func verbAt(words []word, from int) int {
	asked := false // "can you …": the verb may be farther away
	for i := from; i < len(words); i++ {
		w := words[i].text
		switch {
		case words[i].quoted:
			return -1
		case verbs[w] && !(i > from && nouns[words[i-1].text]):
			return i
		case courtesy[w] || strings.HasSuffix(w, "ly"):
		case i == from && modals[w]:
			asked = true
		case asked && pronouns[w]:
		case w == "to" && asked:
		default:
			return -1
		}
		if words[i].end {
			return -1
		}
	}
	return -1
}

// nextClause returns the index of the first word of the next clause, which begins after a
// comma, the end of a sentence, or "and".
func nextClause(words []word, from int) int {
	for i := from; i < len(words); i++ {
		if words[i].comma || words[i].end || i > from && words[i].text == "and" {
			return i + 1
		}
	}
	return len(words)
}

// object returns the head of the noun phrase that begins at word number from: the last word
// before a preposition, a conjunction or the end of the clause. It skips pronouns that are
// indirect objects, as in "give me a list".
func object(words []word, from int) string {
	head := ""
	for i := from; i < len(words); i++ {
		w := words[i]
		switch {
		case w.quoted && head != "":
			return head
		case w.quoted:
			return ""
		case head == "" && (pronouns[w.text] || fillers[w.text]):
			if w.comma || w.end {
				return ""
			}
			continue
		case boundaries[w.text], head != "" && strings.HasSuffix(w.text, "ing") && len(w.text) > 5 && !nouns[w.text],
			head != "" && verbs[w.text] && !nouns[w.text]:
			if w.text == "of" && measures[head] && i+1 < len(words) {
				return head
			}
			return head
		case !unicode.IsLetter(rune(w.text[0])) && w.text[0] < 0x80:
			// A number: the noun follows.
		default:
			head = singular(strings.TrimSuffix(w.text, "'s"))
			if adjectives[w.text] && !w.comma && !w.end {
				// The noun follows, unless the phrase ends here.
				if i+1 < len(words) && !boundaries[words[i+1].text] && !words[i+1].quoted {
					head = ""
				}
			}
		}
		if w.end || w.comma && head != "" && !continues(words, i) {
			return head
		}
	}
	return head
}

// continues reports whether a comma stands between adjectives, as in "a short, funny
// story". The parameter at is the index of the word before the comma.
func continues(words []word, at int) bool { return adjectives[words[at].text] && at+1 < len(words) }

// singular returns the singular of an English noun, judged by its ending.
func singular(w string) string {
	if s, ok := irregular[w]; ok {
		return s
	}
	switch {
	case len(w) < 4 || strings.HasSuffix(w, "ss") || strings.HasSuffix(w, "us") || strings.HasSuffix(w, "is"):
		return w
	case strings.HasSuffix(w, "ies") && len(w) > 4:
		return w[:len(w)-3] + "y"
	case strings.HasSuffix(w, "ches"), strings.HasSuffix(w, "shes"), strings.HasSuffix(w, "sses"), strings.HasSuffix(w, "xes"):
		return w[:len(w)-2]
	case strings.HasSuffix(w, "s"):
		return w[:len(w)-1]
	}
	return w
}
