package openai

import (
	"encoding/json"
	"fmt"
	"maps"
	"strings"

	"alpaca/internal/sampler"
)

// ResponsesRequest is a request of OpenAI's Responses API. The server stores
// nothing between requests, so each request has the whole conversation.
type ResponsesRequest struct {
	ChatRequest
	// Echo has the fields that the answer repeats, unchanged.
	Echo map[string]json.RawMessage
}

// echoed lists the names of the fields in Echo.
var echoed = []string{
	"instructions", "max_output_tokens", "max_tool_calls", "metadata", "parallel_tool_calls", "prompt_cache_key", "reasoning",
	"safety_identifier", "service_tier", "text", "tool_choice", "tools", "top_logprobs", "user",
}

// ParseResponses translates a request into a chat request and parses the chat request. So
// extensions of chat requests work here, too.
func ParseResponses(data []byte, params sampler.Params) (*ResponsesRequest, error) {
	o, err := parse(data)
	if err != nil {
		return nil, err
	}
	t := responsesReader{o: o, chat: maps.Clone(o.fields)}
	for _, name := range []string{"input", "instructions", "text", "n", "messages", "max_tokens", "n_predict", "response_format", "top_logprobs", "stream_options", "functions", "metadata", "user"} {
		delete(t.chat, name)
	}
	t.refuse()
	t.messages()
	t.format()
	t.options()
	t.tools()
	if o.err != nil {
		return nil, o.err
	}
	child := &object{fields: t.chat}
	r, err := chatOf(child, params, true)
	if err != nil {
		e := *err.(*Error)
		e.Param = renamed(e.Param)
		return nil, &e
	}
	if r.Format != nil {
		r.Format.Field = renamed(r.Format.Field)
	}
	out := &ResponsesRequest{ChatRequest: *r, Echo: map[string]json.RawMessage{}}
	for _, name := range echoed {
		if value, ok := o.get(name); ok {
			out.Echo[name] = value
		}
	}
	return out, nil
}

// renamed returns the name that a field of a chat request has in a Responses request.
func renamed(param string) string {
	for _, r := range []struct{ chat, here string }{
		{"response_format.json_schema", "text.format"}, {"response_format", "text.format"}, {"reasoning_effort", "reasoning.effort"},
		{"max_completion_tokens", "max_output_tokens"}, {"messages", "input"},
	} {
		if rest, ok := strings.CutPrefix(param, r.chat); ok {
			if r.here == "input" { // no index, since it can differ from the item's index
				return r.here
			}
			return r.here + rest
		}
	}
	if strings.HasPrefix(param, "tools[") {
		return strings.Replace(param, "].function", "]", 1)
	}
	return param
}

// responsesReader builds the fields of a chat request from those of a Responses request.
type responsesReader struct {
	o    *object
	chat map[string]json.RawMessage
	list []chatMessage
	open *chatMessage // the assistant's last message, if calls may still be added to it
}

// chatMessage is a message of a chat request.
type chatMessage struct {
	Role      string     `json:"role"`
	Content   any        `json:"content"` // a string, or nil
	Reasoning string     `json:"reasoning_content,omitempty"`
	Calls     []chatCall `json:"tool_calls,omitempty"`
	CallID    string     `json:"tool_call_id,omitempty"`
}

type chatCall struct {
	ID       string       `json:"id"`
	Type     string       `json:"type"`
	Function chatFunction `json:"function"`
}

type chatFunction struct {
	Name      string `json:"name"`
	Arguments string `json:"arguments"`
}

// refuse rejects fields that need stored requests, or that are otherwise unsupported.
func (t *responsesReader) refuse() {
	o := t.o
	const stateless = "nothing is kept between requests: send the whole conversation as \"input\""
	for _, f := range []struct{ name, why string }{
		{"previous_response_id", stateless},
		{"conversation", stateless},
		{"prompt", "no prompts are kept here: send \"instructions\" and \"input\""},
		{"context_management", "nothing is left out of a conversation: make it shorter"},
	} {
		if _, ok := o.get(f.name); ok && o.err == nil {
			o.err = Unsupported(f.name, "%s", f.why)
		}
		delete(t.chat, f.name)
	}
	background, truncation := false, ""
	if o.boolean("background", &background); background && o.err == nil {
		o.err = Unsupported("background", "answers are not kept: wait for them, or read the stream")
	}
	if o.text("truncation", &truncation); o.err == nil && truncation != "" && truncation != "disabled" {
		o.err = Unsupported("truncation", "is %q, must be \"disabled\": a conversation that is too long is refused, not cut", clip(truncation))
	}
}

