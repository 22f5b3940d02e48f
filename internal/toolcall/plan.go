package toolcall

import (
	"errors"

	"alpaca/internal/grammar"
)

// Thinking has the tags around the thoughts that an answer may begin with.
type Thinking struct {
	Open, Close string // Close "": no thoughts
	Inside      bool   // the prompt already has Open, so the answer begins within the thoughts
}

// Plan says what an answer may contain.
type Plan struct {
	Family   *Family
	Tools    []Tool // the tools that may be called
	Required bool   // there must be a call
	Parallel bool   // there may be several calls
	Thinking Thinking
	// Answer has the rules for an answer without a call; nil: any text.
	Answer *grammar.Rules
	// Control returns the id of the control token that text spells.
	Control func(text string) (id int32, ok bool)
}

// Form constrains an answer to a plan: by Whole from the beginning, or by the first of Triggers
// that occurs.
type Form struct {
	Whole    *grammar.Program
	Triggers []Trigger
	Warnings []string // about keywords of schemas that are not enforced
}

// Trigger begins a grammar in the middle of an answer. If Pattern is set, it replaces Text, and the
// grammar begins where the pattern's group begins.
type Trigger struct {
	Text    string
	Pattern string // a regular expression, or ""
	Start   bool   // the trigger counts only at the beginning of an answer
	Then    *grammar.Program
}

// wrapper is a form in which an answer without a call has marks, too.
type wrapper interface {
	// answer returns the rules for an answer without a call. e is the answer's text; nil: any text.
	answer(b *builder, e grammar.Expr) grammar.Expr
	// thinking returns body preceded by the thoughts of t.
	thinking(b *builder, t Thinking, body grammar.Expr) grammar.Expr
}

// Compile returns the form of answers. The form is empty if answers
// are not constrained. An error about a tool is a *SchemaError.
func (p *Plan) Compile() (*Form, error) {
	b := newBuilder(p.Tools, p.Parallel, p.Control)
	out := &Form{}
	var answer grammar.Expr
	if p.Answer != nil {
		answer = b.rules.Add(p.Answer)
	}
	if len(p.Tools) == 0 {
		if answer == nil {
			return out, nil
		}
		var err error
		out.Whole, err = b.whole(p, p.answer(b, answer))
		return out, err
	}
	list := p.Family.form.entries(b)
	if b.err != nil {
		return nil, b.err
	}
	out.Warnings = b.warnings
	if p.Required || answer != nil || p.Family.IsGeneric() {
		var alt grammar.Alt
		for i, e := range list {
			if i == 0 || e.start {
				alt = append(alt, grammar.Seq{b.blanks, b.lit(e.mark), e.rest})
			}
		}
		if !p.Required {
			alt = append(alt, p.answer(b, answer))
		}
		var err error
		out.Whole, err = b.whole(p, alt)
		return out, err
	}
	for _, e := range list {
		program, err := b.compile(e.rest)
		if err != nil {
			return nil, err
		}
		out.Triggers = append(out.Triggers, Trigger{Text: e.mark, Pattern: e.pattern, Start: e.start, Then: program})
	}
	return out, nil
}

// answer returns the expression for an answer without a call. e is the answer's text.
func (p *Plan) answer(b *builder, e grammar.Expr) grammar.Expr {
	if w, ok := p.Family.form.(wrapper); ok {
		return w.answer(b, e)
	}
	return e
}

// whole compiles a body with thoughts before it.
func (b *builder) whole(p *Plan, body grammar.Expr) (*grammar.Program, error) {
	body = b.rule(body)
	if w, ok := p.Family.form.(wrapper); ok {
		return b.compile(w.thinking(b, p.Thinking, body))
	}
	return b.compile(b.think(p.Thinking, body))
}

// think puts the rules for thoughts between tags before a body.
func (b *builder) think(t Thinking, body grammar.Expr) grammar.Expr {
	switch {
	case t.Close == "":
		return body
	case t.Inside:
		return grammar.Seq{b.without(t.Close), b.lit(t.Close), b.blanks, body}
	}
	thought := grammar.Seq{b.blanks, b.lit(t.Open), b.without(t.Close), b.lit(t.Close), b.blanks}
	return grammar.Seq{optional(thought), body}
}

// compile makes the program that accepts the texts of e.
func (b *builder) compile(e grammar.Expr) (*grammar.Program, error) {
	b.rules.Body[0] = e
	rules := b.rules
	p, err := grammar.Compile(&rules)
	if errors.Is(err, grammar.ErrEmpty) && len(b.tools) > 0 {
		err = errors.New("no arguments satisfy the schemas of the tools")
	}
	return p, err
}

// answer implements wrapper: an answer is a message in the channel "final".
func (f *harmonyForm) answer(b *builder, e grammar.Expr) grammar.Expr {
	constrain := optional(grammar.Seq{grammar.Bytes(" "), b.lit(harmonyConstrain), grammar.Bytes("json")})
	return grammar.Seq{b.lit(harmonyChannel), grammar.Bytes("final"), constrain, b.lit(harmonyMessage), e}
}

// thinking implements wrapper: thoughts are messages in the channel "analysis".
func (f *harmonyForm) thinking(b *builder, _ Thinking, body grammar.Expr) grammar.Expr {
	const limit = 8
	thought := grammar.Seq{
		b.lit(harmonyChannel), grammar.Bytes("analysis"), b.lit(harmonyMessage), b.without(harmonyEnd), b.lit(harmonyEnd, harmonyStart), grammar.Bytes("assistant"),
	}
	return grammar.Seq{grammar.Repeat{X: b.rule(thought), Max: limit}, body}
}

// answer implements wrapper: an answer has the recipient "all".
func (f *headedForm) answer(b *builder, e grammar.Expr) grammar.Expr {
	return grammar.Seq{grammar.Bytes("all\n"), e}
}

func (f *headedForm) thinking(b *builder, t Thinking, body grammar.Expr) grammar.Expr {
	return b.think(t, body)
}

// answer implements wrapper: any text is a JSON string with the key "response".
func (f *genericForm) answer(b *builder, e grammar.Expr) grammar.Expr {
	if e != nil {
		return e
	}
	rules, _, err := stringRules()
	if err != nil {
		b.err = err
		return grammar.Seq{}
	}
	return grammar.Seq{grammar.Bytes("{"), b.blanks, b.field(genericResponse, b.rules.Add(rules)), b.blanks, grammar.Bytes("}")}
}

func (f *genericForm) thinking(b *builder, t Thinking, body grammar.Expr) grammar.Expr {
	return b.think(t, body)
}
