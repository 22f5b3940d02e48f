package jsonschema

import (
	"encoding/json"
	"errors"
	"math/big"
	"slices"
	"strconv"

	"alpaca/internal/grammar/ecma"
	"alpaca/internal/grammar/fsa"
)

func itoa(i int) string { return strconv.Itoa(i) }

func compilePattern(p string) (*fsa.DFA, error) {
	d, err := ecma.Compile(p, stringStates)
	if err == nil && len(d.States) < 1000 {
		d = d.Minimize()
	}
	return d, err
}

// own returns the cell of the keywords about types, numbers, strings, arrays and
// objects.
func (c *compiler) own(s *schema) ([]cell, error) {
	out := whole()
	if err := c.types(s, &out); err != nil {
		return nil, err
	}
	for _, f := range []func(*schema, *cell) error{c.number, c.text, c.array, c.object} {
		if err := f(s, &out); err != nil {
			return nil, err
		}
	}
	out, ok, err := out.and(whole()) // drops what is empty
	if err != nil || !ok {
		return nil, err
	}
	return []cell{out}, nil
}

func (c *compiler) types(s *schema, out *cell) error {
	if !s.has("type") {
		return nil
	}
	list, ok := s.get("type").([]any)
	if !ok {
		list = []any{s.get("type")}
	}
	old := *out
	*out = cell{}
	integer := false
	for _, t := range list {
		switch t {
		case "null":
			out.null = true
		case "boolean":
			out.bools = old.bools
		case "number":
			out.num = &numbers{}
		case "integer":
			integer = true
		case "string":
			out.str = old.str
		case "array":
			out.arr = old.arr
		case "object":
			out.obj = old.obj
		case "any":
			if c.doc.draft == 4 {
				*out = old
				return nil
			}
			fallthrough
		default:
			return refuse(s, "type", "unknown type %v", t)
		}
	}
	if integer && out.num == nil {
		out.num = &numbers{integer: true}
	}
	if s.get("nullable") == true {
		out.null = true
		c.warn("%s: taken as OpenAPI's, null is allowed", s.where("nullable"))
	}
	return nil
}

func (c *compiler) number(s *schema, out *cell) error {
	lo, err := s.number("minimum")
	if err != nil {
		return err
	}
	hi, err := s.number("maximum")
	if err != nil {
		return err
	}
	n := &numbers{lo: lo, hi: hi}
	for _, x := range []struct {
		key   string
		limit **big.Rat
		open  *bool
		sign  int
	}{{"exclusiveMinimum", &n.lo, &n.loOpen, 1}, {"exclusiveMaximum", &n.hi, &n.hiOpen, -1}} {
		if b, ok := s.get(x.key).(bool); ok { // draft-04
			*x.open = b && *x.limit != nil
			continue
		}
		v, err := s.number(x.key)
		if err != nil {
			return err
		}
		if v != nil && (*x.limit == nil || v.Cmp(*x.limit)*x.sign >= 0) {
			*x.limit, *x.open = v, true
		}
	}
	key := "multipleOf"
	if s.has("divisibleBy") && c.doc.draft == 4 {
		key = "divisibleBy"
	}
	m, err := s.number(key)
	if err != nil {
		return err
	}
	if m != nil {
		if m.Sign() <= 0 {
			return refuse(s, key, "must be greater than 0")
		}
		if _, err := multiple(m); err != nil && out.num != nil {
			if err = c.forgive(s, key, err); err != nil {
				return err
			}
		} else {
			n.multiples = []*big.Rat{m}
		}
	}
	if out.num != nil {
		out.num = out.num.and(n)
	}
	return nil
}

func (c *compiler) text(s *schema, out *cell) error {
	low, err := s.count("minLength", 0)
	if err != nil {
		return err
	}
	high, err := s.count("maxLength", -1)
	if err != nil {
		return err
	}
	set := &stringSet{min: low, max: high}
	restrict := func(key string, d *fsa.DFA) error {
		and, err := set.and(&stringSet{dfa: d, max: -1})
		if err != nil {
			return c.forgive(s, key, err)
		}
		set = and
		return nil
	}
	if s.has("pattern") {
		p, ok := s.get("pattern").(string)
		if !ok {
			return refuse(s, "pattern", "must be a string")
		}
		if out.str != nil {
			d, err := c.pattern(p)
			if err == nil {
				err = restrict("pattern", d)
			} else {
				err = c.forgive(s, "pattern", err)
			}
			if err != nil {
				return err
			}
		}
	}
	if s.has("format") {
		f, ok := s.get("format").(string)
		if !ok {
			return refuse(s, "format", "must be a string")
		}
		if p := formats[f]; p != "" && out.str != nil {
			d, err := c.pattern(p)
			if err != nil {
				return err
			}
			if err := restrict("format", d); err != nil {
				return err
			}
		} else if notFormats[f] && out.str != nil {
			if err := c.forgive(s, "format", errors.New("the format "+f+" cannot be enforced")); err != nil {
				return err
			}
		} else if p == "" {
			c.warn("%s: the format %q is an annotation, not enforced", s.where("format"), f)
		}
	}
	if out.str != nil {
		out.str, err = out.str.and(set)
	}
	return err
}

