package chat

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// modelTemplates have the same statements and line breaks as the original template of each family.
// The texts that they give were compared with Jinja2's rendering of the originals.
var modelTemplates = map[string]string{
	"llama2": `{% if messages[0]['role'] == 'system' %}{% set turns = messages[1:] %}{% set system = messages[0]['content'] %}{% else %}{% set turns = messages %}{% set system = false %}{% endif %}` +
		`{% for m in turns %}{% if (m['role'] == 'user') != (loop.index0 % 2 == 0) %}{{ raise_exception('by turns, please') }}{% endif %}` +
		`{% if loop.index0 == 0 and system != false %}{% set said = '<<SYS>>\n' + system + '\n<</SYS>>\n\n' + m['content'] %}{% else %}{% set said = m['content'] %}{% endif %}` +
		`{% if m['role'] == 'user' %}{{ bos_token + '[INST] ' + said.strip() + ' [/INST]' }}{% elif m['role'] == 'assistant' %}{{ ' ' + said.strip() + ' ' + eos_token }}{% endif %}{% endfor %}`,
	"llama3": `{{- bos_token }}
{%- if date_string is not defined %}
    {%- if strftime_now is defined %}
        {%- set date_string = strftime_now("%d %b %Y") %}
    {%- else %}
        {%- set date_string = "26 Jul 2024" %}
    {%- endif %}
{%- endif %}
{#- The system message, where there is one -#}
{%- for message in messages %}
    {%- if not (message.role == 'ipython' or message.role == 'tool' or 'tool_calls' in message) %}
        {{- '<|start_header_id|>' + message['role'] + '<|end_header_id|>\n\n'+ message['content'] | trim + '<|eot_id|>' }}
    {%- endif %}
{%- endfor %}
{%- if add_generation_prompt %}
    {{- '<|start_header_id|>assistant<|end_header_id|>\n\n' }}
{%- endif %}
`,
	"mistral": `{%- if messages[0]["role"] == "system" %}
    {%- set system = messages[0]["content"] %}
    {%- set turns = messages[1:] %}
{%- else %}
    {%- set turns = messages %}
{%- endif %}
{{- bos_token }}
{%- for m in turns %}
    {%- if (m["role"] == "user") != (loop.index0 % 2 == 0) %}
        {{- raise_exception("by turns, please") }}
    {%- endif %}
    {%- if m["role"] == "user" %}
        {%- if loop.first and system is defined %}
            {{- " [INST] " + system + "\n\n" + m["content"] + " [/INST]" }}
        {%- else %}
            {{- " [INST] " + m["content"] + " [/INST]" }}
        {%- endif %}
    {%- else %}
        {{- " " + m["content"] + eos_token}}
    {%- endif %}
{%- endfor %}
`,
	"chatml": `{% if not add_generation_prompt is defined %}{% set add_generation_prompt = false %}{% endif %}` +
		`{% for m in messages %}{{'<|im_start|>' + m['role'] + '
' + m['content'] + '<|im_end|>' + '
'}}{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant
' }}{% endif %}`,
	"qwen": `{%- if tools %}
    {{- '<|im_start|>system\n' }}
    {%- for tool in tools %}
        {{- "\n" }}{{- tool | tojson }}
    {%- endfor %}
{%- else %}
    {%- if messages[0]['role'] == 'system' %}
        {{- '<|im_start|>system\n' + messages[0]['content'] + '<|im_end|>\n' }}
    {%- else %}
        {{- '<|im_start|>system\nYou are Qwen.<|im_end|>\n' }}
    {%- endif %}
{%- endif %}
{%- for message in messages %}
    {%- if (message.role == "user") or (message.role == "system" and not loop.first) or (message.role == "assistant" and not message.tool_calls) %}
        {{- '<|im_start|>' + message.role + '\n' + message.content + '<|im_end|>' + '\n' }}
    {%- endif %}
{%- endfor %}
{%- if add_generation_prompt %}
    {{- '<|im_start|>assistant\n' }}
{%- endif %}
`,
	"smollm": `{% for m in messages %}{% if loop.first and messages[0]['role'] != 'system' %}{{ '<|im_start|>system
You are SmolLM.<|im_end|>
' }}{% endif %}{{'<|im_start|>' + m['role'] + '
' + m['content'] + '<|im_end|>' + '
'}}{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant
' }}{% endif %}`,
	"gemma": `{{ bos_token }}
{%- if messages[0]['role'] == 'system' -%}
    {%- if messages[0]['content'] is string -%}
        {%- set before = messages[0]['content'] + '

' -%}
    {%- endif -%}
    {%- set turns = messages[1:] -%}
{%- else -%}
    {%- set before = "" -%}
    {%- set turns = messages -%}
{%- endif -%}
{%- for m in turns -%}
    {%- if (m['role'] == 'assistant') -%}
        {%- set role = "model" -%}
    {%- else -%}
        {%- set role = m['role'] -%}
    {%- endif -%}
    {{ '<start_of_turn>' + role + '
' + (before if loop.first else "") }}
    {%- if m['content'] is string -%}
        {{ m['content'] | trim }}
    {%- elif m['content'] is iterable -%}
        {%- for item in m['content'] -%}{{ item['text'] | trim }}{%- endfor -%}
    {%- else -%}
        {{ raise_exception("what is this?") }}
    {%- endif -%}
    {{ '<end_of_turn>
' }}
{%- endfor -%}
{%- if add_generation_prompt -%}
    {{'<start_of_turn>model
'}}
{%- endif -%}
`,
	"phi3": `{% for message in messages %}{% if message['role'] == 'system' and message['content'] %}{{'<|system|>
' + message['content'] + '<|end|>
'}}{% elif message['role'] == 'user' %}{{'<|user|>
' + message['content'] + '<|end|>
'}}{% elif message['role'] == 'assistant' %}{{'<|assistant|>
' + message['content'] + '<|end|>
'}}{% endif %}{% endfor %}{% if add_generation_prompt %}{{ '<|assistant|>
' }}{% else %}{{ eos_token }}{% endif %}`,
	"zephyr": `{% for message in messages %}
{% if message['role'] == 'user' %}
{{ '<|user|>
' + message['content'] + eos_token }}
{% elif message['role'] == 'system' %}
{{ '<|system|>
' + message['content'] + eos_token }}
{% elif message['role'] == 'assistant' %}
{{ '<|assistant|>
'  + message['content'] + eos_token }}
{% endif %}
{% if loop.last and add_generation_prompt %}
{{ '<|assistant|>' }}
{% endif %}
{% endfor %}`,
	"deepseek": `{% if not add_generation_prompt is defined %}{% set add_generation_prompt = false %}{% endif %}{{ bos_token }}` +
		`{% for m in messages %}{% if m['role'] == 'user' %}{{ 'User: ' + m['content'] + '\n\n' }}{% elif m['role'] == 'assistant' %}{{ 'Assistant: ' + m['content'] + eos_token }}{% elif m['role'] == 'system' %}{{ m['content'] + '\n\n' }}{% endif %}{% endfor %}` +
		`{% if add_generation_prompt %}{{ 'Assistant:' }}{% endif %}`,
	"deepseek-coder": `{% if not add_generation_prompt is defined %}
{% set add_generation_prompt = false %}
{% endif %}
{%- set ns = namespace(found=false) -%}
{%- for m in messages -%}
    {%- if m['role'] == 'system' -%}
        {%- set ns.found = true -%}
    {%- endif -%}
{%- endfor -%}
{{bos_token}}{%- if not ns.found -%}
{{'You are a coder\n'}}
{%- endif %}
{%- for m in messages %}
    {%- if m['role'] == 'system' %}
{{ m['content'] }}
    {%- else %}
        {%- if m['role'] == 'user' %}
{{'### Instruction:\n' + m['content'] + '\n'}}
        {%- else %}
{{'### Response:\n' + m['content'] + '\n<|EOT|>\n'}}
        {%- endif %}
    {%- endif %}
{%- endfor %}
{% if add_generation_prompt %}
{{'### Response:'}}
{% endif %}`,
	"deepseek-r1": `{% set ns = namespace(is_tool=false, system_prompt='') %}{%- for m in messages %}{%- if m['role'] == 'system' %}{% set ns.system_prompt = m['content'] %}{%- endif %}{%- endfor %}{{bos_token}}{{ns.system_prompt}}` +
		`{%- for m in messages %}{%- if m['role'] == 'user' %}{%- set ns.is_tool = false -%}{{'<｜User｜>' + m['content']}}{%- endif %}` +
		`{%- if m['role'] == 'assistant' and m['content'] is not none %}{% set content = m['content'] %}{% if '</think>' in content %}{% set content = content.split('</think>')[-1] %}{% endif %}{{'<｜Assistant｜>' + content + '</s>'}}{%- endif %}{%- endfor -%}` +
		`{% if add_generation_prompt and not ns.is_tool %}{{'<｜Assistant｜><think>\n'}}{% endif %}`,
	"vicuna": `{{ bos_token }}{% for m in messages %}{% if m['role'] == 'system' %}{{ m['content'] + ' ' }}{% elif m['role'] == 'user' %}USER: {{ m['content'].strip() }} {% else %}ASSISTANT: {{ m['content'].strip() }}{{ eos_token }}{% endif %}{% endfor %}{% if add_generation_prompt %}ASSISTANT:{% endif %}`,
}

