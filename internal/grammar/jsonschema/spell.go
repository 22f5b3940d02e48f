package jsonschema

import (
	"unicode/utf8"

	"alpaca/internal/grammar/fsa"
)

// spellings returns all ways to write the code points from lo to hi in a JSON
// string. Each is a sequence of byte ranges: low, high, low, high, … If escapes
// is set, all of JSON's escapes are allowed, and otherwise only the usual ones.
func spellings(lo, hi rune, escapes bool) []string {
	var out []string
	each(lo, hi, rawRanges, func(a, b rune) { out = utf8Ranges(out, a, b) })
	hexable := hexAll
	if !escapes {
		hexable = hexUsual
	}
	each(lo, hi, hexable, func(a, b rune) { out = hexRanges(out, `\u`, a, b, 4) })
	if b := min(hi, fsa.MaxRune); b >= 0x10000 {
		out = pairRanges(out, max(lo, 0x10000), b)
	}
	for _, s := range short {
		if s.r >= lo && s.r <= hi && (escapes || s.r != '/') {
			out = append(out, exactly(`\`+s.text))
		}
	}
	return out
}

// Ranges of code points. Those in rawRanges need no escape. Those in hexAll can
// be written with \u. Programs usually write those in hexUsual with \u: control
// characters, HTML's special characters, and all characters beyond ASCII.
var (
	rawRanges = []rune{0x20, 0x21, 0x23, 0x5B, 0x5D, 0x7E, 0x80, 0xD7FF, 0xE000, 0x10FFFF}
	hexAll    = []rune{0, 0xD7FF, 0xE000, 0xFFFF}
	hexUsual  = []rune{0, 0x1F, '&', '&', '<', '<', '>', '>', 0x7F, 0xD7FF, 0xE000, 0xFFFF}
)

// short are the escapes of one letter.
var short = []struct {
	r    rune
	text string
}{{'"', `"`}, {'\\', `\`}, {'/', `/`}, {'\b', `b`}, {'\f', `f`}, {'\n', `n`}, {'\r', `r`}, {'\t', `t`}}

// each calls f for the parts of the range lo to hi that lie in ranges.
func each(lo, hi rune, ranges []rune, f func(a, b rune)) {
	for i := 0; i < len(ranges); i += 2 {
		if a, b := max(lo, ranges[i]), min(hi, ranges[i+1]); a <= b {
			f(a, b)
		}
	}
}

// exactly returns the byte ranges of one text.
func exactly(text string) string {
	var out []byte
	for i := range len(text) {
		out = append(out, text[i], text[i])
	}
	return string(out)
}

// utf8Ranges appends the byte ranges of the UTF-8 of
// lo to hi. There are no surrogates from lo to hi.
func utf8Ranges(out []string, lo, hi rune) []string {
	for _, last := range [...]rune{0x7F, 0x7FF, 0xFFFF, fsa.MaxRune} {
		if lo > hi {
			break
		}
		if end := min(hi, last); lo <= end {
			out = divide(out, lo, end, 6, func(a, b rune) string {
				x, y := utf8.AppendRune(nil, a), utf8.AppendRune(nil, b)
				return zip(x, y)
			})
			lo = end + 1
		}
	}
	return out
}

// zip returns the byte ranges whose lows are a and whose highs are b.
func zip(a, b []byte) string {
	var out []byte
	for i := range a {
		out = append(out, a[i], b[i])
	}
	return string(out)
}

// divide splits the range from lo to hi into parts, and appends add(a, b) for
// each part from a to b. Within a part, the range of a digit does not depend
// on the other digits: all digits after the first difference between a and b
// are 0 in a and the largest digit in b. A digit has the given number of bits.
func divide(out []string, lo, hi rune, bits int, add func(a, b rune) string) []string {
	for shift := bits; shift < 24 && rune(1)<<shift <= hi; shift += bits {
		mask := rune(1)<<shift - 1
		if lo&^mask == hi&^mask {
			continue
		}
		if lo&mask != 0 {
			out = divide(out, lo, lo|mask, bits, add)
			return divide(out, (lo|mask)+1, hi, bits, add)
		}
		if hi&mask != mask {
			out = divide(out, lo, hi&^mask-1, bits, add)
			return divide(out, hi&^mask, hi, bits, add)
		}
	}
	return append(out, add(lo, hi))
}

// hexRanges appends the byte ranges for lo to hi, written as prefix
// and n hexadecimal digits. A digit is a byte from 0 to 15, which does
// not occur in JSON strings. hexEdges replaces these bytes later.
func hexRanges(out []string, prefix string, lo, hi rune, n int) []string {
	var parts []string
	parts = divide(parts, lo, hi, 4, func(a, b rune) string {
		var s []byte
		for i := n - 1; i >= 0; i-- {
			s = append(s, byte(a>>(4*i)&15), byte(b>>(4*i)&15))
		}
		return string(s)
	})
	for _, p := range parts {
		out = append(out, exactly(prefix)+p)
	}
	return out
}

// pairRanges appends the pairs of surrogates for lo to hi, which are above U+FFFF.
func pairRanges(out []string, lo, hi rune) []string {
	lo, hi = lo-0x10000, hi-0x10000
	for lo <= hi {
		end, high := min(hi, lo|0x3FF), lo>>10
		if lo&0x3FF == 0 && hi-lo >= 0x3FF { // every high surrogate of the range goes with all low surrogates
			last := (hi+1)>>10 - 1
			high = last
			end = last<<10 | 0x3FF
		}
		for _, first := range hexRanges(nil, `\u`, 0xD800+lo>>10, 0xD800+high, 4) {
			for _, second := range hexRanges(nil, `\u`, 0xDC00+lo&0x3FF, 0xDC00+end&0x3FF, 4) {
				out = append(out, first+second)
			}
		}
		lo = end + 1
	}
	return out
}
