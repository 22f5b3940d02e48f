// Package chat turns a conversation into the tokens that a
// model was trained to answer. It evaluates each token once:
//
//	messages ─► Template ─► parts (its own text with control tokens │ the messages' text without)
//	         ─► Conversation ─► tokens: those of earlier turns, and new ones
//	         ─► Chat ─► Text: evaluates only the new tokens ─► the answer
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
	Developer = "developer" // OpenAI's newer name of the system role
)

// Message is a message of a conversation.
type Message struct {
	Role    string `json:"role"`
	Content string `json:"content"` // the text
	// Input is the text to which an instruction applies, the "### Input:" of Alpaca's format. If
	// the template has no place for the input, the input follows the content.
	Input string `json:"input,omitempty"`
	// Object is the message as a JSON object, if the message has more than the fields
	// above: content in parts, tool calls, reasoning, or a name. Templates see all fields
	// of Object. If the text of its content differs from Content, they see Content instead.
	Object json.RawMessage `json:"object,omitempty"`
}

// CheckMessages returns an error if there are no messages, or if a message has no role. It does
// not check the order of the roles, because the template does.
func CheckMessages(messages []Message) error {
	if len(messages) == 0 {
		return fmt.Errorf("chat: there is no message to answer")
	}
	for i, m := range messages {
		if strings.TrimSpace(m.Role) == "" {
			return fmt.Errorf(`chat: message %d has no role, such as "user"`, i+1)
		}
	}
	return nil
}
