package syntax

import (
	"strings"

	"alpaca/internal/jinja/text"
)

func (p *parser) forLoop(at At) Node {
	f := &For{At: at}
	start := p.at
	f.Target = p.target(tupleRules{end: "in"})
	p.expect(kindName, "in")
	f.Iter = p.tuple(tupleRules{end: "recursive"})
	if p.skip(kindName, "if") {
		f.Test = p.expr(true)
		after := p.at
		p.at = start
		f.TestTarget = p.target(tupleRules{end: "in"})
		p.at = after
	}
	f.Recursive = p.skip(kindName, "recursive")
	f.Body = p.body("endfor", "else")
	if p.next().Text == "else" {
		f.Else = p.whole("endfor")
		f.HasElse = len(f.Else) > 0
	}
	return f
}

func (p *parser) ifElse(at At) Node {
	n := &If{At: at}
	for {
		n.Tests = append(n.Tests, p.tuple(tupleRules{}))
		n.Bodies = append(n.Bodies, p.body("elif", "else", "endif"))
		switch p.next().Text {
		case "elif":
			continue
		case "else":
			n.Else = p.whole("endif")
		}
		return n
	}
}

func (p *parser) set(at At) Node {
	target := p.target(tupleRules{namespace: true})
	if p.skip(kindOp, "=") {
		return &Set{at, target, p.tuple(tupleRules{cond: true})}
	}
	s := &SetBlock{At: at, Target: target}
	if p.isOp("|") {
		s.Filter = p.filters(nil).(*Filter)
	}
	s.Body = p.whole("endset")
	return s
}

func (p *parser) signature(m *Macro) {
	p.expect(kindOp, "(")
	seen := map[string]bool{}
	for !p.isOp(")") {
		if len(m.Args) > 0 {
			p.expect(kindOp, ",")
		}
		arg := p.targetName()
		arg.Ctx = ParamName
		if seen[arg.Name] {
			p.fail(arg.Pos(), "the argument %q occurs twice", arg.Name)
		}
		seen[arg.Name] = true
		switch {
		case p.skip(kindOp, "="):
			m.Defaults = append(m.Defaults, p.expr(true))
		case len(m.Defaults) > 0:
			p.fail(arg.Pos(), "an argument without a default follows one with a default")
		}
		m.Args = append(m.Args, arg)
	}
	p.next()
}

func (p *parser) callBlock(at At) Node {
	c := &CallBlock{At: at, Body: &Macro{At: at}}
	if p.isOp("(") {
		p.signature(c.Body)
	}
	call, ok := p.expr(true).(*Call)
	if !ok {
		p.fail(at.Pos(), "expected a call")
	}
	c.Call = call
	c.Body.Body = p.whole("endcall")
	return c
}

func (p *parser) with(at At) Node {
	w := &With{At: at}
	for p.cur().Kind != kindBlockEnd && !p.isOp(":") {
		if len(w.Targets) > 0 {
			p.expect(kindOp, ",")
		}
		target := p.target(tupleRules{})
		use(target, ParamName)
		p.expect(kindOp, "=")
		w.Targets = append(w.Targets, target)
		w.Values = append(w.Values, p.expr(true))
	}
	w.Body = p.whole("endwith")
	return w
}

func (p *parser) block(at At) Node {
	b := &Block{At: at, Name: p.expect(kindName, "").Text}
	b.Scoped = p.skip(kindName, "scoped")
	b.Required = p.skip(kindName, "required")
	b.Body = p.whole("endblock")
	if b.Required {
		for _, n := range b.Body {
			out, ok := n.(*Output)
			for i := 0; ok && i < len(out.Exprs); i++ {
				var data *TemplateData
				data, ok = out.Exprs[i].(*TemplateData)
				ok = ok && text.New(data.Data).Each(text.IsSpace)
			}
			if !ok {
				p.fail(at.Pos(), "a required block may contain only white space and comments")
			}
		}
	}
	p.skip(kindName, b.Name)
	return b
}

func (p *parser) print(at At) Node {
	out := &Output{At: at}
	for p.cur().Kind != kindBlockEnd {
		if len(out.Exprs) > 0 {
			p.expect(kindOp, ",")
		}
		out.Exprs = append(out.Exprs, p.expr(true))
	}
	return out
}

// load parses a statement that needs other templates, which do not exist here.
func (p *parser) load(at At, what string) Node {
	l := &Load{At: at, What: what, Template: p.expr(true)}
	switch what {
	case "include":
		if p.isName("ignore") && p.look().Text == "missing" {
			p.at += 2
		}
	case "import":
		p.expect(kindName, "as")
		l.Targets = append(l.Targets, p.targetName())
	case "from":
		p.expect(kindName, "import")
		for {
			if (p.isName("with") || p.isName("without")) && p.look().Text == "context" {
				break
			}
			name := p.targetName()
			if strings.HasPrefix(name.Name, "_") {
				p.fail(name.Pos(), "names that begin with an underscore cannot be imported")
			}
			if p.skip(kindName, "as") {
				name = p.targetName()
			}
			l.Targets = append(l.Targets, name)
			if !p.skip(kindOp, ",") {
				break
			}
		}
	}
	if (p.isName("with") || p.isName("without")) && p.look().Text == "context" {
		p.at += 2
	}
	return l
}
