package syntax

import (
	"math/big"
	"strconv"
	"strings"
)

// expr parses an expression; cond allows "a if b else c".
func (p *parser) expr(cond bool) Expr {
	defer p.nest()()
	if !cond {
		return p.or()
	}
	at := At(p.cur().Pos)
	e := p.or()
	for p.skip(kindName, "if") {
		c := &Cond{At: at, Then: e, Test: p.or()}
		if p.skip(kindName, "else") {
			c.Else = p.expr(true)
		}
		e = c
	}
	return e
}

// long refuses chains of operators that would make the tree too deep.
func (p *parser) long(n int) {
	if n > 10*maxDepth {
		p.fail(p.cur().Pos, "more than %d operators in a row", 10*maxDepth)
	}
}

func (p *parser) or() Expr {
	at, e := At(p.cur().Pos), p.and()
	for n := 0; p.skip(kindName, "or"); n++ {
		p.long(n)
		e = &Binary{at, "or", e, p.and()}
	}
	return e
}

func (p *parser) and() Expr {
	at, e := At(p.cur().Pos), p.not()
	for n := 0; p.skip(kindName, "and"); n++ {
		p.long(n)
		e = &Binary{at, "and", e, p.not()}
	}
	return e
}

func (p *parser) not() Expr {
	at := At(p.cur().Pos)
	if p.skip(kindName, "not") {
		defer p.nest()()
		return &Unary{at, "not", p.not()}
	}
	return p.compare()
}

func (p *parser) compare() Expr {
	at, e := At(p.cur().Pos), p.sum()
	c := &Compare{At: at, X: e}
	for {
		op := ""
		switch {
		case p.cur().Kind == kindOp && strings.Contains(" == != < <= > >= ", " "+p.cur().Text+" "):
			op = p.next().Text
		case p.skip(kindName, "in"):
			op = "in"
		case p.isName("not") && p.look().Kind == kindName && p.look().Text == "in":
			p.at += 2
			op = "not in"
		case len(c.Ops) == 0:
			return e
		default:
			return c
		}
		c.Ops = append(c.Ops, op)
		c.Ys = append(c.Ys, p.sum())
	}
}

func (p *parser) sum() Expr {
	at, e := At(p.cur().Pos), p.concat()
	for n := 0; p.isOp("+") || p.isOp("-"); n++ {
		p.long(n)
		e = &Binary{at, p.next().Text, e, p.concat()}
	}
	return e
}

func (p *parser) concat() Expr {
	at := At(p.cur().Pos)
	items := []Expr{p.product()}
	for p.skip(kindOp, "~") {
		items = append(items, p.product())
	}
	if len(items) == 1 {
		return items[0]
	}
	return &Concat{at, items}
}

func (p *parser) product() Expr {
	at, e := At(p.cur().Pos), p.power()
	for n := 0; p.isOp("*") || p.isOp("/") || p.isOp("//") || p.isOp("%"); n++ {
		p.long(n)
		e = &Binary{at, p.next().Text, e, p.power()}
	}
	return e
}

// power parses a ** b, which is left-associative here, unlike in Python.
func (p *parser) power() Expr {
	at, e := At(p.cur().Pos), p.unary(true)
	for n := 0; p.skip(kindOp, "**"); n++ {
		p.long(n)
		e = &Binary{at, "**", e, p.unary(true)}
	}
	return e
}

func (p *parser) unary(filters bool) Expr {
	at := At(p.cur().Pos)
	var e Expr
	if p.isOp("-") || p.isOp("+") {
		defer p.nest()()
		op := p.next().Text
		e = &Unary{at, op, p.unary(false)}
	} else {
		e = p.primary(false)
	}
	e = p.postfix(e)
	if !filters {
		return e
	}
	for n := 0; ; n++ {
		p.long(n)
		switch {
		case p.isOp("|"):
			e = p.filters(e)
		case p.isName("is"):
			e = p.test(e)
		case p.isOp("("):
			e = p.call(e)
		default:
			return e
		}
	}
}

func (p *parser) primary(namespace bool) Expr {
	t := p.next()
	at := At(t.Pos)
	switch t.Kind {
	case kindName:
		switch {
		case t.Text == "true" || t.Text == "True":
			return &Const{at, true}
		case t.Text == "false" || t.Text == "False":
			return &Const{at, false}
		case t.Text == "none" || t.Text == "None":
			return &Const{at, nil}
		}
		n := &Name{At: at, Name: t.Text}
		if namespace && p.skip(kindOp, ".") {
			return &NSRef{at, n, p.expect(kindName, "").Text}
		}
		return n
	case kindString:
		value := t.Text
		for p.cur().Kind == kindString {
			value += p.next().Text
		}
		return &Const{at, value}
	case kindInteger:
		return &Const{at, p.integer(t)}
	case kindFloat:
		f, _ := strconv.ParseFloat(t.Text, 64) // out of range: infinity, as in Python
		return &Const{at, f}
	case kindOp:
		switch t.Text {
		case "(":
			defer p.nest()()
			e := p.tuple(tupleRules{cond: true, parens: true})
			p.expect(kindOp, ")")
			return e
		case "[":
			l := &List{At: at}
			p.listed("]", func() { l.Items = append(l.Items, p.expr(true)) })
			return l
		case "{":
			d := &Dict{At: at}
			p.listed("}", func() {
				d.Keys = append(d.Keys, p.expr(true))
				p.expect(kindOp, ":")
				d.Values = append(d.Values, p.expr(true))
			})
			return d
		}
	}
	p.fail(t.Pos, "unexpected %s", t.describe())
	return nil
}

// listed parses items up to a closing bracket. A comma may follow the last item.
func (p *parser) listed(end string, item func()) {
	for first := true; !p.isOp(end); first = false {
		if !first {
			p.expect(kindOp, ",")
			if p.isOp(end) {
				break
			}
		}
		item()
	}
	p.next()
}

// integer returns the value of an integer literal.
func (p *parser) integer(t token) any {
	n, ok := new(big.Int).SetString(t.Text, 0)
	switch {
	case len(t.Text) > maxDigits || !ok && strings.Trim(t.Text, "0") != "":
		p.fail(t.Pos, "a number of %d digits, must be at most %d", len(t.Text), maxDigits)
	case !ok: // several zeros, such as 00
		return int64(0)
	case n.IsInt64():
		return n.Int64()
	}
	return n
}

// maxDigits is Python's limit for the digits of integers that are parsed or printed.
const maxDigits = 4300
