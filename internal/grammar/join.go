package grammar

// Add appends the rules of another grammar and returns the one that is its whole text.
// The numbers in its expressions become those that the rules have here.
func (r *Rules) Add(other *Rules) Ref {
	offset := len(r.Body)
	for i, e := range other.Body {
		r.Body = append(r.Body, moved(e, offset))
		name := ""
		if i < len(other.Names) {
			name = other.Names[i]
		}
		r.Names = append(r.Names, name)
	}
	return Ref(offset)
}

// moved returns e with rule i being rule i + offset. Expressions are no deeper than what
// they were read from.
func moved(e Expr, offset int) Expr {
	list := func(from []Expr) []Expr {
		to := make([]Expr, len(from))
		for i, x := range from {
			to[i] = moved(x, offset)
		}
		return to
	}
	switch e := e.(type) {
	case Seq:
		return Seq(list(e))
	case Alt:
		return Alt(list(e))
	case Repeat:
		e.X = moved(e.X, offset)
		return e
	case Ref:
		return Ref(int(e) + offset)
	}
	return e
}
