package toolcall

import (
	"encoding/json"
	"fmt"
	"strings"

	"alpaca/internal/grammar"
	"alpaca/internal/grammar/fsa"
	"alpaca/internal/grammar/jsonschema"
)

// schema returns the JSON that satisfies a tool's schema, and warns about keywords that are not
// enforced.
func (b *builder) schema(t *Tool, schema []byte) (grammar.Expr, error) {
	rules, warnings, err := jsonschema.Rules(schema, jsonschema.Options{Lenient: !t.Strict})
	if err != nil && !t.Strict {
		b.warnOf(t, fmt.Sprintf("its arguments are not enforced: %v", err))
		rules, _, err = jsonschema.Rules([]byte(anyArguments), jsonschema.Options{})
	}
	if err != nil {
		return nil, err
	}
	for _, w := range warnings {
		b.warnOf(t, w)
	}
	return b.rules.Add(rules), nil
}

// value returns the JSON that satisfies a part of a schema. It does not warn, because parameters
// has already warned about the whole schema.
func (b *builder) value(t *Tool, schema []byte) grammar.Expr {
	rules, _, err := jsonschema.Rules(schema, jsonschema.Options{Lenient: !t.Strict})
	if err != nil && !t.Strict {
		rules, _, err = jsonschema.Rules([]byte(`true`), jsonschema.Options{})
	}
	if err != nil {
		b.fail(t, err)
		return grammar.Seq{}
	}
	return b.rules.Add(rules)
}

// parameters returns the schema of a tool's arguments and its definitions, for
// forms that are not JSON. It warns about keywords that are not enforced. end is
// the end mark of a string without quotes. ok is false if the tool is refused.
func (b *builder) parameters(t *Tool, r reach, end string) (schema json.RawMessage, doc *document, ok bool) {
	schema, err := t.parameters()
	if err != nil {
		b.fail(t, err)
		return nil, nil, false
	}
	_, warnings, err := jsonschema.Rules(schema, jsonschema.Options{Lenient: !t.Strict})
	if err != nil && t.Strict {
		b.fail(t, err)
		return nil, nil, false
	} else if err != nil {
		warnings = []string{err.Error()}
	}
	for _, w := range warnings {
		b.warnOf(t, w)
	}
	doc = newDocument(schema)
	schema = doc.resolve(schema)
	b.tellBeyond(beyond{t: t, doc: doc, reach: r, end: end, seen: map[string]bool{}}, schema)
	return schema, doc, true
}

// text returns the strings, written without quotes, that satisfy a schema
// and do not contain end. It returns nil if the schema cannot be enforced.
func (b *builder) text(t *Tool, doc *document, schema json.RawMessage, end string) grammar.Expr {
	resolved := doc.resolve(schema)
	if !onlyStrings(typesOf(resolved)) {
		return b.listed(resolved, end)
	}
	if isFree(schema) && isFree(resolved) {
		return b.without(end)
	}
	key := end + string(schema)
	if e, ok := b.strings[key]; ok {
		return e
	}
	var e grammar.Expr
	if d, err := jsonschema.Strings(doc.alone(schema), end, jsonschema.Options{Lenient: !t.Strict}); err == nil && !d.Empty() {
		e = grammar.Automaton{DFA: d}
	}
	b.strings[key] = e
	return e
}

// listed returns the strings that a schema lists by enum or const. It returns nil if the schema lists
// no values, or some that are not strings.
func (b *builder) listed(schema json.RawMessage, end string) grammar.Expr {
	var alt grammar.Alt
	for _, s := range texts(schema) {
		if !strings.Contains(s, end) {
			alt = append(alt, grammar.Bytes(s))
		}
	}
	if alt == nil {
		return nil
	}
	return alt
}

// without returns the texts that do not contain end.
func (b *builder) without(end string) grammar.Expr {
	if e, ok := b.free[end]; ok {
		return e
	}
	var bytes []rune
	for i := range len(end) {
		bytes = append(bytes, rune(end[i]))
	}
	d := fsa.Lacking(bytes, 255)
	e := b.rule(grammar.Automaton{DFA: d})
	b.free[end] = e
	return e
}
