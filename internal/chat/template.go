package chat

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"alpaca/internal/jinja"
	"alpaca/internal/jinja/value"
	"alpaca/internal/tokenizer"
)

// Template renders conversations in the form that a model was trained on.
type Template struct {
	Stops []string // texts that end an answer, in addition to tokens

	source   string
	compiled *jinja.Template
	exact    bool
	special  []namedText // bos_token and other variables that hold the text of a special token
	settings Settings
	// foldSystem says that the template has no place for a system message. The system message is
	// then put before the user's first text.
	foldSystem bool
	joinParts  bool // the template cannot read contents in parts
	textArgs   bool // the template needs the arguments of tool calls as a string
}

// Settings are the inputs of a template besides the messages.
type Settings struct {
	Tools  json.RawMessage  // a list of tools in OpenAI's form; nil: none
	Kwargs json.RawMessage  // an object with further variables; nil: none
	Now    func() time.Time // returns the present time; nil: time.Now
}

// Builtin returns the built-in template with the given name, prepared for a vocabulary.
func Builtin(name string, tok *tokenizer.Tokenizer) (*Template, error) {
	b, ok := builtins[name]
	if !ok {
		return nil, fmt.Errorf("chat: no template %q", name)
	}
	t := &Template{Stops: b.stops, source: source(name), exact: b.exact}
	return t, t.prepare(tok)
}

// FromModel returns the template whose source is text. The source comes from a model or a file.
func FromModel(text string, tok *tokenizer.Tokenizer) (*Template, error) {
	t := &Template{source: text}
	return t, t.prepare(tok)
}

// prepare compiles the template, and finds out by test renderings which inputs it supports.
func (t *Template) prepare(tok *tokenizer.Tokenizer) (err error) {
	t.special = specialTexts(tok)
	if t.compiled, err = jinja.Compile(t.source); err != nil {
		return fmt.Errorf("chat: template: %w", err)
	}
	probe := []Message{{Role: System, Content: "S"}, {Role: User, Content: "U"}}
	parts, err := t.parts(probe, true)
	var limit *value.LimitError
	switch {
	case errors.As(err, &limit):
		return err
	case err == nil && says(parts, 0) && says(parts, 1):
	default:
		t.foldSystem = true
		parts, err = t.parts(probe, true)
		if err == nil && !says(parts, 1) {
			err = errors.New("chat: the template leaves out the user's text")
		}
	}
	if err != nil {
		return err
	}
	t.joinParts = !t.readsParts()
	t.textArgs = !t.readsArguments()
	return nil
}

// says reports whether parts contain text of a message.
func says(parts []part, message int) bool {
	for _, p := range parts {
		if p.message == message {
			return true
		}
	}
	return false
}

// needle is a string that no template contains.
const needle = "xNEEDLEx"

// readsParts reports whether the template can show a message whose content is a list of parts.
// Other templates print the list itself, or nothing.
func (t *Template) readsParts() bool {
	object := `{"role": "user", "content": [{"type": "text", "text": "` + needle + `"}]}`
	parts, err := t.parts([]Message{{Role: User, Content: needle, Object: json.RawMessage(object)}}, true)
	text := flat(parts)
	return err == nil && strings.Contains(text, needle) && !strings.Contains(text, "'"+needle+"'") && !strings.Contains(text, `"`+needle+`"`)
}

// readsArguments reports whether the template can show the arguments of a tool call as an object.
// Other templates fail, or print the object in Python's form: they need a string.
func (t *Template) readsArguments() bool {
	if !strings.Contains(t.source, "tool_calls") {
		return true
	}
	probe := func() (text string, err error) {
		object := `{"role": "assistant", "content": "", "tool_calls": [{"id": "call00001", "type": "function", "function": {"name": "f", "arguments": {"` + needle + `": "a"}}}]}`
		parts, err := t.parts([]Message{{Role: User, Content: "U"}, {Role: Assistant, Object: json.RawMessage(object)}}, false)
		return flat(parts), err
	}
	text, err := probe()
	if err == nil && !strings.Contains(text, "'"+needle+"':") {
		return true
	}
	t.textArgs = true
	_, err = probe()
	return err != nil
}

// With returns a copy of the template that has the given settings.
func (t *Template) With(s Settings) (*Template, error) {
	c := *t
	c.settings = s
	if _, err := c.vars(nil); err != nil {
		return nil, err
	}
	return &c, nil
}

