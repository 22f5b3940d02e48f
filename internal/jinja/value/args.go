package value

import (
	"strings"

	"alpaca/internal/jinja/text"
)

// Args are the arguments of a call.
type Args struct {
	Pos   []Value
	Names []string
	Named []Value
	// Keys are the names that came from a dictionary by **, with
	// their origins. They equal the last len(Keys) elements of Names.
	Keys []text.Text
}

// Name returns a name as a text.
func (a *Args) Name(i int) text.Text {
	if j := i - (len(a.Names) - len(a.Keys)); j >= 0 {
		return a.Keys[j]
	}
	return text.New(a.Names[i])
}

// missing is the type of Missing.
type missing struct{}

// Missing is the value of an argument that was not given.
var Missing Value = missing{}

// Bind returns the arguments in the order of names. An argument whose name ends in "!" is
// required; the others are Missing if they are not given.
func (a *Args) Bind(fn string, names ...string) []Value {
	if len(a.Pos) > len(names) {
		TypeError("%s() takes %d arguments but %d were given", fn, len(names), len(a.Pos))
	}
	list := make([]Value, len(names))
	copy(list, a.Pos)
	for i := len(a.Pos); i < len(list); i++ {
		list[i] = Missing
	}
next:
	for i, name := range a.Names {
		for j, n := range names {
			if strings.TrimSuffix(n, "!") != name {
				continue
			}
			if j < len(a.Pos) {
				TypeError("%s() got multiple values for argument '%s'", fn, name)
			}
			list[j] = a.Named[i]
			continue next
		}
		TypeError("%s() got an unexpected keyword argument '%s'", fn, name)
	}
	for i, v := range list {
		if v == Missing && strings.HasSuffix(names[i], "!") {
			TypeError("%s() missing argument '%s'", fn, strings.TrimSuffix(names[i], "!"))
		}
	}
	return list
}

// Plain returns the arguments of a function that takes minArgs to maxArgs positional arguments and no
// named ones. Arguments that are not given are Missing.
func (a *Args) Plain(fn string, minArgs, maxArgs int) []Value {
	if len(a.Names) > 0 {
		TypeError("%s() takes no keyword arguments", fn)
	}
	if len(a.Pos) < minArgs || len(a.Pos) > maxArgs {
		TypeError("%s expected from %d to %d arguments, got %d", fn, minArgs, maxArgs, len(a.Pos))
	}
	list := make([]Value, maxArgs)
	copy(list, a.Pos)
	for i := len(a.Pos); i < maxArgs; i++ {
		list[i] = Missing
	}
	return list
}

// Or returns v, or the value of other if v is Missing.
func Or(v, other Value) Value {
	if v == Missing {
		return other
	}
	return v
}
