package jinja

import (
	"alpaca/internal/jinja/builtin"
	"alpaca/internal/jinja/syntax"
	"alpaca/internal/jinja/text"
	"alpaca/internal/jinja/value"
)

// variable compiles the lookup of a name. The result is value.Missing if the name has no value.
func (c *compiler) variable(n *syntax.Name, p place) eval {
	at, ok := p.s.find(n.Name)
	if !ok {
		c.fail(n.Pos(), "the filter of a block does not know the name %q: use the name outside the block, too", n.Name)
	}
	hops := p.s.fn.depth - at.fn.depth
	return func(f *frame) value.Value { return f.at(hops).vars[at.slot] }
}

func (c *compiler) expr(e syntax.Expr, p place) eval {
	switch e := e.(type) {
	case *syntax.Name:
		name := c.variable(e, p)
		return func(f *frame) value.Value {
			v := name(f)
			if v == value.Missing {
				return &value.Undefined{Msg: "'" + e.Name + "' is undefined"}
			}
			return v
		}
	case *syntax.Const:
		v := e.Value
		if s, ok := v.(string); ok {
			v = text.New(s)
		}
		return func(*frame) value.Value { return v }
	case *syntax.TemplateData:
		v := value.Str(e.Data)
		return func(*frame) value.Value { return v }
	case *syntax.Tuple:
		items := c.exprs(e.Items, p)
		return func(f *frame) value.Value { return &value.Tuple{Items: items(f)} }
	case *syntax.List:
		items := c.exprs(e.Items, p)
		return func(f *frame) value.Value { return &value.List{Items: items(f)} }
	case *syntax.Dict:
		keys, values := c.exprs(e.Keys, p), c.exprs(e.Values, p)
		return func(f *frame) value.Value {
			d := value.NewDict()
			vs := values(f)
			for i, k := range keys(f) {
				f.r.Scan(k)
				d.Set(k, vs[i])
			}
			return d
		}
	case *syntax.Unary:
		x := c.expr(e.X, p)
		if e.Op == "not" {
			return func(f *frame) value.Value { return !value.Truth(x(f)) }
		}
		return func(f *frame) value.Value {
			v := x(f)
			f.r.Pos = e.Pos()
			return f.r.Unary(e.Op, v)
		}
	case *syntax.Binary:
		return c.binary(e, p)
	case *syntax.Concat:
		return c.concat(e, p)
	case *syntax.Compare:
		return c.compare(e, p)
	case *syntax.Cond:
		return c.cond(e, p)
	case *syntax.Getattr:
		x := c.expr(e.X, p)
		return func(f *frame) value.Value {
			v := x(f)
			f.r.Pos = e.Pos()
			return builtin.Getattr(f.r, v, e.Attr)
		}
	case *syntax.Getitem:
		return c.getitem(e, p)
	case *syntax.Call:
		return c.call(e, p, nil)
	case *syntax.Filter:
		filter := c.filter(e, p)
		return func(f *frame) value.Value { return filter(f, nil) }
	case *syntax.Test:
		return c.test(e, p)
	case *syntax.Slice:
		c.fail(e.Pos(), "a slice among other indices")
	}
	c.fail(e.Pos(), "unexpected expression")
	return nil
}

// exprs compiles expressions to one function that returns the list of their values.
func (c *compiler) exprs(list []syntax.Expr, p place) func(f *frame) []value.Value {
	if len(list) == 0 {
		return func(*frame) []value.Value { return nil }
	}
	evals := make([]eval, len(list))
	for i, e := range list {
		evals[i] = c.expr(e, p)
	}
	return func(f *frame) []value.Value {
		f.r.Charge(16 * len(evals))
		values := make([]value.Value, len(evals))
		for i, x := range evals {
			values[i] = x(f)
		}
		return values
	}
}

func (c *compiler) binary(e *syntax.Binary, p place) eval {
	x, y := c.expr(e.X, p), c.expr(e.Y, p)
	switch e.Op {
	case "and":
		return func(f *frame) value.Value {
			if v := x(f); !value.Truth(v) {
				return v
			}
			return y(f)
		}
	case "or":
		return func(f *frame) value.Value {
			if v := x(f); value.Truth(v) {
				return v
			}
			return y(f)
		}
	}
	return func(f *frame) value.Value {
		a, b := x(f), y(f)
		f.r.Pos = e.Pos()
		f.r.Steps(1)
		if t, ok := a.(text.Text); ok && e.Op == "%" {
			return builtin.Percent(f.r, t, b)
		}
		return f.r.Binary(e.Op, a, b)
	}
}

