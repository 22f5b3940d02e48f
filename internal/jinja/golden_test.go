package jinja

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"alpaca/internal/jinja/text"
	"alpaca/internal/jinja/value"
	"alpaca/internal/testshared"
)

// record is a line of ../shared/golden/jinja.jsonl or templates.jsonl.
type record struct {
	ID       string          `json:"id"`
	Cat      string          `json:"cat"`
	Template string          `json:"template"`
	Context  json.RawMessage `json:"context"`
	Now      string          `json:"now"`
	Want     string          `json:"want"`
	Error    bool            `json:"error"`
	Kind     string          `json:"kind"`
	Continue bool            `json:"continue"`
}

// content is the origin of all data in these tests.
const content text.Origin = 1

func golden(t testing.TB, name string) []record {
	t.Helper()
	return testshared.ReadLines[record](t, testshared.Path(t, "golden/"+name))
}

// vars returns the variables of a record.
func (r *record) vars(t testing.TB) *value.Dict {
	t.Helper()
	v, err := value.FromJSON(r.Context, content)
	require.NoError(t, err, r.ID)
	return v.(*value.Dict)
}

func (r *record) options(t testing.TB) Options {
	t.Helper()
	if r.Now == "" {
		return Options{}
	}
	now, err := time.Parse("2006-01-02T15:04:05.999999", r.Now)
	require.NoError(t, err)
	return Options{Now: func() time.Time { return now }}
}

// render renders the record with a template.
func (r *record) render(t testing.TB, tmpl *Template) (text.Text, error) {
	t.Helper()
	vars := r.vars(t)
	if r.Continue {
		return tmpl.Continue(context.Background(), vars, r.options(t))
	}
	return tmpl.Render(context.Background(), vars, r.options(t))
}

// differences returns the records of jinja.jsonl that this package renders differently;
// differences.md has the reasons.
func differences(t testing.TB) map[string]bool {
	t.Helper()
	data, err := os.ReadFile("differences.md")
	require.NoError(t, err)
	list := map[string]bool{}
	for line := range strings.Lines(string(data)) {
		if id, ok := strings.CutPrefix(line, "- `"); ok {
			id, _, _ = strings.Cut(id, "`")
			list[id] = true
		}
	}
	return list
}

// TestRecords compares renderings with texts that jinja2 rendered.
func TestRecords(t *testing.T) {
	list := golden(t, "jinja.jsonl")
	known := differences(t)
	require.LessOrEqual(t, 100*len(known), len(list), "too many differences")
	for _, r := range list {
		var got text.Text
		tmpl, err := Compile(r.Template)
		if err == nil {
			got, err = r.render(t, tmpl)
		}
		same := err == nil && !r.Error && got.String() == r.Want || err != nil && r.Error
		switch {
		case known[r.ID] && same:
			t.Errorf("%s: %s is rendered as by jinja2, although it is listed as a difference", r.ID, r.Template)
		case !known[r.ID] && !same:
			t.Errorf("%s: %q, context %.200s: got %q, error %v; want %q, error %s", r.ID, r.Template, r.Context, got.String(), err, r.Want, r.Kind)
		}
	}
}

// published compiles a template of ../shared/golden/templates.
func published(t testing.TB, name string) *Template {
	t.Helper()
	data, err := os.ReadFile(testshared.Path(t, filepath.Join("golden", "templates", name)))
	require.NoError(t, err)
	tmpl, err := Compile(string(data))
	require.NoError(t, err)
	return tmpl
}

// TestTemplates compares renderings of published templates. Here, a template may change a list or a
// dictionary even if the sandbox of jinja2 refuses the change.
func TestTemplates(t *testing.T) {
	compiled := map[string]*Template{}
	for _, r := range golden(t, "templates.jsonl") {
		tmpl, ok := compiled[r.Template]
		if !ok {
			tmpl = published(t, r.Template)
			compiled[r.Template] = tmpl
		}
		got, err := r.render(t, tmpl)
		switch {
		case r.Error && (err != nil || r.Kind == "SecurityError"):
		case !r.Error && err == nil && got.String() == r.Want:
		default:
			t.Errorf("%s: got %q, error %v; want %q, error %s", r.ID, got.String(), err, r.Want, r.Kind)
		}
	}
}

// BenchmarkLlama31 renders Llama 3.1's template with six turns.
func BenchmarkLlama31(b *testing.B) {
	tmpl := published(b, "meta-llama-Llama-3.1-8B-Instruct.jinja")
	messages := &value.List{}
	for i := range 6 {
		m := value.NewDict()
		m.Put("role", value.Str([]string{"user", "assistant"}[i%2]))
		m.Put("content", text.From("What is the answer to all questions, and why is it that?", content))
		messages.Items = append(messages.Items, m)
	}
	vars := value.NewDict()
	vars.Put("messages", messages)
	vars.Put("bos_token", value.Str("<|begin_of_text|>"))
	vars.Put("add_generation_prompt", true)
	for b.Loop() {
		_, err := tmpl.Render(context.Background(), vars, Options{})
		require.NoError(b, err)
	}
}
