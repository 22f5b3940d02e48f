package value

import (
	"strings"
	"unicode"

	"alpaca/internal/jinja/text"
)

func isSpace(r rune) bool { return text.IsSpace(r) }

// decimal replaces the decimal digits of other scripts by ASCII digits.
// In Unicode's tables, the digits of each script are a run of ten.
func decimal(s string) string {
	return strings.Map(func(r rune) rune {
		if r < 0x80 || !unicode.IsDigit(r) {
			return r
		}
		for _, t := range unicode.Nd.R16 {
			if r >= rune(t.Lo) && r <= rune(t.Hi) {
				return '0' + (r-rune(t.Lo))%10
			}
		}
		for _, t := range unicode.Nd.R32 {
			if r >= rune(t.Lo) && r <= rune(t.Hi) {
				return '0' + (r-rune(t.Lo))%10
			}
		}
		return r
	}, s)
}
