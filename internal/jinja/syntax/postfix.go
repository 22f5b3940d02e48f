package syntax

// postfix parses the attributes, items and calls that follow an expression.
func (p *parser) postfix(e Expr) Expr {
	for n := 0; ; n++ {
		p.long(n)
		switch {
		case p.isOp("."):
			e = p.attribute(e)
		case p.isOp("["):
			e = p.subscript(e)
		case p.isOp("("):
			e = p.call(e)
		default:
			return e
		}
	}
}

func (p *parser) attribute(e Expr) Expr {
	at := At(p.next().Pos)
	t := p.next()
	switch t.Kind {
	case kindName:
		return &Getattr{at, e, t.Text}
	case kindInteger:
		return &Getitem{at, e, &Const{At(t.Pos), p.integer(t)}}
	}
	p.fail(t.Pos, "expected a name or a number after the point, got %s", t.describe())
	return nil
}

func (p *parser) subscript(e Expr) Expr {
	at := At(p.next().Pos)
	var args []Expr
	for !p.isOp("]") {
		if len(args) > 0 {
			p.expect(kindOp, ",")
		}
		args = append(args, p.index())
	}
	p.next()
	if len(args) == 1 {
		return &Getitem{at, e, args[0]}
	}
	return &Getitem{at, e, &Tuple{at, args}}
}

// index parses an index or a slice.
func (p *parser) index() Expr {
	s := &Slice{At: At(p.cur().Pos)}
	if !p.isOp(":") {
		e := p.expr(true)
		if !p.isOp(":") {
			return e
		}
		s.Start = e
	}
	p.next()
	if !p.isOp(":") && !p.isOp("]") && !p.isOp(",") {
		s.Stop = p.expr(true)
	}
	if p.skip(kindOp, ":") && !p.isOp("]") && !p.isOp(",") {
		s.Step = p.expr(true)
	}
	return s
}

func (p *parser) call(fn Expr) Expr {
	at := At(p.cur().Pos)
	return &Call{at, fn, p.args()}
}

// args parses the arguments of a call.
func (p *parser) args() (a Args) {
	open := p.expect(kindOp, "(")
	ensure := func(ok bool) {
		if !ok {
			p.fail(open.Pos, "arguments in an order that is not allowed")
		}
	}
	p.listed(")", func() {
		switch {
		case p.isOp("*"):
			ensure(a.Star == nil && a.Double == nil)
			p.next()
			a.Star = p.expr(true)
		case p.isOp("**"):
			ensure(a.Double == nil)
			p.next()
			a.Double = p.expr(true)
		case p.cur().Kind == kindName && p.look().Kind == kindOp && p.look().Text == "=":
			ensure(a.Double == nil)
			name := p.next()
			p.next()
			for _, n := range a.Names {
				if n == name.Text {
					p.fail(name.Pos, "the argument %q occurs twice", n)
				}
			}
			a.Names = append(a.Names, name.Text)
			a.Named = append(a.Named, p.expr(true))
		default:
			ensure(a.Star == nil && a.Double == nil && len(a.Names) == 0)
			a.List = append(a.List, p.expr(true))
		}
	})
	return a
}

// filters parses |name(…)|name(…). value is nil for the filters of a block.
func (p *parser) filters(value Expr) Expr {
	for n := 0; p.isOp("|"); n++ {
		p.long(n)
		p.next()
		value = p.filterNamed(value)
	}
	return value
}

// filterNamed parses a filter from its name on.
func (p *parser) filterNamed(value Expr) *Filter {
	t := p.expect(kindName, "")
	f := &Filter{At: At(t.Pos), Value: value, Name: p.dotted(t.Text)}
	if p.isOp("(") {
		f.Args = p.args()
	}
	return f
}

func (p *parser) dotted(name string) string {
	for p.skip(kindOp, ".") {
		name += "." + p.expect(kindName, "").Text
	}
	return name
}

func (p *parser) test(value Expr) Expr {
	at := At(p.next().Pos)
	negated := p.skip(kindName, "not")
	t := &Test{At: at, Value: value}
	t.Name = p.dotted(p.expect(kindName, "").Text)
	cur := p.cur()
	switch {
	case p.isOp("("):
		t.Args = p.args()
	case p.isName("else"), p.isName("or"), p.isName("and"):
	case cur.Kind == kindName, cur.Kind == kindString, cur.Kind == kindInteger, cur.Kind == kindFloat, p.isOp("["), p.isOp("{"):
		if p.isName("is") {
			p.fail(cur.Pos, `tests with "is" cannot follow each other`)
		}
		t.Args.List = []Expr{p.postfix(p.primary(false))}
	}
	if negated {
		return &Unary{at, "not", t}
	}
	return t
}
