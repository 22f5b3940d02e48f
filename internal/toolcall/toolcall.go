// Package toolcall knows how families of models write calls of tools: it recognises the
// family by the chat template, makes grammars of the tools that may be called, and divides
// what a model writes into what it thinks, what it says, and its calls, as it comes.
//
//	template ─► Family ─► Plan ─► grammar (a call is forced), or triggers (it may come)
//	                       text ─► Parser ─► deltas: reasoning │ content │ calls
package toolcall

import (
	"crypto/rand"
	"encoding/json"
	"regexp"
)

// Tool is a function that a model may call.
type Tool struct {
	Name        string
	Description string
	Parameters  json.RawMessage // a JSON schema of an object; nil: it takes none
	Strict      bool            // what cannot be enforced of the schema is refused
}

// Kind says what a Delta adds to.
type Kind byte

// The kinds of deltas.
const (
	Content   Kind = iota
	Reasoning      // what the model thinks
	Call           // a call begins
	Arguments      // of the call that has begun last
)

// Delta is more of an answer.
type Delta struct {
	Kind  Kind
	Text  string // of a Call: ""
	Index int    // of the call
	ID    string // of a Call
	Name  string // of a Call: the tool's
}

// NewID returns an id for a call. Short ones are nine letters and digits, without which
// templates of Mistral fail.
func NewID(short bool) string {
	b := make([]byte, 24)
	rand.Read(b)
	return IDOf(short, b)
}

// IDOf returns the id of a call that random bytes spell, at least 24.
func IDOf(short bool, random []byte) string {
	const letters = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
	n, prefix := 24, "call_"
	if short {
		n, prefix = 9, ""
	}
	b := make([]byte, n)
	for i := range b {
		b[i] = letters[int(random[i])%len(letters)]
	}
	return prefix + string(b)
}

// nameForm is what the name of a tool is in OpenAI's API, and a dot, which some have.
var nameForm = regexp.MustCompile(`^[a-zA-Z0-9_.-]{1,128}$`)

// ValidName reports whether a tool may have that name. Others could not be told from the
// marks around them.
func ValidName(name string) bool { return nameForm.MatchString(name) }
