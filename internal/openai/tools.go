package openai

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"

	"alpaca/internal/toolcall"
)

// Tools are the tools that a model may call.
type Tools struct {
	List     []toolcall.Tool
	JSON     json.RawMessage // the tools for the chat template: a list in OpenAI's form
	Choice   Choice
	Only     []string // names of the allowed tools; nil: all
	Parallel bool     // an answer may have several calls
}

// Choice says whether the model must, may or must not call a tool.
type Choice string

// The choices.
const (
	ChooseAuto     Choice = "auto"
	ChooseNone     Choice = "none"
	ChooseRequired Choice = "required"
)

// Allowed returns the tools that may be called.
func (t *Tools) Allowed() []toolcall.Tool {
	if t == nil || t.Choice == ChooseNone {
		return nil
	}
	if t.Only == nil {
		return t.List
	}
	var list []toolcall.Tool
	for _, tool := range t.List {
		if slices.Contains(t.Only, tool.Name) {
			list = append(list, tool)
		}
	}
	return list
}

// ParseTools parses a list of tools in OpenAI's form. choice is "auto", "none", "required", the
// name of a tool, or "" for "auto". The result is nil if there are no tools.
func ParseTools(list []byte, choice string) (*Tools, error) {
	if err := check(list); err != nil {
		return nil, err
	}
	o := &object{fields: map[string]json.RawMessage{"tools": list}}
	if choice != "" {
		value := any(choice)
		switch Choice(choice) {
		case ChooseAuto, ChooseNone, ChooseRequired:
		default:
			value = map[string]any{"type": "function", "function": map[string]string{"name": choice}}
		}
		o.fields["tool_choice"], _ = encodeJSON(value)
	}
	r := &ChatRequest{}
	r.readTools(o)
	return r.Tools, o.result()
}

// readTools reads OpenAI's tools, tool_choice and parallel_tool_calls.
func (r *ChatRequest) readTools(o *object) {
	if choice, _ := o.get("tool_choice"); string(bytes.TrimSpace(choice)) == `"none"` {
		return // the tools are ignored
	}
	if list, ok := o.list("functions", MaxTools); ok && len(list) > 0 {
		o.err = Unsupported("functions", "use \"tools\", which has replaced them")
	}
	list, _ := o.list("tools", MaxTools)
	t := &Tools{Choice: ChooseAuto}
	for i, item := range list {
		c := object{}
		c.sub(item, fmt.Sprintf("tools[%d]", i))
		kind := "function"
		c.text("type", &kind)
		f, ok := c.child("function")
		switch {
		case c.err != nil:
		case kind != "function":
			c.err = Unsupported(c.name("type"), "is %q: only \"function\" is supported", clip(kind))
		case !ok:
			c.fail("function", "is missing")
		default:
			t.add(f, "parameters")
			c.take(f)
		}
		if !o.take(&c) {
			return
		}
	}
	t.JSON, _ = o.get("tools")
	t.readChoice(o)
	t.Parallel = t.Choice == ChooseAuto // the default: a model that must call a tool makes one call
	o.boolean("parallel_tool_calls", &t.Parallel)
	if len(t.List) > 0 {
		r.Tools = t
	}
}

// add adds the tool that f describes. schema is the name of the field with the schema of its
// arguments.
func (t *Tools) add(f *object, schema string) {
	tool := toolcall.Tool{}
	if !f.text("name", &tool.Name) {
		f.fail("name", "is missing")
	}
	f.text("description", &tool.Description)
	f.boolean("strict", &tool.Strict)
	if data, ok := f.wants(schema, "an object"); ok {
		tool.Parameters = data
	}
	switch {
	case f.err != nil:
		return
	case !toolcall.ValidName(tool.Name):
		f.fail("name", "is %q, must be 1 to 128 letters, digits, \"_\", \"-\" or \".\"", clip(tool.Name))
	case slices.ContainsFunc(t.List, func(other toolcall.Tool) bool { return other.Name == tool.Name }):
		f.fail("name", "is %q, which another tool already has", clip(tool.Name))
	case len(tool.Parameters) > MaxSchema:
		f.fail(schema, "has %d bytes, must have at most %d", len(tool.Parameters), MaxSchema)
	}
	t.List = append(t.List, tool)
}

