package openai

import (
	"encoding/json"
	"fmt"
	"math"
	"strings"

	"alpaca/internal/sampler"
)

// ParseAnthropic parses a request of Anthropic's Messages API into a ChatRequest. If count is set,
// only the number of the request's tokens is wanted, and max_tokens is not read.
func ParseAnthropic(data []byte, params sampler.Params, count bool) (*ChatRequest, error) {
	o, err := parse(data)
	if err != nil {
		return nil, err
	}
	const usual = 4096 // llama.cpp's default for max_tokens
	r := &ChatRequest{Generation: defaults(params), Open: true}
	r.MaxTokens = usual
	o.text("model", &r.Model)
	o.boolean("stream", &r.Stream)
	if !count {
		o.integer("max_tokens", &r.MaxTokens, 1, math.MaxInt32)
	}
	if list, ok := o.list("stop_sequences", MaxStops); ok && list != nil {
		stop := &object{fields: map[string]json.RawMessage{"stop": o.fields["stop_sequences"]}}
		r.readStop(stop)
		if stop.err != nil {
			stop.err.Param = strings.Replace(stop.err.Param, "stop", "stop_sequences", 1)
			o.take(stop)
		}
	}
	p := &r.Sampling
	o.clamped("temperature", &p.Temp, 0, math.MaxFloat32)
	o.clamped("top_p", &p.TopP, 0, 1)
	if o.integer("top_k", &p.TopK, math.MinInt32, math.MaxInt32) {
		p.TopK = max(p.TopK, 0)
	}
	readSeed(o, &p.Seed) // not part of Anthropic's API; the name is that of the other APIs
	o.boolean("ignore_eos", &p.IgnoreEOS)
	r.anthropicSystem(o)
	r.anthropicMessages(o)
	r.anthropicThinking(o)
	r.readAnthropicTools(o)
	return r, o.result()
}

// anthropicSystem reads the system message, which has its own field.
func (r *ChatRequest) anthropicSystem(o *object) {
	data, ok := o.get("system")
	if !ok {
		return
	}
	m := Message{Role: "system"}
	switch kind(data) {
	case "a string":
		json.Unmarshal(data, &m.Content)
	case "a list":
		m.Content = o.blocksText("system", data)
	default:
		o.fail("system", "must be a string or a list of blocks, is %s", kind(data))
	}
	if m.Content != "" {
		r.Messages = append(r.Messages, m)
	}
}

// block is a piece of a message's content.
type block struct {
	kind, text, thought string
	id, name            string          // the id and the tool's name of a tool call; a tool result has only the id
	input               json.RawMessage // arguments of a tool call
}

// readBlock reads a block. Images and documents are errors.
func (o *object) readBlock(name string, data []byte) (b block) {
	c := object{}
	c.sub(data, o.name(name))
	if !c.text("type", &b.kind) && c.err == nil {
		c.fail("type", "is missing")
	}
	needs := func(field string, target *string) {
		if !c.text(field, target) {
			c.fail(field, "is missing")
		}
	}
	switch b.kind {
	case "text":
		needs("text", &b.text)
	case "thinking":
		needs("thinking", &b.thought)
	case "redacted_thinking":
	case "tool_use":
		needs("id", &b.id)
		needs("name", &b.name)
		b.input, _ = c.wants("input", "an object")
	case "tool_result":
		needs("tool_use_id", &b.id)
		failed := false
		c.boolean("is_error", &failed)
		if content, ok := c.get("content"); ok {
			switch kind(content) {
			case "a string":
				json.Unmarshal(content, &b.text)
			case "a list":
				b.text = c.blocksText("content", content)
			default:
				c.fail("content", "must be a string or a list of blocks, is %s", kind(content))
			}
		}
		if failed {
			b.text = toolError(b.text)
		}
	default:
		if c.err == nil {
			c.err = Unsupported(c.name("type"), "is %q: this model reads text only", clip(b.kind))
		}
	}
	o.take(&c)
	return b
}

// toolError returns a text that shows the model that a tool has failed. Chat
// templates show only the text of a result, not whether the tool has failed.
func toolError(text string) string {
	const mark = "Error"
	switch {
	case text == "":
		return mark
	case len(text) >= len(mark) && strings.EqualFold(text[:len(mark)], mark):
		return text
	}
	return mark + ": " + text
}

