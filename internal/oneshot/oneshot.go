// Package oneshot sends single queries to a model: a text to continue, or a conversation to
// answer. It returns the whole answer at once, without the model's thinking. Many queries may run
// at the same time, and the engine evaluates them together. An answer depends only on its query.
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

// Model answers queries. Several goroutines may use it.
type Model interface {
	Ask(ctx context.Context, q Query) (Answer, error)
}

// Query is a text to continue or, if Messages is not nil, a conversation to answer.
type Query struct {
	Prompt   string
	Messages []chat.Message

	MaxTokens int // largest number of tokens in the answer; negative: until the context is full
	MaxChars  int // the answer ends with the token with which it reaches this many characters; 0: no limit
	Stop      []string
	Seed      uint32
	Grammar   string // in GBNF; "": none; Local is the only model that follows a grammar
	NoEnd     bool   // forbid the tokens that end a text; only Local supports this
	Logprob   bool   // set Answer.Logprob; only Local supports this
}

// Answer is what a model wrote.
type Answer struct {
	Text    string
	Cut     bool // a limit or the full context ended the answer
	Tokens  int  // number of generated tokens
	Prompt  int  // number of the prompt's tokens
	Took    time.Duration
	Logprob float64 // natural logarithm of the probability of all tokens; 0 if unknown
}

// Local is a model in an engine.
type Local struct {
	Engine   *engine.Engine
	Template *chat.Template // nil: the model cannot answer conversations
	Sampling sampler.Params

	grammars *structured.Compiler
	tags     *thinking.Tags
}

// NewLocal returns the model of an engine. t is nil if the model cannot answer conversations.
func NewLocal(e *engine.Engine, t *chat.Template, p sampler.Params) *Local {
	l := &Local{Engine: e, Template: t, Sampling: p, grammars: structured.New(e.Model().Tokenizer)}
	if t != nil {
		l.tags = thinking.TagsOf(t.Source())
	}
	return l
}

// ErrNoTemplate says that a model cannot answer conversations.
var ErrNoTemplate = errors.New("the model has no chat template")

// prompt returns the text and tokens of a query's prompt, and the texts that end its answer.
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

// Fits reports whether the context has room for a text and its answer. answer is the number of
// tokens of the answer.
func (l *Local) Fits(text string, answer int) bool {
	return len(l.Engine.Model().Tokenizer.Encode(text, true, false))+answer <= l.Engine.Ctx()
}

// Ask answers a query. It returns an error if ctx ends before the answer does.
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
