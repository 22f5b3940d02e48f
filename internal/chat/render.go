package chat

import (
	"errors"
	"fmt"
	"strings"

	"alpaca/internal/jinja"
	"alpaca/internal/jinja/text"
	"alpaca/internal/jinja/value"
	"alpaca/internal/tokenizer"
)

// namedText is a variable of templates.
type namedText struct{ name, text string }

// specialTexts returns the texts of special tokens, each with the name of its template variable.
// The texts of BOS and EOS are "" unless the vocabulary has these tokens as control, unknown or
// user-defined tokens. A token of another type is a guess of the tokenizer or a mistake in the
// file, and does not belong in a prompt.
func specialTexts(tok *tokenizer.Tokenizer) []namedText {
	ids := tok.Special()
	written := func(id int32) string {
		switch tok.Type(id) {
		case tokenizer.TypeControl, tokenizer.TypeUnknown, tokenizer.TypeUserDefined:
			return tok.Text(id)
		}
		return ""
	}
	list := []namedText{{"bos_token", written(ids.BOS)}, {"eos_token", written(ids.EOS)}}
	for _, other := range []struct {
		name string
		id   int32
	}{{"unk_token", ids.Unknown}, {"pad_token", ids.Padding}} {
		if s := written(other.id); s != "" {
			list = append(list, namedText{other.name, s})
		}
	}
	return list
}

// reserved are the variables that only the conversation sets.
var reserved = map[string]bool{"messages": true, "tools": true, "add_generation_prompt": true}

// vars returns the template's variables. list is the value of the variable "messages".
func (t *Template) vars(list *value.List) (*value.Dict, error) {
	vars := value.NewDict()
	for _, s := range t.special {
		vars.Put(s.name, value.Str(s.text))
	}
	vars.Put("tools", nil)
	vars.Put("documents", nil)
	if len(t.settings.Tools) > 0 {
		tools, err := value.FromJSON(t.settings.Tools, settings)
		l, ok := tools.(*value.List)
		if err != nil || tools != nil && !ok {
			return nil, fmt.Errorf("chat: the tools must be a list in JSON%s", because(err))
		}
		if ok && len(l.Items) > 0 {
			vars.Put("tools", l)
		}
	}
	if len(t.settings.Kwargs) > 0 {
		v, err := value.FromJSON(t.settings.Kwargs, settings)
		d, ok := v.(*value.Dict)
		if err != nil || v != nil && !ok {
			return nil, fmt.Errorf("chat: the template's variables must be an object in JSON%s", because(err))
		}
		for i := 0; ok && i < d.Len(); i++ {
			k, v := d.At(i)
			name := k.(text.Text).String()
			if reserved[name] {
				return nil, fmt.Errorf("chat: only the conversation sets the template's variable %q", name)
			}
			vars.Put(name, v)
		}
	}
	vars.Put("messages", list)
	return vars, nil
}

func because(err error) string {
	if err == nil {
		return ""
	}
	return ": " + err.Error()
}

// messages converts messages for the template. size is their size in bytes.
func (t *Template) messages(messages []Message) (list *value.List, size int, err error) {
	list = &value.List{}
	var folded text.Builder
	for i, m := range messages {
		if m.Role == System && t.foldSystem {
			folded.AddString(m.Content, origin(i))
			folded.AddString("\n\n", text.Template)
			continue
		}
		d, err := t.message(m, i)
		if err != nil {
			return nil, 0, fmt.Errorf("chat: message %d: %w", i+1, err)
		}
		if m.Role == User && folded.Len() > 0 {
			fold(d, folded.Text())
			folded = text.Builder{}
		}
		size += len(m.Content) + len(m.Input) + len(m.Object)
		list.Items = append(list.Items, d)
	}
	return list, size + folded.Len(), nil
}

// fold inserts a text before a message's content.
func fold(d *value.Dict, before text.Text) {
	content, _ := d.Lookup("content")
	switch c := content.(type) {
	case text.Text:
		d.Put("content", text.Concat(before, c))
	case *value.List:
		first := value.NewDict()
		first.Put("type", value.Str("text"))
		first.Put("text", before)
		c.Items = append([]value.Value{first}, c.Items...)
	}
}

