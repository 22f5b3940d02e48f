package jsonschema

import (
	"fmt"
	"slices"
	"strings"

	"alpaca/internal/grammar"
	"alpaca/internal/grammar/fsa"
)

// white is the marks between values with the white space around them.
type white struct{ comma, colon, open, shut, openArray, shutArray grammar.Expr }

// whites are with white space and without. At each place stand at most a newline and
// 20 blanks, because a model can write blanks for ever.
var whites = [2]*white{newWhite(`(\n|\r\n)?[ \t]{0,20}`), newWhite("")}

func newWhite(space string) *white {
	mark := func(before, c, after string) grammar.Expr {
		return grammar.Automaton{DFA: compile("^%s%s%s$", before, c, after)}
	}
	return &white{
		comma: mark(space, ",", space), colon: mark(space, ":", space),
		open: mark("", `\{`, space), shut: mark(space, `\}`, ""),
		openArray: mark("", `\[`, space), shutArray: mark(space, `\]`, ""),
	}
}

// key tells sets of numbers apart.
func (n *numbers) key() string {
	var b strings.Builder
	fmt.Fprint(&b, n.integer, n.fraction, n.lo, n.loOpen, n.hi, n.hiOpen, n.multiples, n.others, n.out)
	if n.points != nil {
		for _, p := range n.points {
			fmt.Fprint(&b, "=", p.v, p.text)
		}
	}
	return b.String()
}

// maxUnrolled bounds the rules of one array or object.
const maxUnrolled = 20_000

// items returns the JSON texts of arrays.
func (c *compiler) items(a *array) (grammar.Expr, error) {
	if a.max == 0 {
		a = &array{max: 0, contains: a.contains, min: a.min}
	}
	if a.unique != nil && (a.max < 0 || a.max > 1) {
		e, err := c.unique(a)
		if err == nil {
			return e, nil
		}
		if err := c.forgive(a.unique, "uniqueItems", err); err != nil {
			return nil, err
		}
	}
	var body grammar.Expr
	switch len(a.contains) {
	case 0:
		body = c.list(a)
	case 1:
		var err error
		if body, err = c.containing(a, a.contains[0]); err != nil {
			if a.contains[0].from == nil {
				return nil, err
			}
			if err = c.forgive(a.contains[0].from, "contains", err); err != nil {
				return nil, err
			}
			body = c.list(a)
		}
	default:
		err := fmt.Errorf("more than one contains for the same array")
		for _, x := range a.contains {
			if x.from != nil {
				if err := c.forgive(x.from, "contains", err); err != nil {
					return nil, err
				}
			}
		}
		body = c.list(a)
	}
	return grammar.Seq{c.white.openArray, body, c.white.shutArray}, nil
}

// list returns the items of an array, without brackets.
func (c *compiler) list(a *array) grammar.Expr {
	if a.max >= 0 && a.min > a.max {
		return grammar.Alt{}
	}
	k := len(a.prefix)
	if a.max >= 0 {
		k = min(k, a.max)
	}
	// From the back: what may follow item i-1.
	most := -1
	if a.max >= 0 {
		most = a.max - k
	}
	item := c.rule(a.rest)
	var tail grammar.Expr = grammar.Seq{}
	least := max(0, a.min-k)
	switch {
	case most == 0:
	case k == 0:
		more := grammar.Repeat{X: grammar.Seq{c.white.comma, item}, Min: max(0, least-1), Max: max(most-1, -1)}
		tail = grammar.Seq{item, more}
		if least == 0 {
			tail = grammar.Alt{grammar.Seq{}, tail}
		}
	default:
		tail = grammar.Repeat{X: grammar.Seq{c.white.comma, item}, Min: least, Max: most}
	}
	for i := k - 1; i >= 0; i-- {
		one := grammar.Seq{c.rule(a.prefix[i]), tail}
		if i > 0 {
			one = append(grammar.Seq{c.white.comma}, one...)
		}
		r := c.newRule()
		if i >= a.min {
			c.out.Body[r] = grammar.Alt{grammar.Seq{}, one}
		} else {
			c.out.Body[r] = one
		}
		tail = r
	}
	return tail
}

