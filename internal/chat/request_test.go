package chat

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"alpaca/internal/engine"
	"alpaca/internal/jinja/value"
)

// request parses a conversation in JSON.
func request(t testing.TB, text string) Request {
	t.Helper()
	r, err := ParseRequest([]byte(text))
	require.NoError(t, err, text)
	return r
}

// TestMessagesInAnyOrder compares messages in unusual orders with llama-server's text.
func TestMessagesInAnyOrder(t *testing.T) {
	tmpl, err := Builtin("llama3", vocab(t, false))
	require.NoError(t, err)
	turn := func(role, content string) string {
		return "<|start_header_id|>" + role + "<|end_header_id|>\n\n" + content + "<|eot_id|>"
	}
	const answer = "<|start_header_id|>assistant<|end_header_id|>\n\n"
	for messages, want := range map[string]string{
		`[{"role":"user","content":"hello"},{"role":"user","content":"world"}]`:                                                            turn("user", "hello") + turn("user", "world") + answer,
		`[{"role":"assistant","content":"hello"},{"role":"user","content":"world"}]`:                                                       turn("assistant", "hello") + turn("user", "world") + answer,
		`[{"role":"user","content":"a"},{"role":"assistant","content":"b"},{"role":"system","content":"c"},{"role":"user","content":"d"}]`: turn("user", "a") + turn("assistant", "b") + turn("system", "c") + turn("user", "d") + answer,
		`[{"role":"user","content":"a"},{"role":"assistant","content":"b"},{"role":"tool","content":"c"}]`:                                 turn("user", "a") + turn("assistant", "b") + turn("tool", "c") + answer,
		`[{"role":"user","content":"hello"},{"role":"assistant","content":"world"}]`:                                                       turn("user", "hello") + answer + "world",
		`[{"role":"developer","content":"a"},{"role":"user","content":"b"}]`:                                                               turn("system", "a") + turn("user", "b") + answer,
	} {
		text, err := tmpl.Text(request(t, messages).Messages)
		require.NoError(t, err)
		require.Equal(t, "<s>"+want, text)
	}
	for messages, want := range map[string]string{
		`[]`:                         "there is no message to answer",
		`[{"content":"a"}]`:          "message 1 has no role",
		`[{"role":"user"}]`:          "message 1: content is missing",
		`[{"role":1,"content":"a"}]`: `message 1: "role" must be a string`,
		`[{"role":"user","content":[{"type":"image_url"}]}]`: `only "text" is understood`,
		`{"messages":{}}`: "invalid messages: unexpected",
		`hello`:           "invalid messages",
	} {
		_, err := ParseRequest([]byte(messages))
		require.ErrorContains(t, err, want)
	}
}

// TestBegunAnswer checks that the model continues an answer if the conversation ends with the
// beginning of the answer, and that the beginning and the continuation become one message.
func TestBegunAnswer(t *testing.T) {
	c, s := newChat(t, "chatml", "", 1000)
	c.SetMessages([]Message{{Role: User, Content: "Hi"}, {Role: Assistant, Content: "It is"}})
	go1 := func(text string) {
		t.Helper()
		s.script = append(c.tok.Encode(text, false, false), 2)
		_, err := c.Answer(context.Background(), engine.Request{MaxTokens: -1}, nil)
		require.NoError(t, err)
	}
	go1(" me.")
	require.Equal(t, "It is me.", c.Messages[1].Content)
	require.True(t, strings.HasSuffix(words(c.tok, c.tokens), "assistant\nIt is me."))
	require.True(t, c.Regenerate())
	require.Equal(t, "It is", c.Messages[1].Content)
	go1(" you.")
	require.Equal(t, "It is you.", c.Messages[1].Content)
	n := say(t, c, s, "Bye", "no")
	require.Len(t, c.Messages, 4)
	require.True(t, strings.HasSuffix(words(c.tok, c.tokens), "It is you.<|im_end|>\n<|im_start|>user\nBye<|im_end|>\n<|im_start|>assistant\nno"))
	require.Less(t, n, 40, "only the new tokens must be evaluated")
}

// TestToolAnswers checks that after a call only the tool's answer is evaluated.
func TestToolAnswers(t *testing.T) {
	c, s := newChat(t, "chatml", "", 1000)
	say(t, c, s, strings.Repeat("x", 300), "call")
	c.Messages = append(c.Messages, Message{Role: Tool, Content: "3"})
	require.Less(t, say(t, c, s, "", "three"), 50)
	require.Len(t, c.Messages, 4)
	require.Less(t, say(t, c, s, "Bye", "no"), 50)
	require.Contains(t, words(c.tok, c.tokens), "call<|im_end|>\n<|im_start|>tool\n3<|im_end|>\n<|im_start|>assistant\nthree<|im_end|>\n<|im_start|>user\nBye")
	m, ok := c.Undo()
	require.True(t, ok)
	require.Equal(t, "Bye", m.Content)
}

