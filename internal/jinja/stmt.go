package jinja

import (
	"alpaca/internal/jinja/syntax"
	"alpaca/internal/jinja/text"
	"alpaca/internal/jinja/value"
)

// nodes compiles a list of statements.
func (c *compiler) nodes(nodes []syntax.Node, p place) exec {
	list := make([]exec, len(nodes))
	for i, n := range nodes {
		list[i] = c.node(n, p)
	}
	if len(list) == 1 {
		return list[0]
	}
	return func(f *frame, out *output) signal {
		for _, e := range list {
			if s := e(f, out); s != onward {
				return s
			}
		}
		return onward
	}
}

func (c *compiler) node(n syntax.Node, p place) exec {
	switch n := n.(type) {
	case *syntax.Output:
		return c.output(n, p)
	case *syntax.For:
		return c.forLoop(n, p)
	case *syntax.If:
		return c.ifElse(n, p)
	case *syntax.Set:
		return c.set(n, p)
	case *syntax.SetBlock:
		return c.setBlock(n, p)
	case *syntax.Macro:
		return c.macroStatement(n, p)
	case *syntax.CallBlock:
		return c.callBlock(n, p)
	case *syntax.Generation:
		make := c.macro(n.Body, p)
		return func(f *frame, out *output) signal {
			f.printRaw(out, make(f).Call(f.r, &value.Args{}))
			return onward
		}
	case *syntax.FilterBlock:
		return c.filterBlock(n, p)
	case *syntax.With:
		return c.with(n, p)
	case *syntax.Autoescape:
		return c.autoescape(n, p)
	case *syntax.Block:
		return c.block(n, p)
	case *syntax.Load:
		template := c.expr(n.Template, p)
		if n.What == "extends" && !p.toplevel {
			c.fail(n.Pos(), "extends inside of a block")
		}
		return func(f *frame, _ *output) signal {
			template(f)
			f.r.Pos = n.Pos()
			value.TypeError("%s: a chat template has no other templates", n.What)
			return onward
		}
	case *syntax.Break:
		if !p.inLoop {
			c.fail(n.Pos(), "break outside of a loop")
		}
		return func(*frame, *output) signal { return broke }
	case *syntax.Continue:
		if !p.inLoop {
			c.fail(n.Pos(), "continue outside of a loop")
		}
		return func(*frame, *output) signal { return continued }
	}
	c.fail(n.Pos(), "unknown statement %T", n)
	return nil
}

func (c *compiler) output(n *syntax.Output, p place) exec {
	list := make([]exec, len(n.Exprs))
	for i, e := range n.Exprs {
		if data, ok := e.(*syntax.TemplateData); ok {
			t := text.New(data.Data)
			list[i] = func(f *frame, out *output) signal {
				f.print(out, t)
				return onward
			}
			continue
		}
		inner := p
		inner.folded = constant(e, p.escape)
		x := c.expr(e, inner)
		escape := p.escape
		if escape == asked && constant(e, asked) {
			escape = never
		}
		list[i] = func(f *frame, out *output) signal {
			v := x(f)
			f.r.Pos = e.Pos()
			t := f.r.Text(v)
			if escape.on(f.r) {
				f.r.Product(5, t.Len())
				t = t.Escaped()
			}
			f.print(out, t)
			return onward
		}
	}
	return func(f *frame, out *output) signal {
		f.r.Steps(1)
		for _, e := range list {
			e(f, out)
		}
		return onward
	}
}

func (c *compiler) ifElse(n *syntax.If, p place) exec {
	p = p.softly()
	tests, bodies := make([]eval, len(n.Tests)), make([]exec, len(n.Tests))
	for i := range n.Tests {
		tests[i], bodies[i] = c.expr(n.Tests[i], p), c.nodes(n.Bodies[i], p)
	}
	last := c.nodes(n.Else, p)
	return func(f *frame, out *output) signal {
		f.r.Steps(1)
		for i, test := range tests {
			if value.Truth(test(f)) {
				return bodies[i](f, out)
			}
		}
		return last(f, out)
	}
}

func (c *compiler) filterBlock(n *syntax.FilterBlock, p place) exec {
	in := p.inner()
	in.s.nodes(n.Body)
	in.s.exprs(n.Filter)
	enter := in.s.entered()
	body, filter := c.nodes(n.Body, in), c.filter(n.Filter, in)
	return func(f *frame, out *output) signal {
		f.enter(p.s.fn, enter)
		var buffer output
		if s := body(f, &buffer); s != onward {
			return s
		}
		f.printRaw(out, filter(f, buffer.Text().AsSafe(in.escape.on(f.r))))
		f.leave(in.s)
		return onward
	}
}

func (c *compiler) with(n *syntax.With, p place) exec {
	in := p.inner()
	for _, t := range n.Targets {
		in.s.params(t)
	}
	in.s.nodes(n.Body)
	enter := in.s.entered()
	values, targets := make([]eval, len(n.Values)), make([]func(*frame, value.Value), len(n.Values))
	for i := range values {
		values[i], targets[i] = c.expr(n.Values[i], p), c.assign(n.Targets[i], in)
	}
	body := c.nodes(n.Body, in)
	return func(f *frame, out *output) signal {
		f.enter(p.s.fn, enter)
		for i, x := range values {
			targets[i](f, x(f))
		}
		s := body(f, out)
		f.leave(in.s)
		return s
	}
}

func (c *compiler) autoescape(n *syntax.Autoescape, p place) exec {
	scope := p.inner() // the mode applies in the statement's own scope
	scope.s.exprs(n.Value)
	scope.s.nodes(n.Body)
	enter := scope.s.entered()
	x := c.expr(n.Value, scope)
	in := scope
	in.escape = asked
	if k, ok := n.Value.(*syntax.Const); ok {
		in.escape = never
		if k.Value == true {
			in.escape = always
		}
	}
	body := c.nodes(n.Body, in)
	return func(f *frame, out *output) signal {
		f.enter(p.s.fn, enter)
		before := f.r.Escape
		f.r.Escape = value.Truth(x(f))
		s := body(f, out)
		f.r.Escape = before
		f.leave(scope.s)
		return s
	}
}

func (c *compiler) block(n *syntax.Block, p place) exec {
	b, s := c.blocks[n.Name], p.s
	return func(f *frame, out *output) signal {
		f.r.Pos = n.Pos()
		if n.Required {
			value.Fail("TemplateRuntimeError", "Required block %q not found", n.Name)
		}
		ctx := f.ctx
		if n.Scoped {
			ctx = ctx.derived(f, s)
		}
		b.run(f.r, ctx, out)
		return onward
	}
}

// run executes a block.
func (b *block) run(r *value.Run, ctx *scopeContext, out *output) {
	r.Enter()
	f := newFrame(r, b.fn, nil, ctx)
	f.enter(b.fn, b.enter)
	b.body(f, out)
	r.Leave()
}
