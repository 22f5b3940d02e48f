package value

// Set is Python's set, the result of operators on views of dictionaries. Its items are in the
// order of their insertion.
type Set struct{ d *Dict }

// set returns a set of the items of v.
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

// Iterate returns a function that returns the next item.
func (s *Set) Iterate(r *Run) func() (Value, bool) { return r.dict(s.d, "keys") }

// Repr returns the name of a set in error messages.
func (s *Set) Repr() string { return "<set>" }

// isView reports whether a value is the keys or items view of a dictionary. These views have the
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

// filter returns the items of x that are in y. If the parameter in is false, it returns the other
// items of x.
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

// difference applies the operator - to sets, or to a view and any iterable. It returns
// nil for other operands. The syntax of templates has no other operators of sets.
func (r *Run) difference(op string, x, y Value) Value {
	if op != "-" || !setLike(x) && !setLike(y) {
		return nil
	}
	if _, ok := x.(*Undefined); ok || !isView(x) && !isView(y) && !(setLike(x) && setLike(y)) {
		return nil
	}
	return r.filter(r.set(x), r.set(y), false)
}

// compareSets compares two values for which setLike holds. A set is less than another if it is a
// proper subset.
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

// Disjoint implements the method isdisjoint of sets and views.
func (r *Run) Disjoint(x, y Value) bool {
	return r.all(y, func(item Value) bool { return !r.Contains(x, item) })
}

// setMethods has the methods that do not change the set, with their number of arguments; -1: any
// number.
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
