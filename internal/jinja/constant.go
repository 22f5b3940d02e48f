package jinja

import (
	"slices"

	"alpaca/internal/jinja/syntax"
)

// constant reports whether jinja2 evaluates an expression when it compiles a template. jinja2
// escapes such constants differently. It does not mark constants that are joined by ~ as
// safe. It does not escape a constant if it does not know the escaping mode when it compiles.
func constant(e syntax.Expr, mode escaping) bool {
	all := func(list ...syntax.Expr) bool {
		for _, x := range list {
			if x != nil && !constant(x, mode) {
				return false
			}
		}
		return true
	}
	args := func(a syntax.Args) bool {
		return mode != asked && all(a.List...) && all(a.Named...) && all(a.Star, a.Double)
	}
	switch e := e.(type) {
	case *syntax.Const:
		return true
	case *syntax.Tuple:
		return all(e.Items...)
	case *syntax.List:
		return all(e.Items...)
	case *syntax.Dict:
		return all(e.Keys...) && all(e.Values...)
	case *syntax.Unary:
		return all(e.X)
	case *syntax.Binary:
		return all(e.X, e.Y)
	case *syntax.Concat:
		return all(e.Items...)
	case *syntax.Compare:
		return all(e.X) && all(e.Ys...)
	case *syntax.Cond:
		return all(e.Test, e.Then) && e.Else != nil && all(e.Else)
	case *syntax.Getattr:
		return mode != asked && all(e.X)
	case *syntax.Getitem:
		return mode != asked && all(e.X, e.Index)
	case *syntax.Slice:
		return all(e.Start, e.Stop, e.Step)
	case *syntax.Filter:
		context := []string{"map", "select", "reject", "selectattr", "rejectattr", "random"}
		return e.Value != nil && !slices.Contains(context, e.Name) && all(e.Value) && args(e.Args)
	case *syntax.Test:
		return all(e.Value) && args(e.Args)
	}
	return false
}
