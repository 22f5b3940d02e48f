package toolcall

import (
	"encoding/json"
	"slices"

	"alpaca/internal/grammar"
)

func (f *gemmaForm) entries(b *builder) []entry {
	call := b.eachTool(func(t *Tool) grammar.Expr {
		schema, doc, ok := b.parameters(t, reachAll, f.quote)
		if !ok {
			return grammar.Seq{}
		}
		v := &gemmaRules{f: f, b: b, t: t, doc: doc, known: map[string]grammar.Ref{}}
		return grammar.Seq{b.lit(t.Name), v.object(schema), b.lit(f.close)}
	})
	return []entry{{mark: f.open, rest: b.several(call, b.lit(f.open))}}
}

// gemmaRules makes the grammar of a tool's arguments in Gemma's form.
type gemmaRules struct {
	f   *gemmaForm
	b   *builder
	t   *Tool
	doc *document

	any grammar.Expr
	// known has the rules for values, by the text of their schema, because a schema may refer to
	// itself.
	known map[string]grammar.Ref
}

// object returns the objects that a schema allows, with their braces.
func (g *gemmaRules) object(schema json.RawMessage) grammar.Expr {
	list, open := properties(schema)
	if len(list) == 0 && open {
		return g.anyObject()
	}
	comma := grammar.Seq{grammar.Bytes(","), optional(grammar.Bytes(" "))}
	fields := g.b.fields(list, comma, func(p property) grammar.Expr {
		return grammar.Seq{g.b.lit(p.name), grammar.Bytes(":"), g.value(p.schema)}
	})
	return grammar.Seq{grammar.Bytes("{"), fields, grammar.Bytes("}")}
}

// text returns a string in its quotes. inside is the text between the quotes; nil: any text.
func (g *gemmaRules) text(inside grammar.Expr) grammar.Expr {
	if inside == nil {
		inside = g.b.without(g.f.quote)
	}
	return grammar.Seq{g.b.lit(g.f.quote), inside, g.b.lit(g.f.quote)}
}

// value returns the values that satisfy a schema.
func (g *gemmaRules) value(schema json.RawMessage) grammar.Expr {
	if at, ok := g.known[string(schema)]; ok {
		return at
	}
	resolved := g.doc.resolve(schema)
	types := typesOf(resolved)
	if types == nil {
		return g.anyValue()
	}
	at := g.b.rule(nil)
	g.known[string(schema)] = at
	var alt grammar.Alt
	var plain []string
	for _, t := range types {
		switch t {
		case "string":
			alt = append(alt, g.text(g.b.text(g.t, g.doc, schema, g.f.quote)))
		case "array":
			item := g.anyValue()
			if items := itemsOf(resolved); items != nil {
				item = g.value(items)
			}
			comma := grammar.Seq{grammar.Bytes(","), optional(grammar.Bytes(" "))}
			alt = append(alt, grammar.Seq{grammar.Bytes("["), optional(grammar.Seq{item, grammar.Repeat{X: grammar.Seq{comma, item}, Max: -1}}), grammar.Bytes("]")})
		case "object":
			alt = append(alt, g.object(resolved))
		default:
			if !slices.Contains(plain, t) {
				plain = append(plain, t)
			}
		}
	}
	if plain != nil { // numbers, booleans and null are written in JSON
		only, _ := json.Marshal(plain)
		schema := g.doc.alone(json.RawMessage(string(schema) + `, {"type": ` + string(only) + `}`))
		alt = append(alt, g.b.value(g.t, schema))
	}
	g.b.rules.Body[at] = alt
	return at
}

// anyValue returns any value.
func (g *gemmaRules) anyValue() grammar.Expr {
	if g.any != nil {
		return g.any
	}
	at := g.b.rule(nil)
	g.any = at
	comma := grammar.Seq{grammar.Bytes(","), optional(grammar.Bytes(" "))}
	scalar := g.b.value(g.t, []byte(`{"type": ["number", "boolean", "null"]}`))
	g.b.rules.Body[at] = grammar.Alt{
		g.text(nil), scalar, g.anyObject(),
		grammar.Seq{grammar.Bytes("["), optional(grammar.Seq{at, grammar.Repeat{X: grammar.Seq{comma, at}, Max: -1}}), grammar.Bytes("]")},
	}
	return at
}

func (g *gemmaRules) anyObject() grammar.Expr {
	key := grammar.Repeat{X: grammar.Class{{Lo: '0', Hi: '9'}, {Lo: 'A', Hi: 'Z'}, {Lo: '_', Hi: '_'}, {Lo: 'a', Hi: 'z'}}, Min: 1, Max: 64}
	comma := grammar.Seq{grammar.Bytes(","), optional(grammar.Bytes(" "))}
	field := g.b.rule(grammar.Seq{key, grammar.Bytes(":"), g.anyValue()})
	return grammar.Seq{grammar.Bytes("{"), optional(grammar.Seq{field, grammar.Repeat{X: grammar.Seq{comma, field}, Max: -1}}), grammar.Bytes("}")}
}
