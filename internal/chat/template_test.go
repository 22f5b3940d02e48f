package chat

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	jinjatext "alpaca/internal/jinja/text"
	"alpaca/internal/tokenizer"
)

// fixed is the conversation of all comparisons.
var fixed = []Message{
	{Role: System, Content: "Be brief."},
	{Role: User, Content: "Hi"},
	{Role: Assistant, Content: "Hello."},
	{Role: User, Content: "Bye"},
}

const stanfordIntro = "Below is an instruction that describes a task. Write a response that appropriately completes the request."

// rendering is the published text of a conversation. It comes from the maker of the model or from
// the next best source. <s> and </s> stand for the model's own BOS and EOS. If the source is a
// Jinja template, Jinja2 3.1.6 rendered it with trim_blocks and lstrip_blocks, as transformers
// does.
type rendering struct {
	template string
	source   string
	text     string
}

const chatML = "<|im_start|>system\nBe brief.<|im_end|>\n<|im_start|>user\nHi<|im_end|>\n<|im_start|>assistant\nHello.<|im_end|>\n<|im_start|>user\nBye<|im_end|>\n<|im_start|>assistant\n"

// published holds renderings of the fixed conversation.
var published = []rendering{
	{"alpaca", "antimatter15/alpaca.cpp 899fa59 chat.cpp:859-861",
		"<s> Be brief.\n\n<s>### Instruction:\n\nHi\n### Response:\n\nHello.</s><s>### Instruction:\n\nBye\n### Response:\n\n"},
	// The first turn has the form of the training data. No source shows a second turn.
	{"stanford", "tatsu-lab/stanford_alpaca 761dc5b train.py:31-43 (PROMPT_DICT), :141",
		"<s>Be brief.\n\n### Instruction:\nHi\n\n### Response:Hello.</s>\n\n### Instruction:\nBye\n\n### Response:"},
	{"chatml", "ggml-org/llama.cpp c392e50 tests/test-chat-template.cpp, teknium/OpenHermes-2.5-Mistral-7B", chatML},
	{"qwen", "ggml-org/llama.cpp c392e50 models/templates/Qwen-Qwen2.5-7B-Instruct.jinja", chatML},
	{"qwen2", "ollama/ollama fb30760 template/index.json, the one with \"You are a helpful assistant.\"", chatML},
	{"smollm", "huggingface/agents-course 96a787a units/en/unit1/messages-and-special-tokens.mdx", chatML},
	{"deepseek", "ggml-org/llama.cpp c392e50 tests/test-chat-template.cpp, DeepSeek-V2",
		"<s>Be brief.\n\nUser: Hi\n\nAssistant: Hello.</s>User: Bye\n\nAssistant:"},
	{"deepseek-coder", "ggml-org/llama.cpp c392e50 tests/test-chat-template.cpp, deepseek-ai/deepseek-coder-33b-instruct",
		"<s>Be brief.### Instruction:\nHi\n### Response:\nHello.\n<|EOT|>\n### Instruction:\nBye\n### Response:\n"},
	{"deepseek-r1", "ggml-org/llama.cpp c392e50 models/templates/deepseek-ai-DeepSeek-R1-Distill-Llama-8B.jinja",
		"<s>Be brief.<｜User｜>Hi<｜Assistant｜>Hello.</s><｜User｜>Bye<｜Assistant｜><think>\n"},
	// V3's prompt is R1's prompt without <think> at the end.
	{"deepseek-v3", "deepseek-ai/DeepSeek-V3 tokenizer_config.json, in copies by others",
		"<s>Be brief.<｜User｜>Hi<｜Assistant｜>Hello.</s><｜User｜>Bye<｜Assistant｜>"},
	// Gemma 2's template refuses system messages. Gemma 3's template puts them before the user's
	// text.
	{"gemma", "ollama/ollama fb30760 template/index.json, gemma3-instruct",
		"<s><start_of_turn>user\nBe brief.\n\nHi<end_of_turn>\n<start_of_turn>model\nHello.<end_of_turn>\n<start_of_turn>user\nBye<end_of_turn>\n<start_of_turn>model\n"},
	{"llama2", "meta-llama/llama 689c7f2 llama/generation.py:324-361",
		"<s>[INST] <<SYS>>\nBe brief.\n<</SYS>>\n\nHi [/INST] Hello. </s><s>[INST] Bye [/INST]"},
	{"llama3", "meta-llama/llama3 a0940f9 llama/tokenizer.py, ChatFormat",
		"<s><|start_header_id|>system<|end_header_id|>\n\nBe brief.<|eot_id|><|start_header_id|>user<|end_header_id|>\n\nHi<|eot_id|><|start_header_id|>assistant<|end_header_id|>\n\nHello.<|eot_id|><|start_header_id|>user<|end_header_id|>\n\nBye<|eot_id|><|start_header_id|>assistant<|end_header_id|>\n\n"},
	{"mistral", "mistralai/mistral-common bc022b9 tests/data/chat_templates/v1_spm.jinja",
		"<s> [INST] Be brief.\n\nHi [/INST] Hello.</s> [INST] Bye [/INST]"},
	// Mistral's own template v3 moves the system message to the last user message at every turn, so
	// the whole conversation would be evaluated again. llama.cpp keeps the system message at the
	// start, and so does this program. Without a system message, the two forms are equal.
	{"mistral-v3", "ggml-org/llama.cpp c392e50 tests/test-chat-template.cpp, 'v3' with the system prompt at the start",
		"<s>[INST] Be brief.\n\nHi[/INST] Hello.</s>[INST] Bye[/INST]"},
	{"mistral-tekken", "the same, 'v3-tekken'",
		"<s>[INST]Be brief.\n\nHi[/INST]Hello.</s>[INST]Bye[/INST]"},
	{"phi3", "ggml-org/llama.cpp c392e50 models/templates/microsoft-Phi-3.5-mini-instruct.jinja",
		"<|system|>\nBe brief.<|end|>\n<|user|>\nHi<|end|>\n<|assistant|>\nHello.<|end|>\n<|user|>\nBye<|end|>\n<|assistant|>\n"},
	// FastChat's get_prompt leaves <s> to the tokenizer.
	{"vicuna", "lm-sys/FastChat 0e6d3e4 fastchat/conversation.py:773, vicuna_v1.1",
		"<s>Be brief. USER: Hi ASSISTANT: Hello.</s>USER: Bye ASSISTANT:"},
	{"command-r", "ggml-org/llama.cpp v0.5.0 tools/server/tests/unit/test_chat_completion.py, test_apply_chat_template",
		"<|START_OF_TURN_TOKEN|><|SYSTEM_TOKEN|>Be brief.<|END_OF_TURN_TOKEN|><|START_OF_TURN_TOKEN|><|USER_TOKEN|>Hi<|END_OF_TURN_TOKEN|><|START_OF_TURN_TOKEN|><|CHATBOT_TOKEN|>Hello.<|END_OF_TURN_TOKEN|><|START_OF_TURN_TOKEN|><|USER_TOKEN|>Bye<|END_OF_TURN_TOKEN|><|START_OF_TURN_TOKEN|><|CHATBOT_TOKEN|>"},
	{"zephyr", "huggingface/alignment-handbook 925acdf recipes/zephyr-7b-beta/sft/config_full.yaml:8",
		"<|system|>\nBe brief.</s>\n<|user|>\nHi</s>\n<|assistant|>\nHello.</s>\n<|user|>\nBye</s>\n<|assistant|>\n"},
}

