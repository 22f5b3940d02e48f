package generate

import (
	"context"
	"errors"
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"alpaca/internal/sampler"
	"alpaca/internal/tokenizer"
)

// script is a session that makes greedy sampling say what it is told.
type script struct {
	say   []int32 // the tokens to come, then the first one again
	pos   int
	ctx   int
	vocab int
	after func() // called after each Eval
	fail  error  // of the Eval after the last token
}

func (s *script) Pos() int { return s.pos }
func (s *script) Ctx() int { return s.ctx }

func (s *script) Eval(ctx context.Context, tokens []int32, progress func(done, total int)) ([]float32, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	s.pos += len(tokens)
	if progress != nil {
		progress(len(tokens), len(tokens))
	}
	if s.after != nil {
		s.after()
	}
	logits := make([]float32, s.vocab)
	if len(s.say) == 0 {
		if s.fail != nil {
			return nil, s.fail
		}
		return logits, nil
	}
	logits[s.say[0]] = 1
	s.say = s.say[1:]
	return logits, nil
}

// bytesVocab is a vocabulary of <unk>, <s>, </s>, and the bytes, from id 3 on.
func bytesVocab(t *testing.T) *tokenizer.Tokenizer {
	t.Helper()
	v := tokenizer.Vocab{
		Model:  tokenizer.ModelSPM,
		Tokens: []string{"<unk>", "<s>", "</s>"},
		Types:  []int32{int32(tokenizer.TypeUnknown), int32(tokenizer.TypeControl), int32(tokenizer.TypeControl)},
	}
	const hex = "0123456789ABCDEF"
	for b := range 256 {
		v.Tokens = append(v.Tokens, "<0x"+string(hex[b>>4])+string(hex[b&15])+">")
		v.Types = append(v.Types, int32(tokenizer.TypeByte))
	}
	tok, err := tokenizer.New(v, tokenizer.Options{})
	require.NoError(t, err)
	return tok
}

// spell returns the tokens of a text in bytesVocab.
func spell(text string) []int32 {
	var ids []int32
	for _, b := range []byte(text) {
		ids = append(ids, int32(b)+3)
	}
	return ids
}

// run lets the script say its tokens and returns what was emitted.
func run(t *testing.T, s *script, opt Options) (tokens []Token, result Result, err error) {
	t.Helper()
	tok := bytesVocab(t)
	s.vocab = tok.Len()
	p := sampler.DefaultParams()
	p.Temp = 0
	smp, err := sampler.New(p, sampler.Vocab{N: tok.Len(), EOG: tok.EOG()})
	require.NoError(t, err)
	opt.Emit = func(t Token) error {
		tokens = append(tokens, t)
		return nil
	}
	result, err = Run(t.Context(), s, smp, tok, spell("prompt"), opt)
	return tokens, result, err
}

func TestReasons(t *testing.T) {
	const eos = 2
	tests := []struct {
		name   string
		say    []int32
		ctx    int
		max    int
		stop   []string
		text   string
		reason Reason
		tokens int // emitted
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
		{"bytes that are no text", spell("\xff\xfea"), 99, 3, nil, "\xff\xfea", Length, 3},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			tokens, result, err := run(t, &script{say: tt.say, ctx: tt.ctx}, Options{MaxTokens: tt.max, Stop: tt.stop})
			require.NoError(t, err)
			require.Equal(t, tt.text, join(tokens))
			require.Equal(t, tt.reason, result.Reason)
			require.Equal(t, tt.tokens, len(tokens))
			require.Equal(t, tt.tokens, result.GeneratedTokens)
			require.Equal(t, 6, result.PromptTokens)
		})
	}
}

