package jinja

import (
	"alpaca/internal/jinja/syntax"
	"alpaca/internal/jinja/text"
	"alpaca/internal/jinja/value"
)

// args compiles the arguments of a call.
func (c *compiler) args(a syntax.Args, p place) func(f *frame) *value.Args {
	list, named := c.exprs(a.List, p), c.exprs(a.Named, p)
	var star, double eval
	if a.Star != nil {
		star = c.expr(a.Star, p)
	}
	if a.Double != nil {
		double = c.expr(a.Double, p)
	}
	return func(f *frame) *value.Args {
		args := &value.Args{Pos: list(f), Names: a.Names, Named: named(f)}
		if star != nil {
			args.Pos = append(args.Pos, f.r.Items(star(f))...)
		}
		if double != nil {
			addNamed(args, double(f))
		}
		return args
	}
}

// addNamed adds the items of v, the value after ** in a call, as named arguments.
func addNamed(a *value.Args, v value.Value) {
	d, ok := v.(*value.Dict)
	if !ok {
		value.TypeError("argument after ** must be a mapping, not %s", value.TypeName(v))
	}
	names := append([]string{}, a.Names...)
	for i := range d.Len() {
		k, item := d.At(i)
		name, ok := k.(text.Text)
		if !ok {
			value.TypeError("keywords must be strings")
		}
		for _, n := range a.Names {
			if n == name.String() {
				value.TypeError("got multiple values for keyword argument '%s'", n)
			}
		}
		names = append(names, name.String())
		a.Named = append(a.Named, item)
		a.Keys = append(a.Keys, name)
	}
	a.Names = names
}

// call compiles a call. If caller is not nil, caller creates the macro for the argument "caller".
func (c *compiler) call(e *syntax.Call, p place, caller func(f *frame) *macro) eval {
	fn, args := c.expr(e.Fn, p), c.args(e.Args, p)
	return func(f *frame) value.Value {
		v := fn(f)
		a := args(f)
		if caller != nil {
			a.Names = append([]string{"caller"}, a.Names...)
			a.Named = append([]value.Value{caller(f)}, a.Named...)
		}
		f.r.Pos = e.Pos()
		return call(f.r, v, a)
	}
}

// call calls a value.
func call(r *value.Run, v value.Value, a *value.Args) value.Value {
	if u, ok := v.(*value.Undefined); ok {
		u.Fail()
	}
	fn, ok := v.(value.Callable)
	if !ok {
		value.TypeError("'%s' object is not callable", value.TypeName(v))
	}
	r.Enter()
	result := fn.Call(r, a)
	r.Leave()
	return result
}

// macro is a macro, or the body of a call block.
type macro struct {
	name                         string
	args                         []string
	kwargs, varargs, takesCaller bool
	explicitCaller               bool
	body                         func(args []value.Value) text.Text
}

func (c *compiler) macroStatement(n *syntax.Macro, p place) exec {
	make := c.macro(n, p)
	assign := c.assign(n.Name, p)
	return func(f *frame, _ *output) signal {
		m := make(f)
		assign(f, m)
		if p.toplevel {
			f.ctx.vars[n.Name.Name] = m
		}
		return onward
	}
}

func (c *compiler) callBlock(n *syntax.CallBlock, p place) exec {
	caller := c.macro(n.Body, p)
	call := c.call(n.Call, p, caller)
	return func(f *frame, out *output) signal {
		f.printRaw(out, call(f))
		return onward
	}
}

