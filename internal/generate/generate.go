// Package generate is the loop that continues a text: evaluate, sample, print,
// and know when to stop.
//
//	prompt ─► Session.Eval ─► logits ─► Sampler ─► token ─► text, held back while it may
//	              ▲                                  │       be a stop string ─► Emit
//	              └──────────────────────────────────┘
package generate

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"alpaca/internal/logits"
	"alpaca/internal/sampler"
	"alpaca/internal/tokenizer"
)

// Session evaluates tokens; *model.Session is one.
type Session interface {
	// Eval appends tokens to those evaluated and returns the last one's
	// logits [vocab], valid until the next call.
	Eval(ctx context.Context, tokens []int32, progress func(done, total int)) ([]float32, error)
	Pos() int // tokens evaluated
	Ctx() int // tokens that can be
}

// Reason says why a text ended.
type Reason string

// The reasons.
const (
	Length    Reason = "length"    // as many tokens as asked for
	EOS       Reason = "eos"       // the model ended the text
	Stop      Reason = "stop"      // a stop string
	Context   Reason = "context"   // the context is full
	Interrupt Reason = "interrupt" // the context.Context was cancelled
)

// Options are the settings of one text.
type Options struct {
	MaxTokens int      // tokens to generate at most; negative: no limit; 0: evaluate the prompt only
	Stop      []string // strings that end the text and are not part of it; control tokens count as their texts
	Logprobs  bool     // set Token.Logprob
	Top       int      // set Token.Top to that many; implies Logprobs

	// Emit is given each token as soon as its text is certain. Its error ends
	// the text and is returned.
	Emit func(Token) error
	// Progress, unless nil, is told how much of the prompt is evaluated.
	Progress func(done, total int)
	// Full, unless nil, is called when the context is full. It returns true
	// after making room.
	Full func() (bool, error)
}

// Token is one token of a generated text.
type Token struct {
	ID   int32
	Text string // characters that it completed; "" for control tokens

	// control is the text of a control token. It is not printed, but a stop string
	// may be it, or have it among others.
	control string

	// Of the model's distribution before any sampler, natural logarithms.
	Logprob float64
	Top     []logits.TokenLogprob // the likeliest, best first
}

// spelled is what stop strings are looked for in.
func (t Token) spelled() string { return t.Text + t.control }

// Result is the outcome of one text.
type Result struct {
	Reason          Reason
	PromptTokens    int
	GeneratedTokens int           // those given to Emit, the one that ended the text included
	PromptTime      time.Duration // evaluating the prompt
	GenerateTime    time.Duration // all after that, without the time spent in Emit
}

// PromptError says that a prompt does not fit into the context.
type PromptError struct {
	Tokens int // of the prompt
	Room   int // that are left
	Ctx    int // of the context
}

func (e *PromptError) Error() string {
	if e.Room < e.Ctx {
		return fmt.Sprintf("the text of %d tokens is longer than the %d left of the context of %d", e.Tokens, e.Room, e.Ctx)
	}
	return fmt.Sprintf("the prompt of %d tokens is longer than the context of %d", e.Tokens, e.Ctx)
}

// Run evaluates prompt, which must not be empty, after what s has evaluated
// before, and continues it. The last token is emitted but not evaluated. A
// cancelled ctx is no error: the result says Interrupt. With an error the
// result tells how far the text got.
func Run(ctx context.Context, s Session, smp *sampler.Sampler, tok *tokenizer.Tokenizer, prompt []int32, opt Options) (Result, error) {
	if len(prompt) == 0 {
		return Result{}, errors.New("generate: the prompt has no tokens")
	}
	if slices.Contains(opt.Stop, "") {
		return Result{}, errors.New("generate: an empty stop string")
	}
	if room := s.Ctx() - s.Pos(); len(prompt) > room {
		return Result{}, &PromptError{len(prompt), room, s.Ctx()}
	}
	g := &generation{session: s, sampler: smp, tok: tok, stream: tok.NewStream(), opt: opt, held: newHolder(opt.Stop)}
	start := time.Now()
	for _, id := range prompt {
		smp.Accept(id)
	}
	logits, err := s.Eval(ctx, prompt, opt.Progress)
	g.result.PromptTime = time.Since(start)
	if err != nil {
		return g.end(ctx, err)
	}
	g.result.PromptTokens = len(prompt)
	start = time.Now()
	err = g.generate(ctx, logits)
	g.result.GenerateTime = time.Since(start) - g.emitTime
	return g.end(ctx, err)
}

