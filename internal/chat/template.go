package chat

import (
	"errors"
	"fmt"

	"alpaca/internal/tokenizer"
)

// Template is the form that a model wants a conversation in.
type Template struct {
	Stops []string // texts that end an answer, besides the tokens that do

	source   string
	exact    bool
	bos, eos string
	render   renderer
	// foldSystem: the template has no place for a system message, which goes
	// in front of the first user's.
	foldSystem bool
}

// Builtin returns the built-in template of that name, for a vocabulary.
func Builtin(name string, tok *tokenizer.Tokenizer) (*Template, error) {
	b, ok := builtins[name]
	if !ok {
		return nil, fmt.Errorf("chat: no template %q", name)
	}
	t := &Template{Stops: b.stops, source: source(name), exact: b.exact, render: renderHere}
	return t, t.prepare(tok)
}

// FromModel returns the template whose text comes with a model. Command is what
// renders it in another process: see ServeTemplate.
func FromModel(text string, tok *tokenizer.Tokenizer, command []string) (*Template, error) {
	t := &Template{source: text, render: isolated(command)}
	return t, t.prepare(tok)
}

// prepare finds out what the template can do.
func (t *Template) prepare(tok *tokenizer.Tokenizer) error {
	t.bos, t.eos = tok.Text(tok.BOS()), tok.Text(tok.EOS())
	probe := []Message{{Role: System, Content: "S"}, {Role: User, Content: "U"}}
	parts, err := t.parts(probe, true)
	switch {
	case errors.Is(err, errLimit):
		return err
	case err == nil && says(parts, 0) && says(parts, 1):
		return nil
	}
	t.foldSystem = true
	parts, err = t.parts(probe, true)
	switch {
	case err != nil:
		return err
	case !says(parts, 1):
		return errors.New("chat: template: it leaves out what the user says")
	}
	return nil
}

// says reports whether parts have something of a message.
func says(parts []part, message int) bool {
	for _, p := range parts {
		if p.message == message {
			return true
		}
	}
	return false
}

// parts renders messages; generate says that the answer follows.
func (t *Template) parts(messages []Message, generate bool) ([]part, error) {
	var m marks
	list := make([]Message, 0, len(messages))
	folded := ""
	for i, msg := range messages {
		marked := Message{Role: msg.Role}
		switch {
		case msg.Role == System && t.foldSystem:
			folded = m.add(msg.Content, i) + "\n\n"
			continue
		case msg.Role == Assistant:
			marked.Content = m.addAnswer(msg.Content, i)
		case msg.Input != "" && t.hasInput():
			marked.Content = m.add(msg.Content, i)
			marked.Input = m.add(msg.Input, i)
		case msg.Input != "":
			marked.Content = m.add(msg.Content, i) + "\n\n" + m.add(msg.Input, i)
		default:
			marked.Content = m.add(msg.Content, i)
		}
		if msg.Role == User {
			marked.Content = folded + marked.Content
			folded = ""
		}
		list = append(list, marked)
	}
	text, err := t.render(request{Source: t.source, Messages: list, BOS: t.bos, EOS: t.eos, Generate: generate})
	if err != nil {
		return nil, &TemplateError{err}
	}
	parts := m.parts(text)
	if m.grows(parts, len(text)) {
		return nil, &TemplateError{errors.New("chat: the template repeats what was said too often")}
	}
	return parts, nil
}

// TemplateError says that a template refuses a conversation, or fails.
type TemplateError struct{ error }

func (e *TemplateError) Unwrap() error { return e.error }

// hasInput reports whether the template has a place of its own for inputs.
func (t *Template) hasInput() bool { return t.exact }

// Text returns the text of a conversation as the model gets it.
func (t *Template) Text(messages []Message) (string, error) {
	parts, err := t.parts(messages, true)
	return flat(parts), err
}

// encode returns the tokens of parts and for each part the index of its first.
// continues says that they follow text.
func (t *Template) encode(tok *tokenizer.Tokenizer, parts []part, continues bool) (ids []int32, starts []int) {
	list := make([]tokenizer.Part, len(parts))
	for i, p := range parts {
		list[i] = tokenizer.Part{Text: p.text, Special: p.message == ours}
	}
	return tok.EncodeParts(list, tokenizer.PartOptions{Continues: continues, NoSpacePrefix: t.exact})
}
