package jsonschema

import (
	"bytes"
	"encoding/json"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"alpaca/internal/grammar"
	"alpaca/internal/testshared"
)

// suiteGroup is a schema with instances, from the suite or from MaskBench.
type suiteGroup struct {
	Description string
	Schema      json.RawMessage
	Tests       []struct {
		Description string
		Data        json.RawMessage
		Valid       bool
	}
}

func accepts(p *grammar.Program, text string) bool {
	m := p.NewMatcher(nil)
	_, ok := m.AcceptBytes([]byte(text))
	return ok && m.Complete()
}

// orderer writes values with their keys in the schema's order.
type orderer struct{ doc *document }

// parts returns each schema of the list, followed by its subschemas that apply to the same
// value.
func (o *orderer) parts(list []*schema) []*schema {
	var out []*schema
	var add func(s *schema, depth int)
	add = func(s *schema, depth int) {
		if depth > 8 {
			return
		}
		out = append(out, s)
		for _, key := range []string{"$ref", "allOf", "anyOf", "oneOf", "if", "then", "else", "dependentSchemas", "dependencies"} {
			switch v := s.get(key).(type) {
			case string:
				if x, err := o.doc.resolve(s, key, v); err == nil {
					add(x, depth+1)
				}
			case []any:
				for i, v := range v {
					if x, err := o.doc.sub(s, v, key, itoa(i)); err == nil {
						add(x, depth+1)
					}
				}
			case *object:
				if key != "dependentSchemas" && key != "dependencies" {
					if x, err := o.doc.sub(s, v, key); err == nil {
						add(x, depth+1)
					}
					continue
				}
				for _, k := range v.keys {
					if x, err := o.doc.sub(s, v.vals[k], key, k); err == nil {
						add(x, depth+1)
					}
				}
			}
		}
	}
	for _, s := range list {
		add(s, 0)
	}
	return out
}

// below returns the schemas for the property name or, if
// item is not negative, for the item with that index.
func (o *orderer) below(parts []*schema, name string, item int) (out []*schema) {
	for _, s := range parts {
		add := func(v any, path ...string) bool {
			if v == nil {
				return false
			}
			x, err := o.doc.sub(s, v, path...)
			if err == nil {
				out = append(out, x)
			}
			return err == nil
		}
		if item >= 0 {
			for _, key := range []string{"prefixItems", "items"} {
				if l, ok := s.get(key).([]any); ok && item < len(l) {
					add(l[item], key, itoa(item))
				} else if !ok {
					add(s.get(key), key)
				}
			}
			continue
		}
		if p, ok := s.get("properties").(*object); ok && add(p.vals[name], "properties", name) {
			continue
		}
		if p, ok := s.get("patternProperties").(*object); ok {
			for _, k := range p.keys {
				add(p.vals[k], "patternProperties", k)
			}
		}
		add(s.get("additionalProperties"), "additionalProperties")
	}
	return out
}

func (o *orderer) write(v any, schemas []*schema) string {
	parts := o.parts(schemas)
	switch v := v.(type) {
	case *object:
		rank := map[string]int{}
		add := func(k string) {
			if _, ok := rank[k]; !ok {
				rank[k] = len(rank)
			}
		}
		for _, s := range parts {
			if p, ok := s.get("properties").(*object); ok {
				for _, k := range p.keys {
					add(k)
				}
			}
			if list, err := s.strings("required"); err == nil {
				for _, k := range list {
					add(k)
				}
			}
		}
		for _, k := range v.keys {
			add(k)
		}
		keys := slices.Clone(v.keys)
		slices.SortStableFunc(keys, func(a, b string) int { return rank[a] - rank[b] })
		var list []string
		for _, k := range keys {
			list = append(list, quoted(k)+": "+o.write(v.vals[k], o.below(parts, k, -1)))
		}
		return "{" + strings.Join(list, ", ") + "}"
	case []any:
		var list []string
		for i, x := range v {
			list = append(list, o.write(x, o.below(parts, "", i)))
		}
		return "[" + strings.Join(list, ", ") + "]"
	case string:
		return quoted(v)
	case json.Number:
		return string(v)
	case bool:
		return map[bool]string{true: "true", false: "false"}[v]
	}
	return "null"
}