// containing returns the items of an array of which some must satisfy a goal. Its rules
// count the items, and those that do.
func (c *compiler) containing(a *array, x contains) (grammar.Expr, error) {
	items := max(a.min, len(a.prefix), 1)
	if a.max >= 0 {
		items = a.max
	}
	hits := x.min
	if x.max >= 0 {
		hits = x.max
	}
	if (items+1)*(hits+1) > maxUnrolled {
		return nil, fmt.Errorf("needs more than %d rules", maxUnrolled)
	}
	type at struct{ item, hits int }
	rules := map[at]grammar.Ref{}
	var places []at
	for i := range items + 1 {
		for h := range hits + 1 {
			places = append(places, at{i, h})
			rules[at{i, h}] = c.newRule()
		}
	}
	misses := x.goal.not()
	for _, p := range places {
		var out grammar.Alt
		if p.item >= a.min && p.hits >= x.min {
			out = append(out, grammar.Seq{})
		}
		next := at{min(p.item+1, items), p.hits}
		full := a.max >= 0 && p.item >= a.max
		add := func(g goal, to at) {
			if full {
				return
			}
			e := grammar.Seq{c.rule(a.at(p.item).with(g)), rules[to]}
			if p.item > 0 {
				e = append(grammar.Seq{c.white.comma}, e...)
			}
			out = append(out, e)
		}
		if x.max < 0 {
			add(nil, next)
		} else {
			for _, miss := range misses {
				add(miss, next)
			}
		}
		if x.max < 0 || p.hits < x.max {
			add(x.goal, at{next.item, min(p.hits+1, hits)})
		}
		c.out.Body[rules[p]] = out
	}
	return rules[at{}], nil
}

// maxUnique bounds how many different items an array with uniqueItems may have.
const maxUnique = 8

// unique returns arrays whose items are all different, where the items are a few
// scalars: its rules know which of them were there.
func (c *compiler) unique(a *array) (grammar.Expr, error) {
	if len(a.prefix) > 0 || len(a.contains) > 0 {
		return nil, fmt.Errorf("not supported beside prefixItems or contains")
	}
	values, err := c.few(a.rest)
	if err != nil {
		return nil, err
	}
	rules := make([]grammar.Ref, 1<<len(values))
	for set := range rules {
		rules[set] = c.newRule()
	}
	for set, r := range rules {
		var out grammar.Alt
		n := 0
		for i := range values {
			n += set >> i & 1
		}
		if n >= a.min {
			out = append(out, grammar.Seq{})
		}
		for i, v := range values {
			if set>>i&1 != 0 || a.max >= 0 && n >= a.max {
				continue
			}
			e := grammar.Seq{v, rules[set|1<<i]}
			if n > 0 {
				e = append(grammar.Seq{c.white.comma}, e...)
			}
			out = append(out, e)
		}
		c.out.Body[r] = out
	}
	return grammar.Seq{c.white.openArray, rules[0], c.white.shutArray}, nil
}

// few returns the values of a goal, one expression for each.
func (c *compiler) few(g goal) ([]grammar.Expr, error) {
	list, err := c.all(g)
	if err != nil {
		return nil, err
	}
	if len(list) == 0 {
		return nil, nil
	}
	x := list[0]
	many := fmt.Errorf("supported where the items are at most %d values of an enum, or at most one item is allowed", maxUnique)
	if len(list) > 1 || x.arr != nil || x.obj != nil || x.num != nil && x.num.points == nil || x.str != nil && x.str.dfa == nil {
		return nil, many
	}
	single := []cell{{null: x.null}, {bools: [2]bool{x.bools[0]}}, {bools: [2]bool{false, x.bools[1]}}}
	if x.num != nil {
		for i, p := range x.num.points {
			if !slices.ContainsFunc(x.num.points[:i], func(q point) bool { return q.v.Cmp(p.v) == 0 }) {
				single = append(single, cell{num: &numbers{points: []point{p}, integer: x.num.integer}})
			}
		}
	}
	if x.str != nil {
		texts, ok := x.str.dfa.Finite(maxUnique)
		if !ok {
			return nil, many
		}
		for _, t := range texts {
			single = append(single, cell{str: &stringSet{dfa: oneOf([]string{t}), min: x.str.min, max: x.str.max, listed: true}})
		}
	}
	var out []grammar.Expr
	for _, s := range single {
		if s.empty() {
			continue
		}
		e, err := c.cell(s)
		if err != nil {
			return nil, err
		}
		out = append(out, e)
	}
	if len(out) > maxUnique {
		return nil, many
	}
	return out, nil
}

// kind is names beside the properties, and what their values must satisfy.
type kind struct {
	names *fsa.DFA
	goal  goal
}

