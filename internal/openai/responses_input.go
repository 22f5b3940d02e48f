package openai

import (
	"encoding/json"
	"fmt"
	"strings"
)

// messages converts instructions and input to messages.
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

// If there is an open message of the assistant, close adds it to the list.
func (t *responsesReader) close() {
	if t.open != nil {
		t.list = append(t.list, *t.open)
	}
	t.open = nil
}

// answer returns the assistant's open message for the next item. If there is no open message,
// or if the function fits returns false for the open message, answer begins a new one.
func (t *responsesReader) answer(fits func(*chatMessage) bool) *chatMessage {
	if t.open == nil || !fits(t.open) {
		t.close()
		t.open = &chatMessage{Role: assistant}
	}
	return t.open
}

// item reads an item: a message, reasoning, a call or its output. Consecutive reasoning, text and
// calls become one message of a chat.
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

// needs reads a text field that is required.
func needs(o *object, field string, target *string) {
	if !o.text(field, target) {
		o.fail(field, "is missing")
	}
}

// message reads an item that is a message.
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
	// Chat templates accept only one system message, at the beginning.
	if len(t.list) == 1 && t.list[0].Role == "system" && role != "user" {
		t.list[0].Content = t.list[0].Content.(string) + "\n\n" + text
		return
	}
	t.list = append(t.list, chatMessage{Role: role, Content: text})
}

// texts returns the text of a field. The parts of a list are joined by newlines.
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
