package toolcall

import (
	"encoding/json"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"alpaca/internal/grammar"
	"alpaca/internal/grammar/jsonschema"
)

// noControl is the function Control for a vocabulary without control tokens.
func noControl(string) (int32, bool) { return 0, false }

// follows returns how many bytes of a text a program takes, and whether the whole text is
// accepted.
func follows(p *grammar.Program, text string) (n int, whole bool) {
	m := p.NewMatcher(nil)
	n, ok := m.AcceptBytes([]byte(text))
	return n, ok && m.Complete()
}

// TestForced checks that the grammar for a required call accepts the family's calls, but no
// answer without a call.
func TestForced(t *testing.T) {
	for _, tt := range cases() {
		if tt.want.Content != "" || len(tt.want.Calls) == 0 || tt.odd {
			continue
		}
		f := family(t, tt.family)
		plan := Plan{Family: f, Tools: weather, Required: true, Parallel: len(tt.want.Calls) > 1, Control: noControl}
		form, err := plan.Compile()
		require.NoError(t, err, tt.family)
		n, whole := follows(form.Whole, tt.text)
		assert.True(t, whole, "%s: %s: %d of %d bytes", tt.family, tt.text, n, len(tt.text))
		_, whole = follows(form.Whole, "Hello")
		require.False(t, whole, tt.family)
		_, whole = follows(form.Whole, "")
		require.False(t, whole, tt.family)
	}
}

// TestTriggers checks that the triggers of each family find its calls, and that the grammar of a
// trigger accepts the text that follows.
func TestTriggers(t *testing.T) {
	for _, tt := range cases() {
		f := family(t, tt.family)
		if len(tt.want.Calls) == 0 || tt.odd || f.IsGeneric() {
			continue
		}
		plan := Plan{Family: f, Tools: weather, Parallel: true, Control: noControl}
		form, err := plan.Compile()
		require.NoError(t, err)
		require.Nil(t, form.Whole)
		ok := false
		for _, trigger := range form.Triggers {
			if trigger.Pattern != "" {
				if at := regexp.MustCompile(trigger.Pattern).FindStringSubmatchIndex(tt.text); at != nil {
					_, ok = follows(trigger.Then, tt.text[at[2]:])
				}
				continue
			}
			for i := range len(tt.text) - len(trigger.Text) {
				if tt.text[i:i+len(trigger.Text)] != trigger.Text || trigger.Start && i > 0 {
					continue
				}
				_, whole := follows(trigger.Then, tt.text[i+len(trigger.Text):])
				ok = ok || whole
			}
		}
		assert.True(t, ok, "%s: %s", tt.family, tt.text)
	}
}

// TestThinking checks that thoughts may come first, and that the answer after the thoughts must
// follow the rules of Plan.Answer.
func TestThinking(t *testing.T) {
	answer, _, err := jsonschema.Rules([]byte(`{"type": "integer"}`), jsonschema.Options{})
	require.NoError(t, err)
	think := Thinking{Open: "<think>", Close: "</think>"}
	inside := think
	inside.Inside = true
	for _, tt := range []struct {
		family   string
		thinking Thinking
		text     string
		want     bool
	}{
		{"Hermes", Thinking{}, "42", true},
		{"Hermes", Thinking{}, "<think>a</think>42", false},
		{"Hermes", think, "42", true},
		{"Hermes", think, "<think>\n{a <b> c\n</think>\n\n42", true},
		{"Hermes", think, "<think>\nab</think>\n\nx", false},
		{"Hermes", inside, "42", false},
		{"Hermes", inside, "ab</think>\n\n42", true},
		{"gpt-oss", Thinking{}, "<|channel|>final<|message|>42", true},
		{"gpt-oss", Thinking{}, "<|channel|>analysis<|message|>ab<|end|><|start|>assistant<|channel|>final <|constrain|>json<|message|>42", true},
		{"gpt-oss", Thinking{}, "42", false},
		{"Functionary 3.2", Thinking{}, "all\n42", true},
		{"generic", Thinking{}, "42", true},
	} {
		form, err := (&Plan{Family: family(t, tt.family), Thinking: tt.thinking, Answer: answer, Control: noControl}).Compile()
		require.NoError(t, err)
		_, whole := follows(form.Whole, tt.text)
		require.Equal(t, tt.want, whole, "%s: %s", tt.family, tt.text)
	}
	// With tools, an answer follows these rules or is a call.
	form, err := (&Plan{Family: family(t, "Hermes"), Tools: weather, Thinking: think, Answer: answer, Control: noControl}).Compile()
	require.NoError(t, err)
	for text, want := range map[string]bool{
		"42": true, "hello": false, "<think>x</think>42": true,
		"<think>x</think>\n<tool_call>\n{\"name\": \"ping\", \"arguments\": {}}\n</tool_call>": true,
	} {
		_, whole := follows(form.Whole, text)
		require.Equal(t, want, whole, text)
	}
}

