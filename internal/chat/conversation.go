package chat

import (
	"fmt"
	"slices"
	"strings"

	"alpaca/internal/tokenizer"
)

// Conversation has the messages of a conversation and their tokens. As the conversation continues,
// tokens are only added at the end. An answer keeps the tokens that the model chose, because
// encoding the answer's text again might give other tokens.
type Conversation struct {
	Template *Template
	Messages []Message // a system message first, if there is one

	// If Warn is not nil, it is called with warnings about the template.
	Warn func(string)

	tok    *tokenizer.Tokenizer
	tokens []int32 // tokens of the context
	turns  []turn  // turns in the context, the oldest first
	first  int     // index in Messages of the context's first message after the system message
}

// turn is a message of the user, the template's text before and after it, and the answer.
type turn struct {
	start   int    // index in tokens of the turn's first token, or unknown
	user    int    // index in tokens of the user's text
	end     int    // index in tokens of the answer; 0: unknown
	message int    // index in Messages of the user's message
	next    int    // index in Messages of the answer
	prompt  string // text of the conversation up to the answer; "": unknown
	// goesOn says that the model continues an existing message instead of beginning one. begun is
	// the text of that message before the model continued it.
	begun  string
	goesOn bool
}

// unknown is the start of a turn whose tokens cannot be separated from those before it.
const unknown = -1

// NewConversation returns a conversation with a system message only, or an empty one if system is
// "".
func NewConversation(t *Template, tok *tokenizer.Tokenizer, system string) *Conversation {
	c := &Conversation{Template: t, tok: tok}
	c.SetSystem(system)
	return c
}

// SetSystem replaces the system message; "" removes it.
func (c *Conversation) SetSystem(system string) {
	if c.System() != "" {
		c.Messages = c.Messages[1:]
		c.first--
	}
	if system != "" {
		c.Messages = append([]Message{{Role: System, Content: system}}, c.Messages...)
		c.first++
	}
	c.forget()
}

// System returns the system message, or "" if there is none.
func (c *Conversation) System() string {
	if len(c.Messages) > 0 && c.Messages[0].Role == System {
		return c.Messages[0].Content
	}
	return ""
}

// SetMessages replaces all messages.
func (c *Conversation) SetMessages(messages []Message) {
	c.Messages = slices.Clone(messages)
	c.first = c.begin()
	c.forget()
}

// Clear removes all messages except the system message.
func (c *Conversation) Clear() {
	if c.System() != "" {
		c.SetMessages(c.Messages[:1])
		return
	}
	c.SetMessages(nil)
}

// forget drops the tokens, so that encode encodes all messages again.
func (c *Conversation) forget() { c.tokens, c.turns = nil, nil }

// Last returns the index of the last message of a role, or -1.
func (c *Conversation) Last(role string) int {
	for i := len(c.Messages) - 1; i >= 0; i-- {
		if c.Messages[i].Role == role {
			return i
		}
	}
	return -1
}

// Forgotten returns how many messages have been dropped from the context.
func (c *Conversation) Forgotten() int { return c.first - c.begin() }

// Undo removes the user's last message and all messages after it. It
// returns the user's message. ok is false if the user has no message.
func (c *Conversation) Undo() (m Message, ok bool) {
	i := c.Last(User)
	if i < 0 {
		return Message{}, false
	}
	m = c.Messages[i]
	c.Messages = c.Messages[:i]
	if i <= c.first {
		c.first = c.begin() // all remaining messages had been dropped from the context
	}
	n := len(c.turns) - 1
	if n < 1 || c.turns[n].message != i || c.turns[n].start == unknown {
		c.forget()
		return m, true
	}
	c.tokens = c.tokens[:c.turns[n].start]
	c.turns = c.turns[:n]
	return m, true
}

// begin returns the index of the first message after the system message.
func (c *Conversation) begin() int {
	if c.System() != "" {
		return 1
	}
	return 0
}

// shown returns the messages in the context.
func (c *Conversation) shown() []Message {
	if system := c.System(); system != "" {
		return append([]Message{c.Messages[0]}, c.Messages[c.first:]...)
	}
	return c.Messages[c.first:]
}

