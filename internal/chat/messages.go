package chat

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
)

// Request is a conversation in the form of OpenAI's chat completions.
type Request struct {
	Messages []Message
	Tools    json.RawMessage // a list; nil: none
	Kwargs   json.RawMessage // an object with further variables for the template; nil: none
}

// ParseRequest parses JSON: an object {"messages": […], "tools": […], "chat_template_kwargs": {…},
// "documents": […]}, or a list of messages. In an object, only the messages are required.
func ParseRequest(data []byte) (Request, error) {
	var r struct {
		Messages []json.RawMessage `json:"messages"`
		Tools    json.RawMessage   `json:"tools"`
		Kwargs   json.RawMessage   `json:"chat_template_kwargs"`
		// Documents become the template variable "documents", as in transformers.
		Documents json.RawMessage `json:"documents"`
	}
	var err error
	if bytes.HasPrefix(bytes.TrimSpace(data), []byte("[")) {
		err = json.Unmarshal(data, &r.Messages)
	} else {
		err = json.Unmarshal(data, &r)
	}
	if err != nil {
		return Request{}, plainJSON(err)
	}
	messages := make([]Message, len(r.Messages))
	for i, object := range r.Messages {
		if messages[i], err = parseMessage(object); err != nil {
			return Request{}, fmt.Errorf("message %d: %w", i+1, err)
		}
	}
	if r.Documents != nil {
		var kwargs map[string]json.RawMessage
		if r.Kwargs != nil {
			if err := json.Unmarshal(r.Kwargs, &kwargs); err != nil {
				return Request{}, fmt.Errorf("chat_template_kwargs: %w", err)
			}
		}
		if kwargs == nil {
			kwargs = map[string]json.RawMessage{}
		}
		kwargs["documents"] = r.Documents
		if r.Kwargs, err = json.Marshal(kwargs); err != nil {
			return Request{}, err
		}
	}
	return Request{messages, r.Tools, r.Kwargs}, CheckMessages(messages)
}

// plainJSON rewrites an error of package json without the names of Go types.
func plainJSON(err error) error {
	var syntax *json.SyntaxError
	var other *json.UnmarshalTypeError
	switch {
	case errors.As(err, &syntax):
		return fmt.Errorf("invalid messages: %w at byte %d", err, syntax.Offset)
	case errors.As(err, &other):
		return fmt.Errorf("invalid messages: unexpected %s at byte %d", other.Value, other.Offset)
	}
	return err
}

// parseMessage parses a message.
func parseMessage(object json.RawMessage) (m Message, err error) {
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(object, &fields); err != nil {
		return m, plainJSON(err)
	}
	for name, target := range map[string]*string{"role": &m.Role, "input": &m.Input} {
		if raw, ok := fields[name]; ok {
			if err := json.Unmarshal(raw, target); err != nil {
				return m, fmt.Errorf("%q must be a string", name)
			}
		}
	}
	whole := true // there are no fields except role, content and input
	for name := range fields {
		whole = whole && (name == "role" || name == "content" || name == "input")
	}
	raw, ok := fields["content"]
	if !ok || string(bytes.TrimSpace(raw)) == "null" {
		if whole {
			return m, errors.New("content is missing")
		}
		m.Object = object
		return m, nil
	}
	text, isText, err := contentText(raw)
	if err != nil {
		return m, err
	}
	m.Content = text
	if !whole || !isText {
		m.Object = object
	}
	return m, nil
}

// contentText returns the text of a message's content, which is a string or a list of parts. All
// parts must be texts. isText reports whether raw is a string.
func contentText(raw json.RawMessage) (text string, isText bool, err error) {
	if err := json.Unmarshal(raw, &text); err == nil {
		return text, true, nil
	}
	var parts []struct {
		Type string `json:"type"`
		Text string `json:"text"`
	}
	if err := json.Unmarshal(raw, &parts); err != nil {
		return "", false, errors.New("content must be a string or a list of text parts")
	}
	var b strings.Builder
	for _, p := range parts {
		if p.Type != "text" {
			return "", false, fmt.Errorf("the content has a part of type %q; only \"text\" is understood", p.Type)
		}
		b.WriteString(p.Text)
	}
	return b.String(), false, nil
}