// TestControl checks that, if a mark is a control token, the grammar demands that token.
func TestControl(t *testing.T) {
	ids := map[string]int32{"[TOOL_CALLS]": 0, "[ARGS]": 1}
	v := grammar.NewVocab(258, func(id int32) []byte {
		if id < 2 {
			return nil
		}
		return []byte{byte(id - 2)}
	}, nil)
	form, err := (&Plan{Family: family(t, "Ministral 3"), Tools: weather, Required: true, Control: func(text string) (int32, bool) {
		id, ok := ids[text]
		return id, ok
	}}).Compile()
	require.NoError(t, err)
	m := form.Whole.NewMatcher(v)
	require.False(t, m.Allowed('['+2))
	require.NoError(t, m.Accept(0))
	_, ok := m.AcceptBytes([]byte("ping"))
	require.True(t, ok)
	require.NoError(t, m.Accept(1))
	_, ok = m.AcceptBytes([]byte("{}"))
	require.True(t, ok)
	require.True(t, m.Done())
}

func TestSchemas(t *testing.T) {
	strict := []Tool{{Name: "f", Strict: true, Parameters: json.RawMessage(`{"type": "object", "properties": {"a": {"type": "array", "uniqueItems": true}}}`)}}
	for i := range families {
		plan := Plan{Family: &families[i], Tools: strict, Required: true, Control: noControl}
		_, err := plan.Compile()
		var e *SchemaError
		require.ErrorAs(t, err, &e, families[i].Name)
		require.Equal(t, 0, e.Tool)
		lenient := strict[0]
		lenient.Strict = false
		plan.Tools = []Tool{lenient}
		form, err := plan.Compile()
		require.NoError(t, err)
		require.NotEmpty(t, form.Warnings, families[i].Name)
	}
}

// TestKept checks the families whose arguments are not JSON. If a family's grammar does not enforce
// a keyword, there must be one warning, with the pointer of the keyword, or an error if the tool is
// strict. There must be no warning about other keywords.
func TestKept(t *testing.T) {
	object := func(more string) string {
		return `{"type": "object", "properties": {"a": {"type": "string"}, "n": {"type": "integer", "minimum": 1, "maximum": 9}, "e": {"enum": ["x", "y"]}}, "required": ["a"]` + more + `}`
	}
	property := func(schema string) string {
		return `{"type": "object", "properties": {"a": ` + schema + `}, "required": ["a"], "$defs": {"d": {"type": "string", "maxLength": 3}}}`
	}
	const (
		params = 1 << iota
		gemma
		python
		all = params | gemma | python
	)
	for _, tt := range []struct {
		schema string
		told   string // the JSON pointer in the warning; "": no warning
		by     int    // bits of the forms that warn
	}{
		{object(``), "", 0},
		{object(`, "title": "t", "minProperties": 1, "maxProperties": 3, "additionalProperties": false`), "", 0},
		{object(`, "minProperties": 2`), "#/minProperties", all},
		{object(`, "maxProperties": 2`), "#/maxProperties", all},
		{object(`, "dependentRequired": {"n": ["e"]}`), "#/dependentRequired", all},
		{object(`, "anyOf": [{"required": ["n"]}, {"required": ["e"]}]`), "#/anyOf", all},
		{object(`, "additionalProperties": {"type": "integer"}`), "#/additionalProperties", params},
		{property(`{"type": "string", "pattern": "^x", "maxLength": 9}`), "", 0},
		{property(`{"type": "string", "format": "date"}`), "", 0},
		{property(`{"$ref": "#/$defs/d"}`), "", 0},
		{property(`{"type": ["string", "null"], "minLength": 2}`), "#/properties/a/minLength", params | gemma},
		{property(`{"anyOf": [{"type": "string"}, {"type": "null"}]}`), "", 0},
		{property(`{"anyOf": [{"type": "string", "maxLength": 3}, {"type": "null"}]}`), "#/properties/a/anyOf", params | gemma},
		{property(`{"type": "array", "items": {"type": "integer"}, "minItems": 2}`), "#/properties/a/minItems", gemma},
		{property(`{"type": "array", "items": {"type": "object", "properties": {"b/c": {"type": "array", "maxItems": 2}}}}`), "#/properties/a/items/properties/b~1c/maxItems", gemma},
		{property(`{"type": "array", "uniqueItems": true}`), "#/properties/a/uniqueItems", all}, // the compiler of schemas gives this warning
	} {
		for name, bit := range map[string]int{"Qwen3-Coder": params, "GLM 4": params, "Gemma 4": gemma, "LFM2": python} {
			tool := Tool{Name: "f", Parameters: json.RawMessage(tt.schema)}
			plan := Plan{Family: family(t, name), Tools: []Tool{tool}, Required: true, Control: noControl}
			form, err := plan.Compile()
			require.NoError(t, err, "%s: %s", name, tt.schema)
			tool.Strict = true
			plan.Tools = []Tool{tool}
			_, err = plan.Compile()
			if tt.by&bit == 0 {
				require.Empty(t, form.Warnings, "%s: %s", name, tt.schema)
				require.NoError(t, err, "%s: %s", name, tt.schema)
				continue
			}
			told := 0
			for _, w := range form.Warnings {
				if strings.Contains(w, `the tool "f": `+tt.told+": ") {
					told++
				}
			}
			require.Equal(t, 1, told, "%s: %s: %q", name, tt.schema, form.Warnings)
			if strings.Contains(tt.schema, "null") {
				require.NoError(t, err, "even for a strict tool, there is only a warning")
				continue
			}
			require.ErrorContains(t, err, tt.told+": ", "%s: %s", name, tt.schema)
		}
	}
}

