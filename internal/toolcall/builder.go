package toolcall

import (
	"bytes"
	"encoding/json"
	"fmt"

	"alpaca/internal/grammar"
	"alpaca/internal/grammar/jsonschema"
)

// builder makes the grammar for calls. Most of its methods return a grammar.Expr. Their comments
// say only which texts the expression matches.
type builder struct {
	rules    grammar.Rules
	control  func(text string) (id int32, ok bool)
	tools    []Tool
	parallel bool // several calls are allowed

	args     map[string]grammar.Expr // JSON arguments, by the tool's name
	blanks   grammar.Expr
	free     map[string]grammar.Expr
	strings  map[string]grammar.Expr // strings without quotes; key: end mark and schema
	warnings []string
	err      error
}

// entry is one way in which calls may begin.
type entry struct {
	mark  string // the text that begins a call
	start bool   // mark counts only at the beginning of an answer
	// pattern is a regular expression or "". If calls are optional, pattern is used to find the
	// beginning of a call, and mark is not. rest then begins where the pattern's group begins.
	pattern string
	rest    grammar.Expr // matches the text from the end of mark to the end of the answer
}

// SchemaError says that the schema of a tool's arguments cannot be enforced.
type SchemaError struct {
	Tool int // index of the tool
	Err  error
}

func (e *SchemaError) Error() string { return fmt.Sprintf("the tool %d: %v", e.Tool, e.Err) }

func (e *SchemaError) Unwrap() error { return e.Err }

func newBuilder(tools []Tool, parallel bool, control func(string) (int32, bool)) *builder {
	b := &builder{control: control, tools: tools, parallel: parallel, args: map[string]grammar.Expr{}, free: map[string]grammar.Expr{}, strings: map[string]grammar.Expr{}}
	b.rule(nil) // the root, whose body is set at the end
	b.blanks = b.rule(grammar.Seq{
		grammar.Repeat{X: grammar.Bytes("\n"), Max: 2},
		grammar.Repeat{X: grammar.Class{{Lo: ' ', Hi: ' '}, {Lo: '\t', Hi: '\t'}}, Max: 4},
	})
	return b
}

// rule adds a rule with body e.
func (b *builder) rule(e grammar.Expr) grammar.Ref {
	b.rules.Body = append(b.rules.Body, e)
	b.rules.Names = append(b.rules.Names, "")
	return grammar.Ref(len(b.rules.Body) - 1)
}

// lit returns the concatenation of texts. The texts of control tokens in it become these tokens.
func (b *builder) lit(texts ...string) grammar.Expr {
	var seq grammar.Seq
	for _, text := range texts {
		plain := 0 // where the text since the last control token begins
		for i := 0; i < len(text); i++ {
			n, id := b.controlAt(text[i:])
			if n == 0 {
				continue
			}
			if i > plain {
				seq = append(seq, grammar.Bytes(text[plain:i]))
			}
			seq = append(seq, grammar.Token{ID: id})
			plain = i + n
			i = plain - 1
		}
		if plain < len(text) {
			seq = append(seq, grammar.Bytes(text[plain:]))
		}
	}
	return seq
}

// controlAt returns the longest control token that text begins with, and its length.
func (b *builder) controlAt(text string) (n int, id int32) {
	const longest = 64
	for end := min(len(text), longest); end > 0; end-- {
		if id, ok := b.control(text[:end]); ok {
			return end, id
		}
	}
	return 0, 0
}

// eachTool returns a choice between f(t) for all tools t.
func (b *builder) eachTool(f func(t *Tool) grammar.Expr) grammar.Expr {
	var alt grammar.Alt
	for i := range b.tools {
		alt = append(alt, f(&b.tools[i]))
	}
	return b.rule(alt)
}

// several returns the expression for one call or, if parallel
// calls are allowed, for one or more calls separated by sep.
func (b *builder) several(call, sep grammar.Expr) grammar.Expr {
	if !b.parallel {
		return call
	}
	return grammar.Seq{call, grammar.Repeat{X: grammar.Seq{sep, call}, Max: -1}}
}

// fields returns the properties in list, in their order and separated by comma. Properties that
// are not required may be left out.
func (b *builder) fields(list []property, comma grammar.Expr, one func(p property) grammar.Expr) grammar.Expr {
	// The loop goes from the last property to the first. head and tail are the
	// rules for the properties from i on. head applies if no property has been
	// written before them. tail applies if one has, so that a comma is needed.
	tail, head := grammar.Expr(grammar.Seq{}), grammar.Expr(grammar.Seq{})
	for i := len(list) - 1; i >= 0; i-- {
		field := b.rule(one(list[i]))
		first := grammar.Seq{field, tail}
		if list[i].required {
			head = first
			tail = b.rule(grammar.Seq{comma, field, tail})
		} else {
			head = b.rule(grammar.Alt{first, head})
			tail = b.rule(grammar.Seq{optional(grammar.Seq{comma, field}), tail})
		}
	}
	return head
}

func optional(e grammar.Expr) grammar.Expr { return grammar.Repeat{X: e, Max: 1} }

// Schemas for tools without arguments, and for arguments without constraints.
const (
	noArguments  = `{"type": "object", "additionalProperties": false}`
	anyArguments = `{"type": "object"}`
)

// parameters returns the schema of a tool's arguments, which are an object. If the schema says
// nothing about other properties and does not combine schemas, parameters adds
// additionalProperties false.
func (t *Tool) parameters() (json.RawMessage, error) {
	schema := bytes.TrimSpace(t.Parameters)
	if len(schema) == 0 || string(schema) == "null" {
		return json.RawMessage(noArguments), nil
	}
	var o map[string]json.RawMessage
	if err := json.Unmarshal(schema, &o); err != nil {
		return nil, fmt.Errorf("its parameters must be a schema, which is a JSON object: %w", err)
	}
	has := func(names ...string) bool {
		for _, name := range names {
			if _, ok := o[name]; ok {
				return true
			}
		}
		return false
	}
	extra := ""
	if !has("type", "$ref") {
		extra = `"type": "object", `
	}
	if !has("additionalProperties", "unevaluatedProperties", "patternProperties", "allOf", "anyOf", "oneOf", "$ref", "if") {
		extra += `"additionalProperties": false, `
	}
	if len(o) == 0 {
		extra = `"type": "object", "additionalProperties": false`
	}
	return append([]byte("{"+extra), schema[1:]...), nil
}

// arguments returns the expression for a tool's arguments in JSON.
func (b *builder) arguments(t *Tool) grammar.Expr {
	if e, ok := b.args[t.Name]; ok {
		return e
	}
	schema, err := t.parameters()
	var e grammar.Expr
	if err == nil {
		e, err = b.schema(t, schema)
	}
	if err != nil {
		b.fail(t, err)
		e = grammar.Seq{}
	}
	b.args[t.Name] = e
	return e
}

func (b *builder) fail(t *Tool, err error) {
	if b.err != nil {
		return
	}
	for i := range b.tools {
		if &b.tools[i] == t {
			b.err = &SchemaError{i, err}
		}
	}
}

// stringRules returns the rules for any string in JSON.
func stringRules() (*grammar.Rules, []string, error) {
	return jsonschema.Rules([]byte(`{"type": "string"}`), jsonschema.Options{})
}
