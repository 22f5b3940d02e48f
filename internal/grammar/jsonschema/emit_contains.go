package jsonschema

import (
	"fmt"
	"slices"

	"alpaca/internal/grammar"
)

// containing returns the expression for the items of an array with
// the keyword contains. Its rules count the items and, for each goal
// (a list of schemas, see shape.go), the items that satisfy the goal.
func (c *compiler) containing(a *array) (grammar.Expr, error) {
	if len(a.contains) == 0 {
		return c.list(a), nil
	}
	k := counting{c: c, a: a, rules: map[string]grammar.Ref{}}
	k.items = max(a.min, len(a.prefix), 1)
	for _, x := range a.contains {
		k.items = max(k.items, x.skip)
	}
	if a.max >= 0 {
		k.items = a.max
	}
	start := k.rule(0, make([]int, len(a.contains)))
	for len(k.todo) > 0 {
		at := k.todo[0]
		k.todo = k.todo[1:]
		if k.place(at); len(k.rules) > maxUnrolled || k.size > maxUnrolled*4 {
			return nil, fmt.Errorf("needs more than %d rules", maxUnrolled)
		}
	}
	return start, nil
}

// counting makes the rules of one array with contains.
type counting struct {
	c     *compiler
	a     *array
	items int // items are counted up to this number
	rules map[string]grammar.Ref
	todo  []counted
	size  int
}

// counted is a position in an array: the number of items before it, the number of these items that
// satisfy each goal, and the rule for the rest of the array.
type counted struct {
	item int
	hits []int
	rule grammar.Ref
}

func (k *counting) rule(item int, hits []int) grammar.Ref {
	key := fmt.Sprint(item, hits)
	r, ok := k.rules[key]
	if !ok {
		r = k.c.newRule()
		k.rules[key] = r
		k.todo = append(k.todo, counted{item, hits, r})
	}
	return r
}

// place makes the rule for the rest of the array from the position at.
func (k *counting) place(at counted) {
	var out grammar.Alt
	enough := at.item >= k.a.min
	for i, x := range k.a.contains {
		enough = enough && at.hits[i] >= x.min
	}
	if enough {
		out = append(out, grammar.Seq{})
	}
	if k.a.max < 0 || at.item < k.a.max {
		k.item(at, 0, k.a.at(at.item), slices.Clone(at.hits), &out)
	}
	k.c.out.Body[at.rule] = out
}

// item appends to out all ways to write the item after the position at. It decides for one goal
// after the other whether the item satisfies the goal. The first i goals are decided, and g holds
// these decisions. If a goal has no upper bound, an item that satisfies it may go uncounted.
func (k *counting) item(at counted, i int, g goal, hits []int, out *grammar.Alt) {
	if i == len(k.a.contains) {
		e := grammar.Seq{k.c.rule(g), k.rule(min(at.item+1, k.items), hits)}
		if at.item > 0 {
			e = append(grammar.Seq{k.c.white.comma}, e...)
		}
		k.size++
		*out = append(*out, e)
		return
	}
	x := k.a.contains[i]
	if at.item < x.skip {
		k.item(at, i+1, g, hits, out)
		return
	}
	if x.max < 0 {
		k.item(at, i+1, g, hits, out)
	} else {
		for _, miss := range x.goal.not() {
			k.item(at, i+1, g.with(miss), hits, out)
		}
	}
	needed := x.min
	if x.max >= 0 {
		needed = x.max
	}
	if hits[i] < needed {
		hits = slices.Clone(hits)
		hits[i]++
		k.item(at, i+1, g.with(x.goal), hits, out)
	}
}