// TestRecursive checks that values in Gemma's form satisfy a recursive schema at any depth.
func TestRecursive(t *testing.T) {
	const schema = `{"type": "object", "properties": {"n": {"$ref": "#/$defs/node"}}, "required": ["n"], "$defs": {"node": {"type": "object",
		"properties": {"v": {"type": "integer"}, "a": {"$ref": "#/$defs/node"}, "b": {"$ref": "#/$defs/node"}, "c": {"type": "array", "items": {"$ref": "#/$defs/node"}}}, "required": ["v"]}}}`
	plan := Plan{Family: family(t, "Gemma 4"), Tools: []Tool{{Name: "f", Parameters: json.RawMessage(schema)}}, Required: true, Control: noControl}
	form, err := plan.Compile()
	require.NoError(t, err)
	require.Empty(t, form.Warnings)
	const deep = 30
	nested := func(last string) string {
		return "<|tool_call>call:f{n:" + strings.Repeat("{v:1,a:", deep) + "{v:" + last + "}" + strings.Repeat("}", deep) + "}<tool_call|>"
	}
	_, whole := follows(form.Whole, nested("7"))
	require.True(t, whole)
	_, whole = follows(form.Whole, nested("true"))
	require.False(t, whole)
}

// TestTexts checks that strings without quotes satisfy their schemas.
func TestTexts(t *testing.T) {
	const end = "\n</parameter>\n</function>\n</tool_call>"
	for _, tt := range []struct {
		schema  string
		yes, no []string
	}{
		{`{"type": "string"}`, []string{"", "a\n\"b\" <x>", "日本"}, []string{"</parameter>x"}},
		{`{"type": "string", "maxLength": 3}`, []string{"", "abc", "日本語"}, []string{"abcd"}},
		{`{"type": "string", "pattern": "^[a-z]+\\d$"}`, []string{"ab1"}, []string{"1", "ab"}},
		{`{"type": "string", "pattern": "\\d"}`, []string{"a1b", "1"}, []string{"ab"}},
		{`{"type": "string", "format": "date"}`, []string{"2026-02-28"}, []string{"2026-02-31", "today"}},
		{`{"$ref": "#/$defs/d", "minLength": 2}`, []string{"ab", "abc"}, []string{"a", "abcd"}},
		{`{"enum": ["x", "y\"z", "</parameter>"]}`, []string{"x", `y"z`}, []string{"z", "</parameter>"}},
		{`{"type": ["string", "null"], "enum": ["x", "y"]}`, []string{"x"}, []string{"z"}},
		{`{"type": "string", "allOf": [{"minLength": 2}, {"pattern": "^a"}]}`, []string{"ab"}, []string{"a", "ba"}},
	} {
		parameters := `{"type": "object", "properties": {"a": ` + tt.schema + `}, "required": ["a"], "$defs": {"d": {"type": "string", "maxLength": 3}}}`
		plan := Plan{Family: family(t, "Qwen3-Coder"), Tools: []Tool{{Name: "f", Strict: true, Parameters: json.RawMessage(parameters)}}, Required: true, Control: noControl}
		form, err := plan.Compile()
		if strings.Contains(tt.schema, "null") {
			plan.Tools[0].Strict = false
			form, err = plan.Compile()
		}
		require.NoError(t, err, tt.schema)
		check := func(value string, want bool) {
			_, whole := follows(form.Whole, "<tool_call>\n<function=f>\n<parameter=a>\n"+value+end)
			require.Equal(t, want, whole, "%s: %q", tt.schema, value)
		}
		for _, value := range tt.yes {
			check(value, true)
		}
		for _, value := range tt.no {
			check(value, false)
		}
	}
}