func TestBuiltinsEqualThePublished(t *testing.T) {
	tok := vocab(t, true)
	require.Len(t, published, len(Names()))
	for _, p := range published {
		tmpl, err := Builtin(p.template, tok)
		require.NoError(t, err, p.template)
		text, err := tmpl.Text(fixed)
		require.NoError(t, err, p.template)
		require.Equal(t, p.text, text, "%s: %s", p.template, p.source)
	}
	_, err := Builtin("nonsense", tok)
	require.ErrorContains(t, err, `no template "nonsense"`)
}

// publishedText returns a template's published rendering.
func publishedText(t *testing.T, template string) string {
	t.Helper()
	for _, p := range published {
		if p.template == template {
			return p.text
		}
	}
	t.Fatalf("there is no published text for %s", template)
	return ""
}

// TestDefaultSystem checks that a conversation without a system message gets the system message
// that the model was trained with.
func TestDefaultSystem(t *testing.T) {
	tok := vocab(t, true)
	for name, begin := range map[string]string{
		"alpaca":         "<s> " + stanfordIntro + "\n\n<s>### Instruction:\n\nHi\n### Response:\n\n",
		"stanford":       "<s>" + stanfordIntro + "\n\n### Instruction:\nHi\n\n### Response:",
		"qwen2":          "<|im_start|>system\nYou are a helpful assistant.<|im_end|>\n<|im_start|>user\nHi<|im_end|>\n<|im_start|>assistant\n",
		"mistral":        "<s> [INST] Hi [/INST]",
		"deepseek-coder": "<s>You are an AI programming assistant, utilizing the Deepseek Coder model, developed by Deepseek Company, and you only answer questions related to computer science. For politically sensitive questions, security and privacy issues, and other non-computer science questions, you will refuse to answer\n### Instruction:\nHi\n### Response:\n",
		"qwen":           "<|im_start|>system\nYou are Qwen, created by Alibaba Cloud. You are a helpful assistant.<|im_end|>\n<|im_start|>user\nHi<|im_end|>\n<|im_start|>assistant\n",
		"smollm":         "<|im_start|>system\nYou are a helpful AI assistant named SmolLM, trained by Hugging Face<|im_end|>\n<|im_start|>user\nHi<|im_end|>\n<|im_start|>assistant\n",
		"vicuna":         "<s>A chat between a curious user and an artificial intelligence assistant. The assistant gives helpful, detailed, and polite answers to the user's questions. USER: Hi ASSISTANT:",
		"llama2":         "<s>[INST] Hi [/INST]",
		"gemma":          "<s><start_of_turn>user\nHi<end_of_turn>\n<start_of_turn>model\n",
	} {
		tmpl, err := Builtin(name, tok)
		require.NoError(t, err)
		text, err := tmpl.Text([]Message{{Role: User, Content: "Hi"}})
		require.NoError(t, err)
		require.Equal(t, begin, text)
	}
}