// readChoice reads tool_choice.
func (t *Tools) readChoice(o *object) {
	data, ok := o.get("tool_choice")
	if !ok {
		return
	}
	if len(t.List) == 0 && string(bytes.TrimSpace(data)) != `"auto"` {
		o.fail("tool_choice", "is given without tools")
		return
	}
	switch kind(data) {
	case "a string":
		var text string
		json.Unmarshal(data, &text)
		switch t.Choice = Choice(text); t.Choice {
		case ChooseAuto, ChooseRequired:
		default:
			o.fail("tool_choice", "is %q, must be \"none\", \"auto\", \"required\" or a tool", clip(text))
		}
	case "an object":
		c, _ := o.child("tool_choice")
		var form string
		if !c.text("type", &form) {
			c.fail("type", "is missing")
		}
		switch form {
		case "function":
			t.Choice = ChooseRequired
			t.only(c)
		case "allowed_tools":
			t.allowed(c)
		default:
			c.fail("type", "is %q, must be \"function\" or \"allowed_tools\"", clip(form))
		}
		o.take(c)
	default:
		o.fail("tool_choice", "must be a string or an object, is %s", kind(data))
	}
}

// The method only reads the name of a chosen tool, and adds this name to t.Only.
func (t *Tools) only(c *object) {
	from := c
	if f, ok := c.child("function"); ok {
		from = f
	}
	var name string
	if !from.text("name", &name) {
		from.fail("name", "is missing")
	}
	t.allow(from, name)
	c.take(from)
}

// allow adds a name to Only.
func (t *Tools) allow(o *object, name string) {
	if o.err == nil && !slices.ContainsFunc(t.List, func(tool toolcall.Tool) bool { return tool.Name == name }) {
		o.fail("name", "is %q, must be the name of one of the tools", clip(name))
	}
	t.Only = append(t.Only, name)
}

// allowed reads OpenAI's list of allowed tools.
func (t *Tools) allowed(c *object) {
	from := c
	if a, ok := c.child("allowed_tools"); ok {
		from = a
	}
	mode := string(ChooseAuto)
	from.text("mode", &mode)
	if t.Choice = Choice(mode); t.Choice != ChooseAuto && t.Choice != ChooseRequired {
		from.fail("mode", "is %q, must be \"auto\" or \"required\"", clip(mode))
	}
	list, ok := from.list("tools", MaxTools)
	if !ok || len(list) == 0 {
		from.fail("tools", "is missing or empty")
	}
	for i, item := range list {
		one := object{}
		one.sub(item, from.name(fmt.Sprintf("tools[%d]", i)))
		if one.err == nil {
			t.only(&one)
		}
		from.take(&one)
	}
	c.take(from)
}

// readAnthropicTools reads Anthropic's tools and tool_choice.
func (r *ChatRequest) readAnthropicTools(o *object) {
	t := &Tools{Choice: ChooseAuto}
	choice, given := o.child("tool_choice")
	mode := "auto"
	t.Parallel = true
	if given {
		if !choice.text("type", &mode) {
			choice.fail("type", "is missing")
		}
		single := mode != "auto" // the default: a model that must call a tool makes one call
		choice.boolean("disable_parallel_tool_use", &single)
		t.Parallel = !single
	}
	if o.err == nil && mode == "none" {
		return
	}
	list, _ := o.list("tools", MaxTools)
	var forms []json.RawMessage
	for i, item := range list {
		c := object{}
		c.sub(item, fmt.Sprintf("tools[%d]", i))
		form := "custom"
		if c.text("type", &form); form != "custom" && c.err == nil {
			c.err = Unsupported(c.name("type"), "is %q: the server has no tools of its own", clip(form))
		}
		if c.err == nil {
			t.add(&c, "input_schema")
			forms = append(forms, openAITool(&c))
		}
		if !o.take(&c) {
			return
		}
	}
	t.JSON, _ = encodeJSON(forms)
	switch mode {
	case "auto":
	case "any", "tool":
		if t.Choice = ChooseRequired; len(t.List) == 0 {
			choice.fail("type", "is %q, but the request has no tools", mode)
		}
		if mode == "tool" {
			var name string
			if !choice.text("name", &name) {
				choice.fail("name", "is missing")
			}
			t.allow(choice, name)
		}
	default:
		choice.fail("type", "is %q, must be \"auto\", \"any\", \"tool\" or \"none\"", clip(mode))
	}
	if given {
		o.take(choice)
	}
	if len(t.List) > 0 {
		r.Tools = t
	}
}

// openAITool converts a tool from Anthropic's form to OpenAI's. The order of the schema's
// properties stays the same.
func openAITool(c *object) json.RawMessage {
	var f struct {
		Name        json.RawMessage `json:"name,omitempty"`
		Description json.RawMessage `json:"description,omitempty"`
		Parameters  json.RawMessage `json:"parameters,omitempty"`
	}
	f.Name, f.Description, f.Parameters = c.fields["name"], c.fields["description"], c.fields["input_schema"]
	b, _ := encodeJSON(map[string]any{"type": "function", "function": f})
	return b
}

// encodeJSON encodes v as json.Marshal does, but does not escape <, > and &.
func encodeJSON(v any) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	err := e.Encode(v)
	return bytes.TrimSpace(b.Bytes()), err
}
