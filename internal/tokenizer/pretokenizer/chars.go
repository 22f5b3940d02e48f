package pretokenizer

import (
	"sort"
	"unicode/utf8"
)

// class is a character's Unicode general category. Categories that pre-tokenizers do not
// distinguish are one class.
type class uint8

// The classes.
const (
	classOther  class = iota // control, format, private, unassigned
	classLetter              // \p{Lm}\p{Lo}: letters that are neither capital nor small
	classUpper               // \p{Lu}\p{Lt}
	classLower               // \p{Ll}
	classMark                // \p{M}
	classDigit               // \p{Nd}
	classNumber              // \p{Nl}\p{No}
	classPunct               // \p{P}
	classSymbol              // \p{S}
	classSpace               // \s: the characters with the property White_Space
)

// letter reports whether the class is part of \p{L}.
func (c class) letter() bool { return c-classLetter <= classLower-classLetter }

// letterOrMark reports whether the class is part of [\p{L}\p{M}].
func (c class) letterOrMark() bool { return c-classLetter <= classMark-classLetter }

// number reports whether the class is part of \p{N}.
func (c class) number() bool { return c == classDigit || c == classNumber }

// classRange is a run of characters of one class, up to the first character of the next run.
type classRange struct {
	first rune
	class class
}

// asciiClasses are the classes of ASCII characters, for faster look-up.
var asciiClasses = func() (ascii [utf8.RuneSelf]class) {
	for r := range ascii {
		ascii[r] = lookupClass(rune(r))
	}
	return ascii
}()

// classOf returns the class of a character in Unicode 15.1. It does not use Go's own tables, so
// that a text's tokens do not depend on the version of Go.
func classOf(r rune) class {
	if r < utf8.RuneSelf {
		return asciiClasses[r]
	}
	return lookupClass(r)
}

func lookupClass(r rune) class {
	after := sort.Search(len(classRanges), func(i int) bool { return classRanges[i].first > r })
	return classRanges[after-1].class
}

// chars is a text as pre-tokenizers see it.
type chars struct {
	r     []rune  // [chars]
	class []class // [chars]
}

// newChars decodes a valid text.
func newChars(text string) *chars {
	n := utf8.RuneCountInString(text)
	t := &chars{r: make([]rune, n), class: make([]class, n)}
	i := 0
	for _, r := range text {
		t.r[i], t.class[i] = r, classOf(r)
		i++
	}
	return t
}
