package engine

import (
	"context"
	"errors"
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"alpaca/internal/model"
	"alpaca/internal/sampler"
	"alpaca/internal/testmodel"
)

// script is a grammar that allows one text.
type script struct {
	say  []int32 // the tokens still to come
	fail error   // the error that Accept returns for a further token
}

func (s *script) Allowed(id int32) bool { return len(s.say) == 0 || id == s.say[0] }

func (s *script) Accept(int32) error {
	if len(s.say) == 0 {
		return s.fail
	}
	s.say = s.say[1:]
	return nil
}

// spell returns the byte tokens of a text in testmodel's vocabulary.
func spell(text string) []int32 {
	var ids []int32
	for _, b := range []byte(text) {
		ids = append(ids, int32(b)+3)
	}
	return ids
}

// recite makes a model write a script after "prompt" and returns the emitted tokens.
func recite(t *testing.T, m *model.Model, ctx int, s *script, req Request) (tokens []Token, result Result, err error) {
	t.Helper()
	e := start(t, m, Options{Threads: 1, Ctx: ctx, Parallel: 1})
	req.Prompt = spell("prompt")
	req.Sampling = sampler.DefaultParams()
	req.Sampling.Temp = 0
	req.Grammar = func() sampler.Grammar { return s }
	result, err = e.Run(t.Context(), req, func(t Token) error {
		tokens = append(tokens, t)
		return nil
	})
	return tokens, result, err
}

// complete is a script that says that the text is complete after the last token.
type complete struct{ script }

func (s *complete) Done() bool { return len(s.say) == 0 }

// TestGrammarEndsText checks that a text ends without a further token when its grammar is complete.
func TestGrammarEndsText(t *testing.T) {
	e := start(t, load(t, testmodel.SPM(1)), Options{Threads: 1, Ctx: 99, Parallel: 1})
	text := ""
	result, err := e.Run(t.Context(), Request{
		Prompt: spell("prompt"), MaxTokens: -1, Sampling: sampler.DefaultParams(),
		Grammar: func() sampler.Grammar { return &complete{script{say: spell("abc")}} },
	}, func(t Token) error {
		text += t.Text
		return nil
	})
	require.NoError(t, err)
	require.Equal(t, "abc", text)
	require.Equal(t, EOS, result.Reason)
	require.Equal(t, 3, result.GeneratedTokens)
}

func TestReasons(t *testing.T) {
	const bos, eos = 1, 2
	m := load(t, testmodel.SPM(1))
	tests := []struct {
		name   string
		say    []int32
		ctx    int
		max    int
		stop   []string
		text   string
		reason Reason
		tokens int // the number of emitted tokens
	}{
		{"length", spell("abcdef"), 99, 3, nil, "abc", Length, 3},
		{"no tokens", spell("abc"), 99, 0, nil, "", Length, 0},
		{"end of text", append(spell("ab"), eos), 99, -1, nil, "ab", EOS, 3},
		{"end of text at once", []int32{eos}, 99, -1, nil, "", EOS, 1},
		{"stop string", spell("ab##c"), 99, -1, []string{"##"}, "ab", Stop, 4},
		{"end of text while held back", append(spell("ab#"), eos), 99, -1, []string{"##"}, "ab#", EOS, 4},
		{"length while held back", spell("ab##"), 99, 3, []string{"##"}, "ab#", Length, 3},
		{"context", spell("abcdef"), 10, -1, nil, "abcd", Context, 4},
		{"context at once", spell("abcdef"), 6, -1, nil, "", Context, 0},
		{"length before context", spell("abcdef"), 10, 4, nil, "abcd", Length, 4},
		{"a character of many tokens", spell("a羊駝b"), 99, 8, nil, "a羊駝b", Length, 8},
		{"a character cut off", spell("a羊"), 99, 3, nil, "a\xe7\xbe", Length, 3},
		{"stop string of characters", spell("a羊駝b"), 99, -1, []string{"駝"}, "a羊", Stop, 7},
		{"bytes that are not UTF-8", spell("\xff\xfea"), 99, 3, nil, "\xff\xfea", Length, 3},
		{"a control token as stop string", append(spell("ab"), bos), 99, -1, []string{"<s>"}, "ab", Stop, 3},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			tokens, result, err := recite(t, m, tt.ctx, &script{say: tt.say}, Request{MaxTokens: tt.max, Stop: tt.stop})
			require.NoError(t, err)
			require.Equal(t, tt.text, join(tokens))
			require.Equal(t, tt.reason, result.Reason)
			require.Equal(t, tt.tokens, len(tokens))
			require.Equal(t, tt.tokens, result.GeneratedTokens)
			require.Equal(t, 6, result.PromptTokens)
			require.Equal(t, tt.reason == Stop, result.Stop != "")
		})
	}
}

