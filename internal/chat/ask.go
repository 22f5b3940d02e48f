package chat

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"alpaca/internal/engine"
	"alpaca/internal/sampler"
)

// Text is the part of *engine.Text that a chat uses: the evaluated tokens, and methods that
// change them.
type Text interface {
	engine.Movable
	Ctx() int
	Known(tokens []int32) int
	Run(ctx context.Context, req engine.Request, emit func(engine.Token) error) (engine.Result, error)
}

// Chat is a conversation with a model.
type Chat struct {
	*Conversation
	Text Text
	// NewSampler returns a sampler that has accepted no token yet.
	NewSampler func() (*sampler.Sampler, error)

	Keep    int  // tokens that stay in the context in any case; -1: the first turn's prompt
	NoShift bool // a full context ends the answer; nothing is dropped
	// Dropped, unless nil, is called when turns have left the full context.
	Dropped func(Drop)
	// Prompt, unless nil, is called with the tokens of an answer's prompt that have to
	// be evaluated for it.
	Prompt func(tokens []int32)

	// Reused is how many tokens of the last message's prompt were evaluated before.
	Reused int

	sampler *sampler.Sampler
	heard   int // tokens of the text that the sampler has accepted
}

// Drop says what left a full context: the oldest turns as a whole, or, where only one turn was
// left, tokens of the running answer or of the message.
type Drop struct {
	Turns   int
	Tokens  int
	Message bool
}

// FullError says that the context has no room for a conversation any more.
type FullError struct {
	Tokens, Ctx int
	Shift       bool // dropping older turns was allowed, but does not help
}

func (e *FullError) Error() string {
	if e.Shift {
		return fmt.Sprintf("chat: the message makes %d tokens, which do not fit the context of %d", e.Tokens, e.Ctx)
	}
	return fmt.Sprintf("chat: the conversation of %d tokens fills the context of %d", e.Tokens, e.Ctx)
}

// Resample makes the next answer come from a new sampler.
func (c *Chat) Resample() { c.sampler = nil }

// Sampler returns the sampler of the last answer; nil if there was none.
func (c *Chat) Sampler() *sampler.Sampler { return c.sampler }

// Say adds a message of the user.
func (c *Chat) Say(m Message) {
	m.Role = User
	c.Messages = append(c.Messages, m)
}

// Answer lets the model answer the last message. It sets the prompt, sampler and context of
// req. It evaluates only what the text does not hold yet. emit, unless nil, is called with
// each token. An answer becomes part of the conversation even if it was interrupted. After an
// error the conversation has no answer.
func (c *Chat) Answer(ctx context.Context, req engine.Request, emit func(engine.Token) error) (engine.Result, error) {
	if err := c.encode(); err != nil {
		return engine.Result{}, err
	}
	if err := c.makeRoom(); err != nil {
		return engine.Result{}, err
	}
	c.Reused = c.Text.Known(c.tokens)
	if err := c.listen(c.Reused); err != nil {
		return engine.Result{}, err
	}
	if c.Prompt != nil {
		c.Prompt(c.tokens[c.Reused:])
	}
	var said []engine.Token
	req.Prompt, req.Sampler = c.tokens, c.sampler
	req.Stop = append(slices.Clone(req.Stop), c.Template.Stops...)
	prompt, all := len(c.tokens), len(c.tokens) // all: with what is generated and not discarded
	if !c.NoShift {
		req.Full = func(m engine.Movable) (bool, error) {
			s, err := c.full(m, prompt)
			if s.keep < prompt {
				prompt = max(s.keep, prompt-(s.end-s.keep))
			}
			all -= s.end - s.keep
			return s.end > s.keep, err
		}
	}
	result, err := c.Text.Run(ctx, req, func(t engine.Token) error {
		said = append(said, t)
		if emit == nil {
			return nil
		}
		return emit(t)
	})
	c.heard = len(c.Text.Tokens())
	if result.Unread > 0 {
		c.heard = -1 // the sampler knows of more than was said
	}
	if err != nil {
		return result, err
	}
	if result.PromptTokens > 0 {
		c.answered(c.answer(said, result, prompt, all+len(said)))
	}
	return result, nil
}

// makeRoom drops the oldest turns where the conversation leaves too little room
// for an answer.
func (c *Chat) makeRoom() error {
	ctx := c.Text.Ctx()
	room := min(max(ctx/8, 1), 512)
	if len(c.tokens)+room <= ctx {
		return nil
	}
	if c.NoShift {
		if len(c.tokens) < ctx {
			return nil
		}
		return &FullError{len(c.tokens), ctx, false}
	}
	s := c.oldest(ctx/2, c.keep())
	if left := len(c.tokens) - (s.end - s.keep); left >= ctx {
		return &FullError{left, ctx, true}
	}
	if s.turns == 0 {
		return nil
	}
	return c.leave(c.Text, c.Text.Known(c.tokens), s)
}

