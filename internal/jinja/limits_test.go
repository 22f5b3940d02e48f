package jinja

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"alpaca/internal/jinja/value"
)

// small are limits that a test reaches quickly.
var small = value.Limits{Steps: 100_000, Bytes: 1 << 20, Output: 1 << 16, Depth: 50}

// TestLimits checks that a template which never ends, or takes too much memory, is stopped.
func TestLimits(t *testing.T) {
	loops := func(n int, body string) string {
		return strings.Repeat("{% for i in range(100000) %}", n) + body + strings.Repeat("{% endfor %}", n)
	}
	for name, source := range map[string]string{
		"endless loop":                    loops(4, ""),
		"endless output":                  loops(3, "{{ s }}"),
		"long output":                     loops(1, "xxxxxxxxxx"),
		"doubling":                        "{% set ns = namespace(s='xxxxxxxx') %}" + loops(1, "{% set ns.s = ns.s ~ ns.s %}"),
		"doubling by +":                   "{% set ns = namespace(s='xxxxxxxx') %}" + loops(1, "{% set ns.s = ns.s + ns.s %}"),
		"doubling by format":              "{% set ns = namespace(s='xxxxxxxx') %}" + loops(1, "{% set ns.s = '%s%s' % (ns.s, ns.s) %}"),
		"doubling by join":                "{% set ns = namespace(s='xxxxxxxx') %}" + loops(1, "{% set ns.s = [ns.s, ns.s]|join %}"),
		"doubling by blocks":              "{% set ns = namespace(s='xxxxxxxx') %}" + loops(1, "{% set x %}{{ ns.s }}{{ ns.s }}{% endset %}{% set ns.s = x %}"),
		"doubling a list":                 "{% set ns = namespace(s=[1]) %}" + loops(1, "{% set ns.s = ns.s + ns.s %}"),
		"doubling a number":               "{% set ns = namespace(s=3) %}" + loops(1, "{% set ns.s = ns.s * ns.s %}"),
		"growing a list":                  "{% set l = [] %}" + loops(2, "{% set _ = l.append(l) %}"),
		"a list in itself":                "{% set l = [] %}{% set _ = l.append(l) %}{{ l }}",
		"JSON of a list in itself":        "{% set l = [] %}{% set _ = l.append(l) %}{{ l|tojson }}",
		"equality of lists in themselves": "{% set l = [] %}{% set _ = l.append(l) %}{% set m = [] %}{% set _ = m.append(m) %}{{ l == m }}",
		"order of lists in themselves":    "{% set l = [] %}{% set _ = l.append(l) %}{% set m = [] %}{% set _ = m.append(m) %}{{ l < m }}",
		"pprint of a list in itself":      "{% set l = [] %}{% set _ = l.append(l) %}{{ l|pprint }}",
		"repetition":                      "{{ 'x' * 100000000000 }}",
		"repetition of many":              "{{ ('x' ~ s) * 60000 }}",
		"repeated list":                   "{{ [0] * 100000000000 }}",
		"power":                           "{{ 10 ** (10 ** 10) }}",
		"digits":                          "{{ 2 ** 100000 }}",
		"recursion":                       "{% macro f(n) %}{{ f(n + 1) }}{% endmacro %}{{ f(0) }}",
		"recursive loop":                  "{% set l = [] %}{% set _ = l.append(l) %}{% for x in l recursive %}{{ loop(x) }}{% endfor %}",
		"recursive block":                 "{% block b %}{{ self.b() }}{% endblock %}",
		"padding":                         "{{ 'x' | indent(100000000000) }}",
		"padding by center":               "{{ 'x'.center(100000000000) }}",
		"padding by zfill":                "{{ 'x'.zfill(100000000000) }}",
		"padding by format":               "{{ '{:100000000}'.format(1) }}",
		"padding by commas":               "{{ '{:0100000000,}'.format(1) }}",
		"padding by %":                    "{{ '%100000000d' % 1 }}",
		"digits by %":                     "{{ '%.100000000f' % 1 }}",
		"tabs":                            "{{ '\\t\\t'.expandtabs(100000000000) }}",
		"JSON's indent":                   "{{ [[1]]|tojson(indent=100000000000) }}",
		"batch":                           "{{ [1]|batch(100000000000, 1)|list }}",
		"slices":                          "{{ [1]|slice(100000000000)|list }}",
		"replace":                         "{{ ('x' * 60000)|replace('x', 'x' * 60000) }}",
		"replace nothing":                 "{{ ('x' * 60000).replace('', 'x' * 60000) }}",
		"join of one text":                "{{ (['x' * 60000] * 60000)|join }}",
		"join":                            "{{ range(60000)|join('x' * 60000) }}",
		"long comparisons":                "{% set x = 'x' * 500000 %}{% set y = x ~ '' %}" + loops(1, "{{ '' if x == y }}"),
		"long searches":                   "{% set x = 'x' * 500000 %}" + loops(1, "{{ '' if 'y' in x }}"),
		"long lengths":                    "{% set x = 'x' * 500000 %}" + loops(1, "{{ '' if x|length == 0 }}"),
		"stripping":                       "{% set x = 'ab' * 200000 %}" + loops(1, "{{ '' if x.strip('ab') == 1 }}"),
		"long keys":                       "{% set x = 'x' * 500000 %}" + loops(1, "{% set d = {x: 1} %}"),
		"long keys of views":              "{% set x = 'x' * 500000 %}{% set d = {x: 1} %}" + loops(1, "{{ '' if x not in d.keys() }}"),
		"getting long keys":               "{% set x = 'x' * 500000 %}{% set d = {x: 1} %}" + loops(1, "{{ '' if d.get(x) == 2 }}"),
		"long prefixes":                   "{% set x = 'x' * 400000 %}{% set y = x ~ '' %}" + loops(1, "{{ '' if y.removeprefix(x) == 1 }}"),
		"many prefixes":                   "{% set x = 'x' * 400000 %}{% set y = ((x ~ '') * 2, x, x, x, x) %}" + loops(1, "{{ '' if x.startswith(y[0]) }}"),
		"shared tuples":                   "{% set ns = namespace(t=(1, 1)) %}{% for i in range(40) %}{% set ns.t = (ns.t, ns.t) %}{% endfor %}{{ {ns.t: 1}|length }}",
		"shared tuples get":               "{% set ns = namespace(t=(1, 1)) %}{% for i in range(40) %}{% set ns.t = (ns.t, ns.t) %}{% endfor %}{{ {}[ns.t] }}",
		"shared tuples in":                "{% set ns = namespace(t=(1, 1)) %}{% for i in range(40) %}{% set ns.t = (ns.t, ns.t) %}{% endfor %}{{ ns.t in {'a': 1}.keys() }}",
		"long numbers":                    "{% set x = 3 ** 100000 %}{% set y = x + 0 %}" + loops(1, "{{ '' if x != y }}"),
		"numbers as keys":                 "{% set x = 3 ** 100000 %}" + loops(1, "{% set d = {x: 1} %}"),
		"popping":                         "{% set l = range(50000)|list %}" + loops(1, "{% set _ = l.pop(0) %}{% set _ = l.append(1) %}"),
		"differences":                     "{% set d = dict.fromkeys(range(1000)) if false else {'a': 1}.fromkeys(range(1000)) %}" + loops(1, "{% set _ = d.keys() - [] %}"),
		"comparing views":                 "{% set d = {'a': 1}.fromkeys(range(1000)) %}" + loops(1, "{% set _ = d.keys() <= d.keys() %}"),
		"all characters":                  "{{ ('x' * 500000)|list|length }}",
		"all lines":                       "{{ ('\\n' * 500000).splitlines()|length }}",
		"long dates":                      "{{ strftime_now('%c' * 100000) }}",
		"wide dates":                      "{{ strftime_now('%999999999d') }}",
	} {
		tmpl, err := Compile(source)
		require.NoError(t, err, name)
		vars, err := value.FromJSON([]byte(`{"s": "y"}`), content)
		require.NoError(t, err)
		_, err = tmpl.Render(context.Background(), vars.(*value.Dict), Options{Limits: small})
		require.Error(t, err, name)
	}
	for name, source := range map[string]string{
		"nested brackets": "{{ " + strings.Repeat("(", 30000) + "1" + strings.Repeat(")", 30000) + " }}",
		"nested lists":    "{{ " + strings.Repeat("[", 30000),
		"nested ifs":      strings.Repeat("{% if 1 %}", 6000),
		"many nots":       "{{ " + strings.Repeat("not ", 30000) + "1 }}",
		"many signs":      "{{ " + strings.Repeat("-", 30000) + "1 }}",
		"a long sum":      "{{ 1" + strings.Repeat("+1", 30000) + " }}",
		"many attributes": "{{ x" + strings.Repeat(".x", 30000) + " }}",
		"many filters":    "{{ x" + strings.Repeat("|e", 30000) + " }}",
		"many ifs":        "{{ 1" + strings.Repeat(" if 1 else 1", 30000) + " }}",
		"a long number":   "{{ " + strings.Repeat("9", 5000) + " }}",
		"too long":        strings.Repeat("x", MaxSource+1),
	} {
		_, err := Compile(source)
		require.Error(t, err, name)
	}
}

