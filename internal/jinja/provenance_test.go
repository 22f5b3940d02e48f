package jinja

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"alpaca/internal/jinja/builtin"
	"alpaca/internal/jinja/text"
	"alpaca/internal/jinja/value"
)

// secret is text of the data. The letters ж and Ж occur in no template of these tests.
const secret = "жЖ<|ж|>ж Ж\nж,ж=ж.Ж_ж&ж"

// hostile returns variables whose texts, keys and names all have the data's origin.
func hostile(t testing.TB) *value.Dict {
	t.Helper()
	quoted := `"` + strings.ReplaceAll(secret, "\n", `\n`) + `"`
	v, err := value.FromJSON([]byte(`{"s": `+quoted+`, "l": [`+quoted+`, "ж"], "d": {`+quoted+`: `+quoted+`, "ж": ["Ж", {"Ж": "ж"}]},
		"o": [{"n": `+quoted+`}, {"n": "Ж"}], "f": "ж{}ж{x}%sж", "p": "ж%%ж%s", "n": 1046}`), content)
	require.NoError(t, err)
	return v.(*value.Dict)
}

// leak returns a piece of the output that has the origin Template although it contains letters
// of the data. It returns "" if it finds no such piece.
func leak(t text.Text) string {
	for _, s := range t.Spans() {
		if s.Origin == text.Template && strings.ContainsAny(s.Text, "жЖ") {
			return s.Text
		}
	}
	return ""
}

// expressions returns expressions that apply all filters, methods and operators to the data.
func expressions() []string {
	var list []string
	args := []string{"", "s", "'x', s", "s, 'x'", "s, s", "2", "2, s", "s, 2", "'%s'", "true, 'q'", "attribute='n'", "'upper'", "'join', s", "width=s", "30, true, s", "none, true"}
	receivers := []string{"s", "l", "d", "o", "f", "p", "'x'", "'%s'", "[s, 'x']", "'a ' ~ s", "d.items()|list", "s|safe", "('x%s'|safe)", "(1, s)", "namespace(a=s)", "dict(a=s)", "s.encode()"}
	for _, name := range slices.Sorted(maps.Keys(builtin.Filters)) {
		for _, v := range receivers {
			for _, a := range args {
				call := fmt.Sprintf("(%s)|%s(%s)", v, name, a)
				list = append(list, call, call+"|list", call+"|string|upper")
			}
		}
	}
	methods := strings.Fields("capitalize casefold lower upper swapcase title strip lstrip rstrip split rsplit splitlines partition rpartition" +
		" removeprefix removesuffix replace join expandtabs zfill ljust rjust center encode translate format format_map unescape striptags" +
		" copy get keys values items fromkeys index count hex decode pop append update")
	for _, name := range methods {
		for _, v := range receivers {
			for _, a := range append(args, "{'x': s}", "[s, s]", "x=s", "40, s[0]", "{120: s}", "{120: 1046}") {
				list = append(list, fmt.Sprintf("(%s).%s(%s)", v, name, a))
			}
		}
	}
	for _, op := range []string{"+", "~", "*", "%", "or", "and", "-"} {
		for _, x := range append(receivers, "3") {
			for _, y := range append(receivers, "3") {
				list = append(list, fmt.Sprintf("(%s) %s (%s)", x, op, y))
			}
		}
	}
	return append(list, "d.keys() - [1]", "(d.keys() - [1]).union(l)", "(d.items() - [1])|list", "s[1:]", "s[::-1]", "s[3]", "s[-4:-1]", "'%c' % n", "'{:c}'.format(n)", "'{:{}>30}'.format('x', s[0])", "'{0[n]}'.format(o[0])",
		"'%(a)s' % {'a': s}", "'%r' % s", "'%a' % s", "n.to_bytes(2, 'big').decode()", "s.encode().decode()", "s.encode().hex()", "strftime_now(s)", "cycler(s).next()", "joiner(s)",
		"raise_exception(s)", "range(3)|join(s)", "loop", "self", "s is string", "[s]|tojson(separators=(s, s))", "d|tojson(indent=s)", "d|tojson(ensure_ascii=true)", "{s: {s: [s]}}")
}

// TestProvenance checks that no letter of the data ever gets the origin Template in any of the
// expressions.
func TestProvenance(t *testing.T) {
	rendered := 0
	all := expressions()
	every := 11 // all 60,000 expressions take a minute
	if testing.Short() {
		every = 101
	}
	for i, e := range all {
		if i%every != 0 && i < len(all)-50 {
			continue
		}
		for _, form := range []string{"{{ %s }}", "{%% set x %%}[{{ %s }}]{%% endset %%}{{ x }}{{ x|string }}"} {
			source := fmt.Sprintf(form, e)
			tmpl, err := Compile(source)
			if err != nil {
				continue
			}
			out, err := tmpl.Render(context.Background(), hostile(t), Options{})
			if err != nil {
				continue
			}
			rendered++
			require.Empty(t, leak(out), source)
		}
	}
	require.Greater(t, rendered, len(all)/every/3)
}

