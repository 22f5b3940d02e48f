package jinja

import (
	"fmt"

	"alpaca/internal/jinja/builtin"
	"alpaca/internal/jinja/syntax"
	"alpaca/internal/jinja/text"
	"alpaca/internal/jinja/value"
)

// A template is compiled to functions: a statement becomes an exec, and an expression becomes an
// eval.

// frame has the variables of a function during its execution.
type frame struct {
	r    *value.Run
	vars []value.Value
	up   *frame // frame of the enclosing function
	ctx  *scopeContext
}

// output collects what statements print.
type output struct {
	text.Builder
	root bool // the result of the rendering, not an intermediate string
}

type eval func(f *frame) value.Value

type exec func(f *frame, out *output) signal

// signal says how statements ended.
type signal uint8

const (
	onward signal = iota
	broke
	continued
)

// place is the compiler's position in a template.
type place struct {
	s        *scope
	soft     bool // in a condition, where an unknown filter is an error only when it is called
	toplevel bool // at top level: blocks see the variables that are assigned here
	inLoop   bool // break and continue are allowed
	escape   escaping
	folded   bool // in a constant expression, where a slice of something that cannot be sliced gives Undefined, as in jinja2
}

// escaping says whether printed text is escaped.
type escaping uint8

const (
	never escaping = iota
	always
	asked // value.Run.Escape decides
)

func (e escaping) on(r *value.Run) bool { return e == always || e == asked && r.Escape }

// inner returns the place of a block with its own names.
func (p place) inner() place {
	return place{s: newScope(p.s.fn, p.s), inLoop: p.inLoop, escape: p.escape}
}

// innerFunction returns the place of a function's body, which has its own names and its own frame.
func (p place) innerFunction() place {
	fn := &function{up: p.s.fn, depth: p.s.fn.depth + 1}
	return place{s: newScope(fn, p.s), escape: p.escape}
}

// softly returns the same place within a condition.
func (p place) softly() place {
	p.soft = true
	return p
}

type compiler struct {
	src    string
	blocks map[string]*block
}

// block is a block of a template.
type block struct {
	fn    *function
	enter []load
	body  exec
}

func (c *compiler) fail(pos syntax.Pos, format string, args ...any) {
	line, column := syntax.Place(c.src, pos)
	panic(&syntax.Error{Line: line, Column: column, Msg: fmt.Sprintf(format, args...)})
}

// template compiles a whole template.
func (c *compiler) template(nodes []syntax.Node) *block {
	c.declareBlocks(nodes)
	root := c.root(nodes, true)
	visitBlocks(nodes, func(b *syntax.Block) { *c.blocks[b.Name] = *c.root(b.Body, false) })
	return root
}

func (c *compiler) declareBlocks(nodes []syntax.Node) {
	visitBlocks(nodes, func(b *syntax.Block) {
		if c.blocks[b.Name] != nil {
			c.fail(b.Pos(), "block %q is defined twice", b.Name)
		}
		c.blocks[b.Name] = &block{}
	})
}

// visitBlocks calls f for all blocks in statements, including nested ones.
func visitBlocks(nodes []syntax.Node, f func(*syntax.Block)) {
	visit(nodes, func(*syntax.Name) {}, func(n syntax.Node) {
		if b, ok := n.(*syntax.Block); ok {
			f(b)
			visitBlocks(b.Body, f)
		}
	})
}

// root compiles the template or a block. A block shares no names with the template.
func (c *compiler) root(nodes []syntax.Node, top bool) *block {
	p := place{s: newScope(&function{}, nil), toplevel: top}
	special := []string{"self"}
	if !top {
		special = append(special, "super")
	}
	used := undeclared(nodes, special...)
	var self, super variable
	if used["self"] {
		self = p.s.param("self")
	}
	if used["super"] {
		super = p.s.param("super")
	}
	p.s.nodes(nodes)
	b := &block{fn: p.s.fn, enter: p.s.entered()}
	body := c.nodes(nodes, p)
	b.body = func(f *frame, out *output) signal {
		if used["self"] {
			f.vars[self.slot] = &selfRef{f.ctx}
		}
		if used["super"] {
			f.vars[super.slot] = &value.Undefined{Msg: "there is no parent block"}
		}
		return body(f, out)
	}
	return b
}

// entered returns the loads of the variables of a
// scope, except for parameters, which the caller sets.
func (s *scope) entered() []load {
	var list []load
	for _, l := range s.loads {
		if l.how != parameter {
			list = append(list, l)
		}
	}
	return list
}

// newFrame returns a frame of a function, with all variables unset.
func newFrame(r *value.Run, fn *function, up *frame, ctx *scopeContext) *frame {
	f := &frame{r: r, vars: make([]value.Value, fn.slots), up: up, ctx: ctx}
	for i := range f.vars {
		f.vars[i] = value.Missing
	}
	return f
}

// enter sets the variables of a scope of fn to their initial values.
func (f *frame) enter(fn *function, loads []load) {
	for _, l := range loads {
		v := value.Missing
		switch l.how {
		case fromContext:
			v = f.ctx.resolve(l.name)
		case alias:
			v = f.at(fn.depth - l.from.fn.depth).vars[l.from.slot]
		}
		f.vars[l.to.slot] = v
	}
}

// leave unsets the variables of a scope.
func (f *frame) leave(s *scope) {
	for v := range s.loads {
		f.vars[v.slot] = value.Missing
	}
}

// at returns the frame of the enclosing function that is hops levels further out.
func (f *frame) at(hops int) *frame {
	for range hops {
		f = f.up
	}
	return f
}

// print adds a text to the output.
func (f *frame) print(out *output, t text.Text) {
	if out.root {
		f.r.Print(t.Len())
	} else {
		f.r.Charge(t.Size())
	}
	out.Add(t)
}

// printRaw prints the result of a call or a filter, which must be a string.
func (f *frame) printRaw(out *output, v value.Value) {
	t, ok := v.(text.Text)
	if !ok {
		value.TypeError("expected str instance, %s found", value.TypeName(v))
	}
	f.print(out, t)
}

// capture executes statements and returns what they print.
func (f *frame) capture(body exec) text.Text {
	var out output
	body(f, &out)
	return out.Text()
}

// filter compiles a chain of filters. If the innermost filter has no
// Value, the returned function applies the chain to its argument in.
func (c *compiler) filter(e *syntax.Filter, p place) func(f *frame, in value.Value) value.Value {
	var from func(f *frame, in value.Value) value.Value
	switch v := e.Value.(type) {
	case nil:
		from = func(_ *frame, in value.Value) value.Value { return in }
	case *syntax.Filter:
		from = c.filter(v, p)
	default:
		x := c.expr(v, p)
		from = func(f *frame, _ value.Value) value.Value { return x(f) }
	}
	fn, ok := builtin.Filters[e.Name]
	if !ok {
		if !p.soft {
			c.fail(e.Pos(), "no filter named %q", e.Name)
		}
		return func(f *frame, in value.Value) value.Value {
			from(f, in)
			f.r.Pos = e.Pos()
			value.Fail("TemplateRuntimeError", "No filter named %q found.", e.Name)
			return nil
		}
	}
	args := c.args(e.Args, p)
	return func(f *frame, in value.Value) value.Value {
		v := from(f, in)
		a := args(f)
		f.r.Pos = e.Pos()
		f.r.Steps(1)
		return fn(f.r, v, a)
	}
}