func quoted(s string) string {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	_ = e.Encode(s)
	return strings.TrimSpace(b.String())
}

// canonical returns an instance as text, with its keys in the schema's order.
func canonical(text, data []byte) (string, error) {
	value, err := decode(text)
	if err != nil {
		return "", err
	}
	doc, err := newDocument(value)
	if err != nil {
		return "", err
	}
	root, err := doc.add("", value, doc.bases[""])
	if err != nil {
		return "", err
	}
	v, err := decode(data)
	if err != nil {
		return "", err
	}
	return (&orderer{doc}).write(v, []*schema{root}), nil
}

type tally struct {
	groups, compiled                int
	validAccepted, validRefused     int
	invalidRefused, invalidAccepted int
	wrong, refused                  []string
}

func (n *tally) run(t *testing.T, name string, g suiteGroup) {
	n.groups++
	p, _, err := Compile(g.Schema, Options{})
	if err != nil {
		var r *Refused
		require.ErrorAs(t, err, &r, "%s: %s", name, g.Description)
		n.refused = append(n.refused, name+": "+g.Description+": "+err.Error())
		return
	}
	n.compiled++
	for _, tt := range g.Tests {
		text, err := canonical(g.Schema, tt.Data)
		require.NoError(t, err)
		ok := accepts(p, text)
		switch {
		case ok && tt.Valid:
			n.validAccepted++
		case ok:
			n.invalidAccepted++
			n.wrong = append(n.wrong, "INVALID ACCEPTED "+name+": "+g.Description+": "+tt.Description+": "+text)
		case tt.Valid:
			n.validRefused++
			n.wrong = append(n.wrong, "valid refused "+name+": "+g.Description+": "+tt.Description+": "+text)
		default:
			n.invalidRefused++
		}
	}
}

func TestSuite(t *testing.T) {
	var n tally
	files, err := filepath.Glob(filepath.Join(testshared.Path(t, "golden/json-schema/suite"), "*.json"))
	require.NoError(t, err)
	for _, f := range files {
		for _, g := range testshared.ReadJSON[[]suiteGroup](t, f) {
			n.run(t, filepath.Base(f), g)
		}
	}
	report(t, &n)
	require.Zero(t, n.invalidAccepted)
	require.Greater(t, n.compiled, 169, "llguidance 1.9.1 compiles 170 groups, and this package must not compile fewer")
}

// maskBench returns MaskBench's schemas and the names of their files.
func maskBench(tb testing.TB) (names []string, groups []suiteGroup) {
	files, err := filepath.Glob(filepath.Join(testshared.Path(tb, "golden/json-schema/maskbench"), "*.json"))
	require.NoError(tb, err)
	for _, f := range files {
		names, groups = append(names, filepath.Base(f)), append(groups, testshared.ReadJSON[suiteGroup](tb, f))
	}
	return names, groups
}

func TestMaskBench(t *testing.T) {
	if testing.Short() {
		t.Skip("takes seconds")
	}
	var n tally
	names, groups := maskBench(t)
	for i, g := range groups {
		n.run(t, names[i], g)
	}
	report(t, &n)
	require.Zero(t, n.invalidAccepted)
	require.Zero(t, n.validRefused)
	require.GreaterOrEqual(t, 100*n.compiled, 95*n.groups)
}

func report(t *testing.T, n *tally) {
	t.Logf("%d of %d groups compiled; valid: %d accepted, %d refused; invalid: %d refused, %d accepted",
		n.compiled, n.groups, n.validAccepted, n.validRefused, n.invalidRefused, n.invalidAccepted)
	for _, s := range append(n.wrong, n.refused...) {
		t.Logf("%.300s", s)
	}
}
