package toolcall_test

import (
	"encoding/json"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"alpaca/internal/grammar"
	"alpaca/internal/testshared"
	"alpaca/internal/toolcall"
)

// rendered is a conversation as a published template writes it.
type rendered struct {
	ID, Template, Conversation, Want string
	Context                          struct {
		Messages []struct {
			Role    string
			Content any
			Calls   []struct {
				Function struct {
					Name      string
					Arguments json.RawMessage
				}
			} `json:"tool_calls"`
		}
		Tools []struct {
			Function struct {
				Name       string
				Parameters json.RawMessage
			}
		}
	}
}

// unread has the templates of families whose calls this package cannot read.
var unread = []string{
	"GigaChat3-10B-A1.8B.jinja", "GigaChat3.1-10B-A1.8B.jinja", "Kimi-K3.jinja", "MiniMax-M3.jinja", "tencent-Hy3.jinja", "upstage-Solar-Open-100B.jinja",
}

// TestPublishedTemplates renders calls with 60 published templates, and recognizes the family of
// each template. The family's parser must read the same calls from the rendered text, and the
// family's grammar for a required call must accept this text.
func TestPublishedTemplates(t *testing.T) {
	dir := testshared.Path(t, "golden")
	seen := map[string]bool{}
	for _, r := range testshared.ReadLines[rendered](t, dir+"/templates.jsonl") {
		if !strings.HasPrefix(r.Conversation, "tool-call") || !strings.HasSuffix(r.ID, "/nogen") && !strings.HasSuffix(r.ID, "/gen") || r.Want == "" {
			continue
		}
		text, err := os.ReadFile(dir + "/templates/" + r.Template)
		require.NoError(t, err)
		if slices.Contains(unread, r.Template) || seen[r.Template+r.Conversation] {
			continue
		}
		if checkRendered(t, &r, toolcall.Recognize(string(text))) {
			seen[r.Template+r.Conversation] = true
		}
	}
	require.Greater(t, len(seen), 60)
}

// answer returns what follows the user's first message.
func (r *rendered) answer(t *testing.T) string {
	for _, m := range r.Context.Messages {
		text, ok := m.Content.(string)
		if i := strings.Index(r.Want, text); ok && m.Role == "user" && i >= 0 {
			return r.Want[i+len(text):]
		}
	}
	t.Fatal(r.ID)
	return ""
}

// checkRendered checks one rendering. It returns false if the template leaves the calls out.
func checkRendered(t *testing.T, r *rendered, f *toolcall.Family) bool {
	var tools []toolcall.Tool
	for _, tool := range r.Context.Tools {
		tools = append(tools, toolcall.Tool{Name: tool.Function.Name, Parameters: tool.Function.Parameters})
	}
	text := r.answer(t)
	if f.Name == "Llama 3" { // with this family, the call is the whole answer
		_, text, _ = strings.Cut(text, "<|end_header_id|>")
	}
	var names, want []string
	for _, m := range r.Context.Messages {
		for _, c := range m.Calls {
			if !strings.Contains(text, c.Function.Name) {
				return false
			}
			if c.Function.Arguments[0] == '"' && f.Name == "gpt-oss" {
				return false // transformers gives this template only objects as arguments
			}
			args := string(c.Function.Arguments)
			if args[0] == '"' {
				require.NoError(t, json.Unmarshal([]byte(args), &args))
			}
			names, want = append(names, c.Function.Name), append(want, args)
		}
	}
	check := func(text string) {
		gotNames, got := parsed(f, tools, text)
		assert.Equal(t, names, gotNames, "%s: %s: %q", r.ID, f.Name, text)
		for i := range min(len(want), len(got)) {
			assert.JSONEq(t, want[i], got[i], "%s: %s: %q", r.ID, f.Name, text)
		}
	}
	check(text)
	if r.Conversation != "tool-call" {
		return true
	}
	form, err := (&toolcall.Plan{Family: f, Tools: tools, Required: true, Parallel: true, Control: func(string) (int32, bool) { return 0, false }}).Compile()
	require.NoError(t, err)
	call, ok := accepted(form.Whole, text)
	if assert.True(t, ok, "%s: the grammar of %s: %q", r.ID, f.Name, text) {
		check(call)
	}
	return true
}

// parsed returns the calls in a text.
func parsed(f *toolcall.Family, tools []toolcall.Tool, text string) (names, args []string) {
	p := f.Parser(tools)
	for _, d := range append(p.Push(text), p.End()...) {
		switch d.Kind {
		case toolcall.Call:
			names, args = append(names, d.Name), append(args, "")
		case toolcall.Arguments:
			args[d.Index] += d.Text
		}
	}
	return names, args
}

// accepted returns the part of a text that a program accepts. It takes the first place where the
// program accepts something, and the longest text there.
func accepted(p *grammar.Program, text string) (part string, ok bool) {
	for i := range len(text) {
		m := p.NewMatcher(nil)
		n, _ := m.AcceptBytes([]byte(text[i:]))
		for ; n > 0; n-- {
			m := p.NewMatcher(nil)
			if _, fits := m.AcceptBytes([]byte(text[i : i+n])); fits && m.Complete() {
				return text[i : i+n], true
			}
		}
	}
	return "", false
}
