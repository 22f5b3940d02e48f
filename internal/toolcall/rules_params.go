package toolcall

import (
	"encoding/json"
	"slices"

	"alpaca/internal/grammar"
)

func (f *paramForm) entries(b *builder) []entry {
	call := b.eachTool(func(t *Tool) grammar.Expr {
		end := b.lit(f.nameEnd[0])
		if f.nameEnd[0] == "\n" {
			end = b.blanks
		}
		return grammar.Seq{b.lit(t.Name), end, b.blanks, f.arguments(b, t), b.lit(f.close)}
	})
	open := grammar.Seq{b.lit(f.open), call}
	switch {
	case f.section == "":
		return []entry{{mark: f.open, rest: b.several(call, grammar.Seq{b.blanks, b.lit(f.open)})}}
	case f.each:
		one := grammar.Seq{b.blanks, open, b.blanks, b.lit(f.sectionEnd)}
		rest := b.several(one, grammar.Seq{b.blanks, b.lit(f.section)})
		// Some models leave out the outer mark.
		return []entry{{mark: f.section, rest: rest}, {mark: f.open, rest: grammar.Seq{call, optional(grammar.Seq{b.blanks, b.lit(f.sectionEnd)})}}}
	}
	return []entry{{mark: f.section, rest: grammar.Seq{b.blanks, b.several(open, b.blanks), b.blanks, b.lit(f.sectionEnd)}}}
}

// arguments returns the arguments of a tool, each with its marks.
func (f *paramForm) arguments(b *builder, t *Tool) grammar.Expr {
	schema, doc, ok := b.parameters(t, reachTexts, f.valueEnd)
	if !ok {
		return grammar.Seq{}
	}
	list, open := properties(schema)
	var seq grammar.Seq
	for _, p := range list {
		one := grammar.Seq{f.head(b, b.lit(p.name)), f.valueRule(b, t, doc, p.schema), b.blanks}
		if p.required {
			seq = append(seq, one)
		} else {
			seq = append(seq, optional(one))
		}
	}
	if open {
		key := grammar.Repeat{X: grammar.Class{{Lo: '0', Hi: '9'}, {Lo: 'A', Hi: 'Z'}, {Lo: '_', Hi: '_'}, {Lo: 'a', Hi: 'z'}}, Min: 1, Max: 64}
		other := grammar.Seq{f.head(b, key), f.free(b), b.lit(f.valueEnd), b.blanks}
		if f.typed {
			other = grammar.Seq{f.head(b, key), grammar.Bytes(` string="true">`), f.free(b), b.lit(f.valueEnd), b.blanks}
		}
		seq = append(seq, grammar.Repeat{X: other, Max: 64})
	}
	return b.rule(seq)
}

// head returns the marks and the key before a value.
func (f *paramForm) head(b *builder, key grammar.Expr) grammar.Expr {
	seq := grammar.Seq{b.lit(f.param), key, b.lit(f.keyEnd)}
	if f.valueStart != "" {
		seq = append(seq, b.blanks, b.lit(f.valueStart))
	}
	return seq
}

// free returns any text that does not contain the end mark of a value.
func (f *paramForm) free(b *builder) grammar.Expr { return b.without(f.valueEnd) }

// valueRule returns a value and its end mark.
func (f *paramForm) valueRule(b *builder, t *Tool, doc *document, schema json.RawMessage) grammar.Expr {
	resolved := doc.resolve(schema)
	types := typesOf(resolved)
	typed := func(text string) grammar.Expr {
		if !f.typed {
			return grammar.Seq{}
		}
		return grammar.Bytes(` string="` + text + `">`)
	}
	newline := grammar.Expr(grammar.Seq{})
	if f.newline {
		newline = grammar.Bytes("\n")
	}
	if types != nil && !slices.Contains(types, "string") {
		return grammar.Seq{typed("false"), newline, b.value(t, doc.alone(schema)), newline, b.lit(f.valueEnd)}
	}
	text := f.free(b)
	if e := b.text(t, doc, schema, f.valueEnd); e != nil {
		text = e
	}
	return grammar.Seq{typed("true"), newline, text, newline, b.lit(f.valueEnd)}
}