// message converts a message for the template.
func (t *Template) message(m Message, index int) (*value.Dict, error) {
	o := origin(index)
	d := value.NewDict()
	if m.Object != nil {
		v, err := value.FromJSON(m.Object, o)
		if err != nil {
			return nil, err
		}
		object, ok := v.(*value.Dict)
		if !ok {
			return nil, errors.New("must be a JSON object")
		}
		if d, err = t.object(object, m, o); err != nil {
			return nil, err
		}
	} else {
		d.Put("role", nil)
		d.Put("content", text.From(m.Content, o))
	}
	d.Put("role", t.role(m.Role, o))
	if m.Input != "" {
		if t.hasInput() {
			d.Put("input", text.From(m.Input, o))
		} else {
			d.Put("content", text.From(m.Content+"\n\n"+m.Input, o))
		}
	}
	return d, nil
}

// role converts a role for the template. Known roles count as the template's own text, because
// templates build control tokens such as <|user|> from them.
func (t *Template) role(role string, o text.Origin) text.Text {
	switch role {
	case Developer:
		if strings.Contains(t.source, Developer) {
			return text.New(role)
		}
		return text.New(System)
	case System, User, Assistant, Tool:
		return text.New(role)
	}
	return text.From(role, o)
}

// object converts the fields of m.Object in the way transformers does. The parameter from
// has these fields. The result lacks null fields, and has the reasoning as both
// "thinking" and "reasoning_content". If the template needs this, object also
// joins the parts of the content and converts the arguments of tool calls.
func (t *Template) object(from *value.Dict, m Message, o text.Origin) (*value.Dict, error) {
	d := value.NewDict()
	var reasoning value.Value
	for _, name := range []string{"reasoning_content", "thinking", "reasoning"} {
		if v, ok := from.Lookup(name); ok && v != nil && reasoning == nil {
			reasoning = v
		}
	}
	if reasoning != nil {
		d.Put("thinking", reasoning)
	}
	for i := range from.Len() {
		if k, v := from.At(i); v != nil {
			d.Set(k, v)
		}
	}
	if reasoning != nil {
		d.Put("reasoning_content", reasoning)
	}
	if content, ok := d.Lookup("content"); ok {
		list, ok := content.(*value.List)
		if !ok || t.joinParts || joinedText(list) != m.Content {
			d.Put("content", text.From(m.Content, o))
		}
	} else if m.Content != "" {
		d.Put("content", text.From(m.Content, o))
	}
	if calls, ok := d.Lookup("tool_calls"); ok {
		return d, t.toolCalls(calls)
	}
	return d, nil
}

// joinedText returns the joined texts of the parts of a content.
func joinedText(content *value.List) string {
	var b strings.Builder
	for _, item := range content.Items {
		if p, ok := item.(*value.Dict); ok {
			if s, ok := p.Lookup("text"); ok {
				if s, ok := s.(text.Text); ok {
					b.WriteString(s.String())
				}
			}
		}
	}
	return b.String()
}

// toolCalls converts the arguments of tool calls to the form that the template needs: an object, or
// its JSON as a string, as in OpenAI's API.
func (t *Template) toolCalls(calls value.Value) error {
	list, ok := calls.(*value.List)
	if !ok {
		return nil
	}
	for _, item := range list.Items {
		call, ok := item.(*value.Dict)
		if !ok {
			continue
		}
		if f, ok := call.Lookup("function"); ok {
			if f, ok := f.(*value.Dict); ok {
				call = f
			}
		}
		arguments, _ := call.Lookup("arguments")
		switch a := arguments.(type) {
		case text.Text:
			if t.textArgs {
				continue
			}
			if v, err := value.FromJSON([]byte(a.String()), a.Origin()); err == nil {
				if _, ok := v.(*value.Dict); ok {
					call.Put("arguments", v)
				}
			}
		case *value.Dict:
			if t.textArgs {
				s, err := jinja.JSON(a)
				if err != nil {
					return err
				}
				call.Put("arguments", s)
			}
		}
	}
	return nil
}
