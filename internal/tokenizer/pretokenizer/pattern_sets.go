package pretokenizer

import "unicode"

// Patterns for scripts, and for groups of digits.

// matchPoro is " ?[^(\s|.,!?…。，、।۔،)]+".
func matchPoro(t *chars, i, end int) int {
	start := t.afterSpace(i, end)
	if to := t.run(isPoro, start, end); to > start {
		return to
	}
	return i
}

func isPoro(r rune, c class) bool {
	switch r {
	case '(', ')', '|', '.', ',', '!', '?', '…', '。', '，', '、', '।', '۔', '،':
		return false
	}
	return c != classSpace
}

// matchLines is [^\n]+|\n+.
func matchLines(t *chars, i, end int) int {
	line := t.is('\n', i, end)
	return t.run(func(r rune, _ class) bool { return (r == '\n') == line }, i, end)
}

// matchYoutuScripts is
//
//	[가-힣ㄱ-ㆎ]+|[！…“”‘’—：；，、-〿︰-﹏]+|[ㄅ-ㄯ]+|[一-龥぀-ゟ゠-ヿ]+
func matchYoutuScripts(t *chars, i, end int) int {
	for _, set := range [...]charSet{isHangul, isCJKPunct, isBopomofo, isDeepSeek3CJK} {
		if to := t.run(set, i, end); to > i {
			return to
		}
	}
	return i
}

func isHangul(r rune, _ class) bool {
	return '가' <= r && r <= '힣' || 'ㄱ' <= r && r <= 'ㆎ'
}

func isCJKPunct(r rune, _ class) bool {
	switch r {
	case '！', '…', '“', '”', '‘', '’', '—', '：', '；', '，':
		return true
	}
	return 0x3001 <= r && r <= 0x303F || 0xFE30 <= r && r <= 0xFE4F
}

func isBopomofo(r rune, _ class) bool { return 'ㄅ' <= r && r <= 'ㄯ' }

// isAFMoEScript is a set of characters from scripts without spaces between words: Chinese,
// Japanese, Korean, Thai, Lao, Khmer, Burmese. One range of the pattern begins at U+8C48. It was
// meant to begin at U+F900, a character that looks the same.
func isAFMoEScript(r rune, _ class) bool {
	return r >= 0x0E40 && unicode.Is(afmoeScripts, r)
}

var afmoeScripts = &unicode.RangeTable{R16: []unicode.Range16{
	{0x0E40, 0x0EFF, 1}, {0x1000, 0x109F, 1}, {0x1100, 0x11FF, 1}, {0x1780, 0x17FF, 1}, {0x2F00, 0x2FDF, 1},
	{0x3040, 0x30FF, 1}, {0x3400, 0x4DBF, 1}, {0x4E00, 0xFAFF, 1}, {0xFF65, 0xFF9F, 1},
}}

// isHan is \p{Han} of Unicode 15.1.
func isHan(r rune, _ class) bool { return r >= 0x2E80 && unicode.Is(hanScript, r) }

var hanScript = &unicode.RangeTable{
	R16: []unicode.Range16{
		{0x2E80, 0x2E99, 1}, {0x2E9B, 0x2EF3, 1}, {0x2F00, 0x2FD5, 1}, {0x3005, 0x3005, 1}, {0x3007, 0x3007, 1}, {0x3021, 0x3029, 1},
		{0x3038, 0x303B, 1}, {0x3400, 0x4DBF, 1}, {0x4E00, 0x9FFF, 1}, {0xF900, 0xFA6D, 1}, {0xFA70, 0xFAD9, 1},
	},
	R32: []unicode.Range32{
		{0x16FE2, 0x16FE3, 1}, {0x16FF0, 0x16FF1, 1}, {0x20000, 0x2A6DF, 1}, {0x2A700, 0x2B739, 1}, {0x2B740, 0x2B81D, 1},
		{0x2B820, 0x2CEA1, 1}, {0x2CEB0, 0x2EBE0, 1}, {0x2EBF0, 0x2EE5D, 1}, {0x2F800, 0x2FA1D, 1}, {0x30000, 0x3134A, 1}, {0x31350, 0x323AF, 1},
	},
}

// isReferenceHan is \p{Han} as llama.cpp implements it.
func isReferenceHan(r rune, _ class) bool {
	return 0x4E00 <= r && r <= 0x9FFF || 0x3400 <= r && r <= 0x4DBF || 0x20000 <= r && r <= 0x2A6DF ||
		0x2A700 <= r && r <= 0x2EBEF || // llama.cpp has no gaps here
		0xF900 <= r && r <= 0xFAFF || 0x2F800 <= r && r <= 0x2FA1F
}

// digitGroups cuts out \d{1,3}(?=(?:\d{3})*\b): digits in groups of three, counted from the right,
// unless a letter follows.
func digitGroups(t *chars, cut []int, start, end int) []int {
	for i := start; i < end; {
		if t.class[i] != classDigit {
			i++
			continue
		}
		to := t.run(isDigit, i, end)
		if t.in(isWord, to, end) {
			i = to
			continue
		}
		if i > start {
			cut = append(cut, i)
		}
		cut = appendGroups(cut, i, to)
		start, i = to, to
	}
	if start < end {
		cut = append(cut, end)
	}
	return cut
}

// numberGroups cuts after every group of three numbers from the right. It does not cut between
// a number and the text before it.
func numberGroups(t *chars, cut []int, start, end int) []int {
	last := start
	for i := start; i < end; {
		to := numbers.run(t, i, end)
		if to == i {
			i++
			continue
		}
		cut = appendGroups(cut, i, to)
		i, last = to, to
	}
	if last < end {
		cut = append(cut, end)
	}
	return cut
}

// appendGroups appends the ends of the groups of three characters in t[start:end], grouped from
// the right.
func appendGroups(cut []int, start, end int) []int {
	for at := start + (end-start)%3; at <= end; at += 3 {
		if at > start {
			cut = append(cut, at)
		}
	}
	return cut
}

// cutThousands cuts at (?=(\d{3})+(?!\d)): in front of every group of three ASCII
// digits from the right.
func cutThousands(t *chars, cut []int, start, end int) []int {
	last := start
	for i := start; i < end; {
		to := t.run(isASCIIDigit, i, end)
		if to == i {
			i++
			continue
		}
		for at := i + (to-i)%3; at < to; at += 3 {
			if at > last {
				cut = append(cut, at)
				last = at
			}
		}
		i = to
	}
	return append(cut, end)
}

func isDigit(_ rune, c class) bool { return c == classDigit }

// isWord is \w.
func isWord(r rune, c class) bool {
	switch r {
	case '_', '‿', '⁀', '⁔', '︳', '︴', '﹍', '﹎', '﹏', '＿':
		return true
	}
	return c.letterOrMark() || c == classDigit
}
