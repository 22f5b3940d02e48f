package chat

import (
	"errors"
	"slices"
)

// Snapshot is a conversation to be stored.
type Snapshot struct {
	Template string         `json:"template"`
	Messages []Message      `json:"messages"`
	First    int            `json:"first"`
	Tokens   []int32        `json:"tokens"`
	Turns    []snapshotTurn `json:"turns"`
}

type snapshotTurn struct {
	Start   int    `json:"start"`
	User    int    `json:"user"`
	End     int    `json:"end"`
	Message int    `json:"message"`
	Next    int    `json:"next"`
	Prompt  string `json:"prompt"`
}

// Snapshot returns the present state of the conversation. The Snapshot shares memory with the
// conversation.
func (c *Conversation) Snapshot() Snapshot {
	s := Snapshot{Template: c.Template.source, Messages: c.Messages, First: c.first, Tokens: c.tokens}
	for _, t := range c.turns {
		s.Turns = append(s.Turns, snapshotTurn{t.start, t.user, t.end, t.message, t.next, t.prompt})
	}
	return s
}

// Restore replaces the conversation with a stored one. It restores only the messages if the
// template differs, or if s has an invalid index. The same happens if sameTokens is false,
// because then the tokens belong to another model.
func (c *Conversation) Restore(s Snapshot, sameTokens bool) error {
	if len(s.Messages) > 0 && s.Messages[0].Role == System && s.Messages[0].Content == "" {
		return errors.New("chat: an empty system message")
	}
	if len(s.Messages) > 0 {
		if err := CheckMessages(s.Messages); err != nil {
			return err
		}
	}
	c.SetMessages(s.Messages)
	if !sameTokens || s.Template != c.Template.source || !s.valid(c.begin(), c.tok.Len()) {
		return nil
	}
	c.first, c.tokens = s.First, slices.Clone(s.Tokens)
	for _, t := range s.Turns {
		t.Next = max(t.Next, t.Message+1) // older files have no Next
		c.turns = append(c.turns, turn{start: t.Start, user: t.User, end: t.End, message: t.Message, next: t.Next, prompt: t.Prompt})
	}
	return nil
}

// valid reports whether all indices are in bounds and in order.
func (s *Snapshot) valid(begin, vocab int) bool {
	if s.First < begin || s.First > len(s.Messages) {
		return false
	}
	for _, id := range s.Tokens {
		if id < 0 || int(id) >= vocab {
			return false
		}
	}
	message, user := s.First-1, 0
	for _, t := range s.Turns {
		ok := t.Start >= unknown && t.Start <= t.User && t.User >= user && t.User <= len(s.Tokens) &&
			t.End >= 0 && t.End <= len(s.Tokens) &&
			t.Message > message && (t.Next == 0 || t.Next > t.Message) && t.Next < len(s.Messages) && s.Messages[t.Message].Role == User
		if !ok {
			return false
		}
		message, user = t.Message, t.User
	}
	return true
}
