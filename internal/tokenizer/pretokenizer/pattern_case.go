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
	upper, lower charSet // U and L
	contractions bool    // C
	numbers      int
	after        charSet
}

var (
	o200kWords  = caseWords{isUpperOrMark, isLowerOrMark, true, 3, isNewlineOrSlash}
	tekkenWords = caseWords{isUpperOrMark, isLowerOrMark, false, 1, isNewlineOrSlash}
	youtuWords  = caseWords{isUpperOrMark, isLowerOrMark, true, 1, isNewlineOrSlash}
)

// asciiCase is what llama.cpp makes of such a pattern: letters beyond ASCII are
// both U and L, marks are neither.
func (w caseWords) asciiCase() caseWords {
	w.upper, w.lower = isNotASCIILower, isNotASCIIUpper
	return w
}

// asciiCaseMarks is the same with marks in U and L.
func (w caseWords) asciiCaseMarks() caseWords {
	w.upper = func(r rune, c class) bool { return c == classMark || isNotASCIILower(r, c) }
	w.lower = func(r rune, c class) bool { return c == classMark || isNotASCIIUpper(r, c) }
	return w
}

// noCase is what llama.cpp makes of \p{Lu}, \p{Ll} and the like: all of them are \p{L}.
func (w caseWords) noCase() caseWords {
	w.upper, w.lower = isLetterOrMark, isLetterOrMark
	return w
}

func (w caseWords) step() step {
	return words{word: w.match, numbers: w.numbers, rest: isRest, after: w.after, spaces: (*chars).linesOrSpaces}.step()
}

// match matches the first two alternatives.
func (w *caseWords) match(t *chars, i, end int) int {
	start := t.afterPrefix(i)
	to := w.lowered(t, start, end)
	if to == start && start > i && w.upper(t.r[i], t.class[i]) { // the prefix is a mark
		start = i
		to = w.lowered(t, start, end)
	}
	if to == start {
		start = t.afterPrefix(i)
		to = t.run(w.upper, start, end)
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
	upper := t.run(w.upper, i, end)
	if lower := t.run(w.lower, upper, end); lower > upper {
		return lower
	}
	// Nothing is left for L+: U* gives back as far as the last character that is both.
	for to := upper; to > i; to-- {
		if w.lower(t.r[to-1], t.class[to-1]) {
			return to
		}
	}
	return i
}

func isUpperOrMark(_ rune, c class) bool { return c.letterOrMark() && c != classLower }
func isLowerOrMark(_ rune, c class) bool { return c.letterOrMark() && c != classUpper }

func isNotASCIILower(r rune, c class) bool { return c.letter() && (r < 'a' || r > 'z') }
func isNotASCIIUpper(r rune, c class) bool { return c.letter() && (r < 'A' || r > 'Z') }

// kimiStep cuts as o200kWords does, but that Han characters are words of their own,
// and no slashes follow other characters.
//
//	[\p{Han}]+|…
func kimiStep(han, upper, lower charSet) step {
	without := func(set charSet) charSet {
		return func(r rune, c class) bool { return set(r, c) && !han(r, c) }
	}
	letters := caseWords{without(upper), without(lower), true, 3, isNewline}
	w := words{
		word: func(t *chars, i, end int) int {
			if to := t.run(han, i, end); to > i {
				return to
			}
			return letters.match(t, i, end)
		},
		numbers: 3, rest: isRest, after: isNewline, spaces: (*chars).linesOrSpaces,
	}
	return w.step()
}
