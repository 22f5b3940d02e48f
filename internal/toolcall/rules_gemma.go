package toolcall

import (
	"encoding/json"
	"slices"

	"alpaca/internal/grammar"
)

func (f *gemmaForm) entries(b *builder) []entry {
	call := b.eachTool(func(t *Tool) grammar.Expr {
		schema, ok := b.parameters(t)
		if !ok {
			return grammar.Seq{}
		}
		v := &gemmaRules{f, b, t, newDocument(schema), nil}
		return grammar.Seq{b.lit(t.Name), v.object(schema, 0), b.lit(f.close)}
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
}

// maxNesting is how deep values follow their schema. Those further down have any form.
const maxNesting = 8

// object returns the braces with what a schema allows in them.
func (g *gemmaRules) object(schema json.RawMessage, depth int) grammar.Expr {
	list, open := properties(schema)
	if len(list) == 0 && open {
		return g.anyObject()
	}
	comma := grammar.Seq{grammar.Bytes(","), optional(grammar.Bytes(" "))}
	fields := g.b.fields(list, comma, func(p property) grammar.Expr {
		return grammar.Seq{g.b.lit(p.name), grammar.Bytes(":"), g.value(p.schema, depth+1)}
	})
	return grammar.Seq{grammar.Bytes("{"), fields, grammar.Bytes("}")}
}

// text returns a string, one of a list where there is one.
func (g *gemmaRules) text(list []string) grammar.Expr {
	inside := g.b.without(g.f.quote)
	if list != nil {
		var alt grammar.Alt
		for _, s := range list {
			alt = append(alt, grammar.Bytes(s))
		}
		inside = alt
	}
	return grammar.Seq{g.b.lit(g.f.quote), inside, g.b.lit(g.f.quote)}
}

// value returns the values that satisfy a schema.
func (g *gemmaRules) value(schema json.RawMessage, depth int) grammar.Expr {
	resolved := g.doc.resolve(schema)
	types := typesOf(resolved)
	if types == nil || depth > maxNesting {
		return g.anyValue()
	}
	var alt grammar.Alt
	var plain []string
	for _, t := range types {
		switch t {
		case "string":
			alt = append(alt, g.text(texts(resolved)))
		case "array":
			item := g.anyValue()
			if items := itemsOf(resolved); items != nil {
				item = g.value(items, depth+1)
			}
			comma := grammar.Seq{grammar.Bytes(","), optional(grammar.Bytes(" "))}
			alt = append(alt, grammar.Seq{grammar.Bytes("["), optional(grammar.Seq{item, grammar.Repeat{X: grammar.Seq{comma, item}, Max: -1}}), grammar.Bytes("]")})
		case "object":
			alt = append(alt, g.object(resolved, depth))
		default:
			if !slices.Contains(plain, t) {
				plain = append(plain, t)
			}
		}
	}
	if plain != nil { // numbers and the like are JSON's
		only, _ := json.Marshal(plain)
		schema := g.doc.alone(json.RawMessage(string(schema) + `, {"type": ` + string(only) + `}`))
		e, err := g.b.schema(g.t, schema)
		if err != nil {
			g.b.fail(g.t, err)
			return grammar.Seq{}
		}
		alt = append(alt, e)
	}
	return g.b.rule(alt)
}

// anyValue returns any value.
func (g *gemmaRules) anyValue() grammar.Expr {
	if g.any != nil {
		return g.any
	}
	at := g.b.rule(nil)
	g.any = at
	comma := grammar.Seq{grammar.Bytes(","), optional(grammar.Bytes(" "))}
	scalar, err := g.b.schema(g.t, []byte(`{"type": ["number", "boolean", "null"]}`))
	if err != nil {
		g.b.fail(g.t, err)
		return grammar.Seq{}
	}
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