func TestModelTemplates(t *testing.T) {
	tok := vocab(t, true)
	for name, source := range modelTemplates {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			tmpl, err := FromModel(source, tok)
			require.NoError(t, err)
			for _, source := range []string{source, strings.ReplaceAll(source, "\n", "\r\n")} {
				tmpl, err := FromModel(source, tok)
				require.NoError(t, err)
				text, err := tmpl.Text(fixed)
				require.NoError(t, err)
				require.Equal(t, publishedText(t, name), text)
			}
			builtin, err := Builtin(name, tok)
			require.NoError(t, err)
			for _, m := range [][]Message{fixed[1:2], fixed[1:]} {
				text, err := tmpl.Text(m)
				require.NoError(t, err)
				own, err := builtin.Text(m)
				require.NoError(t, err)
				switch name {
				case "qwen", "smollm", "deepseek-coder", "vicuna": // the two default system messages differ
					require.NotEqual(t, own, text)
				default:
					require.Equal(t, own, text)
				}
			}
			require.NotEmpty(t, Guess(source))
		})
	}
}

// TestTemplateWithoutSystem checks what happens if a template refuses the system message or
// silently leaves it out: the system message is put in front of the user's message.
func TestTemplateWithoutSystem(t *testing.T) {
	tok := vocab(t, true)
	for _, source := range []string{
		"{% if messages[0]['role'] == 'system' %}{{ raise_exception('no') }}{% endif %}{% for m in messages %}[{{ m['content'] }}]{% endfor %}",
		"{% for m in messages %}{% if m['role'] != 'system' %}[{{ m['content'] }}]{% endif %}{% endfor %}",
	} {
		tmpl, err := FromModel(source, tok)
		require.NoError(t, err)
		text, err := tmpl.Text(fixed)
		require.NoError(t, err)
		require.Equal(t, "[Be brief.\n\nHi][Hello.][Bye]", text)
	}
}

// TestDate checks that templates may tell the model what day it is.
func TestDate(t *testing.T) {
	tmpl, err := FromModel(`{{ strftime_now("%-d %b %Y") }}{{ messages[-1].content }}`, vocab(t, true))
	require.NoError(t, err)
	tmpl, err = tmpl.With(Settings{Now: func() time.Time { return time.Date(2026, 3, 5, 0, 0, 0, 0, time.UTC) }})
	require.NoError(t, err)
	text, err := tmpl.Text(fixed[3:])
	require.NoError(t, err)
	require.Equal(t, "5 Mar 2026Bye", text)
}
