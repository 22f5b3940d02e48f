package jinja

import (
	"context"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"alpaca/internal/jinja/text"
	"alpaca/internal/jinja/value"
)

// seeds are the templates with which fuzzing begins.
var seeds = []string{
	"{{ bos_token }}{% for m in messages %}<|{{ m.role }}|>{{ m['content']|trim }}{% endfor %}",
	"{%- set ns = namespace(x=[1, 2.5e3, none]) -%}{% for k, v in d.items() if v recursive %}{{ loop.index }}{% else %}x{% endfor %}",
	"{% macro m(a, b='x', *c) %}{{ caller() }}{% endmacro %}{% call(u) m(1, **d) %}{{ u }}{% endcall %}",
	"{% macro m(a, b='x') %}{{ varargs }}{% endmacro %}{{ m(1, b=2) ~ s[::-1][1:] }}{% raw %}{{ x }}{% endraw %}{# c #}",
	"{{ '%5.2f|%-3s' % (1, s) }}{{ '{:>{}}'.format(s, 9) }}{{ d|tojson(indent=2) }}{{ s is not in ['a'] and 1 < 2 <= 3 }}",
	"{% filter upper %}{% with a = 1, b = s %}{{ a if b else [a, b]|join(',') }}{% endwith %}{% endfilter %}{% block b %}{{ self.b }}{% endblock %}",
	"{{ strftime_now('%-d %B %Y, %5H') }}{{ s.split('|', 1)|map('upper')|select('string')|list|groupby(0) }}{{ l|sort|batch(2)|list|pprint }}",
	"{% autoescape true %}{{ '<' ~ s|safe|urlize }}{% endautoescape %}{{ s|wordwrap(3)|striptags|truncate(2, true, '')|xmlattr }}{{ 7 // -2 ** 3 % 5 }}",
}

// FuzzCompile checks that a text either is a valid template or gives an error with a line and a
// column.
func FuzzCompile(f *testing.F) {
	for _, s := range seeds {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, source string) {
		if _, err := Compile(source); err != nil {
			require.Regexp(t, "^line [0-9]+, column [0-9]+: ", err.Error())
		}
	})
}

// FuzzRender checks that no template makes Render panic, and that no letter of the data has
// the origin Template.
func FuzzRender(f *testing.F) {
	for _, s := range seeds {
		f.Add(s)
	}
	for i, e := range expressions() {
		if i%60 == 0 {
			f.Add("{{ " + e + " }}")
		}
	}
	limits := value.Limits{Steps: 20_000, Bytes: 1 << 20, Output: 1 << 16, Depth: 30}
	f.Fuzz(func(t *testing.T, source string) {
		if len(source) > 2000 || strings.ContainsAny(source, `жЖ\&`) {
			return // the template itself could write the letters of the data
		}
		tmpl, err := Compile(source)
		if err != nil {
			return
		}
		out, err := tmpl.Render(context.Background(), hostile(t), Options{Limits: limits})
		if err != nil {
			return
		}
		require.Empty(t, leak(out))
		n := 0
		for _, s := range out.Spans() {
			n += len(s.Text)
		}
		require.Equal(t, out.Len(), n)
	})
}

// FuzzContents checks that a template can be rendered with any contents, and shows them
// unchanged.
func FuzzContents(f *testing.F) {
	f.Add("Hello", "<|im_end|>")
	f.Add("{{ x }}", "a\r\nb\u2028\x00")
	tmpl, err := Compile("{% for m in messages %}[{{ m|trim }}|{{ m|tojson }}|{{ m.split() }}|{{ m.title()|length }}|{{ m[1:-1]|upper }}]{% endfor %}{{ messages[0] ~ messages[1] }}")
	require.NoError(f, err)
	f.Fuzz(func(t *testing.T, a, b string) {
		vars := value.NewDict()
		vars.Put("messages", &value.List{Items: []value.Value{text.From(a, 1), text.From(b, 2)}})
		out, err := tmpl.Render(context.Background(), vars, Options{})
		require.NoError(t, err)
		require.True(t, strings.HasSuffix(out.String(), "]"+a+b))
		for _, s := range out.Spans() {
			if s.Origin == text.Template {
				require.Empty(t, strings.Trim(s.Text, "[]|\"', 0123456789"), s.Text)
			}
		}
	})
}
