// Package chat turns a conversation into the tokens that a model was trained to
// answer, and evaluates each of them once:
//
//	messages ─► Template ─► parts (its own text with control tokens │ what was said without)
//	         ─► Conversation ─► tokens: those of the last turn, and what is new
//	         ─► Chat ─► Text: only what is new is evaluated ─► the answer
package chat

import (
	"encoding/json"
	"fmt"
	"strings"
)

// Roles of messages.
const (
	System    = "system"
	User      = "user"
	Assistant = "assistant"
	Tool      = "tool"
	Developer = "developer" // OpenAI's newer name of the system
)

// Message is one thing that was said.
type Message struct {
	Role    string `json:"role"`
	Content string `json:"content"` // its text
	// Input is what an instruction is about: the "### Input:" of Alpaca's
	// format. Templates without a place for it get it after the content.
	Input string `json:"input,omitempty"`
	// Object is the message as a JSON object if it has more than the fields above:
	// content in parts, tool calls, reasoning, a name. Templates see all of it, except
	// a content that Content no longer matches.
	Object json.RawMessage `json:"object,omitempty"`
}

// CheckMessages returns an error unless messages can be answered. Their order is checked by
// the template.
func CheckMessages(messages []Message) error {
	if len(messages) == 0 {
		return fmt.Errorf("chat: no messages, there must be one to answer")
	}
	for i, m := range messages {
		if strings.TrimSpace(m.Role) == "" {
			return fmt.Errorf(`chat: message %d has no role, such as "user"`, i+1)
		}
	}
	return nil
}
