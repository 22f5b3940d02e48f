package pretokenizer

import "unicode"

// The patterns of the DeepSeek models.

// cutFinalSpaces cuts out \s+$: white space at the end of the piece. It is not written as a
// pattern, because a search from the end avoids quadratic time if there is long white space
// elsewhere.
func cutFinalSpaces(t *chars, cut []int, start, end int) []int {
	i := end
	for i > start && t.class[i-1] == classSpace {
		i--
	}
	if i > start && i < end {
		cut = append(cut, i)
	}
	return append(cut, end)
}

// isDeepSeekLetter is the set of letters that the pattern of "deepseek-llm" lists one by one.
func isDeepSeekLetter(r rune, _ class) bool {
	if r < 0x80 {
		return isASCIILetter(r, 0)
	}
	return unicode.Is(deepSeekLetters, r)
}

// isDeepSeekPunct is [!-/:-~！-／：-～‘-‟　-。] without the ideographic space U+3000, because llama.cpp
// treats this character as white space.
func isDeepSeekPunct(r rune, _ class) bool {
	return '!' <= r && r <= '/' || ':' <= r && r <= '~' ||
		'！' <= r && r <= '／' || '：' <= r && r <= '～' || '‘' <= r && r <= '‟' || r == '、' || r == '。'
}

// isDeepSeekCJK is [一-龥ࠀ-一가-퟿] without white space. It includes most of the scripts between
// Samaritan and the CJK ideographs.
func isDeepSeekCJK(r rune, c class) bool {
	return c != classSpace && (0x0800 <= r && r <= 0x9FA5 || 0xAC00 <= r && r <= 0xD7FF)
}

// isDeepSeek3CJK is [一-龥぀-ゟ゠-ヿ].
func isDeepSeek3CJK(r rune, _ class) bool {
	return 0x4E00 <= r && r <= 0x9FA5 || 0x3040 <= r && r <= 0x30FF
}

// matchDeepSeek3 is
//
//	[!-/:-@\[-`{-~][A-Za-z]+|[^\r\n\p{L}\p{P}\p{S}]?[\p{L}\p{M}]+| ?[\p{P}\p{S}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+
//
// Numbers and control characters match none of the alternatives, so they stay between the
// matches.
func matchDeepSeek3(t *chars, i, end int) int {
	if to := t.deepSeek3Word(i, end); to > i {
		return to
	}
	start := t.afterSpace(i, end)
	if to := punctOrSymbols.run(t, start, end); to > start {
		return t.run(isNewline, to, end)
	}
	return t.linesOrSpaces(i, end)
}

// matchSpark is matchDeepSeek3 with [\r\n] instead of \s*[\r\n]+, and without line breaks after
// [\p{P}\p{S}]+.
func matchSpark(t *chars, i, end int) int {
	if to := t.deepSeek3Word(i, end); to > i {
		return to
	}
	start := t.afterSpace(i, end)
	if to := punctOrSymbols.run(t, start, end); to > start {
		return to
	}
	if isNewline(t.r[i], 0) {
		return i + 1
	}
	return t.spaces(i, end)
}

// deepSeek3Word matches the first two alternatives of matchDeepSeek3.
func (t *chars) deepSeek3Word(i, end int) int {
	if t.in(isASCIIPunct, i, end) && t.in(isASCIILetter, i+1, end) {
		return t.run(isASCIILetter, i+1, end)
	}
	start := i
	if c := t.class[i]; c != classPunct && c != classSymbol && !c.letterOrMark() && !isNewline(t.r[i], 0) {
		start = i + 1
	}
	if to := lettersOrMarks.run(t, start, end); to > start {
		return to
	}
	return i
}

var punctOrSymbols = setOf(classPunct, classSymbol)
