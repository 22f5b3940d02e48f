// Package oneshot asks a model one thing at a time: a text to continue or a conversation to
// answer, and the whole answer when it is there. Many may be asked at once, which the engine
// answers together; what each is answered depends on it alone. Thoughts that come before an
// answer are no part of it.
package oneshot

import (
	"context"
	"errors"
	"strings"
	"time"
	"unicode/utf8"

	"alpaca/internal/chat"
	"alpaca/internal/engine"
	"alpaca/internal/sampler"
	"alpaca/internal/server/thinking"
	"alpaca/internal/structured"
)

// Model answers queries. It may be used by several goroutines.
type Model interface {
	Ask(ctx context.Context, q Query) (Answer, error)
}

// Query is a text to continue or, where Messages are given, a conversation to answer.
type Query struct {
	Prompt   string
	Messages []chat.Message

	MaxTokens int // at most; negative: as many as the context holds
	MaxChars  int // the answer ends with the token that reaches that many characters; 0: no bound
	Stop      []string
	Seed      uint32
	Grammar   string // in GBNF, where a model can follow one; "" for none
	NoEnd     bool   // the tokens that end a text are forbidden, where a model can do that
	Logprob   bool   // set the answer's, where a model can do that
}

// Answer is what a model wrote.
type Answer struct {
	Text    string
	Cut     bool // it ended because it, or the context, was full
	Tokens  int  // that were generated
	Prompt  int  // tokens of the prompt
	Took    time.Duration
	Logprob float64 // of all tokens, natural logarithm; 0 where nobody knows
}

// Local is a model in an engine.
type Local struct {
	Engine   *engine.Engine
	Template *chat.Template // nil: it has no conversations
	Sampling sampler.Params

	grammars *structured.Compiler
	tags     *thinking.Tags
}

// NewLocal returns the model of an engine. t is nil for one without conversations.
func NewLocal(e *engine.Engine, t *chat.Template, p sampler.Params) *Local {
	l := &Local{Engine: e, Template: t, Sampling: p, grammars: structured.New(e.Model().Tokenizer)}
	if t != nil {
		l.tags = thinking.TagsOf(t.Source())
	}
	return l
}

// ErrNoTemplate says that a model has no form for conversations.
var ErrNoTemplate = errors.New("the model has no chat template")

// prompt returns the text and the tokens of a query, and what ends its answer.
func (l *Local) prompt(ctx context.Context, q *Query) (text string, ids []int32, stop []string, err error) {
	tok := l.Engine.Model().Tokenizer
	if q.Messages == nil {
		return q.Prompt, tok.Encode(q.Prompt, true, false), q.Stop, nil
	}
	if l.Template == nil {
		return "", nil, nil, ErrNoTemplate
	}
	text, ids, err = l.Template.Prompt(ctx, tok, q.Messages, true)
	return text, ids, append(q.Stop[:len(q.Stop):len(q.Stop)], l.Template.Stops...), err
}

// Fits reports whether a text and an answer of that many tokens fit into the context.
func (l *Local) Fits(text string, answer int) bool {
	return len(l.Engine.Model().Tokenizer.Encode(text, true, false))+answer <= l.Engine.Ctx()
}

// Ask answers a query. An answer that ctx ends is an error.
func (l *Local) Ask(ctx context.Context, q Query) (a Answer, err error) {
	began := time.Now()
	text, ids, stop, err := l.prompt(ctx, &q)
	if err != nil {
		return a, err
	}
	req := engine.Request{Prompt: ids, MaxTokens: q.MaxTokens, Stop: stop, Sampling: l.Sampling, Logprobs: q.Logprob}
	req.Sampling.Seed, req.Sampling.IgnoreEOS, req.Sampling.Ctx = q.Seed, req.Sampling.IgnoreEOS || q.NoEnd, l.Engine.Ctx()
	if q.Grammar != "" {
		p, err := l.grammars.Grammar(q.Grammar)
		if err != nil {
			return a, err
		}
		req.Grammar = l.grammars.Whole(p)
	}
	stream, err := l.Engine.Submit(ctx, req)
	if err != nil {
		return a, err
	}
	var b strings.Builder
	chars := 0
	for t, ok := stream.Next(); ok; t, ok = stream.Next() {
		a.Tokens++
		a.Logprob += t.Logprob
		b.WriteString(t.Text)
		if chars += utf8.RuneCountInString(t.Text); q.MaxChars > 0 && chars >= q.MaxChars {
			a.Cut = true
			stream.Cancel()
		}
	}
	if err := ctx.Err(); err != nil {
		return a, err
	}
	if err := stream.Err(); err != nil {
		return a, err
	}
	r := stream.Results()[0]
	a.Cut = a.Cut || r.Reason == engine.Length || r.Reason == engine.Context
	a.Text, a.Prompt, a.Took = b.String(), r.PromptTokens, time.Since(began)
	if l.tags != nil && q.Messages != nil {
		s := l.tags.Splitter(text)
		_, answer := s.Push(a.Text)
		_, rest := s.End()
		a.Text = answer + rest
	}
	return a, nil
}