func (c *compiler) concat(e *syntax.Concat, p place) eval {
	items := c.exprs(e.Items, p)
	escapes := p.escape == always && !constant(e, p.escape)
	return func(f *frame) value.Value {
		values := items(f)
		f.r.Pos = e.Pos()
		texts := make([]text.Text, len(values))
		safe := false
		for i, v := range values {
			texts[i] = f.r.Text(v)
			f.r.Charge(texts[i].Size())
			safe = safe || escapes && texts[i].Safe()
		}
		if safe {
			for i, t := range texts {
				f.r.Product(4, t.Len())
				texts[i] = t.Escaped()
			}
		}
		return text.Concat(texts...).AsSafe(safe)
	}
}

func (c *compiler) compare(e *syntax.Compare, p place) eval {
	first := c.expr(e.X, p)
	rest := make([]eval, len(e.Ys))
	for i, y := range e.Ys {
		rest[i] = c.expr(y, p)
	}
	return func(f *frame) value.Value {
		x := first(f)
		for i, op := range e.Ops {
			y := rest[i](f)
			f.r.Pos = e.Pos()
			if !f.r.Compare(op, x, y) {
				return false
			}
			x = y
		}
		return true
	}
}

func (c *compiler) cond(e *syntax.Cond, p place) eval {
	p = p.softly()
	test, then := c.expr(e.Test, p), c.expr(e.Then, p)
	other := func(*frame) value.Value {
		return &value.Undefined{Msg: "the inline if-expression evaluated to false and no else section was defined."}
	}
	if e.Else != nil {
		other = c.expr(e.Else, p)
	}
	return func(f *frame) value.Value {
		if value.Truth(test(f)) {
			return then(f)
		}
		return other(f)
	}
}

func (c *compiler) getitem(e *syntax.Getitem, p place) eval {
	x := c.expr(e.X, p)
	s, ok := e.Index.(*syntax.Slice)
	if !ok && p.folded && slicesAmong(e.Index) {
		x := c.expr(e.X, p)
		return func(f *frame) value.Value {
			return &value.Undefined{Msg: "'" + value.TypeName(x(f)) + " object' has no element of several slices"}
		}
	}
	if !ok {
		index := c.expr(e.Index, p)
		return func(f *frame) value.Value {
			v, i := x(f), index(f)
			f.r.Pos = e.Pos()
			return builtin.Getitem(f.r, v, i)
		}
	}
	part := func(e syntax.Expr) eval {
		if e == nil {
			return func(*frame) value.Value { return nil }
		}
		return c.expr(e, p)
	}
	start, stop, step := part(s.Start), part(s.Stop), part(s.Step)
	slice := func(f *frame) value.Value {
		v, i, j, k := x(f), start(f), stop(f), step(f)
		f.r.Pos = e.Pos()
		return f.r.Slice(v, i, j, k)
	}
	if !p.folded {
		return slice
	}
	return func(f *frame) (v value.Value) {
		defer f.r.Recover(func(failure *value.Failure) {
			if failure.Kind != "TypeError" {
				panic(failure)
			}
			v = &value.Undefined{Msg: failure.Msg}
		})
		return slice(f)
	}
}

// slicesAmong reports whether an index is a tuple with a slice. No value
// has an item at such an index. In a constant expression, jinja2 treats
// the item as missing. Elsewhere, jinja2 cannot compile the index.
func slicesAmong(index syntax.Expr) bool {
	t, ok := index.(*syntax.Tuple)
	if !ok {
		return false
	}
	for _, item := range t.Items {
		if _, ok := item.(*syntax.Slice); ok {
			return true
		}
	}
	return false
}

func (c *compiler) test(e *syntax.Test, p place) eval {
	p.folded = p.folded || constant(e, p.escape)
	x, args := c.expr(e.Value, p), c.args(e.Args, p)
	fn, ok := builtin.Tests[e.Name]
	if !ok && !p.soft {
		c.fail(e.Pos(), "no test named %q", e.Name)
	}
	return func(f *frame) value.Value {
		v, a := x(f), args(f)
		f.r.Pos = e.Pos()
		if !ok {
			value.Fail("TemplateRuntimeError", "No test named %q found.", e.Name)
		}
		f.r.Steps(1)
		return fn(f.r, v, a)
	}
}