// macro compiles a macro. The returned function executes the macro's statement:
// it creates the macro, whose body sees the variables of the statement's frame.
func (c *compiler) macro(n *syntax.Macro, p place) func(f *frame) *macro {
	in := p.innerFunction()
	m := macro{}
	if n.Name != nil {
		m.name = n.Name.Name
	}
	var params []variable
	special := map[string]bool{}
	for _, a := range n.Args {
		m.args = append(m.args, a.Name)
		m.explicitCaller = m.explicitCaller || a.Name == "caller"
		special[a.Name] = true
		params = append(params, in.s.param(a.Name))
	}
	in.s.exprs(n.Defaults...)
	in.s.nodes(n.Body)
	used := undeclared(n.Body, "caller", "kwargs", "varargs")
	if used["caller"] && m.explicitCaller {
		for i, name := range m.args {
			if name == "caller" && i < len(m.args)-len(n.Defaults) {
				c.fail(n.Pos(), `the argument "caller" must be left out or be given a default`)
			}
		}
	}
	if used["caller"] && !m.explicitCaller {
		m.takesCaller = true
		params = append(params, in.s.param("caller"))
	}
	if used["kwargs"] && !special["kwargs"] {
		m.kwargs = true
		params = append(params, in.s.param("kwargs"))
	}
	if used["varargs"] && !special["varargs"] {
		m.varargs = true
		params = append(params, in.s.param("varargs"))
	}
	in.s.nodes(n.Body)
	enter := in.s.entered()
	defaults := make([]eval, len(n.Args))
	for i := range n.Args {
		if j := i - (len(n.Args) - len(n.Defaults)); j >= 0 {
			defaults[i] = c.expr(n.Defaults[j], in)
		}
	}
	body := c.nodes(n.Body, in)
	return func(up *frame) *macro {
		made := m
		made.body = func(args []value.Value) text.Text {
			f := newFrame(up.r, in.s.fn, up, up.ctx)
			for i, v := range params {
				f.vars[v.slot] = args[i]
			}
			f.enter(in.s.fn, enter)
			for i, name := range m.args {
				at := params[i].slot
				switch {
				case f.vars[at] != value.Missing:
				case defaults[i] != nil:
					f.vars[at] = defaults[i](f)
				default:
					f.vars[at] = &value.Undefined{Msg: "parameter '" + name + "' was not provided"}
				}
			}
			return f.capture(body)
		}
		return &made
	}
}

// Call calls the macro.
func (m *macro) Call(r *value.Run, a *value.Args) value.Value {
	args := append(make([]value.Value, 0, len(m.args)+3), a.Pos[:min(len(a.Pos), len(m.args))]...)
	named := value.NewDict()
	for i := range a.Names {
		named.Set(a.Name(i), a.Named[i])
	}
	take := func(name string) value.Value {
		v, ok := named.Lookup(name)
		if !ok {
			return value.Missing
		}
		named.Delete(value.Str(name))
		return v
	}
	found := m.explicitCaller && len(args) == len(m.args)
	for _, name := range m.args[len(args):] {
		found = found || name == "caller"
		args = append(args, take(name))
	}
	if m.takesCaller && !found {
		caller := take("caller")
		if caller == value.Missing || caller == nil {
			caller = &value.Undefined{Msg: "No caller defined"}
		}
		args = append(args, caller)
	}
	switch {
	case m.kwargs:
		args = append(args, named)
	case named.Len() > 0:
		name, _ := named.At(0)
		value.TypeError("macro '%s' takes no keyword argument '%s'", m.name, name.(text.Text).String())
	}
	switch {
	case m.varargs:
		args = append(args, &value.Tuple{Items: a.Pos[min(len(a.Pos), len(m.args)):]})
	case len(a.Pos) > len(m.args):
		value.TypeError("macro '%s' takes not more than %d argument(s)", m.name, len(m.args))
	}
	return m.body(args).AsSafe(r.Escape)
}

// Attr returns an attribute of a macro.
func (m *macro) Attr(_ *value.Run, name string) (value.Value, bool) {
	switch name {
	case "name":
		if m.name == "" {
			return nil, true
		}
		return value.Str(m.name), true
	case "arguments":
		t := &value.Tuple{}
		for _, a := range m.args {
			t.Items = append(t.Items, value.Str(a))
		}
		return t, true
	case "catch_kwargs":
		return m.kwargs, true
	case "catch_varargs":
		return m.varargs, true
	case "caller":
		return m.takesCaller, true
	case "explicit_caller":
		return m.explicitCaller, true
	}
	return nil, false
}

// Repr returns the macro as it is printed.
func (m *macro) Repr() string {
	if m.name == "" {
		return "<Macro anonymous>"
	}
	return "<Macro '" + m.name + "'>"
}
