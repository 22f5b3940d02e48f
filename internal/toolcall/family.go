package toolcall

import "strings"

// Family is a family of models that write calls in the same way.
type Family struct {
	Name string
	// Always says that answers need the parser even if there are no tools.
	Always bool
	// ShortIDs says that ids of calls have nine characters, each a letter or a digit.
	ShortIDs bool

	all  []string // texts that all occur in the family's templates
	form form
}

// form is a way to write calls.
type form interface {
	// start sets the marks of a parser, and its first state.
	start(p *Parser)
	// entries returns the ways in which calls may begin.
	entries(b *builder) []entry
	// texts returns all marks, including those within calls.
	texts() []string
}

// DeepSeek's tokens around calls.
const (
	deepSeekCalls    = "<｜tool▁calls▁begin｜>"
	deepSeekCallsEnd = "<｜tool▁calls▁end｜>"
	deepSeekCall     = "<｜tool▁call▁begin｜>"
	deepSeekCallEnd  = "<｜tool▁call▁end｜>"
	deepSeekSep      = "<｜tool▁sep｜>"
)

// dsml returns the form of DeepSeek 3.2 and 4; section is the name of the tag around calls.
func dsml(section string) *paramForm {
	const bar = "｜DSML｜"
	return &paramForm{
		section: "<" + bar + section + ">", sectionEnd: "</" + bar + section + ">", open: "<" + bar + `invoke name="`, nameEnd: []string{`">`},
		param: "<" + bar + `parameter name="`, keyEnd: `"`, typed: true, valueEnd: "</" + bar + "parameter>", close: "</" + bar + "invoke>",
	}
}

// tagged returns the form of a call in JSON between two marks.
func tagged(open, close string) *jsonForm {
	return &jsonForm{open: []string{open}, close: close, each: true, name: "name", args: "arguments"}
}

// listed returns the form of a list of calls in JSON between two marks.
func listed(open, close string) *jsonForm {
	return &jsonForm{open: []string{open}, close: close, list: true, name: "name", args: "arguments"}
}