func TestTokensAreEmittedAtOnce(t *testing.T) {
	var emitted []Token
	s := &script{say: spell("ab羊c"), ctx: 99}
	counts := []int{}
	s.after = func() { counts = append(counts, len(emitted)) }
	tok := bytesVocab(t)
	s.vocab = tok.Len()
	p := sampler.DefaultParams()
	p.Temp = 0
	smp, err := sampler.New(p, sampler.Vocab{N: tok.Len()})
	require.NoError(t, err)
	_, err = Run(t.Context(), s, smp, tok, spell("p"), Options{MaxTokens: 6, Emit: func(t Token) error {
		emitted = append(emitted, t)
		return nil
	}})
	require.NoError(t, err)
	// The newest token of a character waits: it may be the last.
	require.Equal(t, []int{0, 1, 2, 2, 3, 5}, counts)
	require.Equal(t, []string{"a", "b", "", "", "羊", "c"}, texts(emitted))
}

func TestInterrupt(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	s := &script{say: spell("abcdef"), ctx: 99}
	evals := 0
	s.after = func() {
		if evals++; evals == 3 {
			cancel()
		}
	}
	tok := bytesVocab(t)
	s.vocab = tok.Len()
	p := sampler.DefaultParams()
	p.Temp = 0
	smp, err := sampler.New(p, sampler.Vocab{N: tok.Len()})
	require.NoError(t, err)
	var tokens []Token
	emit := func(t Token) error { tokens = append(tokens, t); return nil }
	result, err := Run(ctx, s, smp, tok, spell("p"), Options{MaxTokens: -1, Emit: emit})
	require.NoError(t, err)
	require.Equal(t, Interrupt, result.Reason)
	require.Equal(t, "abc", join(tokens))

	result, err = Run(ctx, s, smp, tok, spell("p"), Options{MaxTokens: -1, Emit: emit})
	require.NoError(t, err)
	require.Equal(t, Interrupt, result.Reason)
	require.Zero(t, result.PromptTokens, "cancelled while evaluating the prompt")
}

func TestErrors(t *testing.T) {
	broken := errors.New("broken")
	tokens, result, err := run(t, &script{say: spell("a#"), ctx: 99, fail: broken}, Options{MaxTokens: -1, Stop: []string{"##"}})
	require.ErrorIs(t, err, broken)
	require.Equal(t, "a#", join(tokens), "what was held back is not lost")
	require.Equal(t, 2, result.GeneratedTokens)

	_, _, err = run(t, &script{ctx: 5}, Options{})
	require.EqualError(t, err, "the prompt of 6 tokens is longer than the context of 5")
	_, _, err = run(t, &script{ctx: 50, pos: 45}, Options{})
	require.EqualError(t, err, "the text of 6 tokens is longer than the 5 left of the context of 50")
	_, _, err = run(t, &script{ctx: 50}, Options{Stop: []string{""}})
	require.ErrorContains(t, err, "empty stop string")
}

func TestLogprobs(t *testing.T) {
	tokens, _, err := run(t, &script{say: spell("ab"), ctx: 99}, Options{MaxTokens: 2, Top: 3})
	require.NoError(t, err)
	// One logit is 1, the other 258 are 0.
	norm := math.Log(math.E + 258)
	for _, tok := range tokens {
		require.InDelta(t, 1-norm, tok.Logprob, 1e-12)
		require.Len(t, tok.Top, 3)
		require.Equal(t, tok.ID, tok.Top[0].ID)
		require.InDelta(t, -norm, tok.Top[1].Logprob, 1e-12)
	}
	tokens, _, err = run(t, &script{say: spell("ab"), ctx: 99}, Options{MaxTokens: 2})
	require.NoError(t, err)
	require.Zero(t, tokens[0].Logprob)
}

func TestFull(t *testing.T) {
	s := &script{say: spell("abcdef"), ctx: 8}
	made := 0
	tokens, result, err := run(t, s, Options{MaxTokens: 5, Full: func() (bool, error) {
		made++
		s.pos -= 3
		return true, nil
	}})
	require.NoError(t, err)
	require.Equal(t, Length, result.Reason)
	require.Equal(t, "abcde", join(tokens))
	require.Equal(t, 1, made)
}

func texts(tokens []Token) []string {
	var list []string
	for _, t := range tokens {
		list = append(list, t.Text)
	}
	return list
}
