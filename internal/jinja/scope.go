package jinja

import (
	"maps"

	"alpaca/internal/jinja/syntax"
)

// Names are resolved when a template is compiled. The meaning of a name depends
// on its whole block, not on what was executed before. If a block assigns a name
// anywhere, the block has its own variable of that name. The variable begins
// with the value in the enclosing block or in the context, or without a value.

// function is code with its own variables: the template, a block, a macro,
// or a recursive loop. It also sees the variables of enclosing functions.
type function struct {
	up    *function
	depth int
	slots int
}

// variable is a slot among a function's variables.
type variable struct {
	fn   *function
	slot int
}

// load says how a variable gets its value when its scope is entered.
type load struct {
	how  loading
	to   variable
	from variable // the variable that an alias copies
	name string   // the name to look up in the context
}

type loading uint8

const (
	parameter   loading = iota // from the code that enters the scope
	fromContext                // from the context, if the name has a value there
	alias                      // from a variable of an enclosing scope
	unset                      // nowhere: the variable has no value yet
)

// scope has the names of a block.
type scope struct {
	fn     *function
	up     *scope
	refs   map[string]variable
	loads  map[variable]load
	stores map[string]bool
	slots  map[string]variable // the slots of all names; the branches of a scope share this map
}

func newScope(fn *function, up *scope) *scope {
	return &scope{fn: fn, up: up, refs: map[string]variable{}, loads: map[variable]load{},
		stores: map[string]bool{}, slots: map[string]variable{}}
}

// branch returns a copy of s for statements that might not be executed.
func (s *scope) branch() *scope {
	c := *s
	c.refs, c.loads, c.stores = maps.Clone(s.refs), maps.Clone(s.loads), maps.Clone(s.stores)
	return &c
}

func (s *scope) define(name string, l load) variable {
	v, ok := s.slots[name]
	if !ok {
		v = variable{s.fn, s.fn.slots}
		s.fn.slots++
		s.slots[name] = v
	}
	s.refs[name] = v
	l.to = v
	s.loads[v] = l
	return v
}

func (s *scope) find(name string) (variable, bool) {
	for ; s != nil; s = s.up {
		if v, ok := s.refs[name]; ok {
			return v, true
		}
	}
	return variable{}, false
}

func (s *scope) param(name string) variable {
	s.stores[name] = true
	return s.define(name, load{how: parameter})
}

func (s *scope) load(name string) {
	if _, ok := s.find(name); !ok {
		s.define(name, load{how: fromContext, name: name})
	}
}

func (s *scope) store(name string) {
	s.stores[name] = true
	if _, ok := s.refs[name]; ok {
		return
	}
	if outer, ok := s.up.find(name); ok {
		s.define(name, load{how: alias, from: outer})
		return
	}
	s.define(name, load{how: unset})
}

// merge adds the names that the branches of a condition have stored or loaded.
func (s *scope) merge(branches []*scope) {
	stored := map[string]bool{}
	for _, b := range branches {
		for name := range b.stores {
			if !s.stores[name] {
				stored[name] = true
			}
		}
	}
	for _, b := range branches {
		maps.Copy(s.refs, b.refs)
		maps.Copy(s.loads, b.loads)
		maps.Copy(s.stores, b.stores)
	}
	for name := range stored {
		v, _ := s.find(name)
		if outer, ok := s.up.find(name); ok {
			s.loads[v] = load{how: alias, to: v, from: outer}
		} else {
			s.loads[v] = load{how: fromContext, to: v, name: name}
		}
	}
}

// nodes finds the names in statements.
func (s *scope) nodes(list []syntax.Node) {
	for _, n := range list {
		s.node(n)
	}
}

// node finds the names that a statement uses in this scope. The names in a statement's own scopes
// are found when these scopes are compiled.
func (s *scope) node(n syntax.Node) {
	switch n := n.(type) {
	case *syntax.Output:
		s.exprs(n.Exprs...)
	case *syntax.For:
		s.exprs(n.Iter)
	case *syntax.If:
		s.exprs(n.Tests[0])
		branches := make([]*scope, 0, len(n.Bodies)+1)
		body := s.branch()
		body.nodes(n.Bodies[0])
		elifs := s.branch()
		for i := 1; i < len(n.Tests); i++ { // each elif has its own branch of the shared scope
			elifs.exprs(n.Tests[i])
			one := elifs.branch()
			one.nodes(n.Bodies[i])
			elifs.merge([]*scope{one})
		}
		last := s.branch()
		last.nodes(n.Else)
		s.merge(append(branches, body, elifs, last))
	case *syntax.Macro:
		s.store(n.Name.Name)
	case *syntax.CallBlock:
		s.exprs(n.Call)
	case *syntax.FilterBlock:
		s.exprs(n.Filter)
	case *syntax.With:
		s.exprs(n.Values...)
	case *syntax.Set:
		s.exprs(n.Value, n.Target)
	case *syntax.SetBlock:
		s.exprs(n.Target)
	case *syntax.Load:
		s.exprs(n.Template)
		for _, t := range n.Targets {
			s.store(t.Name)
		}
	}
}

// exprs finds the names in expressions.
func (s *scope) exprs(list ...syntax.Expr) {
	for _, e := range list {
		if e != nil {
			walk(e, s.name)
		}
	}
}

func (s *scope) name(n *syntax.Name) {
	switch n.Ctx {
	case syntax.ParamName:
		s.param(n.Name)
	case syntax.StoreName:
		s.store(n.Name)
	default:
		s.load(n.Name)
	}
}

// params declares the names in target as parameters of the scope.
func (s *scope) params(target syntax.Expr) {
	walk(target, func(n *syntax.Name) { s.param(n.Name) })
}
