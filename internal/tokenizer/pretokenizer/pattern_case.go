package pretokenizer

// The patterns of GPT-4o (o200k), Tekken (Mistral) and Kimi, which cut a word where a capital
// follows a small letter.

// caseWords is a pattern of the form
//
//	P?U*L+C?|P?U+L*C?|\p{N}{1,numbers}| ?[^\s\p{L}\p{N}]+AFTER*|\s*[\r\n]+|\s+(?!\S)|\s+
//
// P is [^\r\n\p{L}\p{N}]. U is the set of letters that are not small, and L is the set of letters
// that are not capital. U and L include marks. C is (?i:'s|'t|'re|'ve|'m|'ll|'d).
type caseWords struct {
	upper, lower classSet // U and L
	contractions bool     // C
	numbers      int
	after        charSet
	// patterns for runs of U and of L if U and L are not sets of classes; otherwise nil
	upperRun, lowerRun pattern
}

var (
	o200kWords  = caseWords{upper: uppersOrMarks, lower: lowersOrMarks, contractions: true, numbers: 3, after: isNewlineOrSlash}
	tekkenWords = caseWords{upper: uppersOrMarks, lower: lowersOrMarks, numbers: 1, after: isNewlineOrSlash}
	youtuWords  = caseWords{upper: uppersOrMarks, lower: lowersOrMarks, contractions: true, numbers: 1, after: isNewlineOrSlash}
)

// asciiCase returns w as llama.cpp implements it: letters beyond ASCII are in both U and L, and
// marks are in neither.
func (w caseWords) asciiCase() caseWords {
	w.upperRun, w.lowerRun = charSet(isNotASCIILower).run, charSet(isNotASCIIUpper).run
	return w
}

// asciiCaseMarks does what asciiCase does, but marks are in U and in L.
func (w caseWords) asciiCaseMarks() caseWords {
	w.upperRun = charSet(func(r rune, c class) bool { return c == classMark || isNotASCIILower(r, c) }).run
	w.lowerRun = charSet(func(r rune, c class) bool { return c == classMark || isNotASCIIUpper(r, c) }).run
	return w
}

// noCase returns w as llama.cpp implements it if the pattern has \p{Lu}, \p{Ll}
// and the like: llama.cpp replaces all of these with \p{L}.
func (w caseWords) noCase() caseWords {
	w.upper, w.lower = lettersOrMarks, lettersOrMarks
	return w
}

func (w caseWords) step() step {
	return words{word: w.match, numbers: w.numbers, rest: rest.run, after: w.after, spaces: (*chars).linesOrSpaces}.step()
}

// match matches the first two alternatives of the pattern.
func (w *caseWords) match(t *chars, i, end int) int {
	start := t.afterPrefix(i)
	to := w.lowered(t, start, end)
	if to == start && start > i && w.runUpper(t, i, start) > i { // the prefix is a mark
		start = i
		to = w.lowered(t, start, end)
	}
	if to == start {
		start = t.afterPrefix(i)
		to = w.runUpper(t, start, end)
	}
	if to == start {
		return i
	}
	if w.contractions {
		return t.contraction(to, end, true)
	}
	return to
}

// lowered matches U*L+.
func (w *caseWords) lowered(t *chars, i, end int) int {
	upper := w.runUpper(t, i, end)
	if lower := w.runLower(t, upper, end); lower > upper {
		return lower
	}
	// Nothing is left for L+. So go back to the last character that is in both U and L.
	for to := upper; to > i; to-- {
		if w.runLower(t, to-1, to) == to {
			return to
		}
	}
	return i
}

func (w *caseWords) runUpper(t *chars, i, end int) int {
	if w.upperRun != nil {
		return w.upperRun(t, i, end)
	}
	return w.upper.run(t, i, end)
}

func (w *caseWords) runLower(t *chars, i, end int) int {
	if w.lowerRun != nil {
		return w.lowerRun(t, i, end)
	}
	return w.lower.run(t, i, end)
}

func isNotASCIILower(r rune, c class) bool { return c.letter() && (r < 'a' || r > 'z') }
func isNotASCIIUpper(r rune, c class) bool { return c.letter() && (r < 'A' || r > 'Z') }

// kimiStep cuts like o200kWords, except that runs of Han characters are words, and slashes are
// not in AFTER.
//
//	[\p{Han}]+|…
func kimiStep(han charSet, upper, lower classSet) step {
	without := func(set classSet) pattern {
		return charSet(func(r rune, c class) bool { return set>>c&1 != 0 && !han(r, c) }).run
	}
	cased := caseWords{upperRun: without(upper), lowerRun: without(lower), contractions: true}
	w := words{
		word: func(t *chars, i, end int) int {
			if to := t.run(han, i, end); to > i {
				return to
			}
			return cased.match(t, i, end)
		},
		numbers: 3, rest: rest.run, after: isNewline, spaces: (*chars).linesOrSpaces,
	}
	return w.step()
}