// families are the families that Recognize knows. Recognize takes the first family that fits.
var families = []Family{
	{Name: "gpt-oss", Always: true, all: []string{harmonyChannel, harmonyMessage}, form: &harmonyForm{}},
	{Name: "DeepSeek 3.2", all: []string{"｜DSML｜", "function_calls>"}, form: dsml("function_calls")},
	{Name: "DeepSeek 4", all: []string{"｜DSML｜"}, form: dsml("tool_calls")},
	{Name: "DeepSeek R1", all: []string{deepSeekCalls, "```json"}, form: &namedForm{
		section: []string{deepSeekCalls, "<｜tool_calls_begin｜>", "<｜tool calls begin｜>"}, sectionEnd: deepSeekCallsEnd, open: deepSeekCall,
		beforeName: deepSeekSep, nameEnd: []string{"\n"}, argsOpen: "```json", argsEnd: "\n```", close: deepSeekCallEnd, sep: "\n",
	}},
	{Name: "DeepSeek 3.1", all: []string{deepSeekCalls}, form: &namedForm{
		section: []string{deepSeekCalls}, sectionEnd: deepSeekCallsEnd, open: deepSeekCall, nameEnd: []string{deepSeekSep}, close: deepSeekCallEnd,
	}},
	{Name: "Kimi K2", all: []string{"<|tool_calls_section_begin|>"}, form: &namedForm{
		section: []string{"<|tool_calls_section_begin|>"}, sectionEnd: "<|tool_calls_section_end|>", open: "<|tool_call_begin|>",
		beforeName: "functions.", afterEnd: ":", nameEnd: []string{"<|tool_call_argument_begin|>"}, close: "<|tool_call_end|>",
	}},
	{Name: "MiniMax", all: []string{"<minimax:tool_call>"}, form: &paramForm{
		section: "<minimax:tool_call>", sectionEnd: "</minimax:tool_call>", open: `<invoke name="`, nameEnd: []string{`">`},
		param: `<parameter name="`, keyEnd: `">`, valueEnd: "</parameter>", close: "</invoke>",
	}},
	{Name: "Seed-OSS", all: []string{"<seed:tool_call>"}, form: &paramForm{
		section: "<seed:tool_call>", sectionEnd: "</seed:tool_call>", each: true, open: "<function=", nameEnd: []string{">"},
		param: "<parameter=", keyEnd: ">", valueEnd: "</parameter>", close: "</function>",
	}},
	{Name: "GLM 4", all: []string{"<arg_key>", "<arg_value>"}, form: &paramForm{
		open: "<tool_call>", nameEnd: []string{"\n", "<arg_key>", "</tool_call>"}, param: "<arg_key>", keyEnd: "</arg_key>", valueStart: "<arg_value>",
		valueEnd: "</arg_value>", close: "</tool_call>",
	}},
	{Name: "Qwen3-Coder", all: []string{"<function=", "<parameter="}, form: &paramForm{
		section: "<tool_call>", sectionEnd: "</tool_call>", each: true, open: "<function=", nameEnd: []string{">"},
		param: "<parameter=", keyEnd: ">", valueEnd: "</parameter>", close: "</function>", newline: true,
	}},
	{Name: "Gemma 4", all: []string{"<|tool_call>"}, form: &gemmaForm{open: "<|tool_call>call:", close: "<tool_call|>", quote: `<|"|>`}},
	{Name: "Functionary 3.2", Always: true, all: []string{">>>all"}, form: &headedForm{mark: ">>>"}},
	{Name: "Functionary 3.1", all: []string{"<function=", "</function>"}, form: &namedForm{
		open: "<function=", nameEnd: []string{">"}, close: "</function>",
	}},
	{Name: "Mistral Small 3.2", ShortIDs: true, all: []string{"[TOOL_CALLS]", "[CALL_ID]"}, form: &namedForm{
		open: "[TOOL_CALLS]", nameEnd: []string{"[ARGS]", "[CALL_ID]"}, afterID: "[ARGS]",
	}},
	{Name: "Ministral 3", ShortIDs: true, all: []string{"[TOOL_CALLS]", "[ARGS]"}, form: &namedForm{
		open: "[TOOL_CALLS]", nameEnd: []string{"[ARGS]", "[CALL_ID]"}, afterID: "[ARGS]",
	}},
	{Name: "Mistral Nemo", ShortIDs: true, all: []string{"[TOOL_CALLS]"}, form: &jsonForm{
		open: []string{"[TOOL_CALLS]"}, list: true, name: "name", args: "arguments", id: "id", hold: true, nine: true,
	}},
	{Name: "Command R", all: []string{"<|START_ACTION|>"}, form: &jsonForm{
		open: []string{"<|START_ACTION|>"}, close: "<|END_ACTION|>", list: true, name: "tool_name", args: "parameters", id: "tool_call_id",
	}},
	{Name: "Nemotron Nano 2", all: []string{"<TOOLCALL>"}, form: listed("<TOOLCALL>", "</TOOLCALL>")},
	{Name: "Apriel", all: []string{"<tool_calls>"}, form: &jsonForm{
		open: []string{"<tool_calls>"}, close: "</tool_calls>", list: true, name: "name", args: "arguments", id: "id", hold: true,
	}},
	{Name: "Apertus", all: []string{"<|tools_prefix|>"}, form: &keyedForm{open: "<|tools_prefix|>", close: "<|tools_suffix|>"}},
	{Name: "LFM2", all: []string{"<|tool_call_start|>"}, form: &pythonForm{open: "<|tool_call_start|>", close: "<|tool_call_end|>"}},
	{Name: "LFM2", all: []string{"<|tool_list_start|>"}, form: &pythonForm{open: "<|tool_call_start|>", close: "<|tool_call_end|>"}},
	{Name: "FireFunction", all: []string{"functools["}, form: listed("functools", "")},
	{Name: "Phi 4", all: []string{"<|tool|>"}, form: &jsonForm{
		open: []string{"<|tool_call|>", "functools"}, close: "<|/tool_call|>", list: true, name: "name", args: "arguments",
	}},
	{Name: "Granite 3", all: []string{"<|tool_call|>"}, form: &jsonForm{
		open: []string{"<|tool_call|>", "<tool_call>"}, list: true, name: "name", args: "arguments",
	}},
	{Name: "Hermes", all: []string{"<tool_call>"}, form: tagged("<tool_call>", "</tool_call>")},
	{Name: "Llama 3", all: []string{"ipython"}, form: &llamaForm{jsonForm: jsonForm{bare: true, name: "name", args: "parameters"}, python: "<|python_tag|>"}},
}

// generic is the family of all other models.
var generic = Family{Name: "generic", form: &genericForm{}}

// Recognize returns the family of a chat template, or generic if no family fits.
func Recognize(template string) *Family {
	has := func(text string) bool { return strings.Contains(template, text) }
	for i := range families {
		f := &families[i]
		fits := true
		for _, text := range f.all {
			fits = fits && has(text)
		}
		if fits {
			return f
		}
	}
	return &generic
}

// Choose returns the family in whose form a model with this template should write calls: the
// template's own family or the generic one. reads says that the template itself describes tools.
// formed says that answers without calls have a form of their own.
func Choose(template string, reads, formed bool) *Family {
	f := Recognize(template)
	if !f.IsGeneric() && (reads || f.canDescribe()) {
		return f
	}
	return &Family{Name: generic.Name, form: &genericForm{free: formed}}
}

// IsGeneric reports whether a family has no form of its own.
func (f *Family) IsGeneric() bool { return f.Name == generic.Name }

// OwnThoughts reports whether the family's Parser separates thoughts from the answer. For other
// families, the caller separates them by tags such as <think>.
func (f *Family) OwnThoughts() bool {
	_, ok := f.form.(*harmonyForm)
	return ok
}

// Parser returns a parser for an answer that may call tools.
func (f *Family) Parser(tools []Tool) *Parser {
	p := &Parser{tools: map[string]*Tool{}, any: len(tools) == 0, texts: f.form.texts(), NewID: func() string { return NewID(f.ShortIDs) }}
	for i := range tools {
		p.tools[tools[i].Name] = &tools[i]
	}
	f.form.start(p)
	return p
}