// TestTokensComeAtOnce checks that a token is emitted as soon as its text is certain. The next
// token must not be evaluated before the reader has taken this one.
func TestTokensComeAtOnce(t *testing.T) {
	m := load(t, testmodel.SPM(1))
	e := start(t, m, Options{Threads: 1, Ctx: 99, Parallel: 1})
	p := sampler.DefaultParams()
	p.Temp = 0
	s := &script{say: spell("ab羊c")}
	var left []int // how many tokens the script had left when each token was emitted
	var texts []string
	_, err := e.Run(context.Background(), Request{
		Prompt: spell("p"), MaxTokens: 6, Sampling: p, Grammar: func() sampler.Grammar { return s },
	}, func(t Token) error {
		left, texts = append(left, len(s.say)), append(texts, t.Text)
		return nil
	})
	require.NoError(t, err)
	// The newest token of an incomplete character is held back, because it may be the last token of
	// the text.
	require.Equal(t, []int{5, 4, 2, 1, 1, 0}, left)
	require.Equal(t, []string{"a", "b", "", "", "羊", "c"}, texts)
}

func TestFailures(t *testing.T) {
	m := load(t, testmodel.SPM(1))
	broken := errors.New("broken")
	tokens, result, err := recite(t, m, 99, &script{say: spell("a#"), fail: broken}, Request{MaxTokens: -1, Stop: []string{"##"}})
	require.ErrorIs(t, err, broken)
	require.Equal(t, "a#", join(tokens), "text that was held back must not be lost")
	require.Equal(t, 2, result.GeneratedTokens)

	_, _, err = recite(t, m, 5, &script{}, Request{})
	require.EqualError(t, err, "the prompt of 6 tokens is longer than the context of 5")
	_, _, err = recite(t, m, 50, &script{}, Request{MaxTokens: 3, Full: func(Movable) (bool, error) { return false, nil }, N: 2})
	require.ErrorContains(t, err, "2 answers")

	_, _, err = recite(t, m, 7, &script{say: spell("abc")}, Request{MaxTokens: 9, Full: func(Movable) (bool, error) { return false, broken }})
	require.ErrorIs(t, err, broken)
	_, result, err = recite(t, m, 7, &script{say: spell("abc")}, Request{MaxTokens: 9, Full: func(Movable) (bool, error) { return true, nil }})
	require.NoError(t, err)
	require.Equal(t, Context, result.Reason, "without Full, the text ends when the context is full")
}

func TestLogprobs(t *testing.T) {
	m := load(t, testmodel.SPM(1))
	tokens, _, err := recite(t, m, 99, &script{say: spell("ab")}, Request{MaxTokens: 2, Top: 3})
	require.NoError(t, err)
	for _, tok := range tokens {
		require.Len(t, tok.Top, 3)
		require.Negative(t, tok.Logprob)
		require.GreaterOrEqual(t, tok.Top[0].Logprob, tok.Logprob, "Top must have the probabilities of the model, even if the grammar forbids tokens")
		require.GreaterOrEqual(t, tok.Top[0].Logprob, tok.Top[1].Logprob)
		require.Less(t, math.Exp(tok.Top[0].Logprob), 1.0)
	}
	tokens, _, err = recite(t, m, 99, &script{say: spell("ab")}, Request{MaxTokens: 2})
	require.NoError(t, err)
	require.Zero(t, tokens[0].Logprob)
}

// TestShift writes two texts that are longer than their contexts. The engine
// shifts the context of the first text. In the second text, Full makes room.
func TestShift(t *testing.T) {
	m := load(t, testmodel.SPM(1))
	say := spell("abcdefghijklmnopqrstuvwxyz")
	tokens, result, err := recite(t, m, 12, &script{say: say}, Request{MaxTokens: 26, Shift: true, Keep: 3})
	require.NoError(t, err)
	require.Equal(t, Length, result.Reason)
	require.True(t, result.Shifted)
	require.Equal(t, "abcdefghijklmnopqrstuvwxyz", join(tokens))

	made := 0
	tokens, result, err = recite(t, m, 8, &script{say: say}, Request{MaxTokens: 5, Full: func(m Movable) (bool, error) {
		made++
		require.Equal(t, append(spell("prompt"), say[:2]...), m.Tokens())
		m.Truncate(5)
		return true, nil
	}})
	require.NoError(t, err)
	require.Equal(t, Length, result.Reason)
	require.Equal(t, "abcde", join(tokens))
	require.Equal(t, 1, made)
}
