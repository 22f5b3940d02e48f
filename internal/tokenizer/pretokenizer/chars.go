package pretokenizer

import (
	"sort"
	"unicode/utf8"
)

// class is what pre-tokenizers want to know of a character: its Unicode general
// category as far as they tell categories apart.
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

// letter tells whether the class is part of \p{L}.
func (c class) letter() bool { return c-classLetter <= classLower-classLetter }

// letterOrMark tells whether the class is part of [\p{L}\p{M}].
func (c class) letterOrMark() bool { return c-classLetter <= classMark-classLetter }

// number tells whether the class is part of \p{N}.
func (c class) number() bool { return c == classDigit || c == classNumber }

// classRange is a run of characters of one class; it lasts until the next begins.
type classRange struct {
	first rune
	class class
}

// asciiClasses is the part of classRanges that most texts need.
var asciiClasses = func() (ascii [utf8.RuneSelf]class) {
	for r := range ascii {
		ascii[r] = lookupClass(rune(r))
	}
	return ascii
}()

// classOf returns the class of a character. It is that of Unicode 15.1, whatever
// the version that Go's own tables have, so that a text's tokens do not depend on
// the compiler.
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
