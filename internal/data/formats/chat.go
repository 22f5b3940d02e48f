package formats

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"alpaca/internal/data"
)

// dialect says how a format writes the messages of a conversation.
type dialect struct {
	role, content string            // the keys of a message
	roles         map[string]string // from the format's name of a role to our name, if they differ
	names         map[string]string // from our name of a role to the format's name, if they differ
}

var openAI = &dialect{"role", "content",
	map[string]string{"developer": "system"}, nil}

var shareGPT = &dialect{"from", "value",
	map[string]string{"human": "user", "gpt": "assistant", "chatgpt": "assistant", "bard": "assistant", "bing": "assistant", "function": "tool",
		"function_response": "tool", "observation": "tool"},
	map[string]string{"user": "human", "assistant": "gpt"}}

// messages returns the slot of a conversation in dialect d.
func messages(key string, d *dialect) slot {
	return slot{key,
		func(r *data.Row, v json.RawMessage) (bool, error) {
			list, exact, err := d.read(v)
			if err != nil {
				return false, fmt.Errorf("%s: %w", key, err)
			}
			setTurns(r, list)
			return exact && slices.Equal(Messages(r), list), nil
		},
		func(r *data.Row) json.RawMessage { return d.write(Messages(r)) }}
}

// read reads a list of messages. exact is false if write would not return the same JSON.
func (d *dialect) read(v json.RawMessage) (list []data.Message, exact bool, err error) {
	if len(v) == 0 || v[0] != '[' {
		return nil, false, fmt.Errorf("is not a list of messages")
	}
	exact = true
	for i, item := range parseList(v) {
		if item[0] != '{' {
			return nil, false, fmt.Errorf("message %d is not an object", i+1)
		}
		o := parseObject(item)
		role, content := o.get(d.role), o.get(d.content)
		if role == nil && o.has(openAI.role) { // some files of ShareGPT's format have OpenAI's keys
			role, content = o.get(openAI.role), o.get(openAI.content)
		}
		if !isString(role) {
			return nil, false, fmt.Errorf("message %d: %s is not a text", i+1, d.role)
		}
		name, same := unquote(role)
		m := data.Message{Role: name}
		if ours, ok := d.roles[strings.ToLower(name)]; ok {
			m.Role = ours
		}
		var plain bool
		m.Content, plain = contentOf(content)
		list = append(list, m)
		exact = exact && same && plain && d.name(m.Role) == name && len(o.fields) == 2 && o.fields[0].key == d.role && o.fields[1].key == d.content
	}
	if len(list) == 0 {
		return nil, false, fmt.Errorf("has no messages")
	}
	return list, exact, nil
}

// name returns the dialect's name of one of our roles.
func (d *dialect) name(role string) string {
	if name, ok := d.names[role]; ok {
		return name
	}
	return role
}

// write writes messages as JSON.
func (d *dialect) write(list []data.Message) json.RawMessage {
	b := []byte{'['}
	for i, m := range list {
		if i > 0 {
			b = append(b, ", "...)
		}
		b = appendObject(b, []field{{d.role, data.AppendQuoted(nil, d.name(m.Role))}, {d.content, data.AppendQuoted(nil, m.Content)}})
	}
	return append(b, ']')
}

// contentOf returns the text of a message: a string, or the joined texts of a list of
// parts. The second result is false if the text differs from the value.
func contentOf(v json.RawMessage) (string, bool) {
	if v == nil {
		return "", false
	}
	if v[0] != '[' {
		return textOf(v)
	}
	var b strings.Builder
	for _, item := range parseList(v) {
		if item[0] != '{' {
			return string(compact(v)), false
		}
		part := parseObject(item).get("text")
		if !isString(part) {
			return string(compact(v)), false
		}
		t, _ := textOf(part)
		b.WriteString(t)
	}
	return b.String(), false
}

// setTurns stores a conversation in a row. A single question with its answer needs no
// Turns.
func setTurns(r *data.Row, list []data.Message) {
	*instruction(r), *output(r), *system(r), r.Turns = "", "", "", nil
	rest := list
	if len(rest) > 0 && rest[0].Role == "system" {
		r.System = rest[0].Content
		rest = rest[1:]
	}
	for _, m := range rest {
		if m.Role == "user" {
			r.Instruction = m.Content
			break
		}
	}
	for _, m := range slices.Backward(rest) {
		if m.Role == "assistant" {
			r.Output = m.Content
			break
		}
	}
	if pair := len(rest) == 2 && rest[0].Role == "user" && rest[1].Role == "assistant"; !pair {
		r.Turns = list
	}
}

// Messages returns a row as a conversation.
func Messages(r *data.Row) []data.Message {
	if len(r.Turns) > 0 {
		return r.Turns
	}
	var list []data.Message
	if r.System != "" {
		list = append(list, data.Message{Role: "system", Content: r.System})
	}
	return append(list, data.Message{Role: "user", Content: Question(r)}, data.Message{Role: "assistant", Content: r.Output})
}

// Question returns the instruction, followed by the input if there is one.
func Question(r *data.Row) string {
	if r.Input == "" {
		return r.Instruction
	}
	return r.Instruction + "\n\n" + r.Input
}

// prompt returns the slot of a prompt: a text, or the messages before an answer.
func prompt() slot {
	of := text("prompt", instruction)
	return slot{"prompt",
		func(r *data.Row, v json.RawMessage) (bool, error) {
			if len(v) == 0 || v[0] != '[' {
				return of.set(r, v)
			}
			list, _, err := openAI.read(v)
			if err != nil {
				return false, fmt.Errorf("prompt: %w", err)
			}
			setTurns(r, list)
			r.Turns = list // the slot of the answer adds to these messages
			return false, nil
		},
		func(r *data.Row) json.RawMessage { return data.AppendQuoted(nil, promptOf(r)) }}
}

// promptOf returns all messages before a row's answer as one text. If the row has no Turns, the
// text is the row's question, without the system message.
func promptOf(r *data.Row) string {
	if len(r.Turns) == 0 {
		return Question(r)
	}
	var b strings.Builder
	last := len(r.Turns)
	if r.Turns[last-1].Role == "assistant" {
		last--
	}
	for i, m := range r.Turns[:last] {
		if i > 0 {
			b.WriteString("\n\n")
		}
		if last > 1 {
			b.WriteString(m.Role + ": ")
		}
		b.WriteString(m.Content)
	}
	return b.String()
}

// answer returns the slot of an answer: a text, or a list of messages.
func answer(key string) slot {
	of := text(key, output)
	return slot{key,
		func(r *data.Row, v json.RawMessage) (bool, error) {
			if len(v) == 0 || v[0] != '[' {
				return of.set(r, v)
			}
			list, _, err := openAI.read(v)
			if err != nil {
				return false, fmt.Errorf("%s: %w", key, err)
			}
			before := r.Turns
			if len(before) == 0 && r.Instruction != "" && list[0].Role == "assistant" {
				before = []data.Message{{Role: "user", Content: r.Instruction}}
			}
			if len(list) > len(before) && slices.Equal(list[:len(before)], before) {
				before = nil // the list repeats the prompt
			}
			setTurns(r, append(slices.Clone(before), list...))
			return false, nil
		},
		of.get}
}
