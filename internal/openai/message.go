package openai

import (
	"encoding/json"
	"fmt"
	"strings"
)

// Message is a message of a conversation.
type Message struct {
	Role    string
	Content string // the message's text; several parts are joined by newlines
	// Object is the whole message in JSON. It is nil if the message has only a role and a text.
	Object json.RawMessage
}

// assistant is the role of answers.
const assistant = "assistant"

// roles are the roles that a message may have.
var roles = map[string]bool{"system": true, "developer": true, "user": true, "assistant": true, "tool": true, "function": true}

// readMessages reads a conversation.
func readMessages(o *object) []Message {
	list, ok := o.list("messages", MaxMessages)
	if _, given := o.get("messages"); o.err == nil && !given {
		o.fail("messages", "is missing: a list of messages is needed")
	}
	if o.err == nil && len(list) == 0 {
		o.fail("messages", "is empty: there must be a message to answer")
	}
	if !ok || o.err != nil {
		return nil
	}
	messages := make([]Message, 0, len(list))
	for i, item := range list {
		m := object{}
		m.sub(item, fmt.Sprintf("messages[%d]", i))
		message := m.message(item)
		if !o.take(&m) {
			return nil
		}
		messages = append(messages, message)
	}
	// An empty last message of the assistant is dropped, because there is nothing to continue.
	if n := len(messages) - 1; n > 0 && messages[n].Role == assistant && messages[n].Content == "" && !again(list[n]).has("tool_calls") {
		messages = messages[:n]
	}
	n := len(messages) - 1
	if n > 0 && messages[n].Role == assistant && messages[n-1].Role == assistant {
		o.fail("messages", "end with two messages of the assistant: only one can be continued")
	}
	return messages
}

// again parses an object that has been checked before.
func again(data json.RawMessage) *object {
	var o object
	o.sub(data, "")
	return &o
}

func (o *object) has(field string) bool {
	_, ok := o.get(field)
	return ok
}

// message returns the message of o, whose JSON is data.
func (o *object) message(data json.RawMessage) (m Message) {
	if !o.text("role", &m.Role) {
		o.fail("role", "is missing")
		return m
	}
	if !roles[m.Role] {
		o.fail("role", "is %q, must be \"system\", \"developer\", \"user\", \"assistant\" or \"tool\"", clip(m.Role))
		return m
	}
	var unused string
	for _, name := range []string{"name", "tool_call_id", "reasoning_content"} {
		o.text(name, &unused)
	}
	o.toolCalls()
	content, given := o.get("content")
	switch {
	case given && kind(content) == "a string":
		json.Unmarshal(content, &m.Content)
	case given && kind(content) == "a list":
		m.Content = o.parts(content)
	case given:
		o.fail("content", "must be a string or a list of parts, is %s", kind(content))
	case m.Role != assistant:
		o.fail("content", "is missing: only the assistant's messages may leave it out")
	case !o.has("tool_calls") && !o.has("reasoning_content") && !o.has("function_call") && !o.has("refusal"):
		if _, null := o.fields["content"]; !null {
			o.fail("content", "is missing")
		}
	}
	if o.plain() {
		return m
	}
	m.Object = data
	return m
}

// plain reports whether a message has only a role and a text.
func (o *object) plain() bool {
	for name, data := range o.fields {
		known := name == "role" || name == "content" && kind(data) == "a string"
		if !known && kind(data) != "null" {
			return false
		}
	}
	return true
}

// parts returns the texts of a list of parts, joined by newlines.
func (o *object) parts(data json.RawMessage) string {
	list, _ := o.items("content", data, MaxMessages)
	texts := make([]string, 0, len(list))
	for i, item := range list {
		p := object{}
		p.sub(item, fmt.Sprintf("%s[%d]", o.name("content"), i))
		var kind, text string
		if p.text("type", &kind); p.err == nil {
			switch kind {
			case "text", "input_text", "output_text", "refusal":
				field := "text"
				if kind == "refusal" {
					field = kind
				}
				if !p.text(field, &text) {
					p.fail(field, "is missing")
				}
			case "":
				p.fail("type", "is missing")
			default:
				p.err = Unsupported(p.name("type"), "is %q: this model reads text only", clip(kind))
			}
		}
		if !o.take(&p) {
			return ""
		}
		texts = append(texts, text)
	}
	return strings.Join(texts, "\n")
}

// toolCalls checks the tool calls of an earlier answer.
func (o *object) toolCalls() {
	list, _ := o.list("tool_calls", MaxTools)
	for i, item := range list {
		c := object{}
		c.sub(item, fmt.Sprintf("%s[%d]", o.name("tool_calls"), i))
		f, ok := c.child("function")
		if !ok {
			c.fail("function", "is missing")
			o.take(&c)
			return
		}
		var name string
		if !f.text("name", &name) {
			f.fail("name", "is missing")
		}
		if data, ok := f.get("arguments"); ok && kind(data) != "a string" && kind(data) != "an object" {
			f.fail("arguments", "must be a string of JSON, is %s", kind(data))
		}
		c.take(f)
		if !o.take(&c) {
			return
		}
	}
}
