package toolcall

import (
	"encoding/json"

	"alpaca/internal/grammar"
)

// quotedName returns a name as a JSON string.
func quotedName(name string) grammar.Expr {
	text, _ := json.Marshal(name)
	return grammar.Bytes(text)
}

// field returns a field of a JSON object.
func (b *builder) field(key string, value grammar.Expr) grammar.Expr {
	return grammar.Seq{quotedName(key), b.blanks, grammar.Bytes(":"), b.blanks, value}
}

// idChars are the characters of calls' ids.
var idChars = grammar.Class{{Lo: '0', Hi: '9'}, {Lo: 'A', Hi: 'Z'}, {Lo: 'a', Hi: 'z'}}

// object returns a call in JSON.
func (f *jsonForm) object(b *builder) grammar.Expr {
	comma := grammar.Seq{b.blanks, grammar.Bytes(","), b.blanks}
	return b.eachTool(func(t *Tool) grammar.Expr {
		seq := grammar.Seq{grammar.Bytes("{"), b.blanks}
		fields := grammar.Seq{b.field(f.name, quotedName(t.Name)), comma, b.field(f.args, b.arguments(t))}
		id := func(chars grammar.Expr) grammar.Expr {
			return b.field(f.id, grammar.Seq{grammar.Bytes(`"`), chars, grammar.Bytes(`"`)})
		}
		chars := grammar.Repeat{X: idChars, Min: 1, Max: 16}
		if f.nine {
			chars.Min, chars.Max = 9, 9
		}
		switch {
		case f.id == "":
		case f.hold:
			fields = append(fields, optional(grammar.Seq{comma, id(chars)}))
		default:
			fields = append(grammar.Seq{optional(grammar.Seq{id(chars), comma})}, fields...)
		}
		return append(append(seq, fields...), b.blanks, grammar.Bytes("}"))
	})
}

// items returns a list of calls in JSON.
func (f *jsonForm) items(b *builder) grammar.Expr {
	comma := grammar.Seq{b.blanks, grammar.Bytes(","), b.blanks}
	return grammar.Seq{grammar.Bytes("["), b.blanks, b.several(f.object(b), comma), b.blanks, grammar.Bytes("]")}
}

func (f *jsonForm) entries(b *builder) []entry {
	body := f.items
	if !f.list {
		body = f.object
	}
	one := grammar.Seq{b.blanks, body(b), b.blanks, b.lit(f.close)}
	if f.close == "" {
		one = one[:2]
	}
	var list []entry
	for _, open := range f.open {
		rest := grammar.Expr(one)
		if f.each && b.parallel {
			rest = grammar.Seq{one, grammar.Repeat{X: grammar.Seq{b.blanks, b.lit(open), one}, Max: -1}}
		}
		list = append(list, entry{mark: open, rest: rest})
	}
	return list
}

func (f *llamaForm) entries(b *builder) []entry {
	const begin = `^\s*\{(\s*"(?:type"\s*:\s*"function"\s*,\s*"name|name)"\s*:)`
	return []entry{{mark: "{", start: true, pattern: begin, rest: f.behindBrace(b)}}
}

// behindBrace returns calls without the first opening brace, which is the entry's mark.
func (f *llamaForm) behindBrace(b *builder) grammar.Expr {
	comma := grammar.Seq{b.blanks, grammar.Bytes(","), b.blanks}
	call := b.eachTool(func(t *Tool) grammar.Expr {
		return grammar.Seq{
			b.blanks, optional(grammar.Seq{b.field("type", grammar.Bytes(`"function"`)), comma}),
			b.field(f.name, quotedName(t.Name)), comma, b.field(f.args, b.arguments(t)), b.blanks, grammar.Bytes("}"),
		}
	})
	return b.several(call, grammar.Seq{b.blanks, optional(grammar.Bytes(";")), b.blanks, grammar.Bytes("{")})
}

