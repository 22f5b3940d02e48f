package server

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"strings"

	"alpaca/internal/chat"
	"alpaca/internal/grammar"
	"alpaca/internal/grammar/jsonschema"
	"alpaca/internal/openai"
	"alpaca/internal/sampler"
	"alpaca/internal/server/repeat"
	"alpaca/internal/toolcall"
)

// told returns t or, if a request sets tools, variables
// or the time, a copy of t with these settings.
func (s *Server) told(r *http.Request, t *chat.Template, req *openai.ChatRequest) (*chat.Template, error) {
	settings := t.Settings()
	if req.Kwargs != nil {
		kwargs, err := mergeObjects(s.opt.Kwargs, req.Kwargs)
		if err != nil {
			return nil, openai.Invalid("chat_template_kwargs", "%v", err)
		}
		settings.Kwargs = kwargs
	}
	if req.Tools != nil && s.readsTools {
		settings.Tools = req.Tools.JSON
	}
	f := repeat.Of(r.Context())
	if f != nil {
		settings.Now = f.Now
	}
	if req.Kwargs == nil && settings.Tools == nil && f == nil {
		return t, nil
	}
	t, err := t.With(settings)
	if err != nil {
		return nil, openai.Invalid("chat_template_kwargs", "%v", err)
	}
	return t, nil
}

// mergeObjects returns the fields of two JSON objects. A field of b replaces the field of object a
// with the same name.
func mergeObjects(a, b json.RawMessage) (json.RawMessage, error) {
	fields := map[string]json.RawMessage{}
	for _, o := range []json.RawMessage{a, b} {
		if len(o) == 0 {
			continue
		}
		var more map[string]json.RawMessage
		if err := json.Unmarshal(o, &more); err != nil {
			return nil, err
		}
		maps.Copy(fields, more)
	}
	return json.Marshal(fields)
}

// withTools chooses how the model writes calls in its answer. It returns the messages in a form
// that the template understands.
func (s *Server) withTools(c *conversation, messages []chat.Message) ([]chat.Message, error) {
	plan := toolcall.Plan{Family: s.family, Tools: c.Tools.Allowed()}
	if len(plan.Tools) == 0 {
		if s.family.Always && !(c.KeepReasoning && s.family.OwnThoughts()) {
			c.family = s.family
		}
		return plan.Messages(messages, s.readsTools), nil
	}
	c.family = toolcall.Choose(s.opt.Template.Source(), s.readsTools, c.Format != nil)
	plan.Family = c.family
	plan.Required, plan.Parallel = c.Tools.Choice == openai.ChooseRequired, c.Tools.Parallel
	if c.Format != nil {
		plan.Answer = &grammar.Rules{}
	}
	return plan.Messages(messages, s.readsTools), nil
}

// thoughts returns the tags of the thinking that an answer to a conversation may begin with.
func (s *Server) thoughts(c *conversation) (t toolcall.Thinking) {
	if s.tags == nil || c.tags == nil && !c.KeepReasoning || strings.HasSuffix(strings.TrimSpace(c.text), s.tags.Close) {
		return t // no thinking, or the prompt has ended it
	}
	return toolcall.Thinking{Open: s.tags.Open, Close: s.tags.Close, Inside: s.tags.Begun(c.text)}
}

// shape returns a constructor for the grammar that enforces the form and the calls of an answer,
// after the model's thinking. It returns nil for free text.
func (s *Server) shape(r *http.Request, c *conversation) (func() sampler.Grammar, error) {
	tools := c.Tools.Allowed()
	if c.Format != nil && c.Format.Grammar != "" { // a grammar of the request applies to the whole answer
		return s.form(r, c.Format)
	}
	if c.Format == nil && len(tools) == 0 {
		return nil, nil
	}
	plan := toolcall.Plan{Family: c.family, Tools: tools, Thinking: s.thoughts(c), Control: s.forms.Control}
	if plan.Family == nil {
		plan.Family = s.family
	}
	if plan.Family == nil { // no template
		return s.form(r, c.Format)
	}
	if len(tools) > 0 {
		plan.Required, plan.Parallel = c.Tools.Choice == openai.ChooseRequired, c.Tools.Parallel
	}
	form, err := s.compile(&plan, c.Format)
	var schema *toolcall.SchemaError
	switch {
	case errors.As(err, &schema):
		return nil, openai.Invalid(fmt.Sprintf("tools[%d]", s.index(c.Tools, tools[schema.Tool].Name)), "its parameters cannot be enforced: %v", schema.Err)
	case errors.Is(err, grammar.ErrEmpty) && c.Format != nil:
		return nil, openai.Invalid(c.Format.Field, "no value satisfies the schema")
	case err != nil:
		return nil, err
	}
	warn(r, form.Warnings)
	return s.forms.Answer(form, plan.Thinking), nil
}

