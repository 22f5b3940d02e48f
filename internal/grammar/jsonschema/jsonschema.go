// Package jsonschema makes grammars from JSON schemas (draft 2020-12, and the keywords of earlier
// drafts). A schema becomes cells: sets of values with one part for each type. A goal is a list
// of schemas that a value must satisfy, or must not satisfy. The keywords allOf, oneOf, not and
// if become intersections, unions and complements of cells. Cells become rules. A keyword that a
// grammar cannot enforce is an error with its JSON pointer, and never silently ignored.
package jsonschema

import (
	"errors"
	"fmt"
	"slices"

	"alpaca/internal/grammar"
	"alpaca/internal/grammar/fsa"
)

// Options are the options of Compile.
type Options struct {
	// Lenient ignores keywords that cannot be enforced, with a warning for each.
	Lenient bool
	// Compact allows no white space between values.
	Compact bool
}

// maxText bounds a schema's text, in bytes.
const maxText = 4 << 20

// Compile returns the program of the JSON texts that satisfy a schema, with properties in the
// schema's order. warnings name the keywords that are not enforced. An error about a keyword is a *Refused.
func Compile(text []byte, opt Options) (p *grammar.Program, warnings []string, err error) {
	rules, warnings, err := Rules(text, opt)
	if err != nil {
		return nil, nil, err
	}
	p, err = grammar.Compile(rules)
	if errors.Is(err, grammar.ErrEmpty) {
		err = &Refused{"#", "no value satisfies the schema"}
	}
	return p, warnings, err
}

// Rules returns the rules of a schema, for use in a larger grammar.
func Rules(text []byte, opt Options) (rules *grammar.Rules, warnings []string, err error) {
	c, root, err := newCompiler(text, opt)
	if err != nil {
		return nil, nil, err
	}
	c.rule(goal{literal(root.id)})
	for i := 0; i < len(c.queue); i++ {
		if err := c.value(c.queue[i]); err != nil {
			return nil, nil, err
		}
		if len(c.out.Body) > maxRules || c.states > maxAutomata {
			return nil, nil, &Refused{"#", "the schema's grammar is too large"}
		}
	}
	return &c.out, c.warnings, nil
}

// newCompiler returns a compiler for a schema's text, and the root schema.
func newCompiler(text []byte, opt Options) (c *compiler, s *schema, err error) {
	if len(text) > maxText {
		return nil, nil, fmt.Errorf("a schema of %d bytes: at most %d are allowed", len(text), maxText)
	}
	root, err := decode(text)
	if err != nil {
		return nil, nil, err
	}
	doc, err := newDocument(root)
	if err != nil {
		return nil, nil, err
	}
	c = &compiler{
		doc: doc, lenient: opt.Lenient, white: whites()[0], patterns: map[string]*fsa.DFA{},
		rules: map[string]grammar.Ref{}, encoded: map[string]*fsa.DFA{},
		unevaluatedUsed: uses(root, "unevaluatedProperties") || uses(root, "unevaluatedItems"),
	}
	if opt.Compact {
		c.white = whites()[1]
	}
	doc.byID = append(doc.byID, &schema{id: int32(nothing), ptr: "", value: false, base: doc.bases[""], cells: map[bool][]cell{}})
	s, err = doc.add("", root, doc.bases[""])
	return c, s, err
}

// uses reports whether an object anywhere in v has the key.
func uses(v any, key string) bool {
	switch v := v.(type) {
	case []any:
		return slices.ContainsFunc(v, func(x any) bool { return uses(x, key) })
	case *object:
		if _, ok := v.vals[key]; ok {
			return true
		}
		for _, x := range v.vals {
			if uses(x, key) {
				return true
			}
		}
	}
	return false
}

// Bounds of the grammar of a schema.
const (
	maxRules    = 200_000
	maxAutomata = 1_500_000 // states of all automata together
)

// compiler turns schemas into cells, and cells into rules.
type compiler struct {
	doc             *document
	lenient         bool
	unevaluatedUsed bool
	white           *white
	warnings        []string
	patterns        map[string]*fsa.DFA
	work, depth     int

	out     grammar.Rules
	rules   map[string]grammar.Ref // the rule of each goal, by the goal's key
	queue   []goal                 // goals whose rules are not made yet
	encoded map[string]*fsa.DFA    // cached automata of names and numbers in JSON
	states  int
}

func (c *compiler) warn(format string, args ...any) {
	w := fmt.Sprintf(format, args...)
	if len(c.warnings) < 100 && !slices.Contains(c.warnings, w) {
		c.warnings = append(c.warnings, w)
	}
}

// newRule returns a rule without a body.
func (c *compiler) newRule() grammar.Ref {
	c.out.Body = append(c.out.Body, grammar.Alt{})
	c.out.Names = append(c.out.Names, "")
	return grammar.Ref(len(c.out.Body) - 1)
}

// rule returns the rule for the values that satisfy a goal.
func (c *compiler) rule(g goal) grammar.Ref {
	key := fmt.Sprint([]literal(g))
	r, ok := c.rules[key]
	if !ok {
		r = c.newRule()
		c.rules[key] = r
		c.queue = append(c.queue, g)
	}
	return r
}

// value makes the body of a goal's rule.
func (c *compiler) value(g goal) error {
	list, err := c.all(g)
	if err != nil {
		return err
	}
	var out grammar.Alt
	for _, x := range list {
		e, err := c.cell(x)
		if err != nil {
			if len(g) > 0 {
				err = c.at(g[0], err)
			}
			return err
		}
		out = append(out, e...)
	}
	c.out.Body[c.rules[fmt.Sprint([]literal(g))]] = out
	return nil
}

func (c *compiler) cell(x cell) (out grammar.Alt, err error) {
	if x.null {
		out = append(out, grammar.Bytes("null"))
	}
	for i, text := range []string{"false", "true"} {
		if x.bools[i] {
			out = append(out, grammar.Bytes(text))
		}
	}
	add := func(e grammar.Expr, err error) error {
		switch a := e.(type) {
		case grammar.Automaton:
			c.states += len(a.States)
		case grammar.Limited:
			c.states += len(a.States)
		}
		out = append(out, e)
		return err
	}
	if x.num != nil {
		d, err := c.numeric(x.num)
		if err = add(grammar.Automaton{DFA: d}, err); err != nil {
			return nil, err
		}
	}
	if x.str != nil {
		if err := add(x.str.expr()); err != nil {
			return nil, err
		}
	}
	if x.arr != nil {
		if err := add(c.items(x.arr)); err != nil {
			return nil, err
		}
	}
	if x.obj != nil {
		if err := add(c.properties(x.obj)); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// numeric returns the automaton of a set of numbers, and caches it by the set.
func (c *compiler) numeric(n *numbers) (*fsa.DFA, error) {
	key := "number " + n.key()
	if d, ok := c.encoded[key]; ok {
		return d, nil
	}
	d, err := n.automaton()
	if err != nil {
		return fsa.None(), err
	}
	c.encoded[key] = d
	return d, nil
}

// name returns the expression for a property's name in JSON.
func (c *compiler) name(s string) (grammar.Expr, error) {
	d, ok := c.encoded["name "+s]
	if !ok {
		one, err := oneOf([]string{s})
		if err != nil {
			return nil, err
		}
		d = encode(one, false, true)
		c.encoded["name "+s] = d
		c.states += len(d.States)
	}
	return grammar.Automaton{DFA: d}, nil
}
