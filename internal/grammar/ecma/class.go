package ecma

import (
	"slices"
	"strconv"
	"strings"
	"unicode"

	"alpaca/internal/grammar/fsa"
)

func single(r rune) class { return class{{Lo: r, Hi: r}} }

// normal returns c with its ranges sorted and merged.
func normal(c class) class {
	slices.SortFunc(c, func(a, b fsa.Edge) int { return int(a.Lo - b.Lo) })
	var out class
	for _, e := range c {
		if n := len(out); n > 0 && e.Lo <= out[n-1].Hi+1 {
			out[n-1].Hi = max(out[n-1].Hi, e.Hi)
			continue
		}
		out = append(out, e)
	}
	return out
}

// not returns the code points that are not in c.
func not(c class) class {
	var out class
	lo := rune(0)
	for _, e := range normal(c) {
		if e.Lo > lo {
			out = append(out, fsa.Edge{Lo: lo, Hi: e.Lo - 1})
		}
		lo = e.Hi + 1
	}
	if lo <= fsa.MaxRune {
		out = append(out, fsa.Edge{Lo: lo, Hi: fsa.MaxRune})
	}
	return out
}

func digits() class { return class{{Lo: '0', Hi: '9'}} }

func words() class {
	return class{{Lo: '0', Hi: '9'}, {Lo: 'A', Hi: 'Z'}, {Lo: '_', Hi: '_'}, {Lo: 'a', Hi: 'z'}}
}

// spaces returns WhiteSpace and LineTerminator of ECMA-262.
func spaces() class {
	c := class{{Lo: '\t', Hi: '\r'}, {Lo: 0x2028, Hi: 0x2029}, {Lo: 0xFEFF, Hi: 0xFEFF}}
	return normal(append(c, table(unicode.Zs)...))
}

// table returns the code points of a Unicode table.
func table(t *unicode.RangeTable) class {
	var c class
	add := func(lo, hi, stride rune) {
		if stride == 1 {
			c = append(c, fsa.Edge{Lo: lo, Hi: hi})
			return
		}
		for r := lo; r <= hi; r += stride {
			c = append(c, single(r)...)
		}
	}
	for _, r := range t.R16 {
		add(rune(r.Lo), rune(r.Hi), rune(r.Stride))
	}
	for _, r := range t.R32 {
		add(rune(r.Lo), rune(r.Hi), rune(r.Stride))
	}
	return normal(c)
}

// class parses [...].
func (p *parser) class() (node, error) {
	start := p.pos
	p.pos++
	negated := p.skip("^")
	var out class
	for {
		if p.pos >= len(p.src) {
			p.pos = start
			return nil, p.fail("the bracket is not closed")
		}
		if p.skip("]") {
			break
		}
		lo, err := p.member()
		if err != nil {
			return nil, err
		}
		if !p.at("-") || p.at("-]") || p.pos+1 >= len(p.src) {
			out = append(out, lo...)
			continue
		}
		at := p.pos
		p.pos++
		hi, err := p.member()
		if err != nil {
			return nil, err
		}
		if !one(lo) || !one(hi) { // [\w-.]: the hyphen is literal, as without the flag u
			out = append(append(append(out, lo...), single('-')...), hi...)
			continue
		}
		if lo[0].Lo > hi[0].Lo {
			p.pos = at
			return nil, p.fail("the range is out of order")
		}
		out = append(out, fsa.Edge{Lo: lo[0].Lo, Hi: hi[0].Lo})
	}
	if negated {
		return not(out), nil
	}
	return normal(out), nil
}

// one reports whether c is one code point.
func one(c class) bool { return len(c) == 1 && c[0].Lo == c[0].Hi }

// member parses one member of a bracket: a code point or an escape.
func (p *parser) member() (class, error) {
	if p.pos >= len(p.src) {
		return nil, p.fail("the bracket is not closed")
	}
	if p.skip(`\b`) {
		return single('\b'), nil
	}
	if p.at(`\B`) {
		return nil, p.fail(`\B has no meaning in brackets`)
	}
	if !p.at(`\`) {
		p.pos++
		return single(p.src[p.pos-1]), nil
	}
	n, err := p.escape()
	if err != nil {
		return nil, err
	}
	return n.(class), nil
}

// escape parses an escape, which begins with a backslash. It returns a class, except for \b and
// \B, which are assertions.
func (p *parser) escape() (node, error) {
	start := p.pos
	if p.pos += 2; p.pos > len(p.src) {
		p.pos = start
		return nil, p.fail("nothing follows the backslash")
	}
	switch r := p.src[p.pos-1]; r {
	case 'd':
		return digits(), nil
	case 'D':
		return not(digits()), nil
	case 'w':
		return words(), nil
	case 'W':
		return not(words()), nil
	case 's':
		return spaces(), nil
	case 'S':
		return not(spaces()), nil
	case 'b':
		return assert(fsa.WordEdge), nil
	case 'B':
		return assert(fsa.NotWordEdge), nil
	case 't', 'n', 'v', 'f', 'r':
		return single(rune("\t\n\v\f\r"[strings.IndexRune("tnvfr", r)])), nil
	case '0':
		if p.pos < len(p.src) && p.src[p.pos] >= '0' && p.src[p.pos] <= '9' {
			p.pos = start
			return nil, p.fail("octal escapes are not supported")
		}
		return single(0), nil
	case 'c':
		if p.pos < len(p.src) && (p.src[p.pos]|0x20) >= 'a' && (p.src[p.pos]|0x20) <= 'z' {
			p.pos++
			return single(p.src[p.pos-1] & 31), nil
		}
		p.pos = start
		return nil, p.fail(`\c needs a letter`)
	case 'x':
		return p.hex(start, 2)
	case 'u':
		return p.unicode(start)
	case 'p', 'P':
		return p.property(start, r == 'P')
	case '1', '2', '3', '4', '5', '6', '7', '8', '9', 'k':
		p.pos = start
		return nil, p.fail("references to groups are not supported")
	default:
		if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' {
			p.pos = start
			return nil, p.fail("unknown escape \\%c", r)
		}
		return single(r), nil
	}
}

// hex parses n hexadecimal digits.
func (p *parser) hex(start, n int) (class, error) {
	if p.pos+n <= len(p.src) {
		if v, err := strconv.ParseUint(string(p.src[p.pos:p.pos+n]), 16, 32); err == nil {
			p.pos += n
			return single(rune(v)), nil
		}
	}
	p.pos = start
	return nil, p.fail("%d hexadecimal digits must follow", n)
}

// unicode parses the rest of an escape after \u: four digits, a pair of surrogates, or {digits}.
func (p *parser) unicode(start int) (node, error) {
	if p.skip("{") {
		end := slices.Index(p.src[p.pos:], '}')
		if end > 0 {
			v, err := strconv.ParseUint(string(p.src[p.pos:p.pos+end]), 16, 32)
			if err == nil && v <= fsa.MaxRune {
				p.pos += end + 1
				return single(rune(v)), nil
			}
		}
		p.pos = start
		return nil, p.fail("\\u{…} needs a hexadecimal code point")
	}
	c, err := p.hex(start, 4)
	if err != nil || c[0].Lo&^0x3FF != 0xD800 || !p.at(`\u`) {
		return c, err
	}
	mark := p.pos
	p.pos += 2
	low, err := p.hex(mark, 4)
	if err != nil || low[0].Lo&^0x3FF != 0xDC00 {
		p.pos = mark
		return c, nil
	}
	return single(0x10000 + (c[0].Lo&0x3FF)<<10 + low[0].Lo&0x3FF), nil
}
