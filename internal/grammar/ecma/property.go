package ecma

import (
	"slices"
	"strings"
	"unicode"

	"alpaca/internal/grammar/fsa"
)

// property parses {name} after \p.
func (p *parser) property(start int, negated bool) (node, error) {
	end := slices.Index(p.src[p.pos:], '}')
	if !p.skip("{") || end < 0 {
		p.pos = start
		return nil, p.fail(`\p needs {a property}`)
	}
	name := string(p.src[p.pos : p.pos+end-1])
	c, ok := properties(name)
	if !ok {
		p.pos = start
		return nil, p.fail("unknown property %q", cleaned(name))
	}
	p.pos += end
	if negated {
		c = not(c)
	}
	return c, nil
}

// longNames maps the long names of general categories to the short ones.
var longNames = map[string]string{
	"Letter": "L", "Lowercase_Letter": "Ll", "Uppercase_Letter": "Lu", "Titlecase_Letter": "Lt",
	"Modifier_Letter": "Lm", "Other_Letter": "Lo", "Mark": "M", "Nonspacing_Mark": "Mn", "Spacing_Mark": "Mc",
	"Number": "N", "Decimal_Number": "Nd", "digit": "Nd", "Letter_Number": "Nl", "Other_Number": "No",
	"Punctuation": "P", "punct": "P", "Symbol": "S", "Separator": "Z", "Space_Separator": "Zs", "Other": "C", "Control": "Cc", "cntrl": "Cc",
}

// properties returns the code points of a Unicode property.
func properties(name string) (class, bool) {
	kind, value, has := strings.Cut(name, "=")
	if !has {
		value = name
	}
	if !has || kind == "General_Category" || kind == "gc" {
		if long, ok := longNames[value]; ok {
			value = long
		}
		if t, ok := unicode.Categories[value]; ok {
			return table(t), true
		}
	}
	if kind == "Script" || kind == "sc" {
		if t, ok := unicode.Scripts[value]; ok {
			return table(t), true
		}
	}
	if has {
		return nil, false
	}
	switch value {
	case "Any":
		return class{{Lo: 0, Hi: fsa.MaxRune}}, true
	case "ASCII":
		return class{{Lo: 0, Hi: 0x7F}}, true
	case "Alphabetic", "Alpha":
		return normal(append(append(table(unicode.L), table(unicode.Nl)...), table(unicode.Other_Alphabetic)...)), true
	case "Lowercase", "Lower":
		return normal(append(table(unicode.Ll), table(unicode.Other_Lowercase)...)), true
	case "Uppercase", "Upper":
		return normal(append(table(unicode.Lu), table(unicode.Other_Uppercase)...)), true
	}
	if t, ok := unicode.Properties[value]; ok && value == "White_Space" {
		return table(t), true
	}
	return nil, false
}