// goal returns the goal of a schema: none for one that is true or empty.
func (c *compiler) goal(s *schema) goal {
	if s.value == true {
		return nil
	}
	if s.value == false {
		return goal{nothing}
	}
	if o, ok := s.value.(*object); ok && len(o.keys) == 0 {
		return nil
	}
	return goal{literal(s.id)}
}

// sub returns the goal of the schema in a keyword.
func (c *compiler) sub(s *schema, v any, path ...string) (goal, error) {
	x, err := c.doc.sub(s, v, path...)
	if err != nil {
		return nil, err
	}
	return c.goal(x), nil
}

func (c *compiler) array(s *schema, out *cell) error {
	low, err := s.count("minItems", 0)
	if err != nil {
		return err
	}
	high, err := s.count("maxItems", -1)
	if err != nil {
		return err
	}
	a := &array{min: low, max: high}
	prefix, rest := "prefixItems", "items"
	if _, is := s.get("items").([]any); is {
		if c.doc.draft == 2020 {
			return refuse(s, "items", "a list of schemas is called prefixItems in this draft")
		}
		prefix, rest = "items", "additionalItems"
	}
	if s.has(prefix) {
		list, ok := s.get(prefix).([]any)
		if !ok {
			return refuse(s, prefix, "must be a list of schemas")
		}
		for i, v := range list {
			g, err := c.sub(s, v, prefix, itoa(i))
			if err != nil {
				return err
			}
			a.prefix = append(a.prefix, g)
		}
		a.known = len(a.prefix)
	}
	if s.has(rest) {
		if a.rest, err = c.sub(s, s.get(rest), rest); err != nil {
			return err
		}
		a.all = true
	}
	if err := c.contains(s, a); err != nil {
		return err
	}
	switch unique := s.get("uniqueItems"); {
	case unique == true:
		a.unique = s
	case unique != nil && unique != false:
		return refuse(s, "uniqueItems", "must be true or false")
	}
	// Items that nothing satisfies end the array.
	for i := range len(a.prefix) + 1 {
		if slices.Contains(a.at(i), nothing) {
			a.max = least(a.max, i)
			break
		}
	}
	if out.arr != nil {
		out.arr = out.arr.and(a)
	}
	return nil
}

func (c *compiler) contains(s *schema, a *array) error {
	if !s.has("contains") {
		return nil
	}
	g, err := c.sub(s, s.get("contains"), "contains")
	if err != nil {
		return err
	}
	low, err := s.count("minContains", 1)
	if err != nil {
		return err
	}
	high, err := s.count("maxContains", -1)
	if err != nil {
		return err
	}
	if low > 0 || high >= 0 || c.unevaluatedUsed {
		a.contains = []contains{{goal: g, min: low, max: high, from: s}}
	}
	return nil
}

func (c *compiler) object(s *schema, out *cell) error {
	low, err := s.count("minProperties", 0)
	if err != nil {
		return err
	}
	high, err := s.count("maxProperties", -1)
	if err != nil {
		return err
	}
	o := &objects{min: low, max: high}
	g := group{names: map[string]bool{}}
	if s.has("properties") {
		props, ok := s.get("properties").(*object)
		if !ok {
			return refuse(s, "properties", "must be an object")
		}
		for _, name := range props.keys {
			p := prop{name: name, known: true}
			if p.goal, err = c.sub(s, props.vals[name], "properties", name); err != nil {
				return err
			}
			o.props = append(o.props, p)
		}
	}
	if err := c.groupOf(s, &g); err != nil {
		return err
	}
	for i := range o.props {
		p := &o.props[i]
		for _, pattern := range g.patterns {
			if pattern.dfa.Match([]rune(p.name)) {
				p.goal = p.goal.with(pattern.goal)
			}
		}
		g.names[p.name] = true
	}
	if err := c.required(s, o, &g); err != nil {
		return err
	}
	if len(g.patterns) > 0 || len(g.rest) > 0 || g.all {
		o.groups = []group{g}
	}
	if s.has("propertyNames") {
		if err := c.names(s, o); err != nil {
			return err
		}
	}
	if out.obj != nil {
		out.obj = out.obj.and(o)
	}
	return nil
}

