package value

// Set is Python's set, which operators of the views of dictionaries give. Its items are in
// the order in which they came in.
type Set struct{ d *Dict }

// set returns the set of the items of a value.
func (r *Run) set(v Value) *Set {
	s := &Set{NewDict()}
	r.addTo(s, v)
	return s
}

func (r *Run) addTo(s *Set, v Value) {
	r.all(v, func(item Value) bool {
		s.add(r, item)
		return true
	})
}

func (s *Set) add(r *Run, item Value) {
	r.Charge(64)
	r.Scan(item)
	s.d.Set(item, nil)
}

// Len returns the number of items.
func (s *Set) Len() int { return s.d.Len() }

// Truth reports whether there are items.
func (s *Set) Truth() bool { return s.Len() > 0 }

// Iterate returns what gives the items.
func (s *Set) Iterate(r *Run) func() (Value, bool) { return r.dict(s.d, "keys") }

// Repr is what error messages call it.
func (s *Set) Repr() string { return "<set>" }

// isView reports whether a value is the keys or the items of a dictionary, which have the
// operators of sets.
func isView(v Value) bool {
	view, ok := v.(*View)
	return ok && view.What != "values"
}

// setLike reports whether a value is compared as a set.
func setLike(v Value) bool {
	_, ok := v.(*Set)
	return ok || isView(v)
}

// filter returns the items of x that are in y, or those that are not.
func (r *Run) filter(x, y Value, in bool) *Set {
	s := &Set{NewDict()}
	r.all(x, func(item Value) bool {
		if r.Contains(y, item) == in {
			s.add(r, item)
		}
		return true
	})
	return s
}

// difference is the operator - of sets, and of views with whatever has items; nil for other
// values. The others of Python's have no sign in templates.
func (r *Run) difference(op string, x, y Value) Value {
	if op != "-" || !setLike(x) && !setLike(y) {
		return nil
	}
	if _, ok := x.(*Undefined); ok || !isView(x) && !isView(y) && !(setLike(x) && setLike(y)) {
		return nil
	}
	return r.filter(r.set(x), r.set(y), false)
}

// compareSets is a comparison of what setLike holds for: a set is less than those that have
// all of its items and more.
func (r *Run) compareSets(op string, x, y Value) bool {
	n, _ := Length(x)
	m, _ := Length(y)
	within := func(x, y Value) bool { return r.all(x, func(item Value) bool { return r.Contains(y, item) }) }
	switch op {
	case "==":
		return n == m && within(x, y)
	case "<":
		return n < m && within(x, y)
	case "<=":
		return n <= m && within(x, y)
	case ">":
		return n > m && within(y, x)
	}
	return n >= m && within(y, x)
}

// Disjoint is the method isdisjoint of sets and views.
func (r *Run) Disjoint(x, y Value) bool {
	return r.all(y, func(item Value) bool { return !r.Contains(x, item) })
}

// setMethods are the methods that change nothing, with how many arguments they take;
// -1: any number.
var setMethods = map[string]struct {
	args int
	do   func(r *Run, s *Set, args []Value) Value
}{
	"isdisjoint": {1, func(r *Run, s *Set, a []Value) Value { return r.Disjoint(s, a[0]) }},
	"issubset":   {1, func(r *Run, s *Set, a []Value) Value { return r.compareSets("<=", s, r.set(a[0])) }},
	"issuperset": {1, func(r *Run, s *Set, a []Value) Value { return r.compareSets(">=", s, r.set(a[0])) }},
	"copy":       {0, func(r *Run, s *Set, _ []Value) Value { return r.set(s) }},
	"union": {-1, func(r *Run, s *Set, a []Value) Value {
		s = r.set(s)
		for _, other := range a {
			r.addTo(s, other)
		}
		return s
	}},
	"intersection": {-1, func(r *Run, s *Set, a []Value) Value { return r.filterAll(s, a, true) }},
	"difference":   {-1, func(r *Run, s *Set, a []Value) Value { return r.filterAll(s, a, false) }},
	"symmetric_difference": {1, func(r *Run, s *Set, a []Value) Value {
		other := r.set(a[0])
		both := r.filter(s, other, false)
		r.addTo(both, r.filter(other, s, false))
		return both
	}},
}

func (r *Run) filterAll(s *Set, others []Value, in bool) *Set {
	s = r.set(s)
	for _, other := range others {
		s = r.filter(s, r.set(other), in)
	}
	return s
}

// Attr returns a method.
func (s *Set) Attr(_ *Run, name string) (v Value, ok bool) {
	m, ok := setMethods[name]
	if !ok {
		return nil, false
	}
	return &Func{Name: name, Fn: func(r *Run, a *Args) Value {
		n := m.args
		if n < 0 {
			return m.do(r, s, a.Plain(name, 0, len(a.Pos)))
		}
		return m.do(r, s, a.Plain(name, n, n))
	}}, true
}