// TestProvenanceOfStatements does what TestProvenance does, for statements.
func TestProvenanceOfStatements(t *testing.T) {
	for _, source := range []string{
		"{% macro m(a, b='x') %}<{{ a }}{{ b }}{{ varargs }}{{ kwargs }}{{ caller() if caller }}>{% endmacro %}{{ m(s, s, s, k=s) }}{% call m(s) %}{{ s }}{% endcall %}{{ m(s)|upper }}",
		"{% for c in s %}{{ c }}{{ loop.previtem }}{{ loop.nextitem }}{{ loop.cycle(c, s) }}{% endfor %}",
		"{% set ns = namespace(t='') %}{% for c in s %}{% set ns.t = ns.t + c %}{% endfor %}{{ ns.t }}",
		"{% filter upper|replace('Ж', s)|indent %}{{ s }}{% endfilter %}",
		"{% for k, v in d.items() recursive %}{{ k }}{{ v }}{% if v is mapping %}{{ loop(v.items()) }}{% endif %}{% endfor %}",
		"{% with a = s, b = [s] %}{{ a }}{{ b }}{% endwith %}{% block b scoped %}{{ s }}{% endblock %}{{ self.b() }}",
		"{% autoescape true %}{{ s }}{{ s ~ '<' }}{{ ('<' ~ s)|e }}{{ [s, '<'|safe]|join(s) }}{% endautoescape %}",
		"{% set a, b = s.split('|', 1) %}{{ '<|' ~ a ~ b ~ '|>' }}{% generation %}{{ s }}{% endgeneration %}",
		"{% macro m() %}{{ kwargs }}{{ kwargs|list }}{% endmacro %}{{ m(**d) }}{{ m(a=1, **d) }}{% call m(b=s, **d) %}{% endcall %}{{ dict(**d) }}{{ dict(a=s, **d) }}{{ namespace(**d) }}",
		"{{ d }}{{ l }}{{ o|groupby('n') }}{{ o|map(attribute='n')|join('|') }}{{ d|dictsort }}{{ d|items|list }}{{ d|xmlattr if false }}",
	} {
		tmpl, err := Compile(source)
		require.NoError(t, err, source)
		out, err := tmpl.Render(context.Background(), hostile(t), Options{})
		require.NoError(t, err, source)
		require.Contains(t, out.String(), "ж", source)
		require.Empty(t, leak(out), source)
	}
}

// TestProvenanceIsExact checks that text of the template keeps its origin beside text of the
// data.
func TestProvenanceIsExact(t *testing.T) {
	for source, want := range map[string][]text.Span{
		"<|{{ 1 }}|>{{ 'a' ~ s ~ 'b' }}":             {{Text: "<|1|>a", Origin: 0}, {Text: "x-y", Origin: 1}, {Text: "b", Origin: 0}},
		"{{ s.replace('-', '<s>') }}":                {{Text: "x", Origin: 1}, {Text: "<s>", Origin: 0}, {Text: "y", Origin: 1}},
		"{{ ['<s>', s]|join('</s>') }}":              {{Text: "<s></s>", Origin: 0}, {Text: "x-y", Origin: 1}},
		"{{ '<s>%s</s>'|format(s) }}":                {{Text: "<s>", Origin: 0}, {Text: "x-y", Origin: 1}, {Text: "</s>", Origin: 0}},
		"{{ '<s>{:>5}'.format(s) }}":                 {{Text: "<s>  ", Origin: 0}, {Text: "x-y", Origin: 1}},
		"{{ {'a': s}|tojson }}":                      {{Text: `{"a": "`, Origin: 0}, {Text: "x-y", Origin: 1}, {Text: `"}`, Origin: 0}},
		"{{ ('<s>' ~ s)[2:5]|upper }}":               {{Text: ">", Origin: 0}, {Text: "X-", Origin: 1}},
		"{{ ('<s>' ~ s)|reverse }}":                  {{Text: "y-x", Origin: 1}, {Text: ">s<", Origin: 0}},
		"{% if s == 'x-y' %}<s>{% endif %}":          {{Text: "<s>", Origin: 0}},
		"{{ {'x-y': '<s>'}[s] }}{{ s|length }}":      {{Text: "<s>3", Origin: 0}},
		"{{ ('a' ~ s ~ 'b').split('-') }}":           {{Text: "['a", Origin: 0}, {Text: "x", Origin: 1}, {Text: "', '", Origin: 0}, {Text: "y", Origin: 1}, {Text: "b']", Origin: 0}},
		"{{ (s ~ '\n' ~ s)|indent(2) }}":             {{Text: "x-y", Origin: 1}, {Text: "\n  ", Origin: 0}, {Text: "x-y", Origin: 1}},
		"{{ ('<s> ' ~ s)|urlencode }}":               {{Text: "%3Cs%3E%20x-y", Origin: 1}},
		"{{ [s]|first }}{{ s|default('<s>') }}":      {{Text: "x-yx-y", Origin: 1}},
		"{{ missing|default('<s>') }}{{ s|center }}": {{Text: "<s>" + strings.Repeat(" ", 38), Origin: 0}, {Text: "x-y", Origin: 1}, {Text: strings.Repeat(" ", 39), Origin: 0}},
	} {
		tmpl, err := Compile(source)
		require.NoError(t, err, source)
		vars, err := value.FromJSON([]byte(`{"s": "x-y"}`), content)
		require.NoError(t, err)
		out, err := tmpl.Render(context.Background(), vars.(*value.Dict), Options{})
		require.NoError(t, err, source)
		require.Equal(t, want, out.Spans(), source)
	}
}

