package toolcall

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"
)

// property is an argument of a tool.
type property struct {
	name     string
	schema   json.RawMessage
	required bool
}

// members returns the fields of a JSON object in their order.
func members(data json.RawMessage) (list []property) {
	d := json.NewDecoder(bytes.NewReader(data))
	if t, err := d.Token(); err != nil || t != json.Delim('{') {
		return nil
	}
	for d.More() {
		key, err := d.Token()
		name, ok := key.(string)
		var value json.RawMessage
		if err != nil || !ok || d.Decode(&value) != nil {
			return nil
		}
		list = append(list, property{name: name, schema: value})
	}
	return list
}

// properties returns the properties of an object's schema in their order. open says that other
// properties are allowed.
func properties(schema json.RawMessage) (list []property, open bool) {
	var s struct {
		Properties json.RawMessage
		Required   []string
		Additional json.RawMessage `json:"additionalProperties"`
	}
	if json.Unmarshal(schema, &s) != nil {
		return nil, true
	}
	list = members(s.Properties)
	for i := range list {
		list[i].required = slices.Contains(s.Required, list[i].name)
	}
	return list, string(bytes.TrimSpace(s.Additional)) != "false"
}

// document holds the definitions in the schema of a tool's
// arguments. References in the schema point to them.
type document struct {
	defs map[string]json.RawMessage // definitions by their JSON pointers
	text []byte                     // "$defs" and "definitions" as JSON fields, each with a comma after it
}

func newDocument(schema json.RawMessage) *document {
	d := &document{defs: map[string]json.RawMessage{}}
	var fields map[string]json.RawMessage
	if json.Unmarshal(schema, &fields) != nil {
		return d
	}
	for _, key := range []string{"$defs", "definitions"} {
		defs, ok := fields[key]
		if !ok {
			continue
		}
		d.text = append(d.text, `"`+key+`": `+string(defs)+`, `...)
		for _, def := range members(defs) {
			d.defs["#/"+key+"/"+def.name] = def.schema
		}
	}
	return d
}

// resolve returns the schema that schema refers to, or schema itself.
func (d *document) resolve(schema json.RawMessage) json.RawMessage {
	const limit = 8 // largest length of a chain of references
	for range limit {
		var s struct {
			Ref string `json:"$ref"`
		}
		if json.Unmarshal(schema, &s) != nil || s.Ref == "" {
			break
		}
		to, ok := d.defs[strings.NewReplacer("~1", "/", "~0", "~").Replace(s.Ref)]
		if !ok {
			break
		}
		schema = to
	}
	return schema
}

// alone returns a part of the document as a schema of its own, with the definitions.
func (d *document) alone(schema json.RawMessage) []byte {
	return append(append(append([]byte("{"), d.text...), `"allOf": [`...), append(slices.Clone(schema), "]}"...)...)
}

// texts returns the strings that a schema lists by enum or const. It returns nil if the schema lists
// no values, or some that are not strings.
func texts(schema json.RawMessage) []string {
	var s struct {
		Enum  []any
		Const any
	}
	if json.Unmarshal(schema, &s) != nil {
		return nil
	}
	if s.Const != nil {
		s.Enum = []any{s.Const}
	}
	var list []string
	for _, v := range s.Enum {
		text, ok := v.(string)
		if !ok {
			return nil
		}
		list = append(list, text)
	}
	return list
}

// itemsOf returns the schema of a list's items.
func itemsOf(schema json.RawMessage) json.RawMessage {
	var s struct{ Items json.RawMessage }
	if json.Unmarshal(schema, &s) != nil {
		return nil
	}
	return s.Items
}
