package run

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"alpaca/internal/chat"
	"alpaca/internal/cli/ui"
)

// jsonMessage is a message in OpenAI's form: its content is a text, or a list of
// parts of which only texts are understood.
type jsonMessage struct {
	Role    string          `json:"role"`
	Content json.RawMessage `json:"content"`
	Input   string          `json:"input"`
}

// readMessages reads a conversation: {"messages": [...]} or the list alone.
func readMessages(u *ui.UI, path string) ([]chat.Message, error) {
	var text string
	var err error
	if path == "-" {
		text, err = u.ReadStdin()
	} else {
		text, err = ui.ReadFile(path)
	}
	if err != nil {
		return nil, err
	}
	messages, err := parseMessages([]byte(text))
	if err != nil {
		if path == "-" {
			path = "stdin"
		}
		return nil, fmt.Errorf("%s: %w", path, plainJSON(err))
	}
	return messages, nil
}

// plainJSON returns an error without the names of Go types.
func plainJSON(err error) error {
	var syntax *json.SyntaxError
	var other *json.UnmarshalTypeError
	switch {
	case errors.As(err, &syntax):
		return fmt.Errorf("no messages in JSON: %w at byte %d", err, syntax.Offset)
	case errors.As(err, &other):
		return fmt.Errorf("no messages in JSON: %s at byte %d is not what they have there", other.Value, other.Offset)
	}
	return err
}

// parseMessages reads the JSON of a conversation.
func parseMessages(data []byte) ([]chat.Message, error) {
	var list []jsonMessage
	if bytes.HasPrefix(bytes.TrimSpace(data), []byte("[")) {
		if err := json.Unmarshal(data, &list); err != nil {
			return nil, err
		}
	} else {
		var request struct {
			Messages []jsonMessage `json:"messages"`
		}
		if err := json.Unmarshal(data, &request); err != nil {
			return nil, err
		}
		list = request.Messages
	}
	messages := make([]chat.Message, len(list))
	for i, m := range list {
		content, err := contentText(m.Content)
		if err != nil {
			return nil, fmt.Errorf("message %d: %w", i+1, err)
		}
		role := m.Role
		if role == "developer" { // OpenAI's newer name
			role = chat.System
		}
		messages[i] = chat.Message{Role: role, Content: content, Input: m.Input}
	}
	return messages, chat.CheckMessages(messages)
}

// contentText returns the text of a content.
func contentText(raw json.RawMessage) (string, error) {
	var text string
	if err := json.Unmarshal(raw, &text); err == nil {
		return text, nil
	}
	var parts []struct {
		Type string `json:"type"`
		Text string `json:"text"`
	}
	if err := json.Unmarshal(raw, &parts); err != nil {
		return "", fmt.Errorf("the content is no text")
	}
	var b strings.Builder
	for _, p := range parts {
		if p.Type != "text" {
			return "", fmt.Errorf("the content has a part of type %q; only \"text\" is understood", p.Type)
		}
		b.WriteString(p.Text)
	}
	return b.String(), nil
}
