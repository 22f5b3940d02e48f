package builtin

import (
	"math"
	"math/big"
	"strings"

	"alpaca/internal/jinja/text"
	"alpaca/internal/jinja/value"
)

// toJSON is transformers' filter tojson: json.dumps, without escapes for HTML.
func toJSON(r *value.Run, v value.Value, a *value.Args) value.Value {
	args := a.Bind("tojson", "ensure_ascii", "indent", "separators", "sort_keys")
	w := jsonWriter{r: r, item: text.New(", "), colon: text.New(": "),
		ascii: value.Truth(value.Or(args[0], false)), sort: value.Truth(value.Or(args[3], false))}
	switch indent := value.Or(args[1], nil).(type) {
	case nil:
	case text.Text:
		w.indented, w.indent = true, indent
	default:
		n := max(0, value.Int(indent))
		r.Charge(n)
		w.indented, w.indent = true, text.New(" ").Repeat(n)
	}
	if w.indented {
		w.item = text.New(",")
	}
	if s := value.Or(args[2], nil); s != nil {
		pair := r.Items(s)
		if len(pair) != 2 {
			value.ValueError("separators must be two")
		}
		w.item, w.colon = str(pair[0]), str(pair[1])
	}
	w.value(v, 0)
	return w.out.Text()
}

type jsonWriter struct {
	r           *value.Run
	out         text.Builder
	ascii, sort bool
	indented    bool
	indent      text.Text
	item, colon text.Text
}

func (w *jsonWriter) add(t text.Text) {
	w.r.Charge(t.Len())
	w.out.Add(t)
}

func (w *jsonWriter) own(s string) { w.add(text.New(s)) }

func (w *jsonWriter) line(depth int) {
	if w.indented {
		w.own("\n")
		w.r.Product(depth, w.indent.Len())
		w.out.Add(w.indent.Repeat(depth))
	}
}

func (w *jsonWriter) value(v value.Value, depth int) {
	w.r.Steps(1)
	switch v := v.(type) {
	case text.Text:
		w.text(v)
	case nil, bool:
		w.own(scalar(v))
	case int64, *big.Int, float64:
		w.add(w.r.Digits(scalar(v)))
	case *value.List:
		w.list(v.Items, depth)
	case *value.Tuple:
		w.list(v.Items, depth)
	case *value.Dict:
		w.dict(v, depth)
	default:
		value.TypeError("Object of type %s is not JSON serializable", value.TypeName(v))
	}
}

func (w *jsonWriter) text(t text.Text) {
	w.r.Charge(t.Len())
	w.add(t.JSON(w.ascii))
}

// scalar returns the JSON of a number, a bool or None.
func scalar(v value.Value) string {
	switch v := v.(type) {
	case bool:
		if v {
			return "true"
		}
		return "false"
	case int64, *big.Int:
		return value.FormatInt(v)
	case float64:
		switch {
		case math.IsNaN(v):
			return "NaN"
		case math.IsInf(v, 0):
			return strings.Replace(value.FormatFloat(v), "inf", "Infinity", 1)
		}
		return value.FormatFloat(v)
	}
	return "null"
}

func (w *jsonWriter) list(items []value.Value, depth int) {
	w.r.Enter()
	defer w.r.Leave()
	if len(items) == 0 {
		w.own("[]")
		return
	}
	w.own("[")
	for i, item := range items {
		if i > 0 {
			w.add(w.item)
		}
		w.line(depth + 1)
		w.value(item, depth+1)
	}
	w.line(depth)
	w.own("]")
}

func (w *jsonWriter) dict(d *value.Dict, depth int) {
	w.r.Enter()
	defer w.r.Leave()
	if d.Len() == 0 {
		w.own("{}")
		return
	}
	pairs := w.r.Items(&value.View{Of: d, What: "items"})
	if w.sort {
		pairs = sorted(w.r, pairs, func(v value.Value) value.Value { return v.(*value.Tuple).Items[0] }, false)
	}
	w.own("{")
	for i, pair := range pairs {
		if i > 0 {
			w.add(w.item)
		}
		w.line(depth + 1)
		kv := pair.(*value.Tuple).Items
		switch k := kv[0].(type) {
		case text.Text:
			w.text(k)
		case nil, bool, int64, *big.Int, float64:
			w.own(`"`)
			w.value(k, depth)
			w.own(`"`)
		default:
			value.TypeError("keys must be str, int, float, bool or None, not %s", value.TypeName(k))
		}
		w.add(w.colon)
		w.value(kv[1], depth+1)
	}
	w.line(depth)
	w.own("}")
}
