package pretokenizer

// The patterns of LLaMA 3 and its many descendants.

// words is a pattern of the form
//
//	(?i:'s|'t|'re|'ve|'m|'ll|'d)|WORD|\p{N}{1,numbers}| ?REST+AFTER*|SPACES
type words struct {
	contractions bool    // the first alternative
	word         pattern // a word with what stands in front of it
	numbers      int
	rest         pattern // a run of characters
	after        charSet // nil: nothing
	once         bool    // AFTER? for AFTER*
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

// qwen2Words is the same with \p{N} for \p{N}{1,3}. (The pattern of the Bailing
// models, which has \s*[\r\n] for \s*[\r\n]+, cuts alike.)
var qwen2Words = words{
	contractions: true, word: (*chars).prefixedLetters, numbers: 1, rest: rest.run, after: isNewline, spaces: (*chars).linesOrSpaces,
}

// qwen35Words is the same with [\p{L}\p{M}] for \p{L}.
var qwen35Words = words{
	contractions: true, word: (*chars).prefixedLettersOrMarks, numbers: 1, rest: restNoMarks.run, after: isNewline, spaces: (*chars).linesOrSpaces,
}

// seedCoderWords is that of qwen2Words with [^\s\p{L}\p{N}\r\n]+ for [^\s\p{L}\p{N}]+[\r\n]*.
var seedCoderWords = words{
	contractions: true, word: (*chars).prefixedLetters, numbers: 1, rest: rest.run, spaces: (*chars).linesOrSpaces,
}

// ufakzekaWords is that of qwen2Words without contractions, which Turkish has not got.
var ufakzekaWords = words{
	word: (*chars).prefixedLetters, numbers: 1, rest: rest.run, after: isNewline, spaces: (*chars).linesOrSpaces,
}

// exaoneMoEWords is
//
//	(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?(?:\p{L}\p{M}*(?: \p{L}\p{M}*)*)+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n/]?|\s*[\r\n]|\s+(?!\S)|\s+
var exaoneMoEWords = words{
	contractions: true, word: (*chars).phrase, numbers: 1, rest: rest.run, after: isNewlineOrSlash, once: true, spaces: (*chars).linesOrSpaces,
}

// jais2Step cuts as llama3Words does, but for long white space: it falls into
// pieces of 512, 256, … 4, 2 and 1, the last of which is left to what follows.
//
//	…|\s*[\r\n]+|\s{512}(?!\S)|\s{256}(?!\S)|…|\s{4}(?!\S)|\s{1,2}(?!\S)|\s{1}
func jais2Step(t *chars, cut []int, start, end int) []int {
	s := jais2Spaces{}
	w := llama3Words
	w.spaces = s.match
	return pattern(w.match).step(t, cut, start, end)
}

// jais2Spaces remembers where the white space ends that it has seen: looking for
// that again in front of every piece would take quadratic time.
type jais2Spaces struct {
	end int // of white space without line breaks
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
	free := s.end - i // may be taken without touching what follows
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

// prefixedLetters matches [^\r\n\p{L}\p{N}]?\p{L}+: a word with what stands in
// front of it, usually a space.
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

// phrase matches [^\r\n\p{L}\p{N}]?(?:\p{L}\p{M}*(?: \p{L}\p{M}*)*)+: words with a space
// between each.
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

// afterPrefix returns i+1 if character i is [^\r\n\p{L}\p{N}], else i.
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
