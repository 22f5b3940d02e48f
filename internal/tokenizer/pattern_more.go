package tokenizer

// The patterns of Tekken (Mistral), Poro, Bloom and Chameleon.

// matchTekken is
//
//	[^\r\n\p{L}\p{N}]?U*L+|[^\r\n\p{L}\p{N}]?U+L*|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+
//
// where U is any letter but a–z, and L any letter but A–Z. (Letters outside ASCII
// are both: their case is not looked at.)
func matchTekken(t *chars, i, end int) int {
	if to := t.tekkenWord(i, end); to > i {
		return to
	}
	if t.class[i] == classNumber {
		return i + 1
	}
	start := t.afterSpace(i, end)
	if to := t.run(isRest, start, end); to > start {
		return t.run(func(r rune, _ class) bool { return r == '\r' || r == '\n' || r == '/' }, to, end)
	}
	return t.linesOrSpaces(i, end)
}

// tekkenWord matches the first two alternatives of matchTekken.
func (t *chars) tekkenWord(i, end int) int {
	start := t.afterPrefix(i)
	if !t.in(isLetter, start, end) {
		return i
	}
	upper := t.run(isTekkenUpper, start, end)
	if lower := t.run(isTekkenLower, upper, end); lower > upper {
		return lower
	}
	// Nothing is left for L+. It takes back from U* up to the last letter that is
	// both; if there is none, U+ has the run.
	for to := upper; to > start; to-- {
		if isTekkenLower(t.r[to-1], t.class[to-1]) {
			return to
		}
	}
	return upper
}

func isTekkenUpper(r rune, c class) bool { return c == classLetter && (r < 'a' || r > 'z') }
func isTekkenLower(r rune, c class) bool { return c == classLetter && (r < 'A' || r > 'Z') }

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

// matchSentinel is <sentinel:[0-9]+>.
func matchSentinel(t *chars, i, end int) int {
	start := t.literal("<sentinel:", i, end)
	if start == i {
		return i
	}
	if to := t.run(isASCIIDigit, start, end); to > start && t.is('>', to, end) {
		return to + 1
	}
	return i
}

// matchImageToken is IMGIMG[A-I]{1,4}Z.
func matchImageToken(t *chars, i, end int) int {
	start := t.literal("IMGIMG", i, end)
	if start == i {
		return i
	}
	to := t.run(func(r rune, _ class) bool { return 'A' <= r && r <= 'I' }, start, min(end, start+4))
	if to > start && t.is('Z', to, end) {
		return to + 1
	}
	return i
}

// matchChameleonSpace is [\t\n]|    |  .
func matchChameleonSpace(t *chars, i, end int) int {
	if t.is('\t', i, end) || t.is('\n', i, end) {
		return i + 1
	}
	if to := t.literal("    ", i, end); to > i {
		return to
	}
	return t.literal("  ", i, end)
}

// isChameleonPunct is [\p{P}!-/:-@\[-`{-~].
func isChameleonPunct(r rune, c class) bool { return c == classPunct || isASCIIPunct(r, c) }
