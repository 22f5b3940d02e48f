package toolcall

import (
	"encoding/json"
	"strings"

	"alpaca/internal/chat"
)

// described returns a conversation whose system message describes the tools, for templates that
// do not show the tools.
func (p *Plan) described(messages []chat.Message) []chat.Message {
	text := p.describe()
	out := append([]chat.Message(nil), messages...)
	if len(out) > 0 && (out[0].Role == chat.System || out[0].Role == chat.Developer) {
		out[0].Content = strings.TrimSpace(out[0].Content + "\n\n" + text)
		out[0].Object = nil
		return out
	}
	return append([]chat.Message{{Role: chat.System, Content: text}}, out...)
}

// describe returns a description of the tools, and of how to call one.
func (p *Plan) describe() string {
	var b strings.Builder
	b.WriteString("You can call these tools:\n")
	for i := range p.Tools {
		t := &p.Tools[i]
		fields := set(nil, "name", t.Name)
		if t.Description != "" {
			fields = set(fields, "description", t.Description)
		}
		parameters := t.Parameters
		if len(parameters) == 0 {
			parameters = json.RawMessage(`{"type": "object", "properties": {}}`)
		}
		b.WriteString("\n")
		b.Write(written(append(fields, property{name: "parameters", schema: parameters})))
	}
	if f, ok := p.Family.form.(*namedForm); ok {
		b.WriteString("\n\nTo call a tool, write:\n\n")
		section := strings.Join(f.section[:min(1, len(f.section))], "")
		b.WriteString(section + f.open)
		if f.beforeName != "" {
			b.WriteString("function" + f.beforeName)
		}
		b.WriteString("NAME" + f.nameEnd[0])
		if f.argsOpen != "" {
			b.WriteString(f.argsOpen + "\n")
		}
		b.WriteString(`{"ARGUMENT": VALUE}` + f.argsEnd + f.close + f.sectionEnd)
		return b.String()
	}
	b.WriteString("\n\nAnswer with a JSON object and nothing else. To call a tool:\n\n" + `{"` + genericCall + `": {"name": "NAME", "arguments": {"ARGUMENT": VALUE}}}`)
	if p.Parallel {
		b.WriteString("\n\nTo call several tools:\n\n" + `{"` + genericCalls + `": [{"name": "NAME", "arguments": {}}, {"name": "NAME", "arguments": {}}]}`)
	}
	if !p.Required && p.Answer == nil {
		b.WriteString("\n\nTo answer without a tool:\n\n" + `{"` + genericResponse + `": "TEXT"}`)
	}
	return b.String()
}

// canDescribe reports whether describe can explain the family's form of calls. A form that neither
// the template nor describe can explain is replaced by the generic form.
func (f *Family) canDescribe() bool {
	_, ok := f.form.(*namedForm)
	return ok
}

// Messages returns a conversation in a form that the template understands. reads says that the
// template itself describes tools. If reads is false, Messages adds a description of the tools.
// For the generic form, it then also rewrites earlier calls as text.
func (p *Plan) Messages(messages []chat.Message, reads bool) []chat.Message {
	if p.Family.IsGeneric() && !reads {
		messages = Plain(messages)
	} else {
		messages = p.Family.Complete(messages)
	}
	if reads || len(p.Tools) == 0 {
		return messages
	}
	return p.described(messages)
}
