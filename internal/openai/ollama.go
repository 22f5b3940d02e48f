package openai

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"slices"

	"alpaca/internal/sampler"
)

// OllamaRequest is a request of Ollama's API, for the answer to a conversation or a prompt.
type OllamaRequest struct {
	ChatRequest
	Prompt string // the prompt of a request to /api/generate
	Raw    bool   // the answer continues Prompt as it is, without the chat template
}

// ParseOllama parses a request with a conversation or, if text is set, with a prompt. A request
// without Messages and Prompt is valid: clients send it to load a model.
func ParseOllama(data []byte, params sampler.Params, text bool) (*OllamaRequest, error) {
	o, err := parse(data)
	if err != nil {
		return nil, err
	}
	r := &OllamaRequest{ChatRequest: ChatRequest{Generation: defaults(params), Open: true}}
	r.Stream = true
	o.text("model", &r.Model)
	o.boolean("stream", &r.Stream)
	if options, ok := o.child("options"); ok {
		if options.integer("num_predict", &r.MaxTokens, -2, math.MaxInt32) {
			r.MaxTokens = max(r.MaxTokens, -1)
		}
		r.readStop(options)
		r.readSampling(options)
		o.take(options)
	}
	if text {
		r.readText(o)
	} else if list, ok := o.list("messages", MaxMessages); ok && len(list) > 0 {
		r.Messages = readOllamaMessages(o, list)
	}
	if data, ok := o.get("think"); ok {
		switch kind(data) {
		case "a boolean":
			r.Kwargs, _ = json.Marshal(map[string]bool{"enable_thinking": data[0] == 't'})
		case "a string":
			var effort string
			json.Unmarshal(data, &effort)
			r.Kwargs, _ = json.Marshal(map[string]any{"enable_thinking": true, "reasoning_effort": effort})
		default:
			o.fail("think", "must be a boolean or a string, is %s", kind(data))
		}
	}
	r.readOllamaFormat(o)
	tools := &object{fields: map[string]json.RawMessage{}}
	if list, ok := o.get("tools"); ok {
		tools.fields["tools"] = list
		r.readTools(tools)
		o.take(tools)
	}
	for _, f := range []struct{ name, why string }{
		{"images", "this model reads text only"},
		{"template", "templates come from the model alone"},
		{"suffix", "texts are continued at their end only"},
		{"context", "send the whole text: tokens that are in the cache are not evaluated again"},
	} {
		data, ok := o.get(f.name)
		if text := string(bytes.TrimSpace(data)); ok && o.err == nil && text != `""` && text != "[]" {
			o.err = Unsupported(f.name, "%s", f.why)
		}
	}
	return r, o.result()
}

// readText reads the prompt. A prompt that is not raw becomes the user's
// message of a conversation, after the system message if there is one.
func (r *OllamaRequest) readText(o *object) {
	var system string
	o.text("prompt", &r.Prompt)
	o.text("system", &system)
	o.boolean("raw", &r.Raw)
	if r.Raw || r.Prompt == "" {
		return
	}
	if system != "" {
		r.Messages = append(r.Messages, Message{Role: "system", Content: system})
	}
	r.Messages = append(r.Messages, Message{Role: "user", Content: r.Prompt})
}

// readOllamaMessages reads a conversation. The form of its messages
// differs from OpenAI's in the fields for images, thinking and tool names.
func readOllamaMessages(o *object, list []json.RawMessage) []Message {
	items := make([]json.RawMessage, len(list))
	for i, item := range list {
		m := object{}
		m.sub(item, fmt.Sprintf("messages[%d]", i))
		if images, ok := m.list("images", MaxMessages); ok && len(images) > 0 {
			m.err = Unsupported(m.name("images"), "this model reads text only")
		}
		if !o.take(&m) {
			return nil
		}
		fields := maps.Clone(m.fields)
		delete(fields, "images")
		if name, ok := fields["tool_name"]; ok {
			delete(fields, "tool_name")
			fields["name"] = name
		}
		if thought, ok := fields["thinking"]; ok {
			delete(fields, "thinking")
			fields["reasoning_content"] = thought
		}
		items[i], _ = json.Marshal(fields)
	}
	joined, _ := json.Marshal(items)
	child := &object{fields: map[string]json.RawMessage{"messages": joined}}
	messages := readMessages(child)
	o.take(child)
	return slices.Clip(messages)
}
