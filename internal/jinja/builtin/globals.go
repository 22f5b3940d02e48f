package builtin

import (
	"math"
	"strings"

	"alpaca/internal/jinja/strftime"
	"alpaca/internal/jinja/text"
	"alpaca/internal/jinja/value"
)

// Globals has the global variables of all templates.
var Globals = map[string]value.Value{
	"range":           &value.Func{Name: "range", Fn: rangeOf},
	"dict":            dictClass{},
	"namespace":       &value.Func{Name: "namespace", Fn: namespace},
	"cycler":          &value.Func{Name: "cycler", Fn: newCycler},
	"joiner":          &value.Func{Name: "joiner", Fn: newJoiner},
	"lipsum":          &value.Func{Name: "lipsum", Fn: lipsum},
	"raise_exception": &value.Func{Name: "raise_exception", Fn: raise},
	"strftime_now":    &value.Func{Name: "strftime_now", Fn: strftimeNow},
}

// maxRange is the sandbox's limit for the length of a range.
const maxRange = 100_000

func rangeOf(_ *value.Run, a *value.Args) value.Value {
	v := a.Plain("range", 1, 3)
	for _, item := range v {
		if item != value.Missing {
			value.Int(item)
		}
	}
	x := &value.Range{Step: 1}
	if v[1] == value.Missing {
		x.Stop = int64(value.Int(v[0]))
	} else {
		x.Start, x.Stop = int64(value.Int(v[0])), int64(value.Int(v[1]))
	}
	if v[2] != value.Missing {
		x.Step = int64(value.Int(v[2]))
	}
	if x.Step == 0 {
		value.ValueError("range() arg 3 must not be zero")
	}
	distance := float64(x.Stop) - float64(x.Start)
	n := math.Ceil(distance / float64(x.Step))
	if n > maxRange {
		value.Fail("OverflowError", "Range too big. The sandbox blocks ranges larger than MAX_RANGE (%d).", maxRange)
	}
	x.Len = max(0, int64(n))
	return x
}

// dictClass is the global dict, which can be called and has the method fromkeys.
type dictClass struct{}

// Call makes a dictionary.
func (dictClass) Call(r *value.Run, a *value.Args) value.Value {
	d := value.NewDict()
	update(r, d, a)
	return d
}

// Attr returns the method fromkeys.
func (dictClass) Attr(_ *value.Run, name string) (value.Value, bool) {
	if name != "fromkeys" {
		return nil, false
	}
	return &value.Func{Name: name, Fn: fromKeys}, true
}

// Repr returns the object as it is printed.
func (dictClass) Repr() string { return "<dict>" }

func namespace(r *value.Run, a *value.Args) value.Value {
	d := value.NewDict()
	update(r, d, a)
	for i := range d.Len() {
		k, _ := d.At(i)
		if t, ok := k.(text.Text); ok && strings.HasPrefix(t.String(), "_") {
			value.Fail("SecurityError", "attributes that begin with an underscore cannot be set: %s", shown(r, t))
		}
	}
	return &value.Namespace{Attrs: d}
}

func raise(r *value.Run, a *value.Args) value.Value {
	message := a.Bind("raise_exception", "message!")[0]
	value.Fail("TemplateError", "%s", r.Text(message).String())
	return nil
}

func strftimeNow(r *value.Run, a *value.Args) value.Value {
	format := str(a.Bind("strftime_now", "format!")[0])
	r.Product(64, format.Len())
	s, err := strftime.Format(format.String(), r.Now())
	if err != nil {
		value.ValueError("%v", err)
	}
	return text.Tainted(s, format)
}

func lipsum(*value.Run, *value.Args) value.Value {
	value.Fail("NotImplementedError", "lipsum: a chat template has to give the same text each time")
	return nil
}

// joiner is a function that returns "" at the first call, and its separator at every later call.
type joiner struct {
	sep  value.Value
	used bool
}

func newJoiner(_ *value.Run, a *value.Args) value.Value {
	return &joiner{sep: value.Or(a.Bind("joiner", "sep")[0], value.Str(", "))}
}

// Call returns the separator, or "" the first time.
func (j *joiner) Call(_ *value.Run, a *value.Args) value.Value {
	a.Plain("joiner", 0, 0)
	if !j.used {
		j.used = true
		return value.Str("")
	}
	return j.sep
}

// Attr returns an attribute of a joiner.
func (j *joiner) Attr(_ *value.Run, name string) (value.Value, bool) {
	switch name {
	case "sep":
		return j.sep, true
	case "used":
		return j.used, true
	}
	return nil, false
}

// Repr returns the object as it is printed.
func (j *joiner) Repr() string { return "<Joiner>" }

// cycler returns its items one after the other, again and again.
type cycler struct {
	items []value.Value
	pos   int
}

func newCycler(_ *value.Run, a *value.Args) value.Value {
	if len(a.Names) > 0 {
		value.TypeError("cycler() takes no keyword arguments")
	}
	if len(a.Pos) == 0 {
		value.Fail("RuntimeError", "at least one item has to be provided")
	}
	return &cycler{items: a.Pos}
}

// Attr returns a method or an attribute of a cycler.
func (c *cycler) Attr(_ *value.Run, name string) (value.Value, bool) {
	switch name {
	case "next":
		return method(name, func() value.Value {
			v := c.items[c.pos]
			c.pos = (c.pos + 1) % len(c.items)
			return v
		})
	case "reset":
		return method(name, func() value.Value {
			c.pos = 0
			return nil
		})
	case "current":
		return c.items[c.pos], true
	case "pos":
		return int64(c.pos), true
	case "items":
		return &value.Tuple{Items: c.items}, true
	}
	return nil, false
}

// Repr returns the object as it is printed.
func (c *cycler) Repr() string { return "<Cycler>" }
