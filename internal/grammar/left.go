package grammar

// leftRecursive returns the first rule that calls itself before it takes a character, or -1. It
// also looks at unused rules.
func leftRecursive(r *Rules) int {
	l := &leftFinder{rules: r, nullable: make([]bool, len(r.Body)), state: make([]byte, len(r.Body))}
	l.findNullable()
	for i := range r.Body {
		if at := l.visit(i); at >= 0 {
			return at
		}
	}
	return -1
}

type leftFinder struct {
	rules    *Rules
	nullable []bool
	state    []byte // 0 not seen, 1 being visited, 2 done
}

// findNullable finds the rules that match the empty text. When it finds
// such a rule, it checks the rules that refer to this rule again.
func (l *leftFinder) findNullable() {
	users := make([][]int, len(l.rules.Body)) // for each rule, the rules that refer to it
	todo := make([]int, len(l.rules.Body))
	for i, body := range l.rules.Body {
		todo[i] = i
		refs(body, func(r Ref) { users[r] = append(users[r], i) })
	}
	for len(todo) > 0 {
		i := todo[len(todo)-1]
		todo = todo[:len(todo)-1]
		if !l.nullable[i] && l.empty(l.rules.Body[i]) {
			l.nullable[i] = true
			todo = append(todo, users[i]...)
		}
	}
}

// refs calls f for each reference in e.
func refs(e Expr, f func(r Ref)) {
	switch e := e.(type) {
	case Seq:
		for _, x := range e {
			refs(x, f)
		}
	case Alt:
		for _, x := range e {
			refs(x, f)
		}
	case Repeat:
		refs(e.X, f)
	case Ref:
		f(e)
	}
}

// empty reports whether e matches the empty text.
func (l *leftFinder) empty(e Expr) bool {
	switch e := e.(type) {
	case Seq:
		for _, x := range e {
			if !l.empty(x) {
				return false
			}
		}
		return true
	case Alt:
		for _, x := range e {
			if l.empty(x) {
				return true
			}
		}
	case Repeat:
		return e.Min == 0 || l.empty(e.X)
	case Bytes:
		return e == ""
	case Ref:
		return l.nullable[e]
	case Automaton:
		return e.States[0].Accept
	case Limited:
		return e.States[0].Accept
	}
	return false
}

func (l *leftFinder) visit(i int) int {
	switch l.state[i] {
	case 1:
		return i
	case 2:
		return -1
	}
	l.state[i] = 1
	if at := l.first(l.rules.Body[i]); at >= 0 {
		return at
	}
	l.state[i] = 2
	return -1
}

// first visits the rules that e may begin with. It returns a left-recursive rule, or -1.
func (l *leftFinder) first(e Expr) int {
	switch e := e.(type) {
	case Seq:
		for _, x := range e {
			if at := l.first(x); at >= 0 {
				return at
			}
			if !l.empty(x) {
				break
			}
		}
	case Alt:
		for _, x := range e {
			if at := l.first(x); at >= 0 {
				return at
			}
		}
	case Repeat:
		return l.first(e.X)
	case Ref:
		return l.visit(int(e))
	}
	return -1
}
