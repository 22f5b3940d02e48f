package text

import (
	"slices"
	"strings"
	"unicode"
)

// in reports whether a sorted table of ranges contains r.
func in(table [][2]rune, r rune) bool {
	_, ok := slices.BinarySearchFunc(table, r, func(e [2]rune, r rune) int {
		switch {
		case e[1] < r:
			return -1
		case e[0] > r:
			return 1
		}
		return 0
	})
	return ok
}

// The methods of Python's str, for one character.

// IsLower is str.islower.
func IsLower(r rune) bool { return unicode.Is(unicode.Ll, r) || r >= 0x80 && in(lowerOther, r) }

// IsUpper is str.isupper.
func IsUpper(r rune) bool { return unicode.Is(unicode.Lu, r) || r >= 0x80 && in(upperOther, r) }

// IsAlpha is str.isalpha.
func IsAlpha(r rune) bool { return unicode.IsLetter(r) }

// IsDecimal is str.isdecimal.
func IsDecimal(r rune) bool { return unicode.IsDigit(r) }

// IsDigit is str.isdigit.
func IsDigit(r rune) bool { return unicode.IsDigit(r) || in(digits, r) }

// IsNumeric is str.isnumeric.
func IsNumeric(r rune) bool { return unicode.IsNumber(r) || in(numerals, r) }

// IsAlnum is str.isalnum.
func IsAlnum(r rune) bool { return IsAlpha(r) || IsNumeric(r) || in(digits, r) }

// isCased reports whether a character has a case.
func isCased(r rune) bool { return IsLower(r) || IsUpper(r) || unicode.IsTitle(r) }

// mapRunes replaces each character by f(i, r). The new text keeps the origin of the character.
func (t Text) mapRunes(f func(i int, r rune) string) Text {
	var b Builder
	for i, r := range t.s {
		b.AddString(f(i, r), t.at(i))
	}
	return b.Text().AsSafe(t.safe)
}

func upper(r rune) string {
	if s, ok := upperFull[r]; ok && r >= 0x80 {
		return s
	}
	return string(unicode.ToUpper(r))
}

func title(r rune) string {
	if s, ok := titleFull[r]; ok && r >= 0x80 {
		return s
	}
	return string(unicode.ToTitle(r))
}

// lower returns the lower case of the character at i. A capital sigma at the end of a word has
// its own lower case.
func (t Text) lower(i int, r rune) string {
	switch r {
	case 'Σ':
		before := func(r rune) bool { return !caseIgnorable(r) }
		j := strings.LastIndexFunc(t.s[:i], before)
		k := strings.IndexFunc(t.s[i+len("Σ"):], before)
		final := j >= 0 && isCased([]rune(t.s[j:i])[0])
		if k >= 0 {
			final = final && !isCased([]rune(t.s[i+len("Σ")+k:])[0])
		}
		if final {
			return "ς"
		}
		return "σ"
	case 'İ':
		return "i̇"
	}
	return string(unicode.ToLower(r))
}

// caseIgnorable reports whether Unicode's rule for the final sigma ignores r.
func caseIgnorable(r rune) bool {
	return unicode.In(r, unicode.Mn, unicode.Me, unicode.Cf, unicode.Lm, unicode.Sk) ||
		strings.ContainsRune("'.:··՟״‘’․‧︓﹒﹕＇．：", r)
}

// Upper is str.upper.
func (t Text) Upper() Text { return t.mapRunes(func(_ int, r rune) string { return upper(r) }) }

// Lower is str.lower.
func (t Text) Lower() Text { return t.mapRunes(t.lower) }

// Casefold is str.casefold.
func (t Text) Casefold() Text {
	return t.mapRunes(func(i int, r rune) string {
		if s, ok := folded[r]; ok {
			return s
		}
		if r == 'İ' {
			return "i̇"
		}
		return string(unicode.ToLower(r))
	})
}

// Swapcase is str.swapcase.
func (t Text) Swapcase() Text {
	return t.mapRunes(func(i int, r rune) string {
		switch {
		case IsUpper(r):
			return t.lower(i, r)
		case IsLower(r):
			return upper(r)
		}
		return string(r)
	})
}

// Capitalize is str.capitalize.
func (t Text) Capitalize() Text {
	return t.mapRunes(func(i int, r rune) string {
		if i == 0 {
			return title(r)
		}
		return t.lower(i, r)
	})
}

// Title is str.title.
func (t Text) Title() Text {
	inWord := false
	return t.mapRunes(func(i int, r rune) string {
		was := inWord
		inWord = isCased(r)
		if was {
			return t.lower(i, r)
		}
		return title(r)
	})
}

// IsTitle is str.istitle.
func (t Text) IsTitle() bool {
	cased, inWord := false, false
	for _, r := range t.s {
		switch {
		case IsUpper(r) || unicode.IsTitle(r):
			if inWord {
				return false
			}
			inWord, cased = true, true
		case IsLower(r):
			if !inWord {
				return false
			}
			cased = true
		default:
			inWord = false
		}
	}
	return cased
}

// OneCase is str.isupper if upper is set, and otherwise str.islower. It reports whether there are
// cased characters and all of them have this case.
func (t Text) OneCase(upper bool) bool {
	cased := false
	for _, r := range t.s {
		switch {
		case unicode.IsTitle(r), upper && IsLower(r), !upper && IsUpper(r):
			return false
		case IsUpper(r), IsLower(r):
			cased = true
		}
	}
	return cased
}

// Each reports whether the text is not empty and f is true for each character.
func (t Text) Each(f func(rune) bool) bool {
	return t.s != "" && strings.IndexFunc(t.s, func(r rune) bool { return !f(r) }) < 0
}