// generation is a text on its way.
type generation struct {
	session  Session
	sampler  *sampler.Sampler
	tok      *tokenizer.Tokenizer
	stream   *tokenizer.Stream
	opt      Options
	held     *holder
	open     int // bytes that the stream holds back
	result   Result
	emitTime time.Duration
}

// generate samples and evaluates until there is a reason to stop.
func (g *generation) generate(ctx context.Context, logits []float32) error {
	for g.opt.MaxTokens < 0 || g.result.GeneratedTokens < g.opt.MaxTokens {
		// The token sampled now must find a place in the context.
		if g.session.Pos() >= g.session.Ctx() {
			if more, err := g.makeRoom(); !more {
				return err
			}
		}
		t, err := g.sample(logits)
		if err != nil {
			return err
		}
		g.result.GeneratedTokens++
		if stop, err := g.take(t); stop || err != nil {
			return err
		}
		if g.opt.MaxTokens > 0 && g.result.GeneratedTokens == g.opt.MaxTokens {
			break
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		if logits, err = g.session.Eval(ctx, []int32{t.ID}, nil); err != nil {
			return err
		}
	}
	g.result.Reason = Length
	return nil
}

// makeRoom is called when the context is full. It returns false where that is
// the end.
func (g *generation) makeRoom() (bool, error) {
	if g.opt.Full != nil {
		if more, err := g.opt.Full(); more || err != nil {
			return more, err
		}
	}
	g.result.Reason = Context
	return false, nil
}

// sample chooses the next token by its raw logits.
func (g *generation) sample(raw []float32) (Token, error) {
	id, err := g.sampler.Sample(raw)
	if err != nil {
		return Token{}, err
	}
	g.sampler.Accept(id)
	t := Token{ID: id}
	if g.opt.Logprobs || g.opt.Top > 0 {
		probs := logits.NewLogprobs(raw)
		t.Logprob = probs.Of(id)
		if g.opt.Top > 0 {
			t.Top = probs.Top(nil, g.opt.Top)
		}
	}
	return t, nil
}

// take adds a token to the text and emits what is certain by now. It returns
// true where the text ends with it.
func (g *generation) take(t Token) (stop bool, err error) {
	t.Text = g.stream.Push(t.ID)
	eog := g.tok.IsEOG(t.ID)
	if g.tok.IsControl(t.ID) && !eog { // one that ends the text needs no stop string
		t.control = g.tok.Text(t.ID)
	}
	g.open += len(g.tok.Piece(t.ID, false)) - len(t.Text)
	ready, stop := g.held.push(t, g.open > 0)
	switch {
	case stop:
		g.result.Reason = Stop
	case eog:
		g.result.Reason = EOS
	}
	return stop || eog, g.emit(ready)
}

// emit hands tokens on.
func (g *generation) emit(tokens []Token) error {
	if g.opt.Emit == nil {
		return nil
	}
	start := time.Now()
	defer func() { g.emitTime += time.Since(start) }()
	for _, t := range tokens {
		t.control = ""
		if err := g.opt.Emit(t); err != nil {
			return err
		}
	}
	return nil
}

// end emits what was held back, unless it began a stop string that came to its
// end, and completes the result.
func (g *generation) end(ctx context.Context, err error) (Result, error) {
	if err != nil && ctx.Err() != nil && errors.Is(err, ctx.Err()) {
		g.result.Reason, err = Interrupt, nil
	}
	rest := g.held.flush(g.stream.Flush())
	if emitErr := g.emit(rest); err == nil {
		err = emitErr
	}
	return g.result, err
}
