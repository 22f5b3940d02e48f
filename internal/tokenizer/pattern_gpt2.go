package tokenizer

// The patterns of GPT-2, LLaMA 3 and their many descendants.

// matchGPT2 is
//
//	's|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+
func matchGPT2(t *chars, i, end int) int {
	if to := t.contraction(i, end, false); to > i {
		return to
	}
	if start := t.afterSpace(i, end); start < end {
		switch t.class[start] {
		case classLetter:
			return t.run(isLetter, start, end)
		case classNumber:
			return t.run(isNumber, start, end)
		case classSpace:
		default:
			return t.run(isRest, start, end)
		}
	}
	return t.spaces(i, end)
}

// matchLlama3 is
//
//	(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+
func matchLlama3(t *chars, i, end int) int { return t.llama3(i, end, 3) }

// matchQwen2 is the same with \p{N} for \p{N}{1,3}.
func matchQwen2(t *chars, i, end int) int { return t.llama3(i, end, 1) }

func (t *chars) llama3(i, end, numbers int) int {
	if to := t.contraction(i, end, true); to > i {
		return to
	}
	if to := t.prefixedLetters(i, end); to > i {
		return to
	}
	if t.class[i] == classNumber {
		return t.run(isNumber, i, min(end, i+numbers))
	}
	start := t.afterSpace(i, end)
	if to := t.run(isRest, start, end); to > start {
		return t.run(isNewline, to, end)
	}
	return t.linesOrSpaces(i, end)
}

// prefixedLetters matches [^\r\n\p{L}\p{N}]?\p{L}+: a word with what stands in
// front of it, usually a space.
func (t *chars) prefixedLetters(i, end int) int {
	if start := t.afterPrefix(i); t.in(isLetter, start, end) {
		return t.run(isLetter, start, end)
	}
	return i
}

// afterPrefix returns i+1 if character i is [^\r\n\p{L}\p{N}], else i.
func (t *chars) afterPrefix(i int) int {
	if t.class[i] == classLetter || t.class[i] == classNumber || isNewline(t.r[i], 0) {
		return i
	}
	return i + 1
}

// matchUpToThreeNumbers is \p{N}{1,3}.
func matchUpToThreeNumbers(t *chars, i, end int) int {
	return t.run(isNumber, i, min(end, i+3))
}

// matchThreeDigits is [0-9][0-9][0-9].
func matchThreeDigits(t *chars, i, end int) int {
	if i+3 <= end && t.run(isASCIIDigit, i, i+3) == i+3 {
		return i + 3
	}
	return i
}

// isFalconPunct is [\p{P}\$\+<=>\^~\|`].
func isFalconPunct(r rune, c class) bool { return isDefaultPunct(r, c) || r == '`' }

// isDefaultPunct is [\p{P}\$\+<=>\^~\|].
func isDefaultPunct(r rune, c class) bool {
	switch r {
	case '$', '+', '<', '=', '>', '^', '~', '|':
		return true
	}
	return c == classPunct
}
