package grammar

// Add appends the rules of another grammar, and returns the new number of its rule 0. It
// renumbers the references in the appended rules.
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

// moved returns e with offset added to all rule numbers. The recursion of
// moved is bounded, because the parsers limit the depth of expressions.
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
