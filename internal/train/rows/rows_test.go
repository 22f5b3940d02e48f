package rows

import (
	"testing"

	"github.com/stretchr/testify/require"

	"alpaca/internal/chat"
	"alpaca/internal/dataset"
	"alpaca/internal/gguf"
	"alpaca/internal/testmodel"
	"alpaca/internal/tokenizer"
)

func maker(t *testing.T, template string) *Maker {
	f, err := gguf.Open(testmodel.SPM(1).Write(t))
	require.NoError(t, err)
	t.Cleanup(func() { f.Close() })
	tok, err := tokenizer.FromGGUF(f, tokenizer.Options{})
	require.NoError(t, err)
	tmpl, err := chat.Builtin(template, tok)
	require.NoError(t, err)
	return &Maker{Tokenizer: tok, Template: tmpl, MaxLength: 400}
}

func ask(line int, question, answer string) dataset.Record {
	return dataset.Record{Line: line, Messages: []dataset.Message{{Role: "user", Content: question}, {Role: "assistant", Content: answer}}}
}

// TestStanford compares an example in Stanford's format with the original, byte for byte.
func TestStanford(t *testing.T) {
	m := maker(t, "stanford")
	with := ask(2, "Name it.", "A la ma")
	with.Messages[0].Input = "x"
	r, err := m.Make([]dataset.Record{ask(1, "Name it.", "A</s>"), with})
	require.NoError(t, err)
	require.Empty(t, r.Problems)
	const head = "Below is an instruction that describes a task"
	for i, want := range []struct{ text, answer string }{
		{head + ". Write a response that appropriately completes the request.\n\n### Instruction:\nName it.\n\n### Response:", "A</s>"},
		{head + ", paired with an input that provides further context. Write a response that appropriately completes the request.\n\n### Instruction:\nName it.\n\n### Input:\nx\n\n### Response:", "A la ma"},
	} {
		e := r.Examples[i]
		prompt, answer := "", ""
		for j, id := range e.Tokens[1 : len(e.Tokens)-1] {
			if e.Weights[j+1] == 0 {
				prompt += m.Tokenizer.Piece(id, false)
			} else {
				answer += m.Tokenizer.Piece(id, false)
			}
		}
		require.Equal(t, want.text, prompt)
		require.Equal(t, want.answer, answer)
		require.Equal(t, m.Tokenizer.BOS(), e.Tokens[0])
		require.Equal(t, m.Tokenizer.EOS(), e.Tokens[len(e.Tokens)-1])
		require.Equal(t, float32(1), e.Weights[len(e.Weights)-1])
	}
	m.PromptWeight = 0.25
	weighted, err := m.Make([]dataset.Record{ask(1, "Name it.", "A")})
	require.NoError(t, err)
	require.Equal(t, float32(0.25), weighted.Examples[0].Weights[1])
}

func TestLengths(t *testing.T) {
	m := maker(t, "stanford")
	m.MaxLength = 190
	long := ask(7, "Name it.", "")
	for range 100 {
		long.Messages[1].Content += "la ma "
	}
	never := ask(8, long.Messages[1].Content, "A")
	r, err := m.Make([]dataset.Record{ask(6, "Q", "A"), long, never, {Line: 9, Text: long.Messages[1].Content}, {Line: 10, Text: ""}})
	require.NoError(t, err)
	require.Equal(t, dataset.Problems{{Line: 8, Reason: "no answer within the first 190 tokens"}}, r.Problems[:1])
	require.Equal(t, 1, r.Cut)
	require.Equal(t, 7, r.FirstCut)
	require.Len(t, r.Examples[1].Tokens, 190)
	require.NotEqual(t, m.Tokenizer.EOS(), r.Examples[1].Tokens[189])
	require.Equal(t, []int{0, 1, 3, 3}, r.Of[:4])
	labels := 0
	for _, e := range r.Examples {
		require.LessOrEqual(t, len(e.Tokens), 190)
		_, n := e.Weight()
		require.Positive(t, n)
		labels += n
	}
	require.Equal(t, labels, r.Labels)
	last := r.Examples[len(r.Examples)-1]
	require.Equal(t, m.Tokenizer.EOS(), last.Tokens[len(last.Tokens)-1])
}
