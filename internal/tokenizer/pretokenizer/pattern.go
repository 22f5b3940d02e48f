package pretokenizer

// Building blocks of patterns.

// charSet reports whether the character r, whose class is c, is in a set.
type charSet func(r rune, c class) bool

func isLetter(_ rune, c class) bool  { return c.letter() }
func isNumber(_ rune, c class) bool  { return c.number() }
func isPunct(_ rune, c class) bool   { return c == classPunct }
func isNewline(r rune, _ class) bool { return r == '\r' || r == '\n' }
func isMark(_ rune, c class) bool    { return c == classMark }

func isNewlineOrSlash(r rune, _ class) bool { return r == '\r' || r == '\n' || r == '/' }

func isASCIIDigit(r rune, _ class) bool  { return '0' <= r && r <= '9' }
func isASCIILetter(r rune, _ class) bool { return 'A' <= r && r <= 'Z' || 'a' <= r && r <= 'z' }

// isASCIIPunct is the set of printable ASCII characters except letters, digits and space.
func isASCIIPunct(r rune, c class) bool {
	return '!' <= r && r <= '~' && !isASCIIDigit(r, c) && !isASCIILetter(r, c)
}

// in reports whether i < end and character i is in the set.
func (t *chars) in(set charSet, i, end int) bool { return i < end && set(t.r[i], t.class[i]) }

// is reports whether i < end and character i is r.
func (t *chars) is(r rune, i, end int) bool { return i < end && t.r[i] == r }

// run returns the end of the longest run of characters of the set from i.
func (t *chars) run(set charSet, i, end int) int {
	for i < end && set(t.r[i], t.class[i]) {
		i++
	}
	return i
}

// classSet is a set of classes, with a bit for each. It is faster than a charSet.
type classSet uint16

func setOf(classes ...class) (set classSet) {
	for _, c := range classes {
		set |= 1 << c
	}
	return set
}

var (
	letters        = setOf(classLetter, classUpper, classLower)
	lettersOrMarks = letters | setOf(classMark)
	uppersOrMarks  = lettersOrMarks &^ setOf(classLower)
	lowersOrMarks  = lettersOrMarks &^ setOf(classUpper)
	numbers        = setOf(classDigit, classNumber)
	spaces         = setOf(classSpace)
	rest           = ^(letters | numbers | spaces)        // [^\s\p{L}\p{N}]
	restNoMarks    = ^(lettersOrMarks | numbers | spaces) // [^\s\p{L}\p{M}\p{N}]
)

// run is a pattern: the longest run of characters of the set.
func (set classSet) run(t *chars, i, end int) int {
	for i < end && set>>t.class[i]&1 != 0 {
		i++
	}
	return i
}

// run is a pattern: the longest run of characters of the set.
func (set charSet) run(t *chars, i, end int) int { return t.run(set, i, end) }

// afterSpace matches " ?", with which many patterns begin. It returns i+1 if character i is a space
// (U+0020), otherwise i.
func (t *chars) afterSpace(i, end int) int {
	if t.is(' ', i, end) {
		return i + 1
	}
	return i
}

// literal returns the end of text if text stands at i, otherwise i.
func (t *chars) literal(text string, i, end int) int {
	at := i
	for _, r := range text {
		if !t.is(r, at, end) {
			return i
		}
		at++
	}
	return at
}

// one cuts out every character of the set.
func one(set charSet) step {
	return pattern(func(t *chars, i, end int) int {
		if t.in(set, i, end) {
			return i + 1
		}
		return i
	}).step
}

// many cuts out every run of characters of the set.
func many(set charSet) step {
	return pattern(func(t *chars, i, end int) int { return t.run(set, i, end) }).step
}

// spaceThenMany cuts out every \s?[set]+. The set must not have white space.
func spaceThenMany(set charSet) step {
	return pattern(func(t *chars, i, end int) int {
		start := i
		if t.class[i] == classSpace {
			start++
		}
		if to := t.run(set, start, end); to > start {
			return to
		}
		return i
	}).step
}

// contraction returns the end of 's, 't, 're, 've, 'm, 'll or 'd if one of them stands at i,
// otherwise i. If fold is true, capitals match, too.
func (t *chars) contraction(i, end int, fold bool) int {
	if !t.is('\'', i, end) || i+1 >= end {
		return i
	}
	letter := func(i int) rune {
		r := t.r[i]
		if fold && 'A' <= r && r <= 'Z' {
			r += 'a' - 'A'
		}
		return r
	}
	a := letter(i + 1)
	if a == 's' || a == 't' || a == 'm' || a == 'd' {
		return i + 2
	}
	if i+2 < end {
		b := letter(i + 2)
		if a == 'r' && b == 'e' || a == 'v' && b == 'e' || a == 'l' && b == 'l' {
			return i + 3
		}
	}
	return i
}

// spaces matches \s+(?!\S)|\s+: white space without its last character. If the white space is a
// single character, or nothing follows it, spaces matches all of it.
func (t *chars) spaces(i, end int) int {
	to := spaces.run(t, i, end)
	if to-i > 1 && to < end {
		to--
	}
	return to
}

// linesOrSpaces matches \s*[\r\n]+|\s+(?!\S)|\s+: white space up to and including its last line
// break. Without a line break, it matches what spaces matches.
func (t *chars) linesOrSpaces(i, end int) int {
	to := spaces.run(t, i, end)
	for last := to; last > i; last-- {
		if isNewline(t.r[last-1], 0) {
			return last
		}
	}
	if to-i > 1 && to < end {
		to--
	}
	return to
}

func isNotSpace(_ rune, c class) bool { return c != classSpace }
