package gbnf

import "alpaca/internal/grammar"

func (p *parser) definition() error {
	start := p.pos
	name := p.name()
	if name == "" {
		hint := ""
		if p.src[p.pos] == '_' {
			hint = "; names have letters, digits and hyphens"
		}
		return p.fail(p.pos, "expected the name of a rule, found %s%s", p.here(), hint)
	}
	p.space(false)
	if !p.skip("::=") {
		hint := ""
		if p.pos < len(p.src) && p.src[p.pos] == '_' {
			hint = "; names have letters, digits and hyphens"
		}
		return p.fail(p.pos, "expected ::= after the name %q, found %s%s", name, p.here(), hint)
	}
	i := p.rule(name)
	if p.body[i] != nil {
		return p.fail(start, "rule %q is defined twice", name)
	}
	if len(p.names) > maxRules {
		return p.fail(start, "more than %d rules", maxRules)
	}
	p.defined[i] = start
	p.space(true)
	e, err := p.alternatives(false)
	if err != nil {
		return err
	}
	p.body[i] = e
	if p.pos < len(p.src) && p.src[p.pos] != '\n' && p.src[p.pos] != '\r' {
		return p.fail(p.pos, "expected the end of the line or of the text after rule %q, found %s", name, p.here())
	}
	p.space(true)
	return nil
}

// alternatives parses sequences separated by |. If nested is set, they may continue on the next
// line.
func (p *parser) alternatives(nested bool) (grammar.Expr, error) {
	var out grammar.Alt
	for {
		var s grammar.Seq
		for p.pos < len(p.src) {
			e, err := p.item(nested)
			if err != nil {
				return nil, err
			}
			if e == nil {
				break
			}
			s = append(s, e)
		}
		out = append(out, s)
		if !p.skip("|") {
			return out, nil
		}
		p.space(true)
	}
}

// item parses an atom with its repetitions. It returns nil if no atom follows.
func (p *parser) item(nested bool) (grammar.Expr, error) {
	e, err := p.atom()
	if err != nil || e == nil {
		return e, err
	}
	p.space(nested)
	for n := 0; ; n++ {
		start := p.pos
		r, ok, err := p.repetition(nested)
		if err != nil {
			return nil, err
		}
		if !ok {
			return e, nil
		}
		if n > maxDepth {
			return nil, p.fail(start, "more than %d repetitions of one item", maxDepth)
		}
		r.X = e
		e = r
		if inner, ok := r.X.(grammar.Repeat); ok && inner.Max < 0 && inner.Min <= 1 && r.Max < 0 && r.Min <= 1 {
			// For example, x+* becomes x*.
			e = grammar.Repeat{X: inner.X, Min: min(inner.Min, r.Min), Max: -1}
		}
		p.space(nested)
	}
}

// repetition parses *, +, ? or {m,n}.
func (p *parser) repetition(nested bool) (r grammar.Repeat, ok bool, err error) {
	switch {
	case p.skip("*"):
		return grammar.Repeat{Max: -1}, true, nil
	case p.skip("+"):
		return grammar.Repeat{Min: 1, Max: -1}, true, nil
	case p.skip("?"):
		return grammar.Repeat{Max: 1}, true, nil
	}
	start := p.pos
	if !p.skip("{") {
		return r, false, nil
	}
	p.space(nested)
	if r.Min, err = p.count(); err != nil {
		return r, false, err
	}
	r.Max = r.Min
	p.space(nested)
	if p.skip(",") {
		p.space(nested)
		r.Max = -1
		if p.pos < len(p.src) && p.src[p.pos] >= '0' && p.src[p.pos] <= '9' {
			if r.Max, err = p.count(); err != nil {
				return r, false, err
			}
		}
		p.space(nested)
	}
	if !p.skip("}") {
		return r, false, p.fail(p.pos, "expected } after the counts, found %s", p.here())
	}
	if r.Max >= 0 && r.Max < r.Min {
		return r, false, p.fail(start, "the counts {%d,%d} are out of order", r.Min, r.Max)
	}
	return r, true, nil
}

func (p *parser) count() (int, error) {
	start, n := p.pos, 0
	for p.pos < len(p.src) && p.src[p.pos] >= '0' && p.src[p.pos] <= '9' {
		if n = n*10 + int(p.src[p.pos]-'0'); n > grammar.MaxRepeat {
			return 0, p.fail(start, "a count above %d", grammar.MaxRepeat)
		}
		p.pos++
	}
	if p.pos == start {
		return 0, p.fail(p.pos, "expected a count, found %s", p.here())
	}
	return n, nil
}

// finish checks that all names are defined.
func (p *parser) finish() (*grammar.Rules, error) {
	for i, name := range p.names {
		switch {
		case p.body[i] != nil:
		case i == 0:
			return nil, p.fail(len(p.src), "no rule is named root, where texts begin")
		default:
			return nil, p.fail(p.used[i], "rule %q is not defined", name)
		}
	}
	return &grammar.Rules{Names: p.names, Body: p.body}, nil
}
