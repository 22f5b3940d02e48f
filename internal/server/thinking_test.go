package server

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"alpaca/internal/chat"
	"alpaca/internal/engine"
	"alpaca/internal/testmodel"
)

func TestSplitter(t *testing.T) {
	for _, tt := range []struct{ prompt, text, thought, answer string }{
		{"", "just text", "", "just text"},
		{"", "<think>\nhm\n</think>\n\nyes", "hm", "yes"},
		{"", "\n <think>hm</think>yes", "hm", "yes"},
		{"", "<think>hm", "hm", ""},
		{"", "<think>hm \n", "hm", ""},
		{"", "<think>\n\n</think>\n\nyes", "", "yes"},
		{"", "<think>a </thi b </think> c </think> d", "a </thi b", "c </think> d"},
		{"", "<thin air", "", "<thin air"},
		{"", "<thi", "", "<thi"},
		{"", "yes <think>no</think>", "", "yes <think>no</think>"},
		{"", "", "", ""},
		{"", "  ", "", "  "},
		{"x<think>\n", "hm\n</think>\nyes", "hm", "yes"},
		{"x<think>\n\n</think>\n\n", "yes", "", "yes"},
		{"x<think>some thought", "hm</think>yes", "", "hm</think>yes"},
	} {
		for _, size := range []int{1, 2, 3, 1000} {
			p := (&knownTags[0]).splitter(tt.prompt)
			thought, answer := pushed(p, tt.text, size)
			require.Equal(t, tt.thought, thought, "%q by %d", tt.text, size)
			require.Equal(t, tt.answer, answer, "%q by %d", tt.text, size)
		}
	}
}

// pushed feeds a text in pieces.
func pushed(p *splitter, text string, size int) (thought, answer string) {
	for len(text) > 0 {
		n := min(size, len(text))
		a, b := p.push(text[:n])
		thought, answer, text = thought+a, answer+b, text[n:]
	}
	a, b := p.end()
	return thought + a, answer + b
}

// FuzzSplitter checks that it does not matter how a text is divided into tokens.
func FuzzSplitter(f *testing.F) {
	f.Add("<think> a </think> b", 3, false)
	f.Add("<think>\n\n </thi</think>\n", 1, true)
	f.Fuzz(func(t *testing.T, text string, size int, begun bool) {
		prompt := ""
		if begun {
			prompt = "<think>"
		}
		size = max(1, size&15)
		tags := &knownTags[0]
		thought, answer := pushed(tags.splitter(prompt), text, len(text)+1)
		thought2, answer2 := pushed(tags.splitter(prompt), text, size)
		require.Equal(t, thought, thought2)
		require.Equal(t, answer, answer2)
		require.Equal(t, strings.TrimRight(thought, " \t\r\n"), thought)
		require.LessOrEqual(t, len(thought)+len(answer), len(text))
	})
}

func TestTagsOf(t *testing.T) {
	require.Nil(t, tagsOf("{{ messages }}"))
	require.Equal(t, "<think>", tagsOf("... <think> ...").open)
	require.Equal(t, "[/THINK]", tagsOf("... [THINK] ...").close)
}

// TestReasoning checks that an answer that begins in the middle of a thought is one.
func TestReasoning(t *testing.T) {
	m := loadModel(t, testmodel.SPM(1))
	thinker, err := chat.FromModel(`{% for m in messages %}{{ m.role }}: {{ m.content }}
{% endfor %}{% if add_generation_prompt %}assistant: {% if enable_thinking is defined and not enable_thinking %}<think></think>{% else %}<think>{% endif %}{% endif %}`, m.Tokenizer)
	require.NoError(t, err)
	f := setup(t, func(_ *engine.Options, o *Options) { o.Template = thinker })
	const ask = `{"messages": [{"role": "user", "content": "a"}], "max_tokens": 5, "temperature": 0, "ignore_eos": true`
	o := f.post("/v1/chat/completions", ask+`}`, 200)
	require.Equal(t, "", at(o, "choices.0.message.content"))
	thought := at(o, "choices.0.message.reasoning_content")
	require.NotEmpty(t, thought)
	require.Equal(t, "length", at(o, "choices.0.finish_reason"))
	_, text := f.do("POST", "/v1/chat/completions", ask+`, "stream": true}`)
	require.Contains(t, text, `"delta":{"reasoning_content":`)
	require.NotContains(t, text, `"content":"`)
	o = f.post("/v1/chat/completions", ask+`, "reasoning_format": "none"}`, 200)
	require.NotEmpty(t, at(o, "choices.0.message.content"))
	o = f.post("/v1/chat/completions", ask+`, "reasoning_effort": "none", "verbose": true}`, 200)
	require.NotEmpty(t, at(o, "choices.0.message.content"))
	require.Contains(t, at(o, "__verbose.prompt"), "<think></think>")
	o = f.post("/v1/chat/completions", ask+`, "chat_template_kwargs": {"enable_thinking": false}}`, 200)
	require.Nil(t, at(o, "choices.0.message.reasoning_content"))
}
