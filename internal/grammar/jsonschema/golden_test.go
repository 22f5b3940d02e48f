package jsonschema

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"alpaca/internal/grammar"
	"alpaca/internal/testshared"
)

// group is a schema with instances, of the suite or of MaskBench.
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

// inOrder writes a value with the keys of objects in the order in which the schema has
// them anywhere, and the others behind.
func inOrder(v any, order map[string]int) string {
	switch v := v.(type) {
	case *object:
		var b strings.Builder
		keys := append([]string(nil), v.keys...)
		rank := func(k string) int {
			if r, ok := order[k]; ok {
				return r
			}
			return 1 << 30
		}
		for i := range keys {
			for j := i; j > 0 && rank(keys[j]) < rank(keys[j-1]); j-- {
				keys[j], keys[j-1] = keys[j-1], keys[j]
			}
		}
		b.WriteByte('{')
		for i, k := range keys {
			if i > 0 {
				b.WriteString(", ")
			}
			b.WriteString(quoted(k) + ": " + inOrder(v.vals[k], order))
		}
		b.WriteByte('}')
		return b.String()
	case []any:
		var parts []string
		for _, x := range v {
			parts = append(parts, inOrder(x, order))
		}
		return "[" + strings.Join(parts, ", ") + "]"
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

// keyOrder lists the names of properties in the order of the text.
func keyOrder(v any, order map[string]int) {
	switch v := v.(type) {
	case []any:
		for _, x := range v {
			keyOrder(x, order)
		}
	case *object:
		if p, ok := v.vals["properties"].(*object); ok {
			for _, k := range p.keys {
				if _, known := order[k]; !known {
					order[k] = len(order)
				}
			}
		}
		for _, k := range v.keys {
			keyOrder(v.vals[k], order)
		}
	}
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
	schema, err := decode(g.Schema)
	require.NoError(t, err)
	order := map[string]int{}
	keyOrder(schema, order)
	for _, tt := range g.Tests {
		v, err := decode(tt.Data)
		require.NoError(t, err)
		text := inOrder(v, order)
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
		data, err := os.ReadFile(f)
		require.NoError(t, err)
		var groups []suiteGroup
		require.NoError(t, json.Unmarshal(data, &groups))
		for _, g := range groups {
			n.run(t, filepath.Base(f), g)
		}
	}
	report(t, &n)
	require.Zero(t, n.invalidAccepted)
	require.Greater(t, n.compiled, 169, "llguidance 1.9.1 compiles as many")
}

func TestMaskBench(t *testing.T) {
	var n tally
	files, err := filepath.Glob(filepath.Join(testshared.Path(t, "golden/json-schema/maskbench"), "*.json"))
	require.NoError(t, err)
	for _, f := range files {
		data, err := os.ReadFile(f)
		require.NoError(t, err)
		var g suiteGroup
		require.NoError(t, json.Unmarshal(data, &g))
		n.run(t, filepath.Base(f), g)
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
