package openai

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
)

// Format constrains the form of an answer by a grammar or a JSON schema.
type Format struct {
	Field   string          // the request's field, such as "response_format", for error messages
	Grammar string          // in GBNF; "": Schema counts
	Schema  json.RawMessage // unchanged: an answer has its properties in the schema's order
	Strict  bool            // OpenAI's strict: objects must not have properties other than those listed
	Lenient bool            // constraints that cannot be enforced are warnings, not errors
	Compact bool            // no white space between values

	// Lazy means that the grammar applies only after one of Triggers has appeared.
	Lazy     bool
	Triggers []Trigger
}

// Trigger starts a lazy grammar.
type Trigger struct {
	Kind  TriggerKind
	Text  string // the word or pattern
	Token int32
}

// TriggerKind is the kind of a trigger, with llama.cpp's numbers.
type TriggerKind int

// The kinds of triggers.
const (
	TriggerToken   TriggerKind = iota // a token
	TriggerWord                       // a text
	TriggerPattern                    // a regular expression that matches somewhere in the text
	TriggerFull                       // a regular expression that matches the whole text
)

// Limits of formats. A schema may be larger than a grammar: OpenAI accepts schemas whose names and
// values have 120,000 characters.
const (
	MaxGrammar  = 64 << 10  // bytes
	MaxSchema   = 256 << 10 // bytes
	MaxTriggers = 64
)

// anyObject is the schema of a JSON object.
const anyObject = `{"type": "object"}`

// readFormat reads the form of the answer: response_format, or llama.cpp's grammar and json_schema.
func (g *Generation) readFormat(o *object) {
	f := &Format{}
	o.boolean("lenient", &f.Lenient)
	var white string
	if o.text("whitespace", &white); white != "" {
		if f.Compact = white == "compact"; !f.Compact && white != "flexible" {
			o.fail("whitespace", "is %q, must be \"flexible\" or \"compact\"", clip(white))
		}
	}
	if o.text("grammar", &f.Grammar); f.Grammar != "" {
		f.Field = "grammar"
		if len(f.Grammar) > MaxGrammar {
			o.fail("grammar", "has %d bytes, must have at most %d", len(f.Grammar), MaxGrammar)
		}
		f.readLazy(o)
	}
	given := func(field string, schema json.RawMessage) {
		if f.Field != "" {
			o.fail(field, "and %q cannot both be given: an answer has one form", f.Field)
		}
		f.Field = field
		f.setSchema(o, field, schema)
	}
	if schema, ok := o.get("json_schema"); ok {
		if schema := unquoted(schema); len(schema) > 0 {
			given("json_schema", schema)
		}
	}
	if r, ok := o.child("response_format"); ok {
		schema := f.responseFormat(r)
		if o.take(r) && schema != nil {
			given("response_format", schema)
		}
	}
	if f.Field != "" {
		g.Format = f
	}
}

// unquoted returns the JSON inside a string, or data if it is not a string.
func unquoted(data json.RawMessage) json.RawMessage {
	var text string
	if kind(data) == "a string" && json.Unmarshal(data, &text) == nil {
		return json.RawMessage(text)
	}
	return data
}

// setSchema sets the schema, which must be an object, true or false.
func (f *Format) setSchema(o *object, field string, schema json.RawMessage) {
	if k := kind(schema); k != "an object" && k != "a boolean" {
		o.fail(field, "the schema must be an object, is %s", k)
	}
	if len(schema) > MaxSchema {
		o.fail(field, "the schema has %d bytes, must have at most %d", len(schema), MaxSchema)
	}
	f.Schema = schema
}

// responseFormat returns the schema of OpenAI's response_format, or nil for free text.
func (f *Format) responseFormat(r *object) json.RawMessage {
	var form string
	if !r.text("type", &form) {
		r.fail("type", "is missing")
	}
	switch form {
	case "json_object":
		if schema, ok := r.wants("schema", "an object"); ok {
			return schema
		}
		return json.RawMessage(anyObject)
	case "json_schema":
		from := r
		if inner, ok := r.child("json_schema"); ok {
			from = inner
		}
		var name string
		from.text("name", &name)
		from.boolean("strict", &f.Strict)
		schema, ok := from.get("schema")
		if !ok {
			from.fail("schema", "is missing")
		} else if k := kind(schema); k != "an object" && k != "a boolean" {
			from.fail("schema", "must be an object, is %s", k)
		}
		r.take(from)
		return schema
	case "text", "":
	default:
		r.fail("type", "is %q, must be \"text\", \"json_object\" or \"json_schema\"", clip(form))
	}
	return nil
}

// readLazy reads llama.cpp's fields for a lazy grammar.
func (f *Format) readLazy(o *object) {
	o.boolean("grammar_lazy", &f.Lazy)
	list, _ := o.list("grammar_triggers", MaxTriggers)
	for i, item := range list {
		t := object{}
		t.sub(item, fmt.Sprintf("grammar_triggers[%d]", i))
		number, token := 0, 0
		if !t.integer("type", &number, 0, int(TriggerFull)) {
			t.fail("type", "is missing: 0 is a token, 1 a word, 2 a pattern, 3 a pattern of the whole text")
		}
		one := Trigger{Kind: TriggerKind(number)}
		t.text("value", &one.Text)
		if t.integer("token", &token, 0, math.MaxInt32) {
			one.Token = int32(token)
		} else if one.Kind == TriggerToken {
			t.fail("token", "is missing")
		}
		if one.Kind != TriggerToken && one.Text == "" {
			t.fail("value", "is missing or empty")
		}
		if !o.take(&t) {
			return
		}
		f.Triggers = append(f.Triggers, one)
	}
	if f.Lazy && len(f.Triggers) == 0 {
		o.fail("grammar_triggers", "is missing: a lazy grammar needs a trigger")
	}
}

// readOllamaFormat reads Ollama's format: "json" or a schema.
func (g *Generation) readOllamaFormat(o *object) {
	data, ok := o.get("format")
	if !ok || string(bytes.TrimSpace(data)) == `""` {
		return
	}
	f := &Format{Field: "format"}
	switch k := kind(data); {
	case string(bytes.TrimSpace(data)) == `"json"`:
		f.Schema = json.RawMessage(anyObject)
	case k == "an object":
		f.setSchema(o, "format", data)
	default:
		o.fail("format", "must be \"json\" or a schema, is %s", clip(string(data)))
	}
	g.Format = f
}
