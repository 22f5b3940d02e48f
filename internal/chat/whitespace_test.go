package chat

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestWhiteSpace compares with what Jinja2 3.1.6 gives with trim_blocks and
// lstrip_blocks.
func TestWhiteSpace(t *testing.T) {
	for _, test := range []struct{ template, want string }{
		{"a {{ x }} b", "a X b"},
		{"a {{- x -}} b", "aXb"},
		{"a\n  {% if y %}\n  b\n  {% endif %}\nc", "a\n  b\nc"},
		{"  {% if y %}b{% endif %}\n\nc\n", "b\nc"},
		{"a \n {{ x }}{% if y %} b{% endif %}", "a \n X b"},
		{"a: {{ x }}{%- if y -%} b {%- endif -%} c", "a: Xbc"},
		{"a\n {{ x }}\n{% if y %}{% endif %}  b", "a\n X\n  b"},
		{"a {# no #} b\n {#- no -#}\n c", "a  bc"},
		{"a\n  {#+ no #}\nb", "a\n  b"},
		{"a\n  {%+ if y %}b{% endif +%}\nc", "a\n  b\nc"},
		{"{% if y %} {% if y %} b{% endif %}{% endif %}", "  b"},
		{"{ {%- if y %}{% endif %}}", "{}"},
		{"{\n{%- if y %} {{ {'a': {'b': '}}'}}['a']['b'] }}{% endif %}", "{ }}"},
		{"{{ \"%} -}}\" }}{% if '-%}' -%}\n b{% endif %}", "%} -}}b"},
		{"\t{% set z %} {{ x }} {% endset %}[{{ z }}]", "[ X ]"},
		{"a\r\n{% if y %}\r\nb\r\n{% endif %}\r\n", "a\nb\n"},
	} {
		got, err := renderHere(request{Source: strings.NewReplacer("x }}", "eos_token }}", "x -}}", "eos_token -}}", "if y", "if messages").Replace(test.template),
			EOS: "X", Messages: fixed})
		require.NoError(t, err, test.template)
		require.Equal(t, test.want, got, test.template)
	}
	// What is no template stays one that is none.
	for _, source := range []string{"{{ x", "{% if %}", "{% if x", "a {# b", "{{ 'x }}"} {
		_, err := renderHere(request{Source: source, Messages: fixed})
		require.Error(t, err, source)
	}
}

func crlf(text string) string { return strings.ReplaceAll(text, "\n", "\r\n") }
