package syntax

import (
	"fmt"
	"strings"

	"alpaca/internal/jinja/text"
)

// maxDepth is how deep statements and expressions may be nested. Python's own
// parser refuses a hundred of brackets.
const maxDepth = 200

// parser makes a tree of tokens.
type parser struct {
	src    string
	tokens []token
	at     int
	depth  int
}

// failed is what parser methods panic with; Parse returns it as an error.
type failed struct{ err *Error }

// Parse returns the statements of a normalized template.
func Parse(source string) (nodes []Node, err error) {
	tokens, err := lex(source)
	if err != nil {
		return nil, err
	}
	p := &parser{src: source, tokens: tokens}
	defer func() {
		if r := recover(); r != nil {
			f, ok := r.(failed)
			if !ok {
				panic(r)
			}
			nodes, err = nil, f.err
		}
	}()
	return p.nodes(nil), nil
}

func (p *parser) fail(pos Pos, format string, args ...any) {
	line, column := Place(p.src, pos)
	panic(failed{&Error{line, column, fmt.Sprintf(format, args...)}})
}

// nest counts a level of nesting; what it returns ends it.
func (p *parser) nest() func() {
	p.depth++
	if p.depth > maxDepth {
		p.fail(p.cur().Pos, "nested more than %d levels deep", maxDepth)
	}
	return func() { p.depth-- }
}

func (p *parser) cur() token  { return p.tokens[p.at] }
func (p *parser) look() token { return p.tokens[min(p.at+1, len(p.tokens)-1)] }

func (p *parser) next() token {
	t := p.cur()
	if t.Kind != kindEOF {
		p.at++
	}
	return t
}

// is reports whether the current token is an operator or a name of that text.
func (p *parser) is(kind kind, value string) bool {
	t := p.cur()
	return t.Kind == kind && t.Text == value
}

func (p *parser) isOp(op string) bool     { return p.is(kindOp, op) }
func (p *parser) isName(name string) bool { return p.is(kindName, name) }

// skip goes past a token if it is there.
func (p *parser) skip(kind kind, value string) bool {
	if !p.is(kind, value) {
		return false
	}
	p.next()
	return true
}

// expect goes past a token of a kind, and of a text unless that is "".
func (p *parser) expect(kind kind, value string) token {
	t := p.cur()
	if t.Kind != kind || value != "" && t.Text != value {
		want := token{kind, value, 0}.describe()
		if value == "" && kind == kindName {
			want = "a name"
		}
		p.fail(t.Pos, "expected %s, got %s", want, t.describe())
	}
	return p.next()
}

// nodes reads statements up to a tag that begins with one of the names, which is
// current afterwards; up to the end where there are none.
func (p *parser) nodes(end []string) []Node {
	defer p.nest()()
	var list []Node
	var out *Output
	print := func(e Expr) {
		if out == nil {
			out = &Output{At: At(e.Pos())}
			list = append(list, out)
		}
		out.Exprs = append(out.Exprs, e)
	}
	for {
		t := p.cur()
		switch t.Kind {
		case kindEOF:
			if end != nil {
				p.fail(t.Pos, "the template ends, expected %s", strings.Join(end, " or "))
			}
			return list
		case kindData:
			p.next()
			print(&TemplateData{At(t.Pos), t.Text})
		case kindVariableBegin:
			p.next()
			print(p.tuple(tupleRules{cond: true}))
			p.expect(kindVariableEnd, "")
		case kindBlockBegin:
			p.next()
			out = nil
			for _, name := range end {
				if p.isName(name) {
					return list
				}
			}
			list = append(list, p.statement(end))
			p.expect(kindBlockEnd, "")
		default:
			p.fail(t.Pos, "unexpected %s", t.describe())
		}
	}
}

// body reads the rest of a tag and what is up to one of the end tags, whose name
// is current afterwards.
func (p *parser) body(end ...string) []Node {
	p.skip(kindOp, ":")
	p.expect(kindBlockEnd, "")
	return p.nodes(end)
}

// whole is body up to the one tag that ends it, whose name is read.
func (p *parser) whole(end string) []Node {
	list := p.body(end)
	p.next()
	return list
}

// statement reads what is in a tag; outer are the names that would end the block
// around it.
func (p *parser) statement(outer []string) Node {
	t := p.expect(kindName, "")
	at := At(t.Pos)
	switch t.Text {
	case "for":
		return p.forLoop(at)
	case "if":
		return p.ifElse(at)
	case "set":
		return p.set(at)
	case "macro":
		m := &Macro{At: at, Name: p.targetName()}
		p.signature(m)
		m.Body = p.whole("endmacro")
		return m
	case "call":
		return p.callBlock(at)
	case "filter":
		f := &FilterBlock{At: at, Filter: p.filterNamed(nil)}
		f.Filter = p.filters(f.Filter).(*Filter)
		f.Body = p.whole("endfilter")
		return f
	case "with":
		return p.with(at)
	case "autoescape":
		a := &Autoescape{At: at, Value: p.expr(true)}
		a.Body = p.whole("endautoescape")
		return a
	case "block":
		return p.block(at)
	case "generation":
		return &Generation{At: at, Body: &Macro{At: at, Body: p.whole("endgeneration")}}
	case "print":
		return p.print(at)
	case "extends", "include", "import", "from":
		return p.load(at, t.Text)
	case "break":
		return &Break{at}
	case "continue":
		return &Continue{at}
	}
	if len(outer) > 0 {
		p.fail(t.Pos, "unknown tag %q, expected %s", t.Text, strings.Join(outer, " or "))
	}
	p.fail(t.Pos, "unknown tag %q", t.Text)
	return nil
}

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
			p.fail(arg.Pos(), "the argument %q stands twice", arg.Name)
		}
		seen[arg.Name] = true
		switch {
		case p.skip(kindOp, "="):
			m.Defaults = append(m.Defaults, p.expr(true))
		case len(m.Defaults) > 0:
			p.fail(arg.Pos(), "an argument without a default after one with a default")
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
				p.fail(at.Pos(), "a required block has only white space and comments")
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

// load reads a statement that needs other templates, which there are none of.
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
