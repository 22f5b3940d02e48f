package chat

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"alpaca/internal/engine"
	"alpaca/internal/sampler"
)

// Text is the part of *engine.Text that a Chat uses. It holds the tokens that the model has
// evaluated.
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

	Keep    int  // number of tokens at the beginning that stay in a full context; -1: those of the first turn's prompt
	NoShift bool // a full context ends the answer, and nothing is dropped
	// If Dropped is not nil, it is called after turns or tokens were dropped from a full context.
	Dropped func(Drop)
	// If Prompt is not nil, it is called with those tokens of an answer's prompt that must be
	// evaluated.
	Prompt func(tokens []int32)

	// Reused is how many tokens of the last prompt had been evaluated before.
	Reused int

	sampler  *sampler.Sampler
	accepted int // number of the text's tokens that the sampler has accepted; -1: use a new sampler
}

// Drop describes the text that was dropped from a full context: the oldest turns or, if only one
// turn was left, a part of this turn.
type Drop struct {
	Turns   int  // number of whole turns; 0: a part of the only turn
	Tokens  int  // number of tokens
	Message bool // the dropped part may include tokens of the user's message, not only of the running answer
}

// FullError says that the conversation no longer fits into the context.
type FullError struct {
	Tokens, Ctx int
	Shift       bool // dropping older turns is allowed, but does not help
}

func (e *FullError) Error() string {
	if e.Shift {
		return fmt.Sprintf("chat: the message takes %d tokens, which do not fit into the context of %d", e.Tokens, e.Ctx)
	}
	return fmt.Sprintf("chat: the conversation of %d tokens fills the context of %d", e.Tokens, e.Ctx)
}

// Resample makes the next answer use a new sampler.
func (c *Chat) Resample() { c.sampler = nil }

// Sampler returns the sampler of the last answer; nil if there was none.
func (c *Chat) Sampler() *sampler.Sampler { return c.sampler }

// Say adds a message of the user.
func (c *Chat) Say(m Message) {
	m.Role = User
	c.Messages = append(c.Messages, m)
}

// Answer lets the model answer the last message. It sets the prompt and the sampler of req, adds
// the template's stop texts, and makes room if the context is full. It evaluates only the tokens
// that the text does not hold yet. If emit is not nil, it is called with each token. The answer
// becomes part of the conversation even if it was interrupted, but not after an error.
func (c *Chat) Answer(ctx context.Context, req engine.Request, emit func(engine.Token) error) (engine.Result, error) {
	if err := c.encode(); err != nil {
		return engine.Result{}, err
	}
	if err := c.makeRoom(); err != nil {
		return engine.Result{}, err
	}
	c.Reused = c.Text.Known(c.tokens)
	if err := c.catchUp(c.Reused); err != nil {
		return engine.Result{}, err
	}
	if c.Prompt != nil {
		c.Prompt(c.tokens[c.Reused:])
	}
	var said []engine.Token
	req.Prompt, req.Sampler = c.tokens, c.sampler
	req.Stop = append(slices.Clone(req.Stop), c.Template.Stops...)
	// prompt is how many tokens of the prompt are still in the context. all is the
	// prompt's original length minus the number of tokens that were dropped from the
	// context. These may be tokens of the prompt or of the answer.
	prompt, all := len(c.tokens), len(c.tokens)
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
	c.accepted = len(c.Text.Tokens())
	if result.Unread > 0 {
		c.accepted = -1 // the sampler has accepted tokens that are not in the text
	}
	if err != nil {
		return result, err
	}
	if result.PromptTokens > 0 {
		c.answered(c.answer(said, result, prompt, all+len(said)))
	}
	return result, nil
}

// makeRoom drops the oldest turns if the conversation leaves too little room for an answer.
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

// keep returns the number of tokens that always stay in the context.
func (c *Chat) keep() int {
	if c.Keep < 0 && len(c.turns) > 0 {
		return max(c.turns[0].end, c.turns[0].user)
	}
	return min(c.Keep, c.Text.Ctx()/2)
}

// leave drops the turns of s from the conversation and from its text m. known is the number of the
// conversation's tokens that m holds.
func (c *Chat) leave(m engine.Movable, known int, s span) error {
	if known > s.end {
		m.Truncate(known)
		if len(m.Tokens()) == known { // otherwise the remaining tokens are evaluated anew
			if err := m.Shift(s.keep, s.end-s.keep); err != nil {
				return err
			}
			c.accepted = min(c.accepted, known) - (s.end - s.keep)
		}
	}
	if c.Dropped != nil {
		c.Dropped(Drop{Turns: s.turns, Tokens: s.end - s.keep})
	}
	return c.drop(s)
}

// full makes room in the middle of an answer, and returns the span that it dropped.
// prompt is the number of tokens of the answer's prompt that are in the context.
func (c *Chat) full(m engine.Movable, prompt int) (span, error) {
	ctx := c.Text.Ctx()
	c.tokens = slices.Clone(m.Tokens())
	if s := c.oldest(ctx/2, c.keep()); s.turns > 0 {
		return s, c.leave(m, len(c.tokens), s)
	}
	// One turn fills the context. If the answer is long, its older half is dropped. Otherwise
	// the older half of the whole turn is dropped. But the first c.keep() tokens stay, and all
	// tokens before the user's text if they take less than half the context.
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
	for i := range c.turns { // the dropped tokens may precede the turn's message, or be part of it
		t := &c.turns[i]
		t.user = min(t.user, max(s.keep, t.user-(s.end-s.keep)))
	}
	if c.Dropped != nil {
		c.Dropped(Drop{Tokens: s.end - s.keep, Message: message})
	}
	return s, nil
}

// catchUp makes the sampler accept all tokens of the conversation. The text holds the first n of
// them.
func (c *Chat) catchUp(n int) error {
	if c.sampler == nil || c.accepted != n {
		s, err := c.NewSampler()
		if err != nil {
			return err
		}
		c.sampler, c.accepted = s, 0
	}
	for _, id := range c.tokens[c.accepted:] {
		c.sampler.Accept(id)
	}
	c.accepted = len(c.tokens)
	return nil
}

// answer returns the answer's text, and the tokens of the conversation with the answer. The last
// tokens may not be evaluated yet. A token that only ended the answer is left out. prompt is the
// number of prompt tokens in the context. all is the number of tokens of prompt and answer, without
// those that were dropped from the context.
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
		// The engine removed the stop text from the texts of the last tokens. Each token whose
		// text became shorter is removed, even if the token also held a part of the answer.
		cut := 0
		for i := len(said) - 1; i >= 0 && said[i].Text != c.tok.Piece(said[i].ID, false); i-- {
			cut++
		}
		// A control token has no text that could become shorter. If the last remaining token is
		// a control token, it belongs to the stop text.
		if n := len(said) - 1 - cut; n >= 0 && c.tok.IsControl(said[n].ID) {
			cut++
		}
		tokens = tokens[:max(prompt, len(tokens)-cut)]
	}
	if c.Messages[len(c.Messages)-1].Role == Assistant {
		return strings.TrimRight(text.String(), " \n"), tokens // keep a leading space: the answer continues the message
	}
	return strings.TrimSpace(text.String()), tokens
}