// format reads the form of the answer.
func (t *responsesReader) format() {
	text, ok := t.o.child("text")
	if !ok {
		return
	}
	format, ok := text.child("format")
	if t.o.take(text); !ok {
		return
	}
	var kind string
	needs(format, "type", &kind)
	if !t.o.take(format) {
		return
	}
	fields := format.fields
	if kind == "json_schema" {
		inner := maps.Clone(fields)
		delete(inner, "type")
		schema, _ := json.Marshal(inner)
		fields = map[string]json.RawMessage{"type": fields["type"], "json_schema": schema}
	}
	t.chat["response_format"], _ = json.Marshal(fields)
}

// options reads the limit of tokens, the reasoning effort and the log probabilities.
func (t *responsesReader) options() {
	o := t.o
	limit, top := 0, 0
	if o.integer("max_output_tokens", &limit, 1, 1<<31-1) {
		t.chat["max_completion_tokens"], _ = json.Marshal(limit)
	}
	delete(t.chat, "max_output_tokens")
	if reasoning, ok := o.child("reasoning"); ok {
		var effort string
		if reasoning.text("effort", &effort); effort != "" {
			t.chat["reasoning_effort"], _ = json.Marshal(effort)
		}
		o.take(reasoning)
	}
	wanted := o.integer("top_logprobs", &top, 0, MaxTop) && top > 0
	list, _ := o.list("include", 64)
	for _, item := range list {
		wanted = wanted || string(item) == `"message.output_text.logprobs"`
	}
	if delete(t.chat, "logprobs"); wanted {
		t.chat["logprobs"] = json.RawMessage("true")
		t.chat["top_logprobs"], _ = json.Marshal(top)
	}
}

// tools converts tools and tool_choice to the form of a chat request, in which functions are nested
// one level deeper.
func (t *responsesReader) tools() {
	o := t.o
	list, ok := o.list("tools", MaxTools)
	var tools []any
	for i, data := range list {
		item := object{}
		item.sub(data, fmt.Sprintf("tools[%d]", i))
		var kind string
		needs(&item, "type", &kind)
		if item.err == nil && kind != "function" {
			item.err = Unsupported(item.name("type"), "is %q, must be \"function\": the server does not call tools itself", clip(kind))
		}
		if !o.take(&item) {
			return
		}
		inner := maps.Clone(item.fields)
		delete(inner, "type")
		tools = append(tools, fields{"type": kind, "function": inner})
	}
	if delete(t.chat, "tools"); ok && len(tools) > 0 {
		t.chat["tools"], _ = json.Marshal(tools)
	}
	choice, ok := o.get("tool_choice")
	if !ok {
		return
	}
	switch kind(choice) {
	case "a string":
		if text := string(choice); len(tools) == 0 && (text == `"auto"` || text == `"none"`) {
			delete(t.chat, "tool_choice") // clients send the default even without tools
		}
	case "an object":
		c, _ := o.child("tool_choice")
		chosen := t.choice(c)
		o.take(c)
		t.chat["tool_choice"], _ = json.Marshal(chosen)
	default:
		o.fail("tool_choice", "must be a string or an object, is %s", kind(choice))
	}
}

// choice converts tool_choice to the form of a chat request.
func (t *responsesReader) choice(c *object) fields {
	var kind, mode string
	switch needs(c, "type", &kind); kind {
	case "function":
		return named(c)
	case "allowed_tools":
		needs(c, "mode", &mode)
		list, _ := c.list("tools", MaxTools)
		tools := []fields{}
		for i, data := range list {
			item := object{}
			item.sub(data, c.name(fmt.Sprintf("tools[%d]", i)))
			tools = append(tools, named(&item))
			c.take(&item)
		}
		return fields{"type": kind, "allowed_tools": fields{"mode": mode, "tools": tools}}
	}
	if c.err == nil {
		c.err = Unsupported(c.name("type"), "is %q, must be \"function\" or \"allowed_tools\"", clip(kind))
	}
	return nil
}

// fields is a JSON object to be encoded.
type fields = map[string]any

// named returns a reference to a function by name, in the form of a chat request.
func named(o *object) fields {
	var name string
	needs(o, "name", &name)
	return fields{"type": "function", "function": fields{"name": name}}
}
