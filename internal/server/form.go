package server

import (
	"fmt"
	"net/http"
	"regexp"

	"alpaca/internal/grammar/jsonschema"
	"alpaca/internal/openai"
	"alpaca/internal/sampler"
	"alpaca/internal/structured"
)

// form returns a constructor for the grammar of f. The grammar constrains an answer from its first
// token on or, if f is lazy, from one of f's triggers on. form returns nil for free text.
func (s *Server) form(r *http.Request, f *openai.Format) (func() sampler.Grammar, error) {
	switch {
	case f == nil:
		return nil, nil
	case f.Schema != nil:
		if err := checkStrict(f); err != nil {
			return nil, err
		}
		p, warnings, err := s.forms.Schema(f.Schema, jsonschema.Options{Lenient: f.Lenient, Compact: f.Compact})
		if err != nil {
			return nil, openai.Invalid(f.Field, "the schema cannot be enforced: %v", err)
		}
		warn(r, warnings)
		return s.forms.Whole(p), nil
	}
	p, err := s.forms.Grammar(f.Grammar)
	if err != nil {
		return nil, openai.Invalid(f.Field, "%v", err)
	}
	if !f.Lazy {
		return s.forms.Whole(p), nil
	}
	l := structured.Lazy{}
	for i, t := range f.Triggers {
		trigger := structured.Trigger{Text: t.Text, From: true, Then: p}
		name := fmt.Sprintf("grammar_triggers[%d]", i)
		switch t.Kind {
		case openai.TriggerToken:
			if int(t.Token) >= s.tok.Len() {
				return nil, openai.Invalid(name+".token", "is %d, but the vocabulary has %d tokens", t.Token, s.tok.Len())
			}
			trigger.Text = s.tok.Piece(t.Token, true)
		case openai.TriggerPattern, openai.TriggerFull:
			text := t.Text
			if t.Kind == openai.TriggerFull {
				text = `^(?:` + text + `)$`
			}
			if trigger.Pattern, err = regexp.Compile(text); err != nil {
				return nil, openai.Invalid(name+".value", "%v", err)
			}
		}
		if trigger.Text == "" {
			return nil, openai.Invalid(name, "the token has no text")
		}
		l.Triggers = append(l.Triggers, trigger)
	}
	return s.forms.Lazy(l), nil
}

// checkStrict refuses a schema that claims to be strict but is not.
func checkStrict(f *openai.Format) error {
	if !f.Strict || f.Lenient {
		return nil
	}
	if err := structured.CheckStrict(f.Schema); err != nil {
		return openai.Invalid(f.Field, "%v", err)
	}
	return nil
}