// groupOf sets what s says of names beside its properties.
func (c *compiler) groupOf(s *schema, g *group) error {
	if s.has("patternProperties") {
		patterns, ok := s.get("patternProperties").(*object)
		if !ok {
			return refuse(s, "patternProperties", "must be an object")
		}
		for _, p := range patterns.keys {
			d, err := c.pattern(p)
			if err != nil {
				return refuse(s, "patternProperties", "%v", err)
			}
			x, err := c.sub(s, patterns.vals[p], "patternProperties", p)
			if err != nil {
				return err
			}
			g.patterns = append(g.patterns, patternGoal{d, x, s.where("patternProperties")})
		}
	}
	var err error
	if s.has("additionalProperties") {
		g.rest, err = c.sub(s, s.get("additionalProperties"), "additionalProperties")
		g.all = true
	}
	return err
}

func (c *compiler) required(s *schema, o *objects, g *group) error {
	if _, old := s.get("required").(bool); old && c.doc.draft <= 4 {
		return nil // draft-03's: of the property itself
	}
	list, err := s.strings("required")
	if err != nil {
		return err
	}
	for _, name := range list {
		if i := o.find(name); i >= 0 {
			o.props[i].required = true
			continue
		}
		p := prop{name: name, required: true}
		p.goal, p.known = g.of(name)
		o.props = append(o.props, p)
		g.names[name] = true
	}
	return nil
}

// names sets what propertyNames demands.
func (c *compiler) names(s *schema, o *objects) error {
	g, err := c.sub(s, s.get("propertyNames"), "propertyNames")
	if err != nil {
		return err
	}
	list, err := c.all(g)
	if err != nil {
		return err
	}
	d := fsa.None()
	for _, x := range list {
		if x.str == nil {
			continue
		}
		y := everything
		if x.str.dfa != nil {
			y = x.str.dfa
		}
		if y, err = fsa.Product(y, lengths(x.str.min, x.str.max), fsa.And, stringStates); err == nil {
			d, err = fsa.Product(d, y, fsa.Or, stringStates)
		}
		if err != nil {
			return c.forgive(s, "propertyNames", err)
		}
	}
	o.keys = []*fsa.DFA{d}
	for i := range o.props {
		if !d.Match([]rune(o.props[i].name)) {
			o.props[i].goal = goal{nothing}
		}
	}
	return nil
}

func (c *compiler) enum(s *schema) ([]cell, error) {
	list, ok := s.get("enum").([]any)
	if !ok {
		return nil, refuse(s, "enum", "must be a list")
	}
	return c.values(s, list, "enum")
}

func (c *compiler) constant(s *schema) ([]cell, error) {
	return c.values(s, []any{s.get("const")}, "const")
}

// values returns the cells of some values: one for all that are neither arrays nor
// objects.
func (c *compiler) values(s *schema, list []any, key string) ([]cell, error) {
	var plain cell
	var out []cell
	var texts []string
	for i, v := range list {
		switch v := v.(type) {
		case nil:
			plain.null = true
		case bool:
			plain.bools[map[bool]int{true: 1}[v]] = true
		case string:
			texts = append(texts, v)
		case json.Number:
			r, err := decimal(v)
			if err != nil {
				return nil, refuse(s, key, "%v", err)
			}
			if plain.num == nil {
				plain.num = &numbers{}
			}
			plain.num.points = append(plain.num.points, point{r, string(v)})
		case []any:
			a := &array{min: len(v), max: len(v)}
			for j, x := range v {
				a.prefix = append(a.prefix, c.exactly(s, x, key, itoa(i), itoa(j)))
			}
			out = append(out, cell{arr: a})
		case *object:
			o := &objects{min: len(v.keys), max: len(v.keys)}
			g := group{names: map[string]bool{}, rest: goal{nothing}, all: true}
			for _, k := range v.keys {
				o.props = append(o.props, prop{name: k, required: true, goal: c.exactly(s, v.vals[k], key, itoa(i), k)})
				g.names[k] = true
			}
			o.groups = []group{g}
			out = append(out, cell{obj: o})
		}
	}
	if texts != nil {
		plain.str = &stringSet{dfa: oneOf(texts), max: -1, listed: true}
	}
	if !plain.empty() {
		out = append(out, plain)
	}
	if len(out) > maxCells {
		return nil, refuse(s, key, "more than %d arrays and objects", maxCells)
	}
	return out, nil
}

// exactly returns the goal of one value, at a place that no schema of the text has.
func (c *compiler) exactly(s *schema, v any, path ...string) goal {
	x, _ := c.doc.sub(s, &object{keys: []string{"const"}, vals: map[string]any{"const": v}}, append(path, "\x00")...)
	return goal{literal(x.id)}
}