// blocksText returns the texts of a list of blocks, joined by newlines.
func (o *object) blocksText(name string, data []byte) string {
	list, _ := o.items(name, data, MaxMessages)
	var texts []string
	for i, item := range list {
		b := o.readBlock(fmt.Sprintf("%s[%d]", name, i), item)
		if o.err == nil && b.kind != "text" {
			o.fail(fmt.Sprintf("%s[%d].type", name, i), "is %q, must be \"text\"", clip(b.kind))
		}
		texts = append(texts, b.text)
	}
	return strings.Join(texts, "\n")
}

// anthropicMessages reads the conversation.
func (r *ChatRequest) anthropicMessages(o *object) {
	list, ok := o.list("messages", MaxMessages)
	if o.err == nil && (!ok || len(list) == 0) {
		o.fail("messages", "is missing or empty: there must be a message to answer")
	}
	for i, item := range list {
		m := object{}
		m.sub(item, fmt.Sprintf("messages[%d]", i))
		r.anthropicMessage(&m)
		if !o.take(&m) {
			return
		}
	}
	n := len(r.Messages) - 1
	if n > 0 && r.Messages[n].Role == assistant && r.Messages[n].Content == "" && r.Messages[n].Object == nil {
		r.Messages = r.Messages[:n]
	}
	if n := len(r.Messages) - 1; n > 0 && r.Messages[n].Role == assistant && r.Messages[n-1].Role == assistant {
		o.fail("messages", "end with two messages of the assistant: only one can be continued")
	}
}

// anthropicMessage adds a message. Tool results in the message become messages of their own, before
// the message.
func (r *ChatRequest) anthropicMessage(o *object) {
	var role string
	if !o.text("role", &role) {
		o.fail("role", "is missing")
	}
	if o.err == nil && role != "user" && role != assistant {
		o.fail("role", "is %q, must be \"user\" or \"assistant\"", clip(role))
	}
	data, ok := o.get("content")
	switch {
	case o.err != nil:
	case !ok:
		o.fail("content", "is missing")
	case kind(data) == "a string":
		m := Message{Role: role}
		json.Unmarshal(data, &m.Content)
		r.Messages = append(r.Messages, m)
	case kind(data) == "a list":
		r.anthropicBlocks(o, role, data)
	default:
		o.fail("content", "must be a string or a list of blocks, is %s", kind(data))
	}
}

func (r *ChatRequest) anthropicBlocks(o *object, role string, data []byte) {
	list, _ := o.items("content", data, MaxMessages)
	var texts, thoughts []string
	var calls []any
	results := false
	for i, item := range list {
		b := o.readBlock(fmt.Sprintf("content[%d]", i), item)
		switch b.kind {
		case "text":
			texts = append(texts, b.text)
		case "thinking":
			thoughts = append(thoughts, b.thought)
		case "tool_use":
			arguments := b.input
			if arguments == nil {
				arguments = json.RawMessage("{}")
			}
			calls = append(calls, map[string]any{"id": b.id, "type": "function", "function": map[string]any{"name": b.name, "arguments": string(arguments)}})
		case "tool_result":
			results = true
			object, _ := json.Marshal(map[string]any{"role": "tool", "tool_call_id": b.id, "content": b.text})
			r.Messages = append(r.Messages, Message{Role: "tool", Content: b.text, Object: object})
		}
	}
	if results && texts == nil {
		return
	}
	m := Message{Role: role, Content: strings.Join(texts, "\n")}
	if calls != nil || thoughts != nil {
		fields := map[string]any{"role": role, "content": m.Content}
		if calls != nil {
			fields["tool_calls"] = calls
		}
		if thoughts != nil {
			fields["reasoning_content"] = strings.Join(thoughts, "\n")
		}
		m.Object, _ = json.Marshal(fields)
	}
	r.Messages = append(r.Messages, m)
}

// anthropicThinking reads whether the model should think.
func (r *ChatRequest) anthropicThinking(o *object) {
	t, ok := o.child("thinking")
	if !ok {
		return
	}
	var mode string
	t.text("type", &mode)
	budget := 0
	t.integer("budget_tokens", &budget, 0, math.MaxInt32)
	if t.err == nil && mode != "enabled" && mode != "disabled" && mode != "adaptive" {
		t.fail("type", "is %q, must be \"enabled\", \"disabled\" or \"adaptive\"", clip(mode))
	}
	if o.take(t) && mode != "adaptive" {
		r.Kwargs, _ = json.Marshal(map[string]bool{"enable_thinking": mode == "enabled"})
	}
}
