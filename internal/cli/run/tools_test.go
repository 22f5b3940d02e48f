package run_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"alpaca/internal/cli/clitest"
	"alpaca/internal/testmodel"
)

const toolList = `[{"type": "function", "function": {"name": "weather", "description": "d", "parameters": {"type": "object", "properties": {"city": {"type": "string", "maxLength": 4}, "days": {"type": "integer", "minimum": 1, "maximum": 9}}, "required": ["city", "days"]}}}, {"function": {"name": "ping"}}]`

// hermesTemplate is a short chat template like those of Hermes and Qwen.
const hermesTemplate = `{% for t in tools or [] %}{{ t.function.name }} {% endfor %}{% for m in messages %}{{ m.role }}: {{ m.content or "" }}
{%- for c in m.tool_calls or [] %}<tool_call>{{ {"name": c.function.name, "arguments": c.function.arguments} | tojson }}</tool_call>{% endfor %}{{ "\n" }}{% endfor %}{% if add_generation_prompt %}assistant: {% endif %}`

// TestTools checks that the model calls a tool, with a template that describes tools and with
// one that does not. The call is JSON on stdout.
func TestTools(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) string {
		path := filepath.Join(dir, name)
		require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
		return path
	}
	model, tools := testmodel.SPM(1).Write(t), write("tools.json", toolList)
	base := []string{"run", "-m", model, "--tools", tools, "-p", "Tell me", "-n", "300", "-c", "2048", "--seed", "7", "-q"}
	for _, template := range [][]string{{"--chat-template", "chatml"}, {"--chat-template-file", write("hermes.jinja", hermesTemplate)}} {
		args := append(append([]string{}, base...), template...)
		text := clitest.Succeed(t, append(args, "--tool-choice", "weather")...)
		var call struct {
			Name      string
			Arguments struct {
				City *string
				Days int
			}
		}
		require.NoError(t, json.Unmarshal([]byte(text), &call), text)
		require.Equal(t, "weather", call.Name)
		require.NotNil(t, call.Arguments.City)
		require.True(t, call.Arguments.Days >= 1 && call.Arguments.Days <= 9)

		lines := strings.Split(strings.TrimSpace(clitest.Succeed(t, append(args, "--tool-choice", "required", "-o", "json")...)), "\n")
		var last struct {
			Done  bool
			Calls []struct {
				ID       string
				Function struct{ Name, Arguments string }
			} `json:"tool_calls"`
		}
		require.NoError(t, json.Unmarshal([]byte(lines[len(lines)-1]), &last))
		require.True(t, last.Done)
		require.Len(t, last.Calls, 1)
		require.True(t, json.Valid([]byte(last.Calls[0].Function.Arguments)))
	}
	for _, tt := range []struct {
		args []string
		want string
	}{
		{[]string{"--tool-choice", "other"}, "tool_choice.function.name"},
		{[]string{"--json-schema", "{}"}, "--tools cannot be used with a grammar"},
		{[]string{"--chat-template", "none"}, "no chat template"},
	} {
		out := clitest.Run(t, "", append(append([]string{}, base...), tt.args...)...)
		require.Equal(t, 2, out.Status, out.Stderr)
		require.Contains(t, out.Stderr, tt.want)
	}
}