// TestProvenanceOfNumbers checks that no digit has the origin Template if a number comes from
// the data, or was parsed from a text of the data.
func TestProvenanceOfNumbers(t *testing.T) {
	digits := func(out text.Text) (own, data string) {
		for _, s := range out.Spans() {
			found := strings.Map(func(r rune) rune {
				if r >= '0' && r <= '9' {
					return r
				}
				return -1
			}, s.Text)
			if s.Origin == text.Template {
				own += found
			} else {
				data += found
			}
		}
		return own, data
	}
	for source, vars := range map[string]string{
		"<|{{ n }}|>{{ n ~ '' }}{{ n|string }}{{ n + 1 }}{{ n|float }}{{ -n }}":                 `{"n": 7}`,
		"{{ n }}{{ '%d' % n }}{{ '%s %x %05.2f' % (n, n, n) }}{{ '{:,}'.format(n) }}":           `{"n": 1234}`,
		"{{ n|tojson }}{{ [n]|tojson }}{{ {n: n}|tojson }}{{ [n] }}{{ {n: n} }}{{ (n,)|join }}": `{"n": 12345678901234567890123}`,
		"{{ d.n[0].x }}{{ d }}{{ d|tojson(indent=2) }}{{ range(d.n[0].x|int) }}":                `{"d": {"n": [{"x": 2.5}]}}`,
		"{{ n|filesizeformat }}{{ n|round }}{{ n.hex() }}{{ n|pprint }}":                        `{"n": 1500.5}`,
		"{{ s|int }}{{ s|int + 1 }}":               `{"s": "128009"}`,
		"{{ s|float }}{{ '%g' % s|float }}":        `{"s": "128009.5"}`,
		"{{ s.encode()[0] }}{{ s.encode()|list }}": `{"s": "x"}`,
		"{{ l|sum }}{{ l|max }}{{ l|sort }}":       `{"l": [3, 4]}`,
	} {
		tmpl, err := Compile(source)
		require.NoError(t, err, source)
		v, err := value.FromJSON([]byte(vars), content)
		require.NoError(t, err)
		out, err := tmpl.Render(context.Background(), v.(*value.Dict), Options{})
		require.NoError(t, err, source)
		own, data := digits(out)
		require.Empty(t, own, source)
		require.NotEmpty(t, data, source)
	}
	// If the data has no number, the digits keep the origin Template.
	tmpl, err := Compile("<|{{ s|length }}|>{% for c in s %}<|{{ loop.index }}|>{% endfor %}{{ {'a': 5}|tojson }}{{ '7'|int }}")
	require.NoError(t, err)
	v, err := value.FromJSON([]byte(`{"s": "xy"}`), content)
	require.NoError(t, err)
	out, err := tmpl.Render(context.Background(), v.(*value.Dict), Options{})
	require.NoError(t, err)
	own, data := digits(out)
	require.Equal(t, "21257", own)
	require.Empty(t, data)
}

// TestProvenanceOfTemplates renders published templates with messages that contain letters which
// no template has. None of these letters may get the origin Template.
func TestProvenanceOfTemplates(t *testing.T) {
	compiled := map[string]*Template{}
	n := 0
	for i, r := range golden(t, "templates.jsonl") {
		if r.Error || r.Continue || i%5 != 0 || testing.Short() && i%50 != 0 {
			continue
		}
		tmpl, ok := compiled[r.Template]
		if !ok {
			tmpl = published(t, r.Template)
			compiled[r.Template] = tmpl
		}
		// Every text of the messages gets letters that no template has.
		vars := r.vars(t)
		messages, _ := vars.Lookup("messages")
		disguise(messages)
		out, err := tmpl.Render(context.Background(), vars, r.options(t))
		if err != nil {
			continue // the template looks for a text that the test has changed
		}
		n++
		require.Empty(t, leak(out), r.ID)
	}
	if !testing.Short() {
		require.Greater(t, n, 200)
	}
}

// disguise puts letters of the data around every value that is text, except roles and types.
func disguise(v value.Value) {
	switch v := v.(type) {
	case *value.List:
		for _, item := range v.Items {
			disguise(item)
		}
	case *value.Dict:
		for i := range v.Len() {
			k, item := v.At(i)
			t, ok := item.(text.Text)
			if name := k.(text.Text).String(); ok && name != "role" && name != "type" {
				v.Set(k, text.Concat(text.From("ж<|im_end|>", content), t, text.From("Ж", content)))
			}
			disguise(item)
		}
	}
}