// encode brings tokens and turns up to date with Messages. The tokens then end where the answer to
// the last message begins. If the last message is an answer of the model, the tokens end with this
// message, so that the model continues the answer.
func (c *Conversation) encode() error {
	shown := c.shown()
	parts, err := c.Template.parts(shown, true)
	if err != nil {
		return err
	}
	if n := len(shown) - 1; strings.TrimSpace(shown[n].Content) != "" && !says(parts, n) {
		return &TemplateError{fmt.Errorf("chat: the template leaves out the last message, whose role is %q", shown[n].Role)}
	}
	offset := len(c.Messages) - len(shown) // a message's index in Messages minus its index in shown
	last := turn{start: unknown, message: c.Last(User), next: len(c.Messages), prompt: flat(parts)}
	if m := c.Messages[len(c.Messages)-1]; m.Role == Assistant {
		last.next--
		last.begun, last.goesOn = m.Content, true
	}
	if n := len(c.turns); n > 0 && c.turns[n-1].next == last.next {
		if c.turns[n-1].prompt == last.prompt && c.turns[n-1].end > 0 {
			c.tokens = c.tokens[:c.turns[n-1].end]
			return nil // the prompt has not changed: the caller wants another answer to it
		}
		c.forget()
	}
	if rest, ok := c.continues(parts, last.prompt); ok {
		last.start = len(c.tokens)
		special := last.start > 0 && c.tok.IsControl(c.tokens[last.start-1])
		ids, starts := c.Template.encode(c.tok, rest, !special)
		last.user = last.start + startOf(rest, starts, last.message-offset, len(ids))
		c.tokens = append(c.tokens, ids...)
		last.end = len(c.tokens)
		if before := &c.turns[len(c.turns)-1]; before.message == last.message { // a tool result continues the turn
			last.start, last.user = before.start, before.user
			*before = last
		} else {
			c.turns = append(c.turns, last)
		}
		return nil
	}
	c.forget()
	ids, starts := c.Template.encode(c.tok, parts, false)
	ids, added, repeated := withBOS(c.tok, ids)
	if repeated && c.Warn != nil {
		c.Warn("the chat template writes BOS more than once; the prompt gets it once")
	}
	for i := range starts {
		starts[i] = max(0, starts[i]+added)
	}
	c.tokens = ids
	for i, m := range shown {
		if m.Role == User {
			user := startOf(parts, starts, i, len(ids))
			c.turns = append(c.turns, turn{start: unknown, user: user, message: i + offset})
		}
	}
	if len(c.turns) == 0 { // no message of the user
		user := startOf(parts, starts, len(shown)-1, len(ids))
		c.turns = append(c.turns, turn{start: unknown, user: user, message: len(c.Messages) - 1})
	}
	t := &c.turns[len(c.turns)-1]
	t.prompt, t.end, t.next, t.begun, t.goesOn = last.prompt, len(ids), last.next, last.begun, last.goesOn
	return nil
}

// startOf returns the index of the first token of a message's text, or end if no part belongs to
// the message.
func startOf(parts []part, starts []int, message, end int) int {
	for i, p := range parts {
		if p.message == message {
			return starts[i]
		}
	}
	return end
}

// continues returns the end of parts, whose tokens are not yet in c.tokens. text is the text of all
// parts. ok is false if text does not begin with the text of c.tokens.
func (c *Conversation) continues(parts []part, text string) (rest []part, ok bool) {
	n := len(c.turns)
	if n == 0 || c.turns[n-1].prompt == "" {
		return nil, false
	}
	before := c.turns[n-1].prompt
	if !strings.HasPrefix(text, before) {
		return nil, false
	}
	answer := strings.TrimPrefix(c.Messages[c.turns[n-1].next].Content, c.turns[n-1].begun)
	// A template may put a space before an answer, or trim the answer. So white space around the
	// answer is not compared.
	after := text[len(before):]
	after = after[len(after)-len(strings.TrimLeft(after, " \n")):]
	answer = strings.TrimSpace(answer)
	if !strings.HasPrefix(after, answer) {
		return nil, false
	}
	return cut(parts, len(text)-len(after)+len(answer)), true
}

// answered adds the model's answer, or the rest of an answer that was begun. tokens are all tokens
// of the context, with the answer.
func (c *Conversation) answered(text string, tokens []int32) {
	c.tokens = tokens
	if n := len(c.Messages) - 1; c.Messages[n].Role == Assistant {
		c.Messages = append(slices.Clone(c.Messages[:n]), c.Messages[n])
		c.Messages[n].Content += text
		return
	}
	c.Messages = append(c.Messages, Message{Role: Assistant, Content: text})
}

// Regenerate removes the last answer, so that the model can write another. If the model continued
// an existing message, that message stays. ok is false if there is no answer.
func (c *Conversation) Regenerate() (ok bool) {
	n := len(c.Messages)
	if n == 0 || c.Messages[n-1].Role != Assistant {
		return false
	}
	t := len(c.turns) - 1
	if t >= 0 && c.turns[t].goesOn && c.turns[t].next == n-1 {
		c.Messages[n-1].Content = c.turns[t].begun
	} else {
		c.Messages = c.Messages[:n-1]
	}
	if t >= 0 && c.turns[t].end > 0 {
		c.tokens = c.tokens[:c.turns[t].end]
		return true
	}
	c.forget()
	return true
}
