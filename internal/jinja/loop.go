package jinja

import (
	"alpaca/internal/jinja/syntax"
	"alpaca/internal/jinja/text"
	"alpaca/internal/jinja/value"
)

// loopCode is a compiled loop.
type loopCode struct {
	assign     func(*frame, value.Value)
	test       eval // nil: none
	testAssign func(*frame, value.Value)
	testEnter  []load
	fn         *function
	s          *scope
	loop       *variable // the variable "loop"; nil: the body does not use it
	enter      []load
	body       exec
	elseEnter  []load
	last       exec // nil: no else
	elseScope  *scope
}

func (c *compiler) forLoop(n *syntax.For, p place) exec {
	c.checkLoop(n)
	fn := p.s.fn
	if n.Recursive {
		fn = &function{up: fn, depth: fn.depth + 1}
	}
	inner := func() place { return place{s: newScope(fn, p.s), escape: p.escape} }
	code := loopCode{fn: fn}
	in, tested, other := inner(), inner(), inner()
	in.inLoop = true
	other.inLoop = p.inLoop && !n.Recursive
	if n.Recursive || undeclared(n.Body, "loop")["loop"] || hasScoped(n) {
		v := in.s.param("loop")
		code.loop = &v
	}
	in.s.params(n.Target)
	in.s.nodes(n.Body)
	code.s, code.enter = in.s, in.s.entered()
	code.assign = c.assign(n.Target, in)
	if n.HasElse {
		other.s.nodes(n.Else)
		code.elseScope, code.elseEnter = other.s, other.s.entered()
	}
	if n.Test != nil {
		tested.s.params(n.TestTarget)
		tested.s.exprs(n.Test)
		code.testEnter = tested.s.entered()
		code.testAssign = c.assign(n.TestTarget, tested)
		code.test = c.expr(n.Test, tested)
	}
	code.body = c.nodes(n.Body, in)
	if n.HasElse {
		code.last = c.nodes(n.Else, other)
	}
	iter := c.expr(n.Iter, p)
	if !n.Recursive {
		return func(f *frame, out *output) signal {
			v := iter(f)
			f.r.Pos = n.Pos()
			return code.run(f, v, &loop{}, out)
		}
	}
	return func(f *frame, out *output) signal {
		var render func(v value.Value, depth int) text.Text
		render = func(v value.Value, depth int) text.Text {
			g := newFrame(f.r, fn, f, f.ctx)
			return g.capture(func(g *frame, out *output) signal {
				return code.run(g, v, &loop{render: render, depth: depth}, out)
			}).AsSafe(p.escape.on(f.r))
		}
		v := iter(f)
		f.r.Pos = n.Pos()
		f.print(out, render(v, 0))
		return onward
	}
}

// checkLoop refuses assignments to "loop" in a loop.
func (c *compiler) checkLoop(n *syntax.For) {
	name := func(n *syntax.Name) {
		if n.Name == "loop" && n.Ctx == syntax.StoreName {
			c.fail(n.Pos(), `the name "loop" cannot be assigned to in a loop`)
		}
	}
	var node func(syntax.Node)
	node = func(n syntax.Node) {
		if b, ok := n.(*syntax.Block); ok {
			visit(b.Body, name, node)
		}
	}
	visit([]syntax.Node{n}, name, node)
}

// hasScoped reports whether a loop contains a scoped block.
func hasScoped(n *syntax.For) (has bool) {
	visitBlocks([]syntax.Node{n}, func(b *syntax.Block) { has = has || b.Scoped })
	return has
}

// run executes the loop over the items of v.
func (c *loopCode) run(f *frame, v value.Value, l *loop, out *output) signal {
	l.of, l.next = v, f.r.Iterate(v)
	if c.test != nil {
		l.of, l.next = nil, c.filtered(f, l.next)
	}
	l.before, l.current, l.after = value.Missing, value.Missing, value.Missing
	done := false // an iteration has run to its end
	for {
		item, ok := l.advance()
		if !ok {
			break
		}
		f.r.Steps(1)
		c.assign(f, item)
		if c.loop != nil {
			f.vars[c.loop.slot] = l
		}
		f.enter(c.fn, c.enter)
		s := c.body(f, out)
		if s == broke {
			break
		}
		done = done || s == onward
	}
	f.leave(c.s)
	if c.last == nil || done {
		return onward
	}
	f.enter(c.fn, c.elseEnter)
	s := c.last(f, out)
	f.leave(c.elseScope)
	return s
}

// filtered returns the items for which the loop's test holds.
func (c *loopCode) filtered(f *frame, next func() (value.Value, bool)) func() (value.Value, bool) {
	entered := false
	return func() (value.Value, bool) {
		if !entered {
			f.enter(c.fn, c.testEnter)
			entered = true
		}
		for {
			item, ok := next()
			if !ok {
				return nil, false
			}
			c.testAssign(f, item)
			if value.Truth(c.test(f)) {
				return item, true
			}
		}
	}
}
