package chat

import (
	"encoding/json"
	"strings"
)

// ReadsTools reports whether the template shows tools to the model.
func (t *Template) ReadsTools() bool {
	if !strings.Contains(t.source, "tools") {
		return false
	}
	tool := `[{"type": "function", "function": {"name": "` + needle + `", "description": "D", "parameters": {"type": "object", "properties": {"a": {"type": "string", "description": "A"}}, "required": ["a"]}}}]`
	with, err := t.With(Settings{Tools: json.RawMessage(tool), Kwargs: t.settings.Kwargs, Now: t.settings.Now})
	if err != nil {
		return false
	}
	text, err := with.Text([]Message{{Role: User, Content: "U"}})
	return err == nil && strings.Contains(text, needle)
}

// Settings returns the template's settings.
func (t *Template) Settings() Settings { return t.settings }