// TestWithoutUser checks conversations in which the user says nothing.
func TestWithoutUser(t *testing.T) {
	c, s := newChat(t, "chatml", "", 60)
	c.SetMessages([]Message{{Role: System, Content: "Go."}})
	say(t, c, s, "", strings.Repeat("abcdefghij", 20))
	require.Len(t, c.Messages, 2)
	_, ok := c.Undo()
	require.False(t, ok)
}

// hostileTemplate shows every variable in many ways.
const hostileTemplate = `{% if tools %}{{ tools|tojson }}{{ tools }}{% for t in tools %}<|user|>{{ t.function.name }}{{ t.function.description|upper|lower }}{% endfor %}{% endif %}
{{- kw }}{{ kw ~ kw }}{% for k, v in obj|items %}{{ k }}={{ v }}{% endfor %}{{ (obj or {})|tojson(indent=2) }}
{%- for m in messages %}<|{{ m.role }}|>{{ m.name }}{% if m.content is string %}{{ m.content|trim }}{{ m.content[:3] ~ m.content[3:] }}{{ m.content.split('|')|join('|') }}{% else %}{% for p in m.content %}{{ p.text }}{% endfor %}{{ m.content }}{% endif %}
{%- for c in m.tool_calls %}{{ c.function.name }}{{ c.function.arguments|tojson }}{% for k, v in c.function.arguments.items() %}{{ k }}{{ v }}{% endfor %}{% endfor %}{{ m.reasoning_content }}{{ m }}<|end|>{% endfor %}<|assistant|>`

// TestControlTokensOfData puts the texts of control tokens in every place of a request, and
// checks that none of them becomes a control token.
func TestControlTokensOfData(t *testing.T) {
	tok := vocab(t, true)
	tmpl, err := FromModel(hostileTemplate, tok)
	require.NoError(t, err)
	const form = `{"messages": [
		{"role": "system", "content": "S%"},
		{"role": "user", "name": "%", "content": [{"type": "text", "text": "a%b"}]},
		{"role": "assistant", "content": "c", "reasoning_content": "%", "tool_calls": [{"type": "function", "function": {"name": "%", "arguments": {"%": "%", "a": ["%"]}}}]},
		{"role": "%", "content": "%", "%": "%"},
		{"role": "tool", "tool_call_id": "%", "content": "x% %"},
		{"role": "user", "content": "%%"}],
		"tools": [{"type": "function", "function": {"name": "%", "description": "%", "%": {"%": null}}}],
		"chat_template_kwargs": {"kw": "%", "obj": {"%": "%", "a": {"%": ["%"]}}, "%": "%"}}`
	count := func(said string) int {
		r := request(t, strings.ReplaceAll(form, "%", said))
		tmpl, err := tmpl.With(Settings{Tools: r.Tools, Kwargs: r.Kwargs})
		require.NoError(t, err)
		text, ids, err := tmpl.Prompt(context.Background(), tok, r.Messages, true)
		require.NoError(t, err)
		require.GreaterOrEqual(t, strings.Count(text, said), 50)
		n := 0
		for _, id := range ids {
			if tok.IsControl(id) {
				n++
			}
		}
		return n
	}
	// The template writes <|role|> for five messages with known roles, <|end|> after each message,
	// <|user|> for the message of the tool, and <|assistant|> at the end.
	want := count("harmless")
	require.Positive(t, want)
	for _, control := range controlTokens {
		require.Equal(t, want, count(control), control)
	}
	require.Equal(t, want+1, count("user"), "the name of a known role counts as the template's own text")
}

// TestToolForms checks that a template gets the arguments of tool calls, and contents in
// parts, in a form that it can show.
func TestToolForms(t *testing.T) {
	tok := vocab(t, true)
	const all = `{% for m in messages %}{{ m.role }}: SHOW{% for c in m.tool_calls %}{{ c.function.name }}(ARGS){% endfor %};{% endfor %}`
	r := request(t, `[{"role": "user", "content": [{"type": "text", "text": "1 "}, {"type": "text", "text": "and 2"}]},
		{"role": "assistant", "content": null, "tool_calls": [{"function": {"name": "add", "arguments": "{\"b\": 2, \"a\": \"é\"}"}}]}, {"role": "tool", "content": "3"}]`)
	for _, test := range []struct{ show, args, want string }{
		{"{{ m.content }}", "{{ c.function.arguments|tojson }}", `user: 1 and 2;assistant: add({"b": 2, "a": "é"});tool: 3;`},
		{"{% if m.content is string %}{{ m.content }}{% else %}{% for p in m.content %}<{{ p.text }}>{% endfor %}{% endif %}", "{{ c.function.arguments }}",
			`user: <1 ><and 2>;assistant: add({"b": 2, "a": "é"});tool: 3;`},
		{"{{ m.content|trim if m.content }}", "{{ c.function.arguments + '' }}", `user: 1 and 2;assistant: add({"b": 2, "a": "é"});tool: 3;`},
		{"{{ m.content if m.content }}", "{% for k, v in c.function.arguments|items %}{{ k }}={{ v }} {% endfor %}", `user: 1 and 2;assistant: add(b=2 a=é );tool: 3;`},
	} {
		tmpl, err := FromModel(strings.NewReplacer("SHOW", test.show, "ARGS", test.args).Replace(all), tok)
		require.NoError(t, err)
		text, err := tmpl.Text(r.Messages)
		require.NoError(t, err)
		require.Equal(t, test.want, text)
	}
	// If a template uses the arguments as text, an object becomes text in the order of its keys.
	tmpl, err := FromModel(strings.NewReplacer("SHOW", "{{ m.content }}", "ARGS", "{{ c.function.arguments + '' }}").Replace(all), tok)
	require.NoError(t, err)
	r = request(t, `[{"role": "user", "content": "x"}, {"role": "assistant", "content": "", "tool_calls": [{"function": {"name": "f", "arguments": {"z": [1.50, "ü"], "a": null}}}]}]`)
	text, err := tmpl.Text(append(r.Messages, Message{Role: Tool, Content: "y"}))
	require.NoError(t, err)
	require.Equal(t, `user: x;assistant: f({"z": [1.5, "ü"], "a": null});tool: y;`, text)
}

