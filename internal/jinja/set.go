package jinja

import (
	"strings"

	"alpaca/internal/jinja/syntax"
	"alpaca/internal/jinja/value"
)

// assign compiles an assignment to a target.
func (c *compiler) assign(target syntax.Expr, p place) func(f *frame, v value.Value) {
	switch t := target.(type) {
	case *syntax.Name:
		at, _ := p.s.find(t.Name)
		hops := p.s.fn.depth - at.fn.depth
		return func(f *frame, v value.Value) { f.at(hops).vars[at.slot] = v }
	case *syntax.NSRef:
		name := c.variable(t.Name, p)
		return func(f *frame, v value.Value) {
			ns, ok := name(f).(*value.Namespace)
			f.r.Pos = t.Pos()
			switch {
			case !ok:
				value.Fail("TemplateRuntimeError", "cannot assign attribute on non-namespace object")
			case strings.HasPrefix(t.Attr, "_"):
				value.Fail("SecurityError", "attributes that begin with an underscore cannot be set: %q", t.Attr)
			}
			ns.Attrs.Put(t.Attr, v)
		}
	case *syntax.Tuple:
		parts := make([]func(*frame, value.Value), len(t.Items))
		for i, item := range t.Items {
			parts[i] = c.assign(item, p)
		}
		return func(f *frame, v value.Value) {
			f.r.Pos = t.Pos()
			next := f.r.Iterate(v)
			items := make([]value.Value, 0, len(parts))
			for item, ok := next(); ok; item, ok = next() {
				if items = append(items, item); len(items) > len(parts) {
					value.ValueError("too many values to unpack (expected %d)", len(parts))
				}
			}
			if len(items) < len(parts) {
				value.ValueError("not enough values to unpack (expected %d, got %d)", len(parts), len(items))
			}
			for i, part := range parts {
				part(f, items[i])
			}
		}
	}
	c.fail(target.Pos(), "this cannot be assigned to")
	return nil
}

// export compiles a function that makes the names of a target visible to blocks and macros.
func (c *compiler) export(target syntax.Expr, p place) func(f *frame) {
	if !p.toplevel {
		return func(*frame) {}
	}
	var names []string
	walk(target, func(n *syntax.Name) {
		if n.Ctx == syntax.StoreName {
			names = append(names, n.Name)
		}
	})
	return func(f *frame) {
		for _, name := range names {
			at, _ := p.s.find(name)
			f.ctx.vars[name] = f.vars[at.slot]
		}
	}
}

func (c *compiler) set(n *syntax.Set, p place) exec {
	// Namespaces are checked before the value is evaluated.
	var checks []func(*frame)
	refs(n.Target, func(ref *syntax.NSRef) {
		name := c.variable(ref.Name, p)
		checks = append(checks, func(f *frame) {
			if _, ok := name(f).(*value.Namespace); !ok {
				f.r.Pos = ref.Pos()
				value.Fail("TemplateRuntimeError", "cannot assign attribute on non-namespace object")
			}
		})
	})
	x, assign, export := c.expr(n.Value, p), c.assign(n.Target, p), c.export(n.Target, p)
	return func(f *frame, _ *output) signal {
		f.r.Steps(1)
		for _, check := range checks {
			check(f)
		}
		assign(f, x(f))
		export(f)
		return onward
	}
}

// refs calls f for the attributes of namespaces in a target.
func refs(target syntax.Expr, f func(*syntax.NSRef)) {
	switch t := target.(type) {
	case *syntax.NSRef:
		f(t)
	case *syntax.Tuple:
		for _, item := range t.Items {
			refs(item, f)
		}
	}
}

func (c *compiler) setBlock(n *syntax.SetBlock, p place) exec {
	in := p.inner()
	in.s.nodes(n.Body)
	enter := in.s.entered()
	body := c.nodes(n.Body, in)
	filter := func(_ *frame, v value.Value) value.Value { return v }
	if n.Filter != nil {
		filter = c.filter(n.Filter, in)
	}
	assign, export := c.assign(n.Target, p), c.export(n.Target, p)
	return func(f *frame, out *output) signal {
		f.enter(p.s.fn, enter)
		var buffer output
		if s := body(f, &buffer); s != onward {
			return s
		}
		v := filter(f, buffer.Text().AsSafe(in.escape.on(f.r) && n.Filter != nil))
		if f.r.Escape {
			v = f.r.Text(v).AsSafe(true)
		}
		assign(f, v)
		export(f)
		f.leave(in.s)
		return onward
	}
}
