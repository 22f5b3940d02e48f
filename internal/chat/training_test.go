package chat

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestTraining(t *testing.T) {
	two := append(append([]Message{}, fixed...), Message{Role: Assistant, Content: "Adieu </s>"})
	for _, test := range []struct {
		template, text, learned string
		messages                []Message
	}{
		{"stanford", "<s>Be brief.\n\n### Instruction:\nHi\n\n### Response:Hello.</s>\n\n### Instruction:\nBye\n\n### Response:Adieu </s></s>", "Hello.</s>Adieu </s></s>", two},
		{"stanford", "<s>Below is an instruction that describes a task, paired with an input that provides further context. Write a response that appropriately completes the request.\n\n### Instruction:\nHi\n\n### Input:\n \n\n### Response:\nOh\n</s>", "\nOh\n</s>",
			[]Message{{Role: User, Content: "Hi", Input: " "}, {Role: Assistant, Content: "\nOh\n"}}},
		{"alpaca", "<s> " + stanfordIntro + "\n\n<s>### Instruction:\n\nHi\n### Response:\n\nOh</s>", "Oh</s>", []Message{{Role: User, Content: "Hi"}, {Role: Assistant, Content: "Oh"}}},
		{"chatml", "<s>" + chatML + "Adieu </s><|im_end|>\n", "Hello.<|im_end|>Adieu </s><|im_end|>", two},
		{"llama2", "<s>[INST] <<SYS>>\nBe brief.\n<</SYS>>\n\nHi [/INST] Hello. </s><s>[INST] Bye [/INST] Adieu </s> </s>", " Hello. </s> Adieu </s> </s>", two},
		{"gemma", "<s><start_of_turn>user\nHi<end_of_turn>\n<start_of_turn>model\nOh<end_of_turn>\n", "Oh<end_of_turn>", []Message{{Role: User, Content: "Hi"}, {Role: Assistant, Content: "Oh"}}},
		{"vicuna", "", " Oh</s>", []Message{{Role: User, Content: "Hi"}, {Role: Assistant, Content: "Oh"}}},
	} {
		tok := vocab(t, false)
		tmpl, err := Builtin(test.template, tok)
		require.NoError(t, err)
		ids, answer, err := tmpl.Training(tok, test.messages)
		require.NoError(t, err)
		require.Len(t, answer, len(ids))
		var learned []int32
		for i, id := range ids {
			if answer[i] {
				learned = append(learned, id)
			}
		}
		if test.text != "" {
			require.Equal(t, test.text, words(tok, ids), test.template)
		}
		require.Equal(t, test.learned, words(tok, learned), test.template)
		// The text of a message never becomes a control token. So the first of the last two tokens
		// is text, and only the second ends the answer.
		require.True(t, tok.IsEOG(learned[len(learned)-1]))
		require.False(t, tok.IsEOG(learned[len(learned)-2]), test.template)
	}
}

// TestTrainingAnswersAlike checks that training uses the same prompt tokens as a conversation.
func TestTrainingAnswersAlike(t *testing.T) {
	for _, name := range Names() {
		if name == "deepseek-r1" {
			continue // the prompt of this template begins a thought, which training leaves out
		}
		tok := vocab(t, true)
		tmpl, err := Builtin(name, tok)
		require.NoError(t, err)
		c := NewConversation(tmpl, tok, "")
		c.Messages = append(c.Messages, Message{Role: User, Content: "Hi there"})
		require.NoError(t, c.encode())
		ids, answer, err := tmpl.Training(tok, append(c.Messages, Message{Role: Assistant, Content: "Oh"}))
		require.NoError(t, err)
		n := 0
		for !answer[n] {
			n++
		}
		require.Equal(t, words(tok, c.tokens), words(tok, ids[:n]), name)
		require.Equal(t, c.tokens, ids[:n], name)
	}
}

func TestMissingTokens(t *testing.T) {
	tok := vocab(t, false)
	for name, want := range map[string][]string{"stanford": nil, "chatml": nil} {
		tmpl, err := Builtin(name, tok)
		require.NoError(t, err)
		missing, err := tmpl.MissingTokens(tok)
		require.NoError(t, err)
		require.Equal(t, want, missing, name)
	}
	tmpl, err := FromModel("<|nobody|>{{ messages[0].content }}<|has|>{% if messages[1] %}<|nobody|>{{ messages[1].content }}{% endif %}", tok)
	require.NoError(t, err)
	missing, err := tmpl.MissingTokens(tok)
	require.NoError(t, err)
	require.Equal(t, []string{"<|nobody|>", "<|has|>"}, missing)
}
