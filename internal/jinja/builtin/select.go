package builtin

import (
	"slices"
	"strconv"

	"alpaca/internal/jinja/text"
	"alpaca/internal/jinja/value"
)

// getter returns a function that returns an attribute of an item. attribute is a path such as
// "a.b.0", an index, or nil for the item itself. If part of the path is missing, and other is not
// nil, other takes the place of that part.
func getter(r *value.Run, attribute, other value.Value) func(value.Value) value.Value {
	var path []value.Value
	switch attribute := attribute.(type) {
	case nil:
	case text.Text:
		path = pathOf(attribute)
	default:
		path = []value.Value{attribute}
	}
	return func(v value.Value) value.Value {
		for _, part := range path {
			v = Getitem(r, v, part)
			if _, ok := v.(*value.Undefined); ok && other != nil {
				v = other
			}
		}
		return v
	}
}

func pathOf(attribute text.Text) []value.Value {
	var path []value.Value
	for _, part := range attribute.Split(".", -1, false) {
		if part.Each(text.IsDigit) {
			if n, ok := value.ParseInt(part.String(), 10); ok {
				path = append(path, n)
				continue
			}
		}
		path = append(path, part)
	}
	return path
}

func attr(r *value.Run, v value.Value, a *value.Args) value.Value {
	name := str(a.Bind("attr", "name!")[0])
	if u, ok := v.(*value.Undefined); ok {
		u.Fail()
	}
	if item, ok := attribute(r, v, name.String()); ok {
		return item
	}
	return &value.Undefined{Msg: "'" + value.TypeName(v) + " object' has no attribute " + strconv.Quote(name.String())}
}

func mapFilter(r *value.Run, v value.Value, a *value.Args) value.Value {
	return lazy("sync_do_map", func() func() (value.Value, bool) {
		if !value.Truth(v) {
			return over(nil)
		}
		f := mapper(r, a)
		next := r.Iterate(v)
		return func() (value.Value, bool) {
			item, ok := next()
			if !ok {
				return nil, false
			}
			return f(item), true
		}
	})
}

// mapper returns the function that the filter map applies to each item.
func mapper(r *value.Run, a *value.Args) func(value.Value) value.Value {
	if len(a.Pos) == 0 && slices.Contains(a.Names, "attribute") {
		args := a.Bind("map", "attribute", "default")
		return getter(r, args[0], value.Or(args[1], nil))
	}
	if len(a.Pos) == 0 {
		value.Fail("FilterArgumentError", "map requires a filter argument")
	}
	name, ok := a.Pos[0].(text.Text)
	if !ok {
		value.Fail("TemplateRuntimeError", "No filter named %s.", shown(r, a.Pos[0]))
	}
	f, ok := Filters[name.String()]
	if !ok {
		value.Fail("TemplateRuntimeError", "No filter named %s.", shown(r, name))
	}
	rest := &value.Args{Pos: a.Pos[1:], Names: a.Names, Named: a.Named, Keys: a.Keys}
	return func(v value.Value) value.Value { return f(r, v, rest) }
}

// selected returns one of the filters select, reject, selectattr and rejectattr.
func selected(want, byAttribute bool) Filter {
	return func(r *value.Run, v value.Value, a *value.Args) value.Value {
		return lazy("select_or_reject", func() func() (value.Value, bool) {
			if !value.Truth(v) {
				return over(nil)
			}
			get := func(v value.Value) value.Value { return v }
			args := *a
			if byAttribute {
				if len(args.Pos) == 0 {
					value.Fail("FilterArgumentError", "Missing parameter for attribute name")
				}
				get = getter(r, args.Pos[0], nil)
				args.Pos = args.Pos[1:]
			}
			test := func(v value.Value) bool { return value.Truth(v) }
			if len(args.Pos) > 0 {
				test = tester(r, args.Pos[0], &value.Args{Pos: args.Pos[1:], Names: args.Names, Named: args.Named, Keys: args.Keys})
			}
			next := r.Iterate(v)
			return func() (value.Value, bool) {
				for item, ok := next(); ok; item, ok = next() {
					if test(get(item)) == want {
						return item, true
					}
				}
				return nil, false
			}
		})
	}
}

func tester(r *value.Run, name value.Value, a *value.Args) func(value.Value) bool {
	t, _ := name.(text.Text)
	f, ok := Tests[t.String()]
	if !ok {
		value.Fail("TemplateRuntimeError", "No test named %s.", shown(r, name))
	}
	return func(v value.Value) bool { return f(r, v, a) }
}
