package builtin

import (
	"strings"

	"alpaca/internal/jinja/text"
	"alpaca/internal/jinja/value"
)

// pretty is Python's pprint.pformat: one line of at most 80 characters, or otherwise one line
// for each item. Dictionaries are sorted by key.
func pretty(r *value.Run, v value.Value) text.Text {
	p := printer{r}
	return p.format(v, 0, 0)
}

type printer struct{ r *value.Run }

// one returns a value on one line.
func (p printer) one(v value.Value) text.Text {
	p.r.Enter()
	defer p.r.Leave()
	var parts []text.Text
	open, end := "[", "]"
	switch v := v.(type) {
	case *value.Dict:
		open, end = "{", "}"
		for _, kv := range p.sorted(v) {
			parts = append(parts, text.Concat(p.one(kv[0]), text.New(": "), p.one(kv[1])))
		}
	case *value.List:
		for _, item := range v.Items {
			parts = append(parts, p.one(item))
		}
	case *value.Tuple:
		open, end = "(", ")"
		for _, item := range v.Items {
			parts = append(parts, p.one(item))
		}
		if len(v.Items) == 1 {
			end = ",)"
		}
	default:
		return p.r.Repr(v)
	}
	return text.Concat(text.New(open), joined(p.r, text.New(", "), parts), text.New(end))
}

// sorted returns the items of a dictionary sorted by key. Keys that cannot be compared are
// sorted by the name of their type.
func (p printer) sorted(d *value.Dict) [][2]value.Value {
	all := p.r.Items(&value.View{Of: d, What: "items"})
	key := func(v value.Value) value.Value { return v.(*value.Tuple).Items[0] }
	types := map[string]bool{}
	for _, item := range all {
		types[value.TypeName(key(item))] = true
	}
	if len(types) > 1 || types["NoneType"] {
		by := func(v value.Value) value.Value { return value.Str(value.TypeName(key(v))) }
		all = sorted(p.r, all, by, false)
	} else {
		all = sorted(p.r, all, key, false)
	}
	list := make([][2]value.Value, len(all))
	for i, item := range all {
		list[i] = [2]value.Value(item.(*value.Tuple).Items)
	}
	return list
}

// format returns the text of v for printing from the given column on.
// after is how many characters will follow the text on its last line.
func (p printer) format(v value.Value, column, after int) text.Text {
	line := p.one(v)
	if line.Runes() <= 80-column-after {
		return line
	}
	var b text.Builder
	own := func(s string) { b.AddString(s, text.Template) }
	newline := func() { own(",\n" + strings.Repeat(" ", column+1)) }
	list := func(open, end string, items []value.Value) {
		own(open)
		for i, item := range items {
			if i > 0 {
				newline()
			}
			rest := 1
			if i == len(items)-1 {
				rest = after + len(end)
			}
			b.Add(p.format(item, column+1, rest))
		}
		own(end)
	}
	switch v := v.(type) {
	case *value.Dict:
		own("{")
		pairs := p.sorted(v)
		for i, kv := range pairs {
			if i > 0 {
				newline()
			}
			rest := 1
			if i == len(pairs)-1 {
				rest = after + 1
			}
			k := p.one(kv[0])
			b.Add(k)
			own(": ")
			b.Add(p.format(kv[1], column+1+k.Runes()+2, rest))
		}
		own("}")
	case *value.List:
		list("[", "]", v.Items)
	case *value.Tuple:
		end := ")"
		if len(v.Items) == 1 {
			end = ",)"
		}
		list("(", end, v.Items)
	default:
		return line
	}
	p.r.Charge(b.Len())
	return b.Text()
}
