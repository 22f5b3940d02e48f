package jinja

import (
	"context"
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"alpaca/internal/jinja/value"
	"alpaca/internal/testshared"
)

// TestValues compares renderings with those of jinja2 3.1.6, set up as in transformers 5.24. The
// templates have random filters, tests, operators, methods, formats, scopes, white space and broken
// syntax. The first line of the file has the variables of all lines without a context.
func TestValues(t *testing.T) {
	type line struct {
		Template, Want, Error string
		Context               json.RawMessage
	}
	lines := testshared.ReadLines[line](t, "testdata/values.jsonl")
	common := lines[0]
	now := func() time.Time { return time.Date(2026, 11, 30, 20, 5, 9, 0, time.UTC) }
	n := 0
	for _, r := range lines[1:] {
		if r.Context == nil {
			r.Context = common.Context
		}
		got := ""
		tmpl, err := Compile(r.Template)
		if err == nil {
			vars, jsonErr := value.FromJSON(r.Context, content)
			require.NoError(t, jsonErr)
			text, renderErr := tmpl.Render(context.Background(), vars.(*value.Dict), Options{Now: now})
			got, err = text.String(), renderErr
		}
		n++
		if r.Error != "" {
			require.Error(t, err, "%s: jinja2 has %s, got %q", r.Template, r.Error, got)
			continue
		}
		require.NoError(t, err, r.Template)
		require.Equal(t, r.Want, got, r.Template)
	}
	require.Greater(t, n, 1000)
}
