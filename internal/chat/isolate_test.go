package chat

import (
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// self is the command that renders templates in tests.
func self(t testing.TB) []string {
	t.Helper()
	exe, err := os.Executable()
	require.NoError(t, err)
	if err := exec.Command(exe, "-test.run=^$").Run(); err != nil && strings.Contains(err.Error(), "exec format error") {
		t.Skip("programs of this architecture cannot be started here")
	}
	return []string{exe, templateArg}
}

// TestHostileTemplates checks that no template hangs or exhausts anything.
func TestHostileTemplates(t *testing.T) {
	command := self(t)
	tok := vocab(t, true)
	loops := func(n int, body string) string {
		return strings.Repeat("{% for i in range(100000) %}", n) + body + strings.Repeat("{% endfor %}", n)
	}
	for name, template := range map[string]string{
		"endless loop":     loops(4, ""),
		"huge range":       "{% for i in range(10000000000) %}{% endfor %}",
		"endless output":   loops(3, "{{ messages }}"),
		"doubling":         "{% set ns = namespace(s='xxxxxxxx') %}" + loops(1, "{% set ns.s = ns.s ~ ns.s %}"),
		"doubling a list":  "{% set ns = namespace(s=[1]) %}" + loops(1, "{% set ns.s = ns.s + ns.s %}"),
		"repetition":       "{{ 'x' * 100000000000 }}",
		"recursion":        "{% macro f(n) %}{{ f(n + 1) }}{% endmacro %}{{ f(0) }}",
		"nested brackets":  "{{ " + strings.Repeat("(", 30000) + "1" + strings.Repeat(")", 30000) + " }}",
		"nested ifs":       strings.Repeat("{% if 1 %}", 6000),
		"padding":          "{{ 'x' | indent(100000000000) }}",
		"too long":         strings.Repeat("x", maxSource+1),
		"an error":         "{{ raise_exception('no') }}",
		"a long error":     "{{ raise_exception('\\n\\x1b[2J' ~ 'no' * 1000) }}",
		"no template":      "{% for %}",
		"an unknown thing": "{{ messages | nonsense }}",
		"nothing":          "",
		"deaf":             "{{ bos_token }}Hello!",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			start := time.Now()
			_, err := FromModel(template, tok, command)
			require.ErrorContains(t, err, "chat: ")
			require.Less(t, time.Since(start), 3*maxTime) // it is tried with a system message and without
			require.Less(t, len(err.Error()), 500)
			require.NotContains(t, err.Error(), "\n")
			require.NotContains(t, err.Error(), "\x1b")
		})
	}
}

// TestRepeatingTemplate checks that a template cannot make much text of a long message.
func TestRepeatingTemplate(t *testing.T) {
	command := self(t)
	tmpl, err := FromModel("{% for i in range(10000) %}{{ messages[-1].content }}{% endfor %}", vocab(t, true), command)
	require.NoError(t, err)
	_, err = tmpl.Text([]Message{{Role: User, Content: strings.Repeat("x", 2000)}})
	require.ErrorContains(t, err, "chat: the template repeats what was said too often")
	_, err = tmpl.Text([]Message{{Role: User, Content: "x"}})
	require.NoError(t, err)
}
