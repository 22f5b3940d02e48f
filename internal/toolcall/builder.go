package toolcall

import (
	"bytes"
	"encoding/json"
	"fmt"

	"alpaca/internal/grammar"
	"alpaca/internal/grammar/fsa"
	"alpaca/internal/grammar/jsonschema"
)

// builder makes the grammar of calls.
type builder struct {
	rules    grammar.Rules
	control  func(text string) (id int32, ok bool)
	tools    []Tool
	parallel bool // several calls

	args     map[string]grammar.Expr // by the tool's name
	blanks   grammar.Expr
	free     map[string]grammar.Expr
	warnings []string
	err      error
}

// entry is a way that calls begin in.
type entry struct {
	mark  string // the text that they begin with
	start bool   // it counts at the beginning of an answer only
	// pattern, unless "", finds the beginning in the place of mark where a call may come
	// but need not; rest follows where its group begins.
	pattern string
	rest    grammar.Expr // what follows it, to the end of the answer
}

// SchemaError says that the arguments of a tool cannot be enforced.
type SchemaError struct {
	Tool int // its index
	Err  error
}

func (e *SchemaError) Error() string { return fmt.Sprintf("the tool %d: %v", e.Tool, e.Err) }

func (e *SchemaError) Unwrap() error { return e.Err }

func newBuilder(tools []Tool, parallel bool, control func(string) (int32, bool)) *builder {
	b := &builder{control: control, tools: tools, parallel: parallel, args: map[string]grammar.Expr{}, free: map[string]grammar.Expr{}}
	b.rule(nil) // the root, which is set at the end
	b.blanks = b.rule(grammar.Seq{
		grammar.Repeat{X: grammar.Bytes("\n"), Max: 2},
		grammar.Repeat{X: grammar.Class{{Lo: ' ', Hi: ' '}, {Lo: '\t', Hi: '\t'}}, Max: 4},
	})
	return b
}

// rule adds a rule.
func (b *builder) rule(e grammar.Expr) grammar.Ref {
	b.rules.Body = append(b.rules.Body, e)
	b.rules.Names = append(b.rules.Names, "")
	return grammar.Ref(len(b.rules.Body) - 1)
}

// lit returns texts one after the other. Control tokens in them are these alone.
func (b *builder) lit(texts ...string) grammar.Expr {
	var seq grammar.Seq
	for _, text := range texts {
		plain := 0 // where what is no control token begins
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

// eachTool returns one of several, a tool each.
func (b *builder) eachTool(f func(t *Tool) grammar.Expr) grammar.Expr {
	var alt grammar.Alt
	for i := range b.tools {
		alt = append(alt, f(&b.tools[i]))
	}
	return b.rule(alt)
}

// several returns one call, or where there may be more any number of them.
func (b *builder) several(call, sep grammar.Expr) grammar.Expr {
	if !b.parallel {
		return call
	}
	return grammar.Seq{call, grammar.Repeat{X: grammar.Seq{sep, call}, Max: -1}}
}

// fields returns properties in their order with commas between, those that are not required
// or not.
func (b *builder) fields(list []property, comma grammar.Expr, one func(p property) grammar.Expr) grammar.Expr {
	// tail is what follows once there is a property, head what may come first.
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

// without returns the texts that do not have end in them.
func (b *builder) without(end string) grammar.Expr {
	if e, ok := b.free[end]; ok {
		return e
	}
	// State i has seen the first i bytes of end, and no more (Knuth, Morris, Pratt).
	d := &fsa.DFA{}
	for i := range len(end) {
		s := fsa.State{Accept: true}
		for c := range 256 {
			to := longest(end, end[:i]+string([]byte{byte(c)}))
			if to == len(end) {
				continue
			}
			if n := len(s.Edges); n > 0 && s.Edges[n-1].To == int32(to) && s.Edges[n-1].Hi+1 == rune(c) {
				s.Edges[n-1].Hi++
			} else {
				s.Edges = append(s.Edges, fsa.Edge{Lo: rune(c), Hi: rune(c), To: int32(to)})
			}
		}
		d.States = append(d.States, s)
	}
	e := b.rule(grammar.Automaton{DFA: d})
	b.free[end] = e
	return e
}

// longest returns how many bytes of end the text ends with.
func longest(end, text string) int {
	for k := min(len(end), len(text)); k > 0; k-- {
		if text[len(text)-k:] == end[:k] {
			return k
		}
	}
	return 0
}

// anything is the schema of arguments of which nothing is said.
const (
	noArguments  = `{"type": "object", "additionalProperties": false}`
	anyArguments = `{"type": "object"}`
)

// parameters returns the schema of a tool's arguments: an object, which has no other
// properties than those listed unless it says so.
func (t *Tool) parameters() (json.RawMessage, error) {
	schema := bytes.TrimSpace(t.Parameters)
	if len(schema) == 0 || string(schema) == "null" {
		return json.RawMessage(noArguments), nil
	}
	var o map[string]json.RawMessage
	if err := json.Unmarshal(schema, &o); err != nil {
		return nil, fmt.Errorf("its parameters must be a schema, an object: %w", err)
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

// arguments returns the JSON of a tool's arguments.
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

// schema returns the JSON that satisfies a schema of a tool, and tells what of it is not
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

// value returns the JSON that satisfies a schema within one that parameters has looked at:
// what is not enforced has been told.
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

// parameters returns the schema of a tool's arguments for forms that have no JSON, with what
// it refers to, and tells what of it is not enforced. Ok is false where the tool is refused.
func (b *builder) parameters(t *Tool, r reach) (schema json.RawMessage, doc *document, ok bool) {
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
	b.tellBeyond(t, doc, schema, r)
	return schema, doc, true
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

// stringRules returns the rules of any string.
func stringRules() (*grammar.Rules, []string, error) {
	return jsonschema.Rules([]byte(`{"type": "string"}`), jsonschema.Options{})
}