// compile compiles a plan. f is the form of answers without a call; nil: free text. Equal plans are
// compiled once.
func (s *Server) compile(plan *toolcall.Plan, f *openai.Format) (*toolcall.Form, error) {
	key, err := json.Marshal([]any{plan.Family.Name, plan.Tools, plan.Required, plan.Parallel, plan.Thinking, f})
	if err != nil {
		return nil, err
	}
	v, err := s.forms.Remember("tools", string(key), func() (any, error) {
		var warnings []string
		if f != nil {
			if err := checkStrict(f); err != nil {
				return nil, err
			}
			if plan.Answer, warnings, err = jsonschema.Rules(f.Schema, jsonschema.Options{Lenient: f.Lenient, Compact: f.Compact}); err != nil {
				return nil, openai.Invalid(f.Field, "the schema cannot be enforced: %v", err)
			}
		}
		form, err := plan.Compile()
		if err != nil {
			return nil, err
		}
		form.Warnings = append(form.Warnings, warnings...)
		return form, nil
	})
	form, _ := v.(*toolcall.Form)
	return form, err
}

// index returns the position of a tool in the request.
func (s *Server) index(t *openai.Tools, name string) int {
	for i := range t.List {
		if t.List[i].Name == name {
			return i
		}
	}
	return 0
}

// wants reports whether a control token's text is a tag of thinking, or part of a tool call.
func (a *answer) wants(token string) bool {
	if a.split != nil && (strings.Contains(a.split.Open, token) || strings.Contains(a.split.Close, token)) {
		return true
	}
	return a.parser != nil && a.parser.Wants(token)
}

// parse divides the text of a piece into content, thinking and calls.
func (a *answer) parse(p *piece, end bool) {
	if p.thought != "" {
		p.deltas = append(p.deltas, toolcall.Delta{Kind: toolcall.Reasoning, Text: p.thought})
	}
	more := a.parser.Push(p.text)
	if end {
		more = append(more, a.parser.End()...)
	}
	p.text = ""
	for _, d := range more {
		switch d.Kind {
		case toolcall.Content:
			p.text += d.Text
		case toolcall.Reasoning:
			p.thought += d.Text
		case toolcall.Call:
			a.calls = append(a.calls, openai.ToolCall{ID: d.ID, Type: "function", Function: openai.FunctionCall{Name: d.Name}})
		case toolcall.Arguments:
			a.calls[d.Index].Function.Arguments += d.Text
		}
	}
	p.deltas = append(p.deltas, more...)
}

// finish returns OpenAI's finish_reason of the answer.
func (a *answer) finish() string {
	reason := finish(a.result)
	if reason == "stop" && len(a.calls) > 0 {
		return "tool_calls"
	}
	return reason
}

// chatDeltas returns the deltas that a piece adds to a streamed answer, in order.
func (p *piece) chatDeltas() (list []openai.Delta) {
	if p.deltas == nil {
		if p.empty() {
			return nil
		}
		return []openai.Delta{{Content: p.text, Reasoning: p.thought}}
	}
	for _, d := range p.deltas {
		switch d.Kind {
		case toolcall.Content:
			list = append(list, openai.Delta{Content: d.Text})
		case toolcall.Reasoning:
			list = append(list, openai.Delta{Reasoning: d.Text})
		case toolcall.Call:
			list = append(list, openai.Delta{ToolCalls: []openai.ToolCall{{Index: &d.Index, ID: d.ID, Type: "function", Function: openai.FunctionCall{Name: d.Name}}}})
		case toolcall.Arguments:
			list = append(list, openai.Delta{ToolCalls: []openai.ToolCall{{Index: &d.Index, Function: openai.FunctionCall{Arguments: d.Text}}}})
		}
	}
	return list
}
