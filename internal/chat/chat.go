// Package chat turns a conversation into the tokens that a model was trained to
// answer, and keeps what is evaluated of it evaluated.
//
//	messages ─► Template ─► parts: the template's own text │ what was said │ …
//	                             (control tokens allowed)    (never)
//	         ─► Conversation ─► tokens: those of the last turn, and what is new
//	         ─► Chat ─► Session: only what is new is evaluated ─► the answer
package chat

import "fmt"

// Roles of messages.
const (
	System    = "system"
	User      = "user"
	Assistant = "assistant"
)

// Message is one thing that was said.
type Message struct {
	Role    string `json:"role"`
	Content string `json:"content"`
	// Input is what an instruction is about: the "### Input:" of Alpaca's
	// format. Templates without a place for it get it after the content.
	Input string `json:"input,omitempty"`
}

// CheckMessages returns an error unless messages are a conversation that ends
// with the user's turn: an optional system message, then user and assistant by
// turns.
func CheckMessages(messages []Message) error {
	want := User
	for i, m := range messages {
		switch {
		case m.Role == System && i == 0:
			continue
		case m.Role != System && m.Role != User && m.Role != Assistant:
			return fmt.Errorf("chat: message %d has the role %q, must be %q, %q or %q", i+1, m.Role, System, User, Assistant)
		case m.Role != want:
			return fmt.Errorf("chat: message %d is of %q, must be of %q: a system message first, then user and assistant by turns", i+1, m.Role, want)
		}
		want = other(want)
	}
	if want == User {
		return fmt.Errorf("chat: the last of %d messages must be the user's", len(messages))
	}
	return nil
}

func other(role string) string {
	if role == User {
		return Assistant
	}
	return User
}