// TestContext checks that a rendering ends when its context is cancelled.
func TestContext(t *testing.T) {
	tmpl, err := Compile("{% for i in range(100000) %}{{ i }}{% endfor %}")
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	_, err = tmpl.Render(ctx, value.NewDict(), Options{})
	require.ErrorIs(t, err, context.Canceled)
}

// TestErrors checks that errors have the line and the column of their cause.
func TestErrors(t *testing.T) {
	for source, want := range map[string]string{
		"a\n{{ x.y.z }}":                    "line 2, column 7: 'str object' has no attribute 'y'",
		"a\n  {{ 'é' + 1 }}":                "line 2, column 6: unsupported operand",
		"{% if x %}":                        "line 1, column 11: the template ends, expected elif or else or endif",
		"{% for a in b %}{% endif %}":       `line 1, column 20: unknown tag "endif", expected endfor or else`,
		"{{ x|nonsense }}":                  `line 1, column 6: no filter named "nonsense"`,
		"\r\n{{ x }":                        "line 2, column 6: unexpected \"}\"",
		"{{ raise_exception('no\n' ~ x) }}": "line 1, column 19: no text",
		"{% macro m() %}{{ x + 1 }}{% endmacro %}\n{{ m() }}": "line 1, column 19: ",
		"{{ 'abc }}":        "line 1, column 4: a string without an end",
		"{% include 'x' %}": "line 1, column 4: include: a chat template has no other templates",
	} {
		tmpl, err := Compile(source)
		if err == nil {
			vars, _ := value.FromJSON([]byte(`{"x": "text"}`), content)
			_, err = tmpl.Render(context.Background(), vars.(*value.Dict), Options{})
		}
		require.ErrorContains(t, err, want, source)
		var e *Error
		require.True(t, errors.As(err, &e))
		require.NotEmpty(t, e.Kind)
	}
}