// others returns the kinds of names that o allows beside its properties.
func (c *compiler) others(o *objects) ([]kind, error) {
	d := everything
	var err error
	and := func(x *fsa.DFA, op fsa.Op) {
		if err == nil {
			d, err = fsa.Product(d, x, op, stringStates)
		}
	}
	if len(o.props) > 0 {
		var names []string
		for _, p := range o.props {
			names = append(names, p.name)
		}
		and(oneOf(names), fsa.Diff)
	}
	for _, k := range o.keys {
		and(k, fsa.And)
	}
	kinds := []kind{{d, nil}}
	for _, g := range o.groups {
		type split struct {
			kind
			looked bool
		}
		list := make([]split, 0, len(kinds))
		for _, k := range kinds {
			list = append(list, split{k, false})
		}
		for _, p := range g.patterns {
			var next []split
			for _, k := range list {
				in, err1 := fsa.Product(k.names, p.dfa, fsa.And, stringStates)
				out, err2 := fsa.Product(k.names, p.dfa, fsa.Diff, stringStates)
				if err1 != nil || err2 != nil || len(list) > 200 {
					return nil, &Refused{p.from, "the patterns' automata are too large"}
				}
				next = append(next, split{kind{in, k.goal.with(p.goal)}, true}, split{kind{out, k.goal}, k.looked})
			}
			list = slices.DeleteFunc(next, func(k split) bool { return k.names.Empty() })
		}
		kinds = kinds[:0]
		for _, k := range list {
			if !k.looked {
				k.goal = k.goal.with(g.rest)
			}
			kinds = append(kinds, k.kind)
		}
	}
	kinds = slices.DeleteFunc(kinds, func(k kind) bool { return k.names.Empty() || slices.Contains(k.goal, nothing) })
	return kinds, err
}

// properties returns the JSON texts of objects: the properties in their order, then
// others. The rules count where there are bounds.
func (c *compiler) properties(o *objects) (grammar.Expr, error) {
	kinds, err := c.others(o)
	if err != nil {
		return nil, err
	}
	var other grammar.Alt
	for _, k := range kinds {
		var name grammar.Expr = grammar.Automaton{DFA: anyString()}
		if k.names != everything {
			small := k.names.Minimize()
			key := fmt.Sprint("names ", small.States)
			d, ok := c.encoded[key]
			if !ok {
				d = encode(small, true, true)
				c.encoded[key] = d
				c.states += len(d.States)
			}
			name = grammar.Automaton{DFA: d}
		}
		other = append(other, grammar.Seq{name, c.white.colon, c.rule(k.goal)})
	}
	// counts are told apart up to here.
	most := max(o.min, 1)
	if o.max >= 0 {
		most = max(o.max, 1)
	}
	if (len(o.props)+1)*(most+1) > maxUnrolled {
		return nil, fmt.Errorf("minProperties or maxProperties need more than %d rules", maxUnrolled)
	}
	rules := make([][]grammar.Ref, len(o.props)+1)
	for i := range rules {
		for range most + 1 {
			rules[i] = append(rules[i], c.newRule())
		}
	}
	for i := range rules {
		for n, r := range rules[i] {
			c.out.Body[r] = c.property(o, i, n, rules, other)
		}
	}
	return grammar.Seq{c.white.open, rules[0][0], c.white.shut}, nil
}

// property returns what may follow n properties, of those from i on.
func (c *compiler) property(o *objects, i, n int, rules [][]grammar.Ref, other grammar.Alt) grammar.Expr {
	var out grammar.Alt
	next := min(n+1, len(rules[0])-1)
	full := o.max >= 0 && n >= o.max
	entry := func(e grammar.Seq, to grammar.Ref) {
		if n > 0 {
			e = append(grammar.Seq{c.white.comma}, e...)
		}
		out = append(out, append(e, to))
	}
	if i == len(o.props) {
		if n >= o.min {
			out = append(out, grammar.Seq{})
		}
		if len(other) > 0 && !full {
			entry(grammar.Seq{other}, rules[i][next])
		}
		return out
	}
	p := o.props[i]
	if !full && !slices.Contains(p.goal, nothing) {
		entry(grammar.Seq{c.name(p.name), c.white.colon, c.rule(p.goal)}, rules[i+1][next])
	}
	if !p.required {
		out = append(out, rules[i+1][n])
	}
	return out
}
