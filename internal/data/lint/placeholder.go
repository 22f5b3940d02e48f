package lint

import (
	"strings"

	"alpaca/internal/data"
	"alpaca/internal/lazyregexp"
)

// placeholders are texts that mean "nothing", in the form that plain returns.
var placeholders = map[string]bool{
	"n/a": true, "na": true, "none": true, "nan": true, "null": true, "nil": true, "noinput": true, "no input": true, "nooutput": true, "no output": true,
	"not applicable": true, "not available": true, "undefined": true, "tbd": true, "todo": true, "-": true, "--": true, "—": true, "empty": true, "blank": true, "nothing": true,
}

// around are the characters that may surround a placeholder.
const around = "<>[](){}\"'` ."

// plain returns a text in lower case and with single spaces. It
// removes the characters of the constant around from both ends.
func plain(text string) string {
	text = strings.Trim(strings.ToLower(strings.TrimSpace(text)), around)
	return strings.Join(strings.Fields(text), " ")
}

var noInput = lazyregexp.New(`^no (?:\w+ )?input(?: (?:is )?(?:required|needed|necessary|provided|given|available))?$|^input (?:is )?not (?:required|needed|provided)$`)

func isPlaceholderInput(text string) bool {
	const most = 60
	if text == "" || len(text) > most {
		return false
	}
	p := plain(text)
	return placeholders[p] || noInput().MatchString(p)
}

func fixPlaceholder(_ *data.Row, field, text string) string {
	if field == "input" && isPlaceholderInput(text) {
		return ""
	}
	return text
}

// isPlaceholder reports whether a text is one of the placeholders.
func isPlaceholder(text string) bool {
	const mostWords = 2 // the largest number of words in a placeholder
	n := 0
	for word := range strings.FieldsSeq(text) {
		if strings.Trim(word, around) == "" {
			continue
		}
		if n++; n > mostWords {
			return false
		}
	}
	return placeholders[plain(text)]
}
