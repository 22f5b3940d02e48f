package value

import (
	"fmt"
	"math/big"
	"strings"

	"alpaca/internal/jinja/text"
)

// Text returns Python's str of a value.
func (r *Run) Text(v Value) text.Text {
	switch v := v.(type) {
	case text.Text:
		return v
	case *Undefined:
		return text.Text{}
	}
	return r.Repr(v)
}

// Repr returns Python's repr of a value. Strings within it keep their origins.
func (r *Run) Repr(v Value) text.Text {
	var b text.Builder
	r.repr(&b, v)
	return b.Text()
}

func (r *Run) repr(b *text.Builder, v Value) {
	r.Steps(1)
	own := func(s string) {
		r.Charge(len(s))
		b.AddString(s, text.Template)
	}
	switch v := v.(type) {
	case nil:
		own("None")
	case bool:
		if v {
			own("True")
		} else {
			own("False")
		}
	case int64, *big.Int:
		r.digits(b, FormatInt(v))
	case float64:
		r.digits(b, FormatFloat(v))
	case text.Text:
		r.Charge(v.Len())
		q := v.Quote()
		if v.Safe() {
			own("Markup(")
			b.Add(q)
			own(")")
			return
		}
		r.Charge(q.Len() - v.Len())
		b.Add(q)
	case Bytes:
		own("b")
		b.Add(text.Tainted(quoteBytes(v.Text.String()), v.Text))
	case *List:
		r.reprItems(b, "[", "]", v.Items)
	case *Tuple:
		end := ")"
		if len(v.Items) == 1 {
			end = ",)"
		}
		r.reprItems(b, "(", end, v.Items)
	case *Dict:
		r.Enter()
		defer r.Leave()
		own("{")
		for i := range v.Len() {
			if i > 0 {
				own(", ")
			}
			k, item := v.At(i)
			r.repr(b, k)
			own(": ")
			r.repr(b, item)
		}
		own("}")
	case *Undefined:
		own("Undefined")
	case *Namespace:
		own("<Namespace ")
		r.repr(b, v.Attrs)
		own(">")
	case *Range:
		if v.Step == 1 {
			r.digits(b, fmt.Sprintf("range(%d, %d)", v.Start, v.Stop))
		} else {
			r.digits(b, fmt.Sprintf("range(%d, %d, %d)", v.Start, v.Stop, v.Step))
		}
	case *Set:
		if v.Len() == 0 {
			own("set()")
			return
		}
		r.reprItems(b, "{", "}", v.d.keys)
	case *View:
		own("dict_" + v.What + "(")
		r.repr(b, &List{r.Items(v)})
		own(")")
	case *Iter:
		own("<generator object " + v.Name + ">")
	case *Func:
		own("<function " + v.Name + ">")
	case Object:
		own(v.Repr())
	default:
		own("<object>")
	}
}

func (r *Run) digits(b *text.Builder, s string) {
	r.Charge(len(s))
	b.Add(r.Digits(s))
}

func (r *Run) reprItems(b *text.Builder, open, end string, items []Value) {
	r.Enter()
	defer r.Leave()
	r.Charge(len(open) + len(end) + 2*len(items))
	b.AddString(open, text.Template)
	for i, item := range items {
		if i > 0 {
			b.AddString(", ", text.Template)
		}
		r.repr(b, item)
	}
	b.AddString(end, text.Template)
}

// quoteBytes returns Python's repr of bytes without the "b".
func quoteBytes(s string) string {
	q := byte('\'')
	if strings.Contains(s, "'") && !strings.Contains(s, `"`) {
		q = '"'
	}
	var b strings.Builder
	b.WriteByte(q)
	for i := range len(s) {
		switch c := s[i]; {
		case c == q || c == '\\':
			b.WriteByte('\\')
			b.WriteByte(c)
		case c == '\n':
			b.WriteString(`\n`)
		case c == '\r':
			b.WriteString(`\r`)
		case c == '\t':
			b.WriteString(`\t`)
		case c < ' ' || c > '~':
			fmt.Fprintf(&b, `\x%02x`, c)
		default:
			b.WriteByte(c)
		}
	}
	b.WriteByte(q)
	return b.String()
}
