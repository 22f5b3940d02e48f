package syntax

// tupleRules say how tuple parses a list of expressions.
type tupleRules struct {
	target    bool   // the list is the target of an assignment: only names and brackets are allowed
	namespace bool   // x.y is allowed in a target, too
	cond      bool   // "a if b" is allowed
	parens    bool   // the list is in parentheses and may be empty
	end       string // a name that ends the list
}

// tuple parses one expression, or a tuple if there are commas.
func (p *parser) tuple(rules tupleRules) Expr {
	at := At(p.cur().Pos)
	var items []Expr
	commas := false
	for {
		if len(items) > 0 {
			p.expect(kindOp, ",")
		}
		t := p.cur()
		if t.Kind == kindVariableEnd || t.Kind == kindBlockEnd || p.isOp(")") || rules.end != "" && p.isName(rules.end) {
			break
		}
		if rules.target {
			items = append(items, p.primary(rules.namespace))
		} else {
			items = append(items, p.expr(rules.cond))
		}
		if !p.isOp(",") {
			break
		}
		commas = true
	}
	switch {
	case commas:
	case len(items) > 0:
		return items[0]
	case !rules.parens:
		p.fail(p.cur().Pos, "expected an expression, got %s", p.cur().describe())
	}
	return &Tuple{at, items}
}

// target parses the target of an assignment.
func (p *parser) target(rules tupleRules) Expr {
	rules.target = true
	e := p.tuple(rules)
	if !use(e, StoreName) {
		p.fail(e.Pos(), "this cannot be assigned to")
	}
	return e
}

func (p *parser) targetName() *Name {
	t := p.expect(kindName, "")
	if reserved(t.Text) {
		p.fail(t.Pos, "%q cannot be assigned to", t.Text)
	}
	return &Name{At: At(t.Pos), Name: t.Text, Ctx: StoreName}
}

// reserved reports whether a name is the name of a constant.
func reserved(name string) bool {
	switch name {
	case "true", "false", "none", "True", "False", "None":
		return true
	}
	return false
}

// use sets Ctx in the names of a target. It returns false if e is not a target.
func use(e Expr, ctx Ctx) bool {
	switch e := e.(type) {
	case *Name:
		e.Ctx = ctx
	case *NSRef:
	case *Tuple:
		for _, item := range e.Items {
			if !use(item, ctx) {
				return false
			}
		}
	default:
		return false
	}
	return true
}
