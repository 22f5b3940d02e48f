package chat

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"alpaca/internal/sampler"
	"alpaca/internal/tokenizer"
)

// controlTokens are some that templates use.
var controlTokens = []string{"<unk>", "<s>", "</s>", "<|im_start|>", "<|im_end|>", "<|eot_id|>",
	"<|start_header_id|>", "<|end_header_id|>", "<start_of_turn>", "<end_of_turn>", "<|user|>",
	"<|assistant|>", "<|system|>", "<|end|>", "<｜User｜>", "<｜Assistant｜>", "<|EOT|>"}

// vocab returns a vocabulary that spells texts byte by byte, with a few words and
// control tokens, and others if they are given.
func vocab(t testing.TB, spacePrefix bool, controls ...string) *tokenizer.Tokenizer {
	t.Helper()
	v := tokenizer.Vocab{Model: tokenizer.ModelSPM, AddSpacePrefix: &spacePrefix,
		IDs: map[string]int64{"bos": 1, "eos": 2, "unk": 0}}
	add := func(text string, score float32, typ int32) {
		v.Tokens, v.Scores, v.Types = append(v.Tokens, text), append(v.Scores, score), append(v.Types, typ)
	}
	for i, text := range append(controlTokens, controls...) {
		add(text, 0, map[bool]int32{true: 2, false: 3}[i == 0])
	}
	for b := range 256 {
		add(fmt.Sprintf("<0x%02X>", b), 0, 6)
	}
	for i, text := range []string{"▁H", "▁Hi", "▁#", "##", "###", "</", "</s"} {
		add(text, -float32(i), 1)
	}
	for c := '!'; c < 0x7f; c++ {
		add(string(c), -100, 1)
	}
	add("▁", -100, 1)
	tok, err := tokenizer.New(v, tokenizer.Options{})
	require.NoError(t, err)
	return tok
}

// words returns the texts of tokens, control tokens included.
func words(tok *tokenizer.Tokenizer, ids []int32) string {
	var b strings.Builder
	for _, id := range ids {
		b.WriteString(tok.Piece(id, true))
	}
	return b.String()
}

// fakeSession evaluates nothing: its logits want the next token of a script.
type fakeSession struct {
	ctx       int
	tokens    []int32
	evaluated int // in all
	vocab     int
	script    []int32
	logits    []float32
}

func (s *fakeSession) Eval(ctx context.Context, tokens []int32, _ func(done, total int)) ([]float32, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if len(s.tokens)+len(tokens) > s.ctx {
		return nil, fmt.Errorf("%d tokens after %d in a context of %d", len(tokens), len(s.tokens), s.ctx)
	}
	s.tokens = append(s.tokens, tokens...)
	s.evaluated += len(tokens)
	s.logits = make([]float32, s.vocab)
	s.logits[s.script[0]] = 1
	s.script = s.script[1:]
	return s.logits, nil
}

func (s *fakeSession) Pos() int        { return len(s.tokens) }
func (s *fakeSession) Ctx() int        { return s.ctx }
func (s *fakeSession) Tokens() []int32 { return s.tokens }
func (s *fakeSession) Truncate(n int)  { s.tokens = s.tokens[:n] }
func (s *fakeSession) Shift(keep, discard int) error {
	s.tokens = append(append([]int32{}, s.tokens[:keep]...), s.tokens[keep+discard:]...)
	return nil
}

// newChat returns a chat with a model that says what is put in its script.
func newChat(t testing.TB, template, system string, ctx int) (*Chat, *fakeSession) {
	t.Helper()
	tok := vocab(t, false)
	tmpl, err := Builtin(template, tok)
	require.NoError(t, err)
	s := &fakeSession{ctx: ctx, vocab: tok.Len()}
	return &Chat{
		Conversation: NewConversation(tmpl, tok, system), Session: s,
		NewSampler: func() (*sampler.Sampler, error) {
			p := sampler.DefaultParams()
			p.Temp = 0
			return sampler.New(p, sampler.Vocab{N: tok.Len(), EOG: tok.EOG()})
		},
	}, s
}