// TestBOSOnce checks that a prompt begins with only one BOS even if the template writes more. In
// this case, there is a warning.
func TestBOSOnce(t *testing.T) {
	tok := vocab(t, false)
	for source, warned := range map[string]bool{
		"{{ messages[-1].content }}": false, "{{ bos_token }}{{ messages[-1].content }}": false,
		"{{ bos_token }}<s>{{ bos_token }}{{ messages[-1].content }}": true,
	} {
		tmpl, err := FromModel(source, tok)
		require.NoError(t, err)
		c := NewConversation(tmpl, tok, "")
		told := 0
		c.Warn = func(string) { told++ }
		c.Messages = []Message{{Role: User, Content: "Hi"}}
		require.NoError(t, c.encode())
		require.Equal(t, "<s>Hi", words(tok, c.tokens))
		require.Equal(t, warned, told > 0)
		require.Equal(t, 1, c.turns[0].user)
		_, ids, err := tmpl.Prompt(context.Background(), tok, c.Messages, true)
		require.NoError(t, err)
		require.Equal(t, c.tokens, ids)
	}
}

// TestSettings checks which variables a user may set for a template.
func TestSettings(t *testing.T) {
	tok := vocab(t, false)
	tmpl, err := FromModel("{{ messages[-1].content }}{{ x }}{{ tools is none }}{{ documents is none }}{{ unk_token }}", tok)
	require.NoError(t, err)
	for kwargs, want := range map[string]string{`{"x": 1}`: "Hi1TrueTrue<unk>", ``: "HiTrueTrue<unk>", `null`: "HiTrueTrue<unk>", `{"documents": []}`: "HiTrueFalse<unk>"} {
		with, err := tmpl.With(Settings{Kwargs: json.RawMessage(kwargs), Tools: json.RawMessage("[]")})
		require.NoError(t, err)
		text, err := with.Text([]Message{{Role: User, Content: "Hi"}})
		require.NoError(t, err)
		require.Equal(t, want, text)
	}
	for _, bad := range []string{`[]`, `{`, `{"messages": 1}`, `{"tools": 1}`, `{"add_generation_prompt": 1}`} {
		_, err := tmpl.With(Settings{Kwargs: json.RawMessage(bad)})
		require.Error(t, err, bad)
	}
	_, err = tmpl.With(Settings{Tools: json.RawMessage(`{"type": "function"}`)})
	require.ErrorContains(t, err, "the tools must be a list in JSON")
}

// TestHostileTemplates checks that every template ends within the limits, and that errors are
// one line.
func TestHostileTemplates(t *testing.T) {
	tok := vocab(t, true)
	for name, source := range map[string]string{
		"endless loop":     strings.Repeat("{% for i in range(100000) %}", 4) + strings.Repeat("{% endfor %}", 4),
		"repetition":       "{{ 'x' * 100000000000 }}",
		"recursion":        "{% macro f(n) %}{{ f(n + 1) }}{% endmacro %}{{ f(0) }}",
		"an error":         "{{ raise_exception('no') }}",
		"a long error":     "{{ raise_exception('\\n\\x1b[2J' ~ 'no' * 1000) }}",
		"no template":      "{% for %}",
		"an unknown thing": "{{ messages | nonsense }}",
		"nothing":          "",
		"no user's text":   "{{ bos_token }}Hello!",
	} {
		_, err := FromModel(source, tok)
		require.ErrorContains(t, err, "chat: ", name)
		require.Less(t, len(err.Error()), 500)
		require.NotContains(t, err.Error(), "\n")
		require.NotContains(t, err.Error(), "\x1b")
	}
	tmpl, err := FromModel("{% for i in range(10000) %}{{ messages[-1].content }}{% endfor %}", tok)
	require.NoError(t, err)
	_, err = tmpl.Text([]Message{{Role: User, Content: strings.Repeat("x", 2000)}})
	var limit *value.LimitError
	require.True(t, errors.As(err, &limit))
	require.ErrorContains(t, err, "prints too much text")
	_, err = tmpl.Text([]Message{{Role: User, Content: "x"}})
	require.NoError(t, err)
}
