package builtin

import (
	"slices"

	"alpaca/internal/jinja/value"
)

// listMethods has the methods of list that the sandbox allows, and also append and pop, which
// some published templates need.
var listMethods = map[string]func(r *value.Run, l *value.List, a *value.Args) value.Value{
	"append": func(r *value.Run, l *value.List, a *value.Args) value.Value {
		r.Charge(16)
		l.Items = append(l.Items, a.Plain("append", 1, 1)[0])
		return nil
	},
	"pop": func(r *value.Run, l *value.List, a *value.Args) value.Value {
		i := value.Int(value.Or(a.Plain("pop", 0, 1)[0], int64(-1)))
		if i < 0 {
			i += len(l.Items)
		}
		if i < 0 || i >= len(l.Items) {
			value.Fail("IndexError", "pop index out of range")
		}
		v := l.Items[i]
		r.Steps(len(l.Items) / 16)
		l.Items = slices.Delete(slices.Clone(l.Items), i, i+1)
		return v
	},
	"copy": func(r *value.Run, l *value.List, a *value.Args) value.Value {
		a.Plain("copy", 0, 0)
		return &value.List{Items: r.Items(l)}
	},
	"count": func(r *value.Run, l *value.List, a *value.Args) value.Value {
		v := a.Plain("count", 1, 1)[0]
		n := int64(0)
		for _, item := range l.Items {
			if r.Equal(item, v) {
				n++
			}
		}
		return n
	},
	"index": func(r *value.Run, l *value.List, a *value.Args) value.Value {
		v := a.Plain("index", 1, 3)
		start, end := 0, len(l.Items)
		if v[1] != value.Missing {
			start = value.Int(v[1])
		}
		if v[2] != value.Missing {
			end = value.Int(v[2])
		}
		if start < 0 {
			start = max(0, start+len(l.Items))
		}
		if end < 0 {
			end += len(l.Items)
		}
		for i := start; i < min(end, len(l.Items)); i++ {
			if r.Equal(l.Items[i], v[0]) {
				return int64(i)
			}
		}
		value.ValueError("%s is not in list", shown(r, v[0]))
		return nil
	},
}

// dictMethods has the methods of dict that the sandbox allows, and also update and pop.
var dictMethods = map[string]func(r *value.Run, d *value.Dict, a *value.Args) value.Value{
	"get": func(r *value.Run, d *value.Dict, a *value.Args) value.Value {
		v := a.Plain("get", 1, 2)
		r.Scan(v[0])
		if item, ok := d.Get(v[0]); ok {
			return item
		}
		return value.Or(v[1], nil)
	},
	"keys":   view("keys"),
	"values": view("values"),
	"items":  view("items"),
	"copy": func(r *value.Run, d *value.Dict, a *value.Args) value.Value {
		a.Plain("copy", 0, 0)
		r.Product(d.Len(), 64)
		return d.Copy()
	},
	"fromkeys": func(r *value.Run, _ *value.Dict, a *value.Args) value.Value { return fromKeys(r, a) },
	"update": func(r *value.Run, d *value.Dict, a *value.Args) value.Value {
		update(r, d, a)
		return nil
	},
	"pop": func(r *value.Run, d *value.Dict, a *value.Args) value.Value {
		v := a.Plain("pop", 1, 2)
		r.Scan(v[0])
		item, ok := d.Get(v[0])
		switch {
		case ok:
			r.Steps(d.Len())
			d.Delete(v[0])
			return item
		case v[1] == value.Missing:
			value.Fail("KeyError", "%s", shown(r, v[0]))
		}
		return v[1]
	},
}

func view(what string) func(r *value.Run, d *value.Dict, a *value.Args) value.Value {
	return func(_ *value.Run, d *value.Dict, a *value.Args) value.Value {
		a.Plain(what, 0, 0)
		return &value.View{Of: d, What: what}
	}
}

func fromKeys(r *value.Run, a *value.Args) value.Value {
	v := a.Plain("fromkeys", 1, 2)
	d := value.NewDict()
	for _, k := range r.Items(v[0]) {
		r.Charge(64)
		r.Scan(k)
		d.Set(k, value.Or(v[1], nil))
	}
	return d
}

// update sets items of d from the arguments of Python's dict():
// the items of a mapping, or pairs, and then the named arguments.
func update(r *value.Run, d *value.Dict, a *value.Args) {
	if len(a.Pos) > 1 {
		value.TypeError("dict expected at most 1 argument, got %d", len(a.Pos))
	}
	if len(a.Pos) == 1 {
		if from, ok := a.Pos[0].(*value.Dict); ok {
			for i := range from.Len() {
				k, v := from.At(i)
				r.Charge(64)
				r.Scan(k)
				d.Set(k, v)
			}
		} else {
			for _, item := range r.Items(a.Pos[0]) {
				pair := r.Items(item)
				if len(pair) != 2 {
					value.ValueError("dictionary update sequence element has length %d; 2 is required", len(pair))
				}
				r.Charge(64)
				r.Scan(pair[0])
				d.Set(pair[0], pair[1])
			}
		}
	}
	for i := range a.Names {
		d.Set(a.Name(i), a.Named[i])
	}
}
