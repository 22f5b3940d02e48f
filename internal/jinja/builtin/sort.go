package builtin

import (
	"slices"

	"alpaca/internal/jinja/text"
	"alpaca/internal/jinja/value"
)

// folded returns the key for comparing a value without regard to case.
func folded(r *value.Run, v value.Value) value.Value {
	if t, ok := v.(text.Text); ok {
		r.Product(2, t.Len())
		return t.Lower()
	}
	return v
}

// keyed returns a function that returns the key for comparing an item.
func keyed(r *value.Run, attribute value.Value, caseSensitive bool) func(value.Value) value.Value {
	get := getter(r, attribute, nil)
	if caseSensitive {
		return get
	}
	return func(v value.Value) value.Value { return folded(r, get(v)) }
}

// sorted returns items sorted by their keys.
func sorted(r *value.Run, items []value.Value, key func(value.Value) value.Value, reverse bool) []value.Value {
	type pair struct{ key, item value.Value }
	pairs := make([]pair, len(items))
	r.Product(len(items), 32)
	for i, item := range items {
		pairs[i] = pair{key(item), item}
	}
	slices.SortStableFunc(pairs, func(a, b pair) int {
		x, y := a.key, b.key
		if reverse {
			x, y = y, x
		}
		switch {
		case r.Less(x, y):
			return -1
		case r.Less(y, x):
			return 1
		}
		return 0
	})
	list := make([]value.Value, len(items))
	for i, p := range pairs {
		list[i] = p.item
	}
	return list
}

func sortFilter(r *value.Run, v value.Value, a *value.Args) value.Value {
	args := a.Bind("sort", "reverse", "case_sensitive", "attribute")
	attribute := value.Or(args[2], nil)
	sensitive := value.Truth(value.Or(args[1], false))
	keys := []func(value.Value) value.Value{}
	if t, ok := attribute.(text.Text); ok {
		for _, part := range t.Split(",", -1, false) {
			keys = append(keys, keyed(r, part, sensitive))
		}
	} else {
		keys = append(keys, keyed(r, attribute, sensitive))
	}
	key := func(v value.Value) value.Value { // keys are lists, even with one attribute
		l := &value.List{}
		for _, k := range keys {
			l.Items = append(l.Items, k(v))
		}
		return l
	}
	return &value.List{Items: sorted(r, r.Items(v), key, value.Truth(value.Or(args[0], false)))}
}

func dictSort(r *value.Run, v value.Value, a *value.Args) value.Value {
	args := a.Bind("dictsort", "case_sensitive", "by", "reverse")
	at := map[string]int{"key": 0, "value": 1}
	by, _ := value.Or(args[1], value.Str("key")).(text.Text)
	pos, ok := at[by.String()]
	if !ok {
		value.Fail("FilterArgumentError", `You can only sort by either "key" or "value"`)
	}
	d, ok := v.(*value.Dict)
	if u, undefined := v.(*value.Undefined); undefined {
		u.Fail()
	}
	if !ok {
		value.Fail("AttributeError", "'%s' object has no attribute 'items'", value.TypeName(v))
	}
	sensitive := value.Truth(value.Or(args[0], false))
	key := func(v value.Value) value.Value {
		k := v.(*value.Tuple).Items[pos]
		if !sensitive {
			k = folded(r, k)
		}
		return k
	}
	all := r.Items(&value.View{Of: d, What: "items"})
	return &value.List{Items: sorted(r, all, key, value.Truth(value.Or(args[2], false)))}
}

func groupBy(r *value.Run, v value.Value, a *value.Args) value.Value {
	args := a.Bind("groupby", "attribute!", "default", "case_sensitive")
	get := getter(r, args[0], value.Or(args[1], nil))
	key := get
	if !value.Truth(value.Or(args[2], false)) {
		key = func(v value.Value) value.Value { return folded(r, get(v)) }
	}
	result := &value.List{}
	var last value.Value
	for i, item := range sorted(r, r.Items(v), key, false) {
		k := key(item)
		if i == 0 || !r.Equal(k, last) {
			last = k
			result.Items = append(result.Items, &value.Tuple{Group: true, Items: []value.Value{get(item), &value.List{}}})
		}
		group := result.Items[len(result.Items)-1].(*value.Tuple).Items[1].(*value.List)
		group.Items = append(group.Items, item)
	}
	return result
}

func unique(r *value.Run, v value.Value, a *value.Args) value.Value {
	args := a.Bind("unique", "case_sensitive", "attribute")
	return lazy("unique", func() func() (value.Value, bool) {
		key := keyed(r, value.Or(args[1], nil), value.Truth(value.Or(args[0], false)))
		seen := value.NewDict()
		next := r.Iterate(v)
		return func() (value.Value, bool) {
			for item, ok := next(); ok; item, ok = next() {
				k := key(item)
				r.Scan(k)
				if _, was := seen.Get(k); !was {
					r.Charge(64)
					seen.Set(k, true)
					return item, true
				}
			}
			return nil, false
		}
	})
}

func extreme(name string) Filter {
	return func(r *value.Run, v value.Value, a *value.Args) value.Value {
		args := a.Bind(name, "case_sensitive", "attribute")
		items := r.Items(v)
		if len(items) == 0 {
			return &value.Undefined{Msg: "No aggregated item, sequence was empty."}
		}
		key := keyed(r, value.Or(args[1], nil), value.Truth(value.Or(args[0], false)))
		best, k := items[0], key(items[0])
		for _, item := range items[1:] {
			other := key(item)
			if name == "max" && r.Compare(">", other, k) || name == "min" && r.Less(other, k) {
				best, k = item, other
			}
		}
		return best
	}
}
