package pretokenizer

// The patterns of LLaMA 3 and its many descendants.

// words is a pattern of the form
//
//	(?i:'s|'t|'re|'ve|'m|'ll|'d)|WORD|\p{N}{1,numbers}| ?REST+AFTER*|SPACES
type words struct {
	contractions bool    // the first alternative
	word         pattern // WORD: a word with the character before it
	numbers      int
	rest         pattern // REST+: a run of characters
	after        charSet // AFTER; nil: none
	once         bool    // AFTER? instead of AFTER*
	spaces       pattern
}

func (w words) step() step { return pattern(w.match).step }

func (w *words) match(t *chars, i, end int) int {
	if w.contractions {
		if to := t.contraction(i, end, true); to > i {
			return to
		}
	}
	if to := w.word(t, i, end); to > i {
		return to
	}
	if t.class[i].number() {
		return numbers.run(t, i, min(end, i+w.numbers))
	}
	start := t.afterSpace(i, end)
	to := w.rest(t, start, end)
	switch {
	case to == start:
		return w.spaces(t, i, end)
	case w.after == nil:
		return to
	case w.once:
		return t.run(w.after, to, min(end, to+1))
	}
	return t.run(w.after, to, end)
}

// llama3Words is
//
//	(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+
var llama3Words = words{
	contractions: true, word: (*chars).prefixedLetters, numbers: 3, rest: rest.run, after: isNewline, spaces: (*chars).linesOrSpaces,
}

// qwen2Words is llama3Words with \p{N} instead of \p{N}{1,3}. The pattern of the Bailing
// models, with \s*[\r\n] instead of \s*[\r\n]+, cuts in the same way.
var qwen2Words = words{
	contractions: true, word: (*chars).prefixedLetters, numbers: 1, rest: rest.run, after: isNewline, spaces: (*chars).linesOrSpaces,
}

// qwen35Words is qwen2Words with [\p{L}\p{M}] instead of \p{L}.
var qwen35Words = words{
	contractions: true, word: (*chars).prefixedLettersOrMarks, numbers: 1, rest: restNoMarks.run, after: isNewline, spaces: (*chars).linesOrSpaces,
}

// seedCoderWords is qwen2Words with [^\s\p{L}\p{N}\r\n]+ instead of [^\s\p{L}\p{N}]+[\r\n]*.
var seedCoderWords = words{
	contractions: true, word: (*chars).prefixedLetters, numbers: 1, rest: rest.run, spaces: (*chars).linesOrSpaces,
}

// ufakzekaWords is qwen2Words without contractions, which Turkish does not have.
var ufakzekaWords = words{
	word: (*chars).prefixedLetters, numbers: 1, rest: rest.run, after: isNewline, spaces: (*chars).linesOrSpaces,
}

// exaoneMoEWords is
//
//	(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?(?:\p{L}\p{M}*(?: \p{L}\p{M}*)*)+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n/]?|\s*[\r\n]|\s+(?!\S)|\s+
var exaoneMoEWords = words{
	contractions: true, word: (*chars).phrase, numbers: 1, rest: rest.run, after: isNewlineOrSlash, once: true, spaces: (*chars).linesOrSpaces,
}

// jais2Step cuts like llama3Words, except that it cuts long white space into pieces of 512, 256, …
// 4, 2 and 1 characters. It leaves the last character of white space to the text that follows.
//
//	…|\s*[\r\n]+|\s{512}(?!\S)|\s{256}(?!\S)|…|\s{4}(?!\S)|\s{1,2}(?!\S)|\s{1}
func jais2Step(t *chars, cut []int, start, end int) []int {
	s := jais2Spaces{}
	w := llama3Words
	w.spaces = s.match
	return pattern(w.match).step(t, cut, start, end)
}

// jais2Spaces remembers the end of the current white space, because searching for the end again for
// every piece would take quadratic time.
type jais2Spaces struct {
	end int // end of white space without line breaks
}

func (s *jais2Spaces) match(t *chars, i, end int) int {
	if i >= s.end {
		to := spaces.run(t, i, end)
		for last := to; last > i; last-- {
			if isNewline(t.r[last-1], 0) {
				return last
			}
		}
		s.end = to
	}
	free := s.end - i // length without the last character, unless the text ends here
	if s.end < end {
		free--
	}
	for n := 512; n >= 1; n /= 2 {
		if n <= free {
			return i + n
		}
	}
	return min(i+1, s.end)
}

// prefixedLetters matches [^\r\n\p{L}\p{N}]?\p{L}+: a word with the character before it,
// usually a space.
func (t *chars) prefixedLetters(i, end int) int {
	if start := t.afterPrefix(i); start < end && t.class[start].letter() {
		return letters.run(t, start+1, end)
	}
	return i
}

// prefixedLettersOrMarks matches [^\r\n\p{L}\p{N}]?[\p{L}\p{M}]+.
func (t *chars) prefixedLettersOrMarks(i, end int) int {
	start := t.afterPrefix(i)
	if to := lettersOrMarks.run(t, start, end); to > start {
		return to
	}
	return lettersOrMarks.run(t, i, end) // a mark that no letter follows
}

// phrase matches [^\r\n\p{L}\p{N}]?(?:\p{L}\p{M}*(?: \p{L}\p{M}*)*)+: words with single spaces
// between them.
func (t *chars) phrase(i, end int) int {
	at := t.afterPrefix(i)
	if !t.in(isLetter, at, end) {
		return i
	}
	for {
		switch {
		case t.in(isLetter, at, end):
			at = t.run(isMark, at+1, end)
		case t.is(' ', at, end) && t.in(isLetter, at+1, end):
			at = t.run(isMark, at+2, end)
		default:
			return at
		}
	}
}

// afterPrefix returns i+1 if character i is [^\r\n\p{L}\p{N}], otherwise i.
func (t *chars) afterPrefix(i int) int {
	if t.class[i].letter() || t.class[i].number() || isNewline(t.r[i], 0) {
		return i
	}
	return i + 1
}

// upToThreeNumbers cuts out \p{N}{1,3}.
var upToThreeNumbers = pattern(func(t *chars, i, end int) int {
	return numbers.run(t, i, min(end, i+3))
}).step
