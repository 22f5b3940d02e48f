package jinja

import "alpaca/internal/jinja/syntax"

// walk calls f for each name of an expression, in the order in which Jinja visits
// them.
func walk(e syntax.Expr, f func(*syntax.Name)) {
	all := func(list ...syntax.Expr) {
		for _, e := range list {
			if e != nil {
				walk(e, f)
			}
		}
	}
	args := func(a syntax.Args) {
		all(a.List...)
		all(a.Named...)
		all(a.Star, a.Double)
	}
	switch e := e.(type) {
	case *syntax.Name:
		f(e)
	case *syntax.NSRef:
		f(e.Name)
	case *syntax.Tuple:
		all(e.Items...)
	case *syntax.List:
		all(e.Items...)
	case *syntax.Dict:
		for i := range e.Keys {
			all(e.Keys[i], e.Values[i])
		}
	case *syntax.Unary:
		all(e.X)
	case *syntax.Binary:
		all(e.X, e.Y)
	case *syntax.Concat:
		all(e.Items...)
	case *syntax.Compare:
		all(e.X)
		all(e.Ys...)
	case *syntax.Cond:
		all(e.Test, e.Then, e.Else)
	case *syntax.Getattr:
		all(e.X)
	case *syntax.Getitem:
		all(e.X, e.Index)
	case *syntax.Slice:
		all(e.Start, e.Stop, e.Step)
	case *syntax.Call:
		all(e.Fn)
		args(e.Args)
	case *syntax.Filter:
		if e != nil {
			all(e.Value)
			args(e.Args)
		}
	case *syntax.Test:
		all(e.Value)
		args(e.Args)
	}
}

// visit walks the statements of list in Jinja's order, with the statements
// nested in them, but without the contents of blocks. It calls the function
// node for each statement, and the function name for each name in a statement.
func visit(list []syntax.Node, name func(*syntax.Name), node func(syntax.Node)) {
	expr := func(list ...syntax.Expr) {
		for _, e := range list {
			if e != nil {
				walk(e, name)
			}
		}
	}
	body := func(list []syntax.Node) { visit(list, name, node) }
	macro := func(m *syntax.Macro) {
		for _, a := range m.Args {
			name(a)
		}
		expr(m.Defaults...)
		body(m.Body)
	}
	for _, n := range list {
		node(n)
		switch n := n.(type) {
		case *syntax.Output:
			expr(n.Exprs...)
		case *syntax.For:
			expr(n.Target, n.Iter)
			body(n.Body)
			body(n.Else)
			expr(n.Test)
		case *syntax.If:
			for i := range n.Tests {
				expr(n.Tests[i])
				body(n.Bodies[i])
			}
			body(n.Else)
		case *syntax.Macro:
			macro(n)
		case *syntax.CallBlock:
			expr(n.Call)
			macro(n.Body)
		case *syntax.Generation:
			macro(n.Body)
		case *syntax.FilterBlock:
			body(n.Body)
			expr(n.Filter)
		case *syntax.With:
			expr(n.Targets...)
			expr(n.Values...)
			body(n.Body)
		case *syntax.Set:
			expr(n.Target, n.Value)
		case *syntax.SetBlock:
			expr(n.Target)
			if n.Filter != nil {
				expr(n.Filter)
			}
			body(n.Body)
		case *syntax.Autoescape:
			expr(n.Value)
			body(n.Body)
		case *syntax.Load:
			expr(n.Template)
		}
	}
}

// undeclared returns which of names are used before they are assigned.
func undeclared(list []syntax.Node, names ...string) map[string]bool {
	open, found := map[string]bool{}, map[string]bool{}
	for _, n := range names {
		open[n] = true
	}
	visit(list, func(n *syntax.Name) {
		switch {
		case !open[n.Name]:
		case n.Ctx == syntax.LoadName:
			found[n.Name] = true
		default:
			delete(open, n.Name)
		}
	}, func(syntax.Node) {})
	return found
}