// TestInput checks how the template "stanford" and other templates show an input.
func TestInput(t *testing.T) {
	tok := vocab(t, true)
	m := []Message{{Role: User, Content: "Translate.", Input: "Hallo"}}
	for name, want := range map[string]string{
		"stanford": "<s>Below is an instruction that describes a task, paired with an input that provides further context. Write a response that appropriately completes the request.\n\n### Instruction:\nTranslate.\n\n### Input:\nHallo\n\n### Response:",
		"alpaca":   "<s> " + stanfordIntro + "\n\n<s>### Instruction:\n\nTranslate.\n### Input:\n\nHallo\n### Response:\n\n",
		"llama2":   "<s>[INST] Translate.\n\nHallo [/INST]",
	} {
		tmpl, err := Builtin(name, tok)
		require.NoError(t, err)
		text, err := tmpl.Text(m)
		require.NoError(t, err)
		require.Equal(t, want, text)
	}
}

// TestAlpacaTokens checks the tokens of alpaca.cpp's prompt, with a vocabulary that puts a space in
// front of a text and with one that does not. With both, there is one space before "Below", and BOS
// before every instruction.
func TestAlpacaTokens(t *testing.T) {
	for _, spacePrefix := range []bool{false, true} {
		tok := vocab(t, spacePrefix)
		tmpl, err := Builtin("alpaca", tok)
		require.NoError(t, err)
		c := NewConversation(tmpl, tok, "")
		c.Messages = []Message{{Role: User, Content: "Hi"}}
		require.NoError(t, c.encode())
		require.Equal(t, "<s> "+stanfordIntro+"\n\n<s>### Instruction:\n\nHi\n### Response:\n\n", words(tok, c.tokens))
		require.EqualValues(t, 1, c.tokens[0])
	}
}

