package chat

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"alpaca/internal/engine"
	"alpaca/internal/sampler"
	"alpaca/internal/tokenizer"
)

// controlTokens are the texts of special tokens, most of which templates use.
var controlTokens = []string{"<unk>", "<s>", "</s>", "<|im_start|>", "<|im_end|>", "<|eot_id|>",
	"<|start_header_id|>", "<|end_header_id|>", "<start_of_turn>", "<end_of_turn>", "<|user|>",
	"<|assistant|>", "<|system|>", "<|end|>", "<｜User｜>", "<｜Assistant｜>", "<|EOT|>"}

// vocab returns a vocabulary of single bytes, a few words, controlTokens, and the tokens in
// controls.
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

// fakeText evaluates nothing; it generates the tokens of a script.
type fakeText struct {
	ctx       int
	tokens    []int32
	evaluated int // number of tokens that all runs together have evaluated
	tok       *tokenizer.Tokenizer
	script    []int32
}

func (s *fakeText) Ctx() int        { return s.ctx }
func (s *fakeText) Tokens() []int32 { return s.tokens }
func (s *fakeText) Truncate(n int)  { s.tokens = s.tokens[:n] }
func (s *fakeText) Shift(keep, discard int) error {
	s.tokens = append(append([]int32{}, s.tokens[:keep]...), s.tokens[keep+discard:]...)
	return nil
}

func (s *fakeText) Known(tokens []int32) int {
	n := 0
	for n < len(s.tokens) && n < len(tokens)-1 && s.tokens[n] == tokens[n] {
		n++
	}
	return n
}

// Run generates the script's tokens as an engine would.
func (s *fakeText) Run(ctx context.Context, req engine.Request, emit func(engine.Token) error) (engine.Result, error) {
	r := engine.Result{PromptTokens: len(req.Prompt), CachedTokens: s.Known(req.Prompt)}
	s.evaluated += len(req.Prompt) - r.CachedTokens
	s.tokens = append([]int32{}, req.Prompt...)
	stream := s.tok.NewStream()
	var held []engine.Token
	say := func(tokens []engine.Token, err error) error {
		for _, t := range tokens {
			if err == nil {
				err = emit(t)
			}
		}
		return err
	}
	for {
		if ctx.Err() != nil {
			r.Reason = engine.Interrupt
			return r, say(held, nil)
		}
		if len(s.tokens) >= s.ctx {
			if req.Full == nil {
				r.Reason = engine.Context
				return r, say(held, nil)
			}
			if more, err := req.Full(s); !more || err != nil {
				r.Reason = engine.Context
				return r, say(held, err)
			}
		}
		id := s.script[0]
		s.script = s.script[1:]
		req.Sampler.Accept(id)
		r.GeneratedTokens++
		held = append(held, engine.Token{ID: id, Text: stream.Push(id)})
		text := ""
		for _, t := range held {
			text += t.Text
		}
		begins := false
		for _, stop := range req.Stop {
			if at := strings.Index(text, stop); at >= 0 {
				for i := range held {
					n := min(at, len(held[i].Text))
					held[i].Text = held[i].Text[:n]
					at -= n
				}
				r.Reason = engine.Stop
				return r, say(held, nil)
			}
			for n := range len(stop) {
				begins = begins || n > 0 && strings.HasSuffix(text, stop[:n])
			}
		}
		if s.tok.IsEOG(id) {
			r.Reason = engine.EOS
			return r, say(held, nil)
		}
		if !begins {
			if err := say(held, nil); err != nil {
				return r, err
			}
			held = nil
		}
		s.tokens = append(s.tokens, id)
		s.evaluated++
	}
}

// newChat returns a chat with a fakeText, whose script the test sets.
func newChat(t testing.TB, template, system string, ctx int) (*Chat, *fakeText) {
	t.Helper()
	tok := vocab(t, false)
	tmpl, err := Builtin(template, tok)
	require.NoError(t, err)
	s := &fakeText{ctx: ctx, tok: tok}
	return &Chat{
		Conversation: NewConversation(tmpl, tok, system), Text: s,
		NewSampler: func() (*sampler.Sampler, error) {
			p := sampler.DefaultParams()
			p.Temp = 0
			return sampler.New(p, sampler.Vocab{N: tok.Len(), EOG: tok.EOG()})
		},
	}, s
}