func (f *namedForm) entries(b *builder) []entry {
	call := b.eachTool(func(t *Tool) grammar.Expr {
		var seq grammar.Seq
		switch {
		case f.beforeName == "functions.": // Kimi numbers its calls
			seq = grammar.Seq{b.lit(f.beforeName, t.Name), grammar.Bytes(f.afterEnd), grammar.Repeat{X: grammar.Class{{Lo: '0', Hi: '9'}}, Min: 1, Max: 3}}
		case f.beforeName != "":
			seq = grammar.Seq{grammar.Bytes("function"), b.lit(f.beforeName, t.Name)}
		default:
			seq = grammar.Seq{b.lit(t.Name)}
		}
		end := b.lit(f.nameEnd[0])
		if f.afterID != "" {
			const length = 9
			end = grammar.Seq{optional(grammar.Seq{b.lit(f.nameEnd[1]), grammar.Repeat{X: idChars, Min: length, Max: length}}), b.lit(f.afterID)}
		}
		seq = append(seq, end)
		if f.argsOpen != "" {
			seq = append(seq, b.lit(f.argsOpen), grammar.Bytes("\n"))
		}
		return append(seq, b.arguments(t), b.lit(f.argsEnd), b.lit(f.close))
	})
	sep := grammar.Seq{b.lit(f.sep), b.lit(f.open)}
	calls := b.several(call, sep)
	if len(f.section) == 0 {
		return []entry{{mark: f.open, rest: calls}}
	}
	var list []entry
	for _, section := range f.section {
		list = append(list, entry{mark: section, rest: grammar.Seq{b.lit(f.open), calls, b.blanks, b.lit(f.sectionEnd)}})
	}
	return list
}

func (f *headedForm) entries(b *builder) []entry {
	var list []entry
	for i := range b.tools {
		t := &b.tools[i]
		rest := grammar.Expr(b.arguments(t))
		if b.parallel {
			more := b.eachTool(func(t *Tool) grammar.Expr { return grammar.Seq{b.lit(t.Name), grammar.Bytes("\n"), b.arguments(t)} })
			rest = grammar.Seq{rest, grammar.Repeat{X: grammar.Seq{b.lit(f.mark), more}, Max: -1}}
		}
		list = append(list, entry{mark: t.Name + "\n", start: true, rest: rest}, entry{mark: f.mark + t.Name + "\n", rest: rest})
	}
	return list
}

func (f *harmonyForm) entries(b *builder) []entry {
	constrain := optional(grammar.Alt{b.lit(harmonyConstrain), grammar.Seq{b.lit(harmonyConstrain), grammar.Bytes("json")}, grammar.Bytes("json")})
	space := optional(grammar.Bytes(" "))
	direct := b.eachTool(func(t *Tool) grammar.Expr {
		return grammar.Seq{b.lit(t.Name), space, constrain, b.lit(harmonyMessage), b.arguments(t)}
	})
	before := b.eachTool(func(t *Tool) grammar.Expr {
		return grammar.Seq{b.lit(t.Name, harmonyChannel), grammar.Bytes("commentary"), space, constrain, b.lit(harmonyMessage), b.arguments(t)}
	})
	return []entry{
		{mark: harmonyChannel + "commentary to=functions.", rest: direct},
		{mark: harmonyStart + "assistant to=functions.", rest: before},
		{mark: " to=functions.", start: true, rest: before},
	}
}

func (f *genericForm) entries(b *builder) []entry {
	call := (&jsonForm{name: "name", args: "arguments"}).object(b)
	value := b.field(genericCall, call)
	if b.parallel {
		comma := grammar.Seq{b.blanks, grammar.Bytes(","), b.blanks}
		list := grammar.Seq{grammar.Bytes("["), b.blanks, b.several(call, comma), b.blanks, grammar.Bytes("]")}
		value = grammar.Alt{value, b.field(genericCalls, list)}
	}
	return []entry{{mark: "{", start: true, rest: grammar.Seq{b.blanks, value, b.blanks, grammar.Bytes("}")}}}
}
