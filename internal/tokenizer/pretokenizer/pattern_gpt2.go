package pretokenizer

// The patterns of GPT-2, Falcon and Chameleon.

// matchGPT2 is
//
//	's|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+
func matchGPT2(t *chars, i, end int) int {
	if to := t.contraction(i, end, false); to > i {
		return to
	}
	if start := t.afterSpace(i, end); start < end {
		switch c := t.class[start]; {
		case c.letter():
			return letters.run(t, start+1, end)
		case c.number():
			return numbers.run(t, start+1, end)
		case c != classSpace:
			return rest.run(t, start+1, end)
		}
	}
	return t.spaces(i, end)
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
