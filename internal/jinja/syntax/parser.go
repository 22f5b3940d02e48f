package syntax

import (
	"fmt"
	"strings"
)

// maxDepth is the limit for the nesting depth of statements and expressions. Python's own parser
// refuses more than 200 nested brackets, too.
const maxDepth = 200

// parser makes a tree from tokens.
type parser struct {
	src    string
	tokens []token
	at     int
	depth  int
}

// failed is the value of panics in the parser. Parse returns it as an error.
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

// nest enters a level of nesting, and returns a function that leaves it.
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

// is reports whether the current token has the given kind and text.
func (p *parser) is(kind kind, value string) bool {
	t := p.cur()
	return t.Kind == kind && t.Text == value
}

func (p *parser) isOp(op string) bool     { return p.is(kindOp, op) }
func (p *parser) isName(name string) bool { return p.is(kindName, name) }

// skip skips the current token if it has the given kind and text.
func (p *parser) skip(kind kind, value string) bool {
	if !p.is(kind, value) {
		return false
	}
	p.next()
	return true
}

// expect returns the current token and skips it. It fails if the token has another kind. It also
// fails if value is not "" and the token has another text.
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

// nodes parses statements up to a tag that begins with one of the names in end. That name is the
// current token afterwards. If end is empty, nodes parses up to the end of the template.
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

// body parses the rest of a tag, and statements up to one of the end tags. The end tag's name is
// the current token afterwards.
func (p *parser) body(end ...string) []Node {
	p.skip(kindOp, ":")
	p.expect(kindBlockEnd, "")
	return p.nodes(end)
}

// whole does what body does for a single end tag, and then skips the end tag's name.
func (p *parser) whole(end string) []Node {
	list := p.body(end)
	p.next()
	return list
}

// statement parses the content of a tag. outer has the names of tags that end the block around
// it.
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