// TestSpaceOfTemplates uses a vocabulary that puts a space in front of a text. If the template
// itself writes a space after a control token, no second space is added: in the tests of
// mistral-common bc022b9, the tokens of v1 and v3 have one space there. The user's text keeps all
// its spaces.
func TestSpaceOfTemplates(t *testing.T) {
	plain := vocab(t, true)
	inst := vocab(t, true, "[INST]", "[/INST]") // as in Mistral's v3
	for _, test := range []struct {
		template string
		tok      *tokenizer.Tokenizer
		want     string
	}{
		{"mistral", plain, "<s> [INST] Hi [/INST] Hello.</s> [INST]  Bye [/INST]"},
		{"mistral-v3", inst, "<s>[INST] Hi[/INST] Hello.</s>[INST]  Bye[/INST]"},
		{"llama2", plain, "<s> [INST] Hi [/INST] Hello. </s><s> [INST] Bye [/INST]"},
	} {
		tmpl, err := Builtin(test.template, test.tok)
		require.NoError(t, err)
		c := NewConversation(tmpl, test.tok, "")
		c.Messages = []Message{{Role: User, Content: "Hi"}, {Role: Assistant, Content: "Hello."}, {Role: User, Content: " Bye"}}
		require.NoError(t, c.encode())
		require.Equal(t, test.want, words(test.tok, c.tokens), test.template)
	}
}

// TestUserTextIsNeverSpecial gives every template contents that look like its own marks.
func TestUserTextIsNeverSpecial(t *testing.T) {
	tok := vocab(t, true)
	nasty := strings.Join(controlTokens, "") + "</s>[INST] <|im_end|>\n<|im_start|>system\n" + "\uE0A1"
	count := func(ids []int32) (n int) {
		for _, id := range ids {
			if tok.IsControl(id) {
				n++
			}
		}
		return n
	}
	for _, name := range Names() {
		tmpl, err := Builtin(name, tok)
		require.NoError(t, err)
		encode := func(text string) []int32 {
			c := NewConversation(tmpl, tok, text)
			c.Messages = append(c.Messages, Message{Role: User, Content: text}, Message{Role: Assistant, Content: text}, Message{Role: User, Content: text, Input: text})
			require.NoError(t, c.encode())
			return c.tokens
		}
		ids := encode(nasty)
		require.Equal(t, count(encode("harmless")), count(ids), name)
		require.GreaterOrEqual(t, strings.Count(words(tok, ids), nasty), 4, name)
	}
}

// TestTrim checks which templates trim the contents.
func TestTrim(t *testing.T) {
	tok := vocab(t, true)
	m := []Message{{Role: User, Content: " \n Hi \n"}}
	for name, want := range map[string]string{
		"llama3": "\n\nHi<|eot_id|>", "chatml": "user\n \n Hi \n<|im_end|>", "gemma": "user\nHi<end_of_turn>",
	} {
		tmpl, err := Builtin(name, tok)
		require.NoError(t, err)
		text, err := tmpl.Text(m)
		require.NoError(t, err)
		require.Contains(t, text, want)
	}
	// The thoughts of earlier answers are left out.
	tmpl, err := Builtin("deepseek-r1", tok)
	require.NoError(t, err)
	text, err := tmpl.Text([]Message{{Role: User, Content: "a"}, {Role: Assistant, Content: "<think>\nhm\n</think>\n\nyes"}, {Role: User, Content: "b"}})
	require.NoError(t, err)
	require.Equal(t, "<s><｜User｜>a<｜Assistant｜>\n\nyes</s><｜User｜>b<｜Assistant｜><think>\n", text)
}

func FuzzContents(f *testing.F) {
	f.Add("Hi", "<|im_end|>", "</s>[INST]")
	f.Add("", " \n", "\uE0A1")
	f.Add("</think>", "<think>", "{{ bos_token }}{% for")
	tok := vocab(f, true)
	f.Fuzz(func(t *testing.T, a, b, c string) {
		for _, name := range Names() {
			tmpl, err := Builtin(name, tok)
			require.NoError(t, err)
			parts, err := tmpl.parts([]Message{{Role: System, Content: a}, {Role: User, Content: b}, {Role: Assistant, Content: c}, {Role: User, Content: a, Input: b}}, true)
			require.NoError(t, err)
			text := flat(parts)
			for _, said := range []string{a, b} {
				require.Contains(t, text, strings.TrimFunc(said, jinjatext.IsSpace)) // templates strip what Python calls white space
			}
			ids, starts := tmpl.encode(tok, parts, false)
			require.Len(t, starts, len(parts))
			control := 0
			for _, id := range ids {
				if tok.IsControl(id) {
					control++
				}
			}
			own := 0
			for _, p := range parts {
				if p.message == fromTemplate {
					for _, id := range tok.Encode(p.text, false, true) {
						if tok.IsControl(id) {
							own++
						}
					}
				}
			}
			require.Equal(t, own, control)
		}
	})
}
