package dataset

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"unicode/utf8"
)

// object is a record of a file, in one of these forms.
type object struct {
	// Stanford Alpaca
	Instruction, Input, Output *string
	// conversations of OpenAI and of ShareGPT
	Messages      []message
	Conversations []message
	// TRL: texts or messages
	Prompt, Completion *textOrMessages
	// the better answer of a preference pair; the other answer, rejected, is not read
	Chosen *textOrMessages
	// a text to be continued
	Text *string
}

// message has the keys of OpenAI's and of ShareGPT's messages.
type message struct {
	Role, Content string
	From, Value   string
}

// textOrMessages is a text or a list of messages.
type textOrMessages struct {
	text string
	list []message
}

func (t *textOrMessages) UnmarshalJSON(data []byte) error {
	if len(data) > 0 && data[0] == '[' {
		return json.Unmarshal(data, &t.list)
	}
	return json.Unmarshal(data, &t.text)
}

// add adds the record of an object to r.records. If the record cannot be used,
// add adds the reason to r.bad. It returns an error if data is not JSON.
func (r *reader) add(line int, data []byte) error {
	if !json.Valid(data) {
		err := json.Unmarshal(data, new(any))
		if cut := json.NewDecoder(bytes.NewReader(data)).Decode(new(any)); errors.Is(cut, io.ErrUnexpectedEOF) || errors.Is(cut, io.EOF) {
			return fmt.Errorf("line %d: the JSON ends in the middle: the file was cut, or an object spans lines (then the file must be one array)", line)
		}
		return fmt.Errorf("line %d: broken JSON: %w", line, err)
	}
	record, reason := parse(data)
	if reason != "" {
		r.bad = append(r.bad, Problem{line, reason})
		return nil
	}
	record.Line = line
	r.records = append(r.records, record)
	if record.preferred {
		r.pairs++
	}
	return nil
}

// parse returns the record of an object, or the reason why it cannot be used.
func parse(data []byte) (Record, string) {
	if !utf8.Valid(data) {
		return Record{}, "not UTF-8"
	}
	if data[0] != '{' {
		return Record{}, "not an object"
	}
	var o object
	if err := json.Unmarshal(data, &o); err != nil {
		return Record{}, typeReason(err)
	}
	switch {
	case o.Instruction != nil && o.Output != nil:
		return alpaca(&o)
	case o.Messages != nil:
		return conversation(o.Messages)
	case o.Conversations != nil:
		return conversation(o.Conversations)
	case o.Prompt != nil && o.Completion != nil:
		return completion(o.Prompt, o.Completion)
	case o.Chosen != nil:
		return chosen(o.Prompt, o.Chosen)
	case o.Text != nil && strings.TrimSpace(*o.Text) == "":
		return Record{}, "empty text"
	case o.Text != nil:
		return Record{Text: *o.Text}, ""
	}
	return Record{}, "no known keys: " + keys(data) + " (want instruction and output, messages, prompt and completion, prompt and chosen, or text)"
}

// typeReason returns a reason that names the key with the wrong type.
func typeReason(err error) string {
	if e, ok := err.(*json.UnmarshalTypeError); ok && e.Field != "" {
		return fmt.Sprintf("%q is of the type %s", strings.ToLower(e.Field), e.Value)
	}
	return err.Error()
}

// keys lists the first few of an object's keys, sorted.
func keys(data []byte) string {
	var any map[string]json.RawMessage
	if err := json.NewDecoder(bytes.NewReader(data)).Decode(&any); err != nil || len(any) == 0 {
		return "it has none"
	}
	list := slices.Sorted(maps.Keys(any))
	if len(list) > 6 {
		list = append(list[:6], "…")
	}
	return "it has " + strings.Join(list, ", ")
}

// alpaca returns the record of an object in Stanford Alpaca's form. An input of white space
// counts as an input; only "" means that there is none.
func alpaca(o *object) (Record, string) {
	m := Message{Role: "user", Content: *o.Instruction}
	if o.Input != nil {
		m.Input = *o.Input
	}
	switch {
	case strings.TrimSpace(*o.Output) == "":
		return Record{}, "empty output"
	case strings.TrimSpace(m.Content) == "" && strings.TrimSpace(m.Input) == "":
		return Record{}, "empty instruction"
	}
	return Record{Messages: []Message{m, {Role: "assistant", Content: *o.Output}}}, ""
}

// roles maps the names of roles in OpenAI's and ShareGPT's formats to the roles of a Message.
var roles = map[string]string{
	"system": "system", "user": "user", "assistant": "assistant",
	"human": "user", "gpt": "assistant", "developer": "system",
}

// conversation returns the record of a conversation. After an optional system message, user and
// assistant must alternate, and the last message must be from the assistant.
func conversation(list []message) (Record, string) {
	var rec Record
	want := "user"
	for i, m := range list {
		if m.From != "" {
			m.Role, m.Content = m.From, m.Value
		}
		role, ok := roles[m.Role]
		switch {
		case !ok:
			return rec, fmt.Sprintf("a message of role %q", m.Role)
		case role == "system" && i == 0:
		case role != want:
			return rec, "user and assistant do not take turns"
		case strings.TrimSpace(m.Content) == "":
			return rec, "an empty message of the " + role
		case want == "user":
			want = "assistant"
		default:
			want = "user"
		}
		rec.Messages = append(rec.Messages, Message{Role: role, Content: m.Content})
	}
	switch {
	case len(rec.Messages) == 0 || rec.Messages[len(rec.Messages)-1].Role == "system":
		return rec, "no messages"
	case want == "assistant": // the last message has no answer
		if rec.Messages = rec.Messages[:len(rec.Messages)-1]; len(rec.Messages) == 0 || rec.Messages[len(rec.Messages)-1].Role != "assistant" {
			return rec, "no answer of the assistant"
		}
		return rec, "the last message is not the assistant's"
	}
	return rec, ""
}

// completion returns the record of a prompt with its completion.
func completion(prompt, answer *textOrMessages) (Record, string) {
	if prompt.list != nil || answer.list != nil {
		if prompt.list == nil || answer.list == nil {
			return Record{}, "prompt and completion are not of the same form"
		}
		return conversation(append(slices.Clone(prompt.list), answer.list...))
	}
	switch {
	case strings.TrimSpace(answer.text) == "":
		return Record{}, "empty completion"
	case strings.TrimSpace(prompt.text) == "":
		return Record{}, "empty prompt"
	}
	return Record{Messages: []Message{{Role: "user", Content: prompt.text}, {Role: "assistant", Content: answer.text}}}, ""
}

// chosen returns the record of a preference pair: the prompt with the better answer. If better is
// a list of messages, it may be the whole conversation, and the pair needs no prompt.
func chosen(prompt, better *textOrMessages) (rec Record, reason string) {
	switch {
	case better.list != nil && (prompt == nil || len(better.list) > 1):
		rec, reason = conversation(better.list)
	case prompt == nil:
		return rec, "chosen without a prompt"
	case better.list != nil && prompt.list == nil:
		rec, reason = conversation(append([]message{{Role: "user", Content: prompt.text}}, better.list...))
	case better.list == nil && prompt.list != nil:
		rec, reason = conversation(append(slices.Clone(prompt.list), message{Role: "assistant", Content: better.text}))
	default:
		rec, reason = completion(prompt, better)
	}
	rec.preferred = true
	return rec, reason
}
