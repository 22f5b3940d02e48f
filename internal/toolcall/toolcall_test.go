package toolcall

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var weather = []Tool{
	{Name: "get_weather", Description: "Tells the weather", Parameters: json.RawMessage(`{"type": "object", "properties": {"city": {"type": "string"}, "days": {"type": "integer"}, "unit": {"type": "string", "enum": ["C", "F"]}}, "required": ["city"]}`)},
	{Name: "ping", Parameters: json.RawMessage(`{"type": "object", "properties": {}}`)},
}

// family returns a family by its name.
func family(t testing.TB, name string) *Family {
	t.Helper()
	if name == generic.Name {
		return &generic
	}
	for i := range families {
		if families[i].Name == name {
			return &families[i]
		}
	}
	t.Fatalf("no family %q", name)
	return nil
}

// joined is the result of adding up the deltas of an answer.
type joined struct {
	Content, Reasoning string
	Calls              []joinedCall
}

type joinedCall struct{ ID, Name, Args string }

func (j *joined) add(t testing.TB, list []Delta) {
	for _, d := range list {
		switch d.Kind {
		case Content:
			j.Content += d.Text
		case Reasoning:
			j.Reasoning += d.Text
		case Call:
			require.Equal(t, len(j.Calls), d.Index)
			require.NotEmpty(t, d.ID)
			j.Calls = append(j.Calls, joinedCall{d.ID, d.Name, ""})
		case Arguments:
			require.Equal(t, len(j.Calls)-1, d.Index)
			j.Calls[d.Index].Args += d.Text
		}
	}
}

// parse parses a text in pieces.
func parse(t testing.TB, f *Family, tools []Tool, pieces ...string) (j joined) {
	p := f.Parser(tools)
	n := 0
	p.NewID = func() string { n++; return fmt.Sprintf("made%d", n) }
	for _, text := range pieces {
		j.add(t, p.Push(text))
	}
	j.add(t, p.End())
	return j
}

// example is an answer of a model of a family, with the result of parsing it.
type example struct {
	family, text string
	want         joined
	odd          bool // the grammar does not accept text
}

