package chat

import (
	"embed"
	"maps"
	"slices"
	"strings"
)

//go:embed templates/*.jinja
var sources embed.FS

// builtin is a template that comes with the program.
type builtin struct {
	// stops are texts that end an answer. They are for models that were not trained to end an
	// answer with a token, or whose vocabulary has no such token.
	stops []string
	// exact marks Alpaca's templates. The tokenizer adds no space before their texts, and they have
	// a place for Message.Input.
	exact bool
}

var builtins = map[string]builtin{
	"alpaca":         {stops: []string{"### Instruction:"}, exact: true},    // Stanford Alpaca as alpaca.cpp wrote it
	"stanford":       {stops: []string{"### Instruction:"}, exact: true},    // Stanford Alpaca as it was trained
	"chatml":         {stops: []string{"<|im_end|>", "<|im_start|>"}},       // ChatML
	"command-r":      {stops: []string{"<|END_OF_TURN_TOKEN|>"}},            // Command R
	"deepseek":       {stops: []string{"\n\nUser:"}},                        // DeepSeek LLM, V2 and V2.5
	"deepseek-coder": {stops: []string{"<|EOT|>", "### Instruction:"}},      // DeepSeek Coder
	"deepseek-r1":    {stops: []string{"<｜User｜>"}},                         // DeepSeek R1
	"deepseek-v3":    {stops: []string{"<｜User｜>"}},                         // DeepSeek V3
	"gemma":          {stops: []string{"<end_of_turn>", "<start_of_turn>"}}, // Gemma
	"llama2":         {stops: []string{"[INST]"}},                           // Llama 2 chat
	"llama3":         {stops: []string{"<|eot_id|>"}},                       // Llama 3 instruct
	"mistral":        {stops: []string{"[INST]"}},                           // Mistral 7B instruct v0.1, v0.2
	"mistral-v3":     {stops: []string{"[INST]"}},                           // Mistral 7B instruct v0.3
	"mistral-tekken": {stops: []string{"[INST]"}},                           // Mistral Nemo instruct
	"phi3":           {stops: []string{"<|end|>", "<|user|>"}},              // Phi-3
	"qwen":           {stops: []string{"<|im_end|>", "<|im_start|>"}},       // Qwen 2.5
	"qwen2":          {stops: []string{"<|im_end|>", "<|im_start|>"}},       // Qwen 1.5 and 2
	"smollm":         {stops: []string{"<|im_end|>", "<|im_start|>"}},       // SmolLM 2
	"vicuna":         {stops: []string{"USER:"}},                            // Vicuna 1.1, 1.5
	"zephyr":         {stops: []string{"<|user|>"}},                         // Zephyr, TinyLlama
}

// Names returns the names of the built-in templates, sorted.
func Names() []string { return slices.Sorted(maps.Keys(builtins)) }

// source returns the text of a built-in template.
func source(name string) string {
	text, err := sources.ReadFile("templates/" + name + ".jinja")
	if err != nil {
		panic("chat: no template " + name)
	}
	return string(text)
}

// Guess returns the name of the built-in template that is most like a template's
// text, or "" if no template is similar. It looks for typical strings in the text.
func Guess(text string) string {
	for _, g := range []struct{ has, name string }{
		{"created by Alibaba Cloud", "qwen"},
		{"<|im_start|>", "chatml"},
		{"<|START_OF_TURN_TOKEN|>", "command-r"},
		{"<|start_header_id|>", "llama3"},
		{"<start_of_turn>", "gemma"},
		{"<<SYS>>", "llama2"},
		{"' [/INST]", "mistral"},
		{"\" [/INST]", "mistral"},
		{"[INST] ", "mistral-v3"},
		{"[INST]", "mistral-tekken"},
		{"<|end|>", "phi3"},
		{"<|user|>", "zephyr"},
		{"<｜Assistant｜><think>", "deepseek-r1"},
		{"<｜User｜>", "deepseek-v3"},
		{"USER: ", "vicuna"},
		{"<|EOT|>", "deepseek-coder"},
		{"### Instruction", "stanford"},
		{"User: ", "deepseek"},
	} {
		if strings.Contains(text, g.has) {
			return g.name
		}
	}
	return ""
}