// keep returns how many tokens stay in any case.
func (c *Chat) keep() int {
	if c.Keep < 0 && len(c.turns) > 0 {
		return max(c.turns[0].end, c.turns[0].user)
	}
	return min(c.Keep, c.Text.Ctx()/2)
}

// leave drops turns from the conversation and from its text m, which holds the first known
// tokens.
func (c *Chat) leave(m engine.Movable, known int, s span) error {
	if known > s.end {
		m.Truncate(known)
		if len(m.Tokens()) == known { // else what stays is evaluated anew
			if err := m.Shift(s.keep, s.end-s.keep); err != nil {
				return err
			}
			c.heard = min(c.heard, known) - (s.end - s.keep)
		}
	}
	if c.Dropped != nil {
		c.Dropped(Drop{Turns: s.turns, Tokens: s.end - s.keep})
	}
	return c.drop(s)
}

// full makes room in the middle of an answer; prompt is the number of its prompt's tokens.
// It returns what it discarded.
func (c *Chat) full(m engine.Movable, prompt int) (span, error) {
	ctx := c.Text.Ctx()
	c.tokens = slices.Clone(m.Tokens())
	if s := c.oldest(ctx/2, c.keep()); s.turns > 0 {
		return s, c.leave(m, len(c.tokens), s)
	}
	// One turn fills the context: the older half of its answer goes, or, where the
	// answer is short, of all that follows the system message and what is to be kept.
	s := span{keep: prompt}
	last := &c.turns[len(c.turns)-1]
	message := len(c.tokens)-prompt < ctx/4
	if message {
		s.keep = max(c.keep(), 1)
		if last.user < ctx/2 {
			s.keep = max(s.keep, last.user)
		}
		last.end = 0
	}
	s.end = s.keep + (len(c.tokens)-s.keep)/2
	if s.end <= s.keep {
		return span{}, nil
	}
	if err := m.Shift(s.keep, s.end-s.keep); err != nil {
		return span{}, err
	}
	c.tokens = slices.Delete(c.tokens, s.keep, s.end)
	for i := range c.turns { // what was dropped may lie in front of a message, or in it
		t := &c.turns[i]
		t.user = min(t.user, max(s.keep, t.user-(s.end-s.keep)))
	}
	if c.Dropped != nil {
		c.Dropped(Drop{Tokens: s.end - s.keep, Message: message})
	}
	return s, nil
}

// listen passes all tokens to the sampler; the text holds the first n of them.
func (c *Chat) listen(n int) error {
	if c.sampler == nil || c.heard != n {
		s, err := c.NewSampler()
		if err != nil {
			return err
		}
		c.sampler, c.heard = s, 0
	}
	for _, id := range c.tokens[c.heard:] {
		c.sampler.Accept(id)
	}
	c.heard = len(c.tokens)
	return nil
}

// answer returns the answer's text and the tokens of the conversation with it: those evaluated,
// and the last ones, which are not, unless they only ended the answer. prompt is the number of
// prompt tokens; all is the number of tokens that the conversation would have had nothing been
// cut.
func (c *Chat) answer(said []engine.Token, result engine.Result, prompt, all int) (string, []int32) {
	tokens := slices.Clone(c.Text.Tokens())
	var text strings.Builder
	for _, t := range said {
		text.WriteString(t.Text)
	}
	if result.Reason != engine.EOS {
		for _, t := range said[max(0, len(said)-max(0, all-len(tokens))):] {
			tokens = append(tokens, t.ID)
		}
	}
	if result.Reason == engine.Stop {
		// The text was cut, maybe in the middle of a token.
		cut := 0
		for i := len(said) - 1; i >= 0 && said[i].Text != c.tok.Piece(said[i].ID, false); i-- {
			cut++
		}
		if n := len(said) - 1 - cut; n >= 0 && c.tok.IsControl(said[n].ID) { // it is the stop text, or begins it
			cut++
		}
		tokens = tokens[:max(prompt, len(tokens)-cut)]
	}
	if c.Messages[len(c.Messages)-1].Role == Assistant {
		return strings.TrimRight(text.String(), " \n"), tokens // the space in front is part of the whole
	}
	return strings.TrimSpace(text.String()), tokens
}
