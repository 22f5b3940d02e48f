package pretokenizer

// The patterns that part a word where a capital follows a small letter: those of
// GPT-4o (o200k), Tekken (Mistral) and Kimi.

// caseWords is a pattern of the form
//
//	P?U*L+C?|P?U+L*C?|\p{N}{1,numbers}| ?[^\s\p{L}\p{N}]+AFTER*|\s*[\r\n]+|\s+(?!\S)|\s+
//
// where P is [^\r\n\p{L}\p{N}], U the letters that are not small and L those that are
// not capital, with marks in both, and C (?i:'s|'t|'re|'ve|'m|'ll|'d).
type caseWords struct {
	upper, lower pattern // runs of U and of L
	contractions bool    // C
	numbers      int
	after        charSet
}

var (
	o200kWords  = caseWords{uppersOrMarks.run, lowersOrMarks.run, true, 3, isNewlineOrSlash}
	tekkenWords = caseWords{uppersOrMarks.run, lowersOrMarks.run, false, 1, isNewlineOrSlash}
	youtuWords  = caseWords{uppersOrMarks.run, lowersOrMarks.run, true, 1, isNewlineOrSlash}
)

// asciiCase is what the reference makes of such a pattern: letters beyond ASCII are
// both U and L, marks are neither.
func (w caseWords) asciiCase() caseWords {
	w.upper, w.lower = charSet(isNotASCIILower).run, charSet(isNotASCIIUpper).run
	return w
}

// asciiCaseMarks is the same with marks in U and L.
func (w caseWords) asciiCaseMarks() caseWords {
	w.upper = charSet(func(r rune, c class) bool { return c == classMark || isNotASCIILower(r, c) }).run
	w.lower = charSet(func(r rune, c class) bool { return c == classMark || isNotASCIIUpper(r, c) }).run
	return w
}

// noCase is what the reference makes of \p{Lu}, \p{Ll} and the like: all of them are \p{L}.
func (w caseWords) noCase() caseWords {
	w.upper, w.lower = lettersOrMarks.run, lettersOrMarks.run
	return w
}

func (w caseWords) step() step {
	return words{word: w.match, numbers: w.numbers, rest: rest.run, after: w.after, spaces: (*chars).linesOrSpaces}.step()
}

// match matches the first two alternatives.
func (w *caseWords) match(t *chars, i, end int) int {
	start := t.afterPrefix(i)
	to := w.lowered(t, start, end)
	if to == start && start > i && w.upper(t, i, start) > i { // the prefix is a mark
		start = i
		to = w.lowered(t, start, end)
	}
	if to == start {
		start = t.afterPrefix(i)
		to = w.upper(t, start, end)
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
	upper := w.upper(t, i, end)
	if lower := w.lower(t, upper, end); lower > upper {
		return lower
	}
	// Nothing is left for L+: U* gives back as far as the last character that is both.
	for to := upper; to > i; to-- {
		if w.lower(t, to-1, to) == to {
			return to
		}
	}
	return i
}

func isNotASCIILower(r rune, c class) bool { return c.letter() && (r < 'a' || r > 'z') }
func isNotASCIIUpper(r rune, c class) bool { return c.letter() && (r < 'A' || r > 'Z') }

// kimiStep cuts as o200kWords does, but that Han characters are words of their own,
// and no slashes follow other characters.
//
//	[\p{Han}]+|…
func kimiStep(han charSet, upper, lower classSet) step {
	without := func(set classSet) pattern {
		return charSet(func(r rune, c class) bool { return set>>c&1 != 0 && !han(r, c) }).run
	}
	cased := caseWords{without(upper), without(lower), true, 3, isNewline}
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