func cases() []example {
	call := func(name, args string) joinedCall { return joinedCall{"made1", name, args} }
	second := func(name, args string) joinedCall { return joinedCall{"made2", name, args} }
	zurich := []joinedCall{call("get_weather", `{"city": "Zürich", "days": 2}`)}
	both := []joinedCall{call("ping", `{}`), second("get_weather", `{"city": "Oslo", "unit": "C"}`)}
	list := []example{
		{"Hermes", "Just text, a < b and <tool_cake>.", joined{Content: "Just text, a < b and <tool_cake>."}, false},
		{"Hermes", "<tool_call>\n{\"name\": \"get_weather\", \"arguments\": {\"city\": \"Zürich\", \"days\": 2}}\n</tool_call>", joined{Calls: zurich}, false},
		{"Hermes", "On it.\n<tool_call>\n{\"name\": \"ping\", \"arguments\": {}}\n</tool_call>\n<tool_call>\n{\"name\": \"get_weather\", \"arguments\": {\"city\": \"Oslo\", \"unit\": \"C\"}}\n</tool_call>", joined{Content: "On it.", Calls: both}, false},
		{"Hermes", `<tool_call>{"arguments": {"city": "Zürich", "days": 2}, "name": "get_weather"}</tool_call>`, joined{Calls: zurich}, true},
		{"Hermes", `<tool_call>{"name": "get_weather", "arguments": "{\"city\": \"Zürich\", \"days\": 2}"}</tool_call>`, joined{Calls: zurich}, true},
		{"Hermes", `<tool_call>{"name": "get_weather", "id": "x", "arguments": {"city": "}{\"]"}}</tool_call> Done.`, joined{Content: " Done.", Calls: []joinedCall{call("get_weather", `{"city": "}{\"]"}`)}}, true},
		{"Hermes", `<tool_call>{"name": "ping"}</tool_call>`, joined{Calls: []joinedCall{call("ping", "{}")}}, true},
		{"Hermes", `<tool_call>{"name": "ping", "arguments": null}</tool_call>`, joined{Calls: []joinedCall{call("ping", "{}")}}, true},
		{"Hermes", `<tool_call>{"type": "function", "function": {"name": "ping", "arguments": {}}}</tool_call>`, joined{Calls: []joinedCall{call("ping", "{}")}}, true},
		{"Hermes", "Use <tool_call> for calls.", joined{Content: "Use <tool_call> for calls."}, false},
		{"Hermes", `<tool_call><tool_call>{"name": "ping", "arguments": {}}`, joined{Content: "<tool_call>", Calls: []joinedCall{call("ping", "{}")}}, true},
		{"Hermes", `<tool_call>{"name": 5}</tool_call>`, joined{Content: `<tool_call>{"name": 5}</tool_call>`}, false},
		{"Hermes", `<tool_call>{"name": "get_weather", "arguments": {"city": "Os`, joined{Calls: []joinedCall{call("get_weather", `{"city": "Os`)}}, true},
		{"Hermes", `<tool_call>{"na`, joined{Content: `<tool_call>{"na`}, false},
		{"Hermes", "trailing space \n", joined{Content: "trailing space \n"}, false},
		{"Apertus", `<|tools_prefix|>[{"get_weather": {"city": "Zürich", "days": 2}}]<|tools_suffix|>`, joined{Calls: zurich}, false},
		{"Apertus", `On it.<|tools_prefix|>[{"ping": {}}, {"get_weather": {"city": "Oslo", "unit": "C"}}]<|tools_suffix|>`, joined{Content: "On it.", Calls: both}, false},
		{"Apertus", `<|tools_prefix|>[{"ping": "{}"}]<|tools_suffix|> Done.`, joined{Content: " Done.", Calls: []joinedCall{call("ping", "{}")}}, true},
		{"Apertus", `<|tools_prefix|>[{"get_weather": {"city": "Os`, joined{Calls: []joinedCall{call("get_weather", `{"city": "Os`)}}, true},
		{"Apertus", `<|tools_prefix|>[{"a b": {}}]`, joined{Content: `<|tools_prefix|>[{"a b": {}}]`}, false},
		{"Apertus", `<|tools_prefix|>none`, joined{Content: `<|tools_prefix|>none`}, false},
		{"LFM2", `<|tool_call_start|>[get_weather(city="Zürich", days=2)]<|tool_call_end|>`, joined{Calls: zurich}, false},
		{"LFM2", `On it.<|tool_call_start|>[ping(), get_weather(city='Oslo', unit='C')]<|tool_call_end|>`, joined{Content: "On it.", Calls: both}, false},
		{"LFM2", `<|tool_call_start|>[f(a='it\'s "x"\q\n', b={'k': [True, None, -1.5e3]}, c = "\u00e9") ]<|tool_call_end|>.`, joined{Content: ".", Calls: []joinedCall{call("f", `{"a": "it's \"x\"\\q\n", "b": {"k": [true, null, -1.5e3]}, "c": "\u00e9"}`)}}, true},
		{"LFM2", `<|tool_call_start|>[f(a=b)]<|tool_call_end|>`, joined{Content: `<|tool_call_start|>[f(a=b)]<|tool_call_end|>`}, false},
		{"LFM2", `<|tool_call_start|>[f(a=1`, joined{Content: `<|tool_call_start|>[f(a=1`}, false},
		{"Llama 3", `{"name": "get_weather", "parameters": {"city": "Zürich", "days": 2}}`, joined{Calls: zurich}, false},
		{"Llama 3", ` {"type": "function", "name": "get_weather", "parameters": {"city": "Zürich", "days": 2}}`, joined{Calls: zurich}, false},
		{"Llama 3", `{"name": "ping", "parameters": {}}; {"name": "get_weather", "parameters": {"city": "Oslo", "unit": "C"}}`, joined{Calls: both}, false},
		{"Llama 3", `{"name": "Bob", "parameters": {"age": 5}}`, joined{Content: `{"name": "Bob", "parameters": {"age": 5}}`}, false},
		{"Llama 3", `{"name": "ping", "age": 5}`, joined{Content: `{"name": "ping", "age": 5}`}, false},
		{"Llama 3", `Here: {"name": "ping", "parameters": {}}`, joined{Content: `Here: {"name": "ping", "parameters": {}}`}, false},
		{"Llama 3", `<|python_tag|>{"name": "ping", "parameters": {}}`, joined{Calls: []joinedCall{call("ping", "{}")}}, true},
		{"Llama 3", `<|python_tag|>get_weather.call(city="Zürich", days=2)`, joined{Calls: zurich}, true},
		{"Llama 3", `<|python_tag|>print("hi")`, joined{Content: `<|python_tag|>print("hi")`}, false},
		{"Mistral Nemo", `[TOOL_CALLS][{"name": "get_weather", "arguments": {"city": "Zürich", "days": 2}, "id": "call00001"}]`, joined{Calls: []joinedCall{{"call00001", "get_weather", `{"city": "Zürich", "days": 2}`}}}, false},
		{"Mistral Nemo", `[TOOL_CALLS] [{"name": "ping", "arguments": {}}, {"name": "get_weather", "arguments": {"city": "Oslo", "unit": "C"}}]`, joined{Calls: both}, false},
		{"Mistral Nemo", `A list: [1, 2] [TOOL`, joined{Content: `A list: [1, 2] [TOOL`}, false},
		{"Mistral Small 3.2", `On it.[TOOL_CALLS]ping[CALL_ID]abcdefghi[ARGS]{}[TOOL_CALLS]get_weather[CALL_ID]123456789[ARGS]{"city": "Oslo"}`, joined{Content: "On it.", Calls: []joinedCall{{"abcdefghi", "ping", "{}"}, {"123456789", "get_weather", `{"city": "Oslo"}`}}}, false},
		{"Ministral 3", `[TOOL_CALLS]ping[ARGS]{}[TOOL_CALLS]get_weather[ARGS]{"city": "Oslo", "unit": "C"}`, joined{Calls: both}, false},
		{"gpt-oss", `<|channel|>analysis<|message|>Think <b>.<|end|><|start|>assistant<|channel|>final<|message|>Hi <|there|>.`, joined{Reasoning: "Think <b>.", Content: "Hi <|there|>."}, false},
		{"gpt-oss", `<|channel|>analysis<|message|>I need it.<|end|><|start|>assistant<|channel|>commentary to=functions.get_weather <|constrain|>json<|message|>{"city": "Zürich", "days": 2}<|call|>`, joined{Reasoning: "I need it.", Calls: zurich}, true},
		{"gpt-oss", `<|channel|>analysis<|message|>I need it.<|end|><|start|>assistant<|channel|>commentary to=functions.get_weather <|constrain|>json<|message|>{"city": "Zürich", "days": 2}`, joined{Reasoning: "I need it.", Calls: zurich}, false},
		{"gpt-oss", ` to=functions.get_weather<|channel|>commentary json<|message|>{"city": "Zürich", "days": 2}`, joined{Calls: zurich}, false},
		{"gpt-oss", `<|channel|>commentary<|message|>Let me see.<|end|><|start|>assistant to=functions.ping<|channel|>commentary<|message|>{}`, joined{Content: "Let me see.", Calls: []joinedCall{call("ping", "{}")}}, false},
		{"gpt-oss", `goes on`, joined{Content: "goes on"}, false},
		{"DeepSeek R1", "Yes.<｜tool▁calls▁begin｜><｜tool▁call▁begin｜>function<｜tool▁sep｜>ping\n```json\n{}\n```<｜tool▁call▁end｜>\n<｜tool▁call▁begin｜>function<｜tool▁sep｜>get_weather\n```json\n{\"city\": \"Oslo\", \"unit\": \"C\"}\n```<｜tool▁call▁end｜><｜tool▁calls▁end｜>", joined{Content: "Yes.", Calls: both}, false},
		{"DeepSeek 3.1", `<｜tool▁calls▁begin｜><｜tool▁call▁begin｜>ping<｜tool▁sep｜>{}<｜tool▁call▁end｜><｜tool▁call▁begin｜>get_weather<｜tool▁sep｜>{"city": "Oslo", "unit": "C"}<｜tool▁call▁end｜><｜tool▁calls▁end｜>`, joined{Calls: both}, false},
		{"DeepSeek 4", "\n\n<｜DSML｜tool_calls>\n<｜DSML｜invoke name=\"get_weather\">\n<｜DSML｜parameter name=\"city\" string=\"true\">Zürich</｜DSML｜parameter>\n<｜DSML｜parameter name=\"days\" string=\"false\">2</｜DSML｜parameter>\n</｜DSML｜invoke>\n</｜DSML｜tool_calls>", joined{Calls: zurich}, false},
		{"DeepSeek 3.2", "<｜DSML｜function_calls>\n<｜DSML｜invoke name=\"ping\">\n</｜DSML｜invoke>\n<｜DSML｜invoke name=\"get_weather\">\n<｜DSML｜parameter name=\"city\" string=\"true\">Oslo</｜DSML｜parameter>\n<｜DSML｜parameter name=\"unit\" string=\"true\">C</｜DSML｜parameter>\n</｜DSML｜invoke>\n</｜DSML｜function_calls>", joined{Calls: both}, false},
		{"Qwen3-Coder", "<tool_call>\n<function=get_weather>\n<parameter=city>\nZürich\n</parameter>\n<parameter=days>\n2\n</parameter>\n</function>\n</tool_call>", joined{Calls: zurich}, false},
		{"Qwen3-Coder", "Sure.\n<function=get_weather>\n<parameter=city>\n\"A\"\nB</p>\n\n</parameter>\n</function>\n</tool_call>", joined{Content: "Sure.", Calls: []joinedCall{call("get_weather", `{"city": "\"A\"\nB</p>\n"}`)}}, false},
		{"Qwen3-Coder", "<tool_call>\n<function=ping>\n</function>\n</tool_call>\n<tool_call>\n<function=get_weather>\n<parameter=city>\nOslo\n</parameter>\n<parameter=unit>\nC\n</parameter>\n</function>\n</tool_call>", joined{Calls: both}, false},
		{"Seed-OSS", "<seed:tool_call>\n<function=get_weather>\n<parameter=city>Zürich</parameter>\n<parameter=days>2</parameter>\n</function>\n</seed:tool_call>", joined{Calls: zurich}, false},
		{"MiniMax", "<minimax:tool_call>\n<invoke name=\"get_weather\">\n<parameter name=\"city\">Zürich</parameter>\n<parameter name=\"days\">2</parameter>\n</invoke>\n</minimax:tool_call>", joined{Calls: zurich}, false},
		{"GLM 4", "<tool_call>get_weather\n<arg_key>city</arg_key>\n<arg_value>Zürich</arg_value>\n<arg_key>days</arg_key>\n<arg_value>2</arg_value>\n</tool_call>", joined{Calls: zurich}, false},
		{"GLM 4", "<tool_call>ping</tool_call><tool_call>get_weather<arg_key>city</arg_key><arg_value>Oslo</arg_value><arg_key>unit</arg_key><arg_value>C</arg_value></tool_call>", joined{Calls: both}, false},
		{"Kimi K2", `<|tool_calls_section_begin|><|tool_call_begin|>functions.get_weather:0<|tool_call_argument_begin|>{"city": "Zürich", "days": 2}<|tool_call_end|><|tool_calls_section_end|>`, joined{Calls: zurich}, false},
		{"Gemma 4", `<|tool_call>call:ping{}<tool_call|><|tool_call>call:get_weather{city:<|"|>Oslo<|"|>,unit:<|"|>C<|"|>}<tool_call|>`, joined{Calls: both}, false},
		{"Gemma 4", `<|tool_call>call:x{a:{b:[1,<|"|>q"<|<|"|>,true],c:null},d:-2.5}<tool_call|>`, joined{Calls: []joinedCall{call("x", `{"a": {"b": [1, "q\"<|", true], "c": null}, "d": -2.5}`)}}, true},
		{"Functionary 3.1", `On it.<function=ping>{}</function><function=get_weather>{"city": "Oslo", "unit": "C"}</function>`, joined{Content: "On it.", Calls: both}, false},
		{"Functionary 3.1", `<function=get_weather>"{\"city\": \"Zürich\", \"days\": 2}"</function>`, joined{Calls: zurich}, true},
		{"Functionary 3.2", "all\nOn it.>>>ping\n{}>>>get_weather\n{\"city\": \"Oslo\", \"unit\": \"C\"}", joined{Content: "On it.", Calls: both}, false},
		{"Functionary 3.2", "get_weather\n{\"city\": \"Zürich\", \"days\": 2}", joined{Calls: zurich}, false},
		{"Functionary 3.2", "Hello\nyou", joined{Content: "Hello\nyou"}, false},
		{"Granite 3", `<|tool_call|>[{"name": "get_weather", "arguments": {"city": "Zürich", "days": 2}}]`, joined{Calls: zurich}, false},
		{"Command R", "<|START_ACTION|>[\n    {\"tool_call_id\": \"0\", \"tool_name\": \"get_weather\", \"parameters\": {\"city\": \"Zürich\", \"days\": 2}}\n]<|END_ACTION|>", joined{Calls: []joinedCall{{"0", "get_weather", `{"city": "Zürich", "days": 2}`}}}, false},
		{"Phi 4", `<|tool_call|>[{"name": "get_weather", "arguments": {"city": "Zürich", "days": 2}}]<|/tool_call|>`, joined{Calls: zurich}, false},
		{"FireFunction", ` functools[{"name": "ping", "arguments": {}}, {"name": "get_weather", "arguments": {"city": "Oslo", "unit": "C"}}]`, joined{Calls: both}, false},
		{"Nemotron Nano 2", `<TOOLCALL>[{"name": "get_weather", "arguments": {"city": "Zürich", "days": 2}}]</TOOLCALL>`, joined{Calls: zurich}, false},
		{"generic", `{"tool_call": {"name": "get_weather", "arguments": {"city": "Zürich", "days": 2}}}`, joined{Calls: zurich}, false},
		{"generic", `{"tool_calls": [{"name": "ping", "arguments": {}}, {"name": "get_weather", "arguments": {"city": "Oslo", "unit": "C"}}]}`, joined{Calls: both}, false},
		{"generic", `{"response": "Hi \"you\"\n\ud83d\ude00 \u00e9 \ud83d."}`, joined{Content: "Hi \"you\"\n😀 é \ufffd."}, false},
		{"generic", `{"other": 1}`, joined{Content: `{"other": 1}`}, false},
		{"generic", `Free text {"tool_call": 1}`, joined{Content: `Free text {"tool_call": 1}`}, false},
	}
	return list
}

// TestParse parses answers of each family, and checks that the result is the same wherever the
// text is cut.
func TestParse(t *testing.T) {
	for _, tt := range cases() {
		f := family(t, tt.family)
		name := tt.family + ": " + tt.text
		if got := parse(t, f, weather, tt.text); !assert.Equal(t, tt.want, got, name) {
			continue
		}
		for i := range len(tt.text) {
			require.Equal(t, tt.want, parse(t, f, weather, tt.text[:i], tt.text[i:]), "%s, cut at %d", name, i)
		}
		require.Equal(t, tt.want, parse(t, f, weather, strings.Split(tt.text, "")...), name)
	}
}