// parts renders messages. If generate is true, the text ends where the answer begins. If the last
// message is an answer of the model, the text ends with this message, so that the model continues
// the answer.
func (t *Template) parts(messages []Message, generate bool) ([]part, error) {
	return t.render(context.Background(), messages, generate)
}

func (t *Template) render(ctx context.Context, messages []Message, generate bool) ([]part, error) {
	list, size, err := t.messages(messages)
	if err != nil {
		return nil, err
	}
	vars, err := t.vars(list)
	if err != nil {
		return nil, err
	}
	n := len(messages) - 1
	goesOn := generate && n >= 0 && messages[n].Role == Assistant
	vars.Put("add_generation_prompt", generate && !goesOn)
	size += len(t.settings.Tools) + len(t.settings.Kwargs)
	opt := jinja.Options{Now: t.settings.Now, Limits: limits(size)}
	if !goesOn {
		text, err := t.compiled.Render(ctx, vars, opt)
		if err != nil {
			return nil, templateError(err)
		}
		return partsOf(text), nil
	}
	text, err := t.compiled.Continue(ctx, vars, opt)
	switch {
	case errors.Is(err, jinja.ErrNotShown):
		// The template does not show the last message, for example because it has only thoughts,
		// which finished answers lack. But a new answer may begin with thoughts. So the text of the
		// message follows the prompt for a new answer.
		parts, err := t.render(ctx, messages[:n], true)
		return append(parts, part{messages[n].Content, n}), err
	case err != nil:
		return nil, templateError(err)
	}
	return partsOf(text), nil
}

// limits returns the limits for rendering a conversation of size bytes. The limits are many
// times what published templates need: such templates repeat a conversation only a few times.
func limits(size int) value.Limits {
	size = min(size, 1<<24) // 16 MiB: a conversation of four million tokens
	return value.Limits{Steps: 3e6 + 64*size, Bytes: 256<<20 + 64*size, Output: 1<<20 + 4*size, Depth: 200}
}

// TemplateError says that a template rejects a conversation, or fails.
type TemplateError struct{ error }

func (e *TemplateError) Unwrap() error { return e.error }

func templateError(err error) error {
	return &TemplateError{fmt.Errorf("chat: template: %w", err)}
}

// hasInput reports whether the template has a place for Message.Input.
func (t *Template) hasInput() bool { return t.exact }

// Text returns the text of a conversation up to the answer.
func (t *Template) Text(messages []Message) (string, error) {
	parts, err := t.parts(messages, true)
	return flat(parts), err
}

// Prompt returns the text of a conversation and its tokens, including BOS. If generate is true, the
// text ends where the answer begins. If the last message is an answer of the model, the text ends
// with this message, so that the model continues the answer.
func (t *Template) Prompt(ctx context.Context, tok *tokenizer.Tokenizer, messages []Message, generate bool) (string, []int32, error) {
	parts, err := t.render(ctx, messages, generate)
	if err != nil {
		return "", nil, err
	}
	ids, _ := t.encode(tok, parts, false)
	ids, _, _ = withBOS(tok, ids)
	return flat(parts), ids, nil
}

// withBOS makes ids begin with exactly one BOS, if the vocabulary asks for
// BOS. added is the number of tokens added; it is negative if withBOS
// removed surplus BOS tokens. repeated reports whether withBOS removed any.
func withBOS(tok *tokenizer.Tokenizer, ids []int32) (list []int32, added int, repeated bool) {
	bos := tok.BOS()
	n := 0
	for n < len(ids) && ids[n] == bos {
		n++
	}
	switch {
	case n > 1:
		return ids[n-1:], 1 - n, true
	case n == 0 && tok.AddBOS():
		return append([]int32{bos}, ids...), 1, false
	}
	return ids, 0, false
}

// encode returns the tokens of parts, and for each part the index of its first token. continues
// says that the parts follow other text.
func (t *Template) encode(tok *tokenizer.Tokenizer, parts []part, continues bool) (ids []int32, starts []int) {
	list := make([]tokenizer.Part, len(parts))
	for i, p := range parts {
		list[i] = tokenizer.Part{Text: p.text, Special: p.message == fromTemplate}
	}
	return tok.EncodeParts(list, tokenizer.PartOptions{Continues: continues, NoSpacePrefix: t.exact})
}
