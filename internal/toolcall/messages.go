package toolcall

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"strings"

	"alpaca/internal/chat"
	"alpaca/internal/lazyregexp"
)

// shortID matches the ids that Mistral's templates accept.
var shortID = lazyregexp.New(`^[a-zA-Z0-9]{9}$`)

// shorten returns an id of nine characters, each a letter or a digit. It depends only on id.
func shorten(id string) string {
	if shortID().MatchString(id) {
		return id
	}
	const letters = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
	sum := sha256.Sum256([]byte(id))
	b := make([]byte, 9)
	for i := range b {
		b[i] = letters[int(sum[i])%len(letters)]
	}
	return string(b)
}

// said has the fields of a message with calls, or with the result of a call.
type said struct {
	Calls []saidCall `json:"tool_calls"`
	ID    string     `json:"tool_call_id"`
	Name  string     `json:"name"`
}

type saidCall struct {
	ID       string `json:"id"`
	Function struct {
		Name      string          `json:"name"`
		Arguments json.RawMessage `json:"arguments"`
	} `json:"function"`
}

// Complete returns a conversation in which all calls have ids that the family's template
// accepts, and all results have the name of their tool.
func (f *Family) Complete(messages []chat.Message) []chat.Message {
	out := make([]chat.Message, len(messages))
	names := map[string]string{}
	var open []saidCall // calls without a result
	made := 0
	for i, m := range messages {
		out[i] = m
		var s said
		if m.Object == nil || json.Unmarshal(m.Object, &s) != nil {
			continue
		}
		switch {
		case len(s.Calls) > 0:
			ids := make([]string, len(s.Calls))
			for j := range s.Calls {
				if s.Calls[j].ID == "" {
					made++
					s.Calls[j].ID = fmt.Sprintf("call%05d", made)
				}
				names[s.Calls[j].ID] = s.Calls[j].Function.Name
				ids[j] = f.id(s.Calls[j].ID)
			}
			open = s.Calls
			out[i].Object = withIDs(m.Object, ids)
		case m.Role == chat.Tool:
			if s.ID == "" && len(open) > 0 {
				s.ID = open[0].ID
			}
			for j := range open {
				if open[j].ID == s.ID {
					open = append(open[:j:j], open[j+1:]...)
					break
				}
			}
			fields := members(m.Object)
			fields = set(fields, "tool_call_id", f.id(s.ID))
			if name := names[s.ID]; s.Name == "" && name != "" {
				fields = set(fields, "name", name)
			}
			out[i].Object = written(fields)
		}
	}
	return out
}

func (f *Family) id(id string) string {
	if f.ShortIDs {
		return shorten(id)
	}
	return id
}

// withIDs returns a message with the ids of its calls replaced.
func withIDs(object json.RawMessage, ids []string) json.RawMessage {
	fields := members(object)
	for i := range fields {
		if fields[i].name != "tool_calls" {
			continue
		}
		var calls []json.RawMessage
		if json.Unmarshal(fields[i].schema, &calls) != nil || len(calls) != len(ids) {
			continue
		}
		for j := range calls {
			calls[j] = written(set(members(calls[j]), "id", ids[j]))
		}
		fields[i].schema, _ = json.Marshal(calls)
	}
	return written(fields)
}

// set sets a field of an object to a string, and adds it if it is missing.
func set(fields []property, name, value string) []property {
	text, _ := json.Marshal(value)
	for i := range fields {
		if fields[i].name == name {
			fields[i].schema = text
			return fields
		}
	}
	return append(fields, property{name: name, schema: text})
}

// written returns an object as JSON, with its fields in their order.
func written(fields []property) json.RawMessage {
	var b bytes.Buffer
	b.WriteByte('{')
	for i, f := range fields {
		if i > 0 {
			b.WriteString(", ")
		}
		name, _ := json.Marshal(f.name)
		b.Write(name)
		b.WriteString(": ")
		b.Write(f.schema)
	}
	b.WriteByte('}')
	return b.Bytes()
}

// Plain returns a conversation for a template that knows neither calls nor results. Calls become
// text of the model, results become messages of the user.
func Plain(messages []chat.Message) []chat.Message {
	var out []chat.Message
	result := false // the last message is a result
	for _, m := range generic.Complete(messages) {
		var s said
		if m.Object != nil {
			json.Unmarshal(m.Object, &s)
		}
		switch {
		case len(s.Calls) > 0:
			m.Content = strings.TrimPrefix(m.Content+"\n", "\n") + writtenCalls(s.Calls)
			m.Object = nil
		case m.Role == chat.Tool || m.Role == "function":
			text := "The tool " + s.Name + " answered:\n" + m.Content
			if result {
				last := &out[len(out)-1]
				last.Content += "\n\n" + text
				continue
			}
			result = true
			out = append(out, chat.Message{Role: chat.User, Content: text})
			continue
		case m.Role == chat.User && result: // templates require that users and models take turns
			out[len(out)-1].Content += "\n\n" + m.Content
			result = false
			continue
		}
		result = false
		out = append(out, m)
	}
	return out
}

// writtenCalls returns calls in the generic form.
func writtenCalls(calls []saidCall) string {
	list := make([]string, len(calls))
	for i, c := range calls {
		arguments := c.Function.Arguments
		var text string
		if json.Unmarshal(arguments, &text) == nil && json.Valid([]byte(text)) {
			arguments = json.RawMessage(text)
		}
		if len(arguments) == 0 {
			arguments = json.RawMessage("{}")
		}
		name, _ := json.Marshal(c.Function.Name)
		list[i] = fmt.Sprintf(`{"name": %s, "arguments": %s}`, name, arguments)
	}
	if len(list) == 1 {
		return `{"` + genericCall + `": ` + list[0] + `}`
	}
	return `{"` + genericCalls + `": [` + strings.Join(list, ", ") + `]}`
}
