package openai

import (
	"encoding/json"
	"fmt"
	"maps"
	"strings"

	"alpaca/internal/sampler"
)

// ResponsesRequest is a request of OpenAI's Responses API. Nothing is kept between
// requests: each has the whole conversation.
type ResponsesRequest struct {
	ChatRequest
	// Echo are the fields that the answer repeats, as they came.
	Echo map[string]json.RawMessage
}

// echoed are the names of the fields of Echo.
var echoed = []string{
	"instructions", "max_output_tokens", "max_tool_calls", "metadata", "parallel_tool_calls", "prompt_cache_key", "reasoning",
	"safety_identifier", "service_tier", "text", "tool_choice", "tools", "top_logprobs", "user",
}

// ParseResponses reads a request. It asks for the same as one for a chat in other words, so
// that it is put into those: what a chat can have it can have as well.
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

// renamed returns the name that a field of a chat has here.
func renamed(param string) string {
	for _, r := range []struct{ chat, here string }{
		{"response_format.json_schema", "text.format"}, {"response_format", "text.format"}, {"reasoning_effort", "reasoning.effort"},
		{"max_completion_tokens", "max_output_tokens"}, {"messages", "input"},
	} {
		if rest, ok := strings.CutPrefix(param, r.chat); ok {
			if r.here == "input" { // calls and their results are counted otherwise
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

// responsesReader makes the fields of a chat.
type responsesReader struct {
	o    *object
	chat map[string]json.RawMessage
	list []chatMessage
	open *chatMessage // the assistant's, to which calls may still be added
}

// chatMessage is a message as a chat has it.
type chatMessage struct {
	Role      string     `json:"role"`
	Content   any        `json:"content"` // a string, or parts
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

// refuse is about what needs a memory of earlier requests, and what else is not done.
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

// messages reads instructions and input.
func (t *responsesReader) messages() {
	o := t.o
	var instructions string
	if o.text("instructions", &instructions); instructions != "" {
		t.list = append(t.list, chatMessage{Role: "system", Content: instructions})
	}
	data, ok := o.get("input")
	switch {
	case !ok:
		o.fail("input", "is missing: a text or a list of items is needed")
	case kind(data) == "a string":
		var text string
		json.Unmarshal(data, &text)
		t.list = append(t.list, chatMessage{Role: "user", Content: text})
	case kind(data) == "a list":
		items, _ := o.items("input", data, MaxMessages)
		if len(items) == 0 {
			o.fail("input", "is empty: there must be something to answer")
		}
		for i, data := range items {
			item := object{}
			item.sub(data, fmt.Sprintf("input[%d]", i))
			t.item(&item)
			if !o.take(&item) {
				return
			}
		}
	default:
		o.fail("input", "must be a string or a list of items, is %s", kind(data))
	}
	t.close()
	t.chat["messages"], _ = json.Marshal(t.list)
}

// close ends the assistant's message, if there is an open one.
func (t *responsesReader) close() {
	if t.open != nil {
		t.list = append(t.list, *t.open)
	}
	t.open = nil
}

// answer returns the assistant's message to which what comes next belongs: a new one where
// it would come before what the open one has already.
func (t *responsesReader) answer(fits func(*chatMessage) bool) *chatMessage {
	if t.open == nil || !fits(t.open) {
		t.close()
		t.open = &chatMessage{Role: assistant}
	}
	return t.open
}

// item reads one of the things that were said, called, and returned. A thought, a text and
// calls after each other are one message of a chat.
func (t *responsesReader) item(o *object) {
	var kind string
	if o.text("type", &kind); kind == "" {
		kind = "message"
	}
	switch kind {
	case "message":
		t.message(o)
	case "reasoning":
		m := t.answer(func(m *chatMessage) bool { return m.Content == nil && m.Calls == nil })
		for _, name := range []string{"content", "summary"} {
			if text, ok := t.texts(o, name); ok && m.Reasoning == "" {
				m.Reasoning = text
			}
		}
	case "function_call":
		c := chatCall{Type: "function"}
		needs(o, "call_id", &c.ID)
		needs(o, "name", &c.Function.Name)
		needs(o, "arguments", &c.Function.Arguments)
		m := t.answer(func(*chatMessage) bool { return true })
		m.Calls = append(m.Calls, c)
	case "function_call_output":
		t.close()
		m := chatMessage{Role: "tool"}
		needs(o, "call_id", &m.CallID)
		text, ok := t.texts(o, "output")
		if !ok {
			o.fail("output", "is missing")
		}
		m.Content = text
		t.list = append(t.list, m)
	case "item_reference":
		o.err = Unsupported(o.name("type"), "is %q: nothing is kept between requests, so send the item itself", kind)
	default:
		if o.err == nil {
			o.err = Unsupported(o.name("type"), "is %q, must be \"message\", \"function_call\", \"function_call_output\" or \"reasoning\"", clip(kind))
		}
	}
}

// needs reads a text that must be there.
func needs(o *object, field string, target *string) {
	if !o.text(field, target) {
		o.fail(field, "is missing")
	}
}

// message reads what somebody said.
func (t *responsesReader) message(o *object) {
	var role string
	needs(o, "role", &role)
	switch role {
	case "user", "system", "developer", assistant:
	default:
		o.fail("role", "is %q, must be \"user\", \"assistant\", \"system\" or \"developer\"", clip(role))
	}
	text, ok := t.texts(o, "content")
	if !ok {
		o.fail("content", "is missing")
	}
	if o.err != nil {
		return
	}
	if role == assistant {
		t.answer(func(m *chatMessage) bool { return m.Content == nil && m.Calls == nil }).Content = text
		return
	}
	t.close()
	// Templates want one system message, at the beginning.
	if len(t.list) == 1 && t.list[0].Role == "system" && role != "user" {
		t.list[0].Content = t.list[0].Content.(string) + "\n\n" + text
		return
	}
	t.list = append(t.list, chatMessage{Role: role, Content: text})
}

// texts returns a field that is a string or a list of parts, a line each.
func (t *responsesReader) texts(o *object, field string) (text string, ok bool) {
	data, ok := o.get(field)
	if !ok {
		return "", false
	}
	switch kind(data) {
	case "a string":
		json.Unmarshal(data, &text)
		return text, true
	case "a list":
	default:
		o.fail(field, "must be a string or a list of parts, is %s", kind(data))
		return "", false
	}
	items, _ := o.items(field, data, MaxMessages)
	var texts []string
	for i, data := range items {
		p := object{}
		p.sub(data, fmt.Sprintf("%s[%d]", o.name(field), i))
		var kind, part string
		needs(&p, "type", &kind)
		switch kind {
		case "input_text", "output_text", "text", "summary_text", "reasoning_text":
			needs(&p, "text", &part)
		case "refusal":
			needs(&p, "refusal", &part)
		default:
			if p.err == nil {
				p.err = Unsupported(p.name("type"), "is %q: this model reads text only", clip(kind))
			}
		}
		if !o.take(&p) {
			return "", false
		}
		texts = append(texts, part)
	}
	return strings.Join(texts, "\n"), true
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

// options reads how long an answer may be, how much is thought, and what is told of its
// tokens.
func (t *responsesReader) options() {
	o := t.o
	most, top := 0, 0
	if o.integer("max_output_tokens", &most, 1, 1<<31-1) {
		t.chat["max_completion_tokens"], _ = json.Marshal(most)
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

// tools puts functions into the form of a chat, where they are a level deeper.
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
			item.err = Unsupported(item.name("type"), "is %q, must be \"function\": the server calls nothing itself", clip(kind))
		}
		if !o.take(&item) {
			return
		}
		inner := maps.Clone(item.fields)
		delete(inner, "type")
		tools = append(tools, map[string]any{"type": kind, "function": inner})
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
			delete(t.chat, "tool_choice") // clients name their default
		}
	case "an object":
		c, _ := o.child("tool_choice")
		var kind, name string
		needs(c, "type", &kind)
		if c.err == nil && kind != "function" {
			c.err = Unsupported(c.name("type"), "is %q, must be \"function\"", clip(kind))
		}
		needs(c, "name", &name)
		o.take(c)
		t.chat["tool_choice"], _ = json.Marshal(map[string]any{"type": "function", "function": map[string]string{"name": name}})
	default:
		o.fail("tool_choice", "must be a string or an object, is %s", kind(choice))
	}
}
