// Package toolcall knows how families of models write calls of tools. It recognizes the family
// by the chat template, makes grammars for the available tools, and splits an answer, as it is
// generated, into reasoning, content and calls.
//
//	template ─► Family ─► Plan ─► grammar (a call is required), or triggers (a call is optional)
//	                       text ─► Parser ─► deltas: reasoning │ content │ calls
package toolcall

import (
	"crypto/rand"
	"encoding/json"

	"alpaca/internal/lazyregexp"
)

// Tool is a function that a model may call.
type Tool struct {
	Name        string
	Description string
	Parameters  json.RawMessage // a JSON schema of an object; nil: no arguments
	Strict      bool            // a keyword that cannot be enforced is an error
}

// Kind says which part of an answer a Delta belongs to.
type Kind byte

// The kinds of deltas.
const (
	Content   Kind = iota
	Reasoning      // the model's thoughts
	Call           // a call begins
	Arguments      // more text of the arguments of the last call
)

// Delta is the next piece of an answer.
type Delta struct {
	Kind  Kind
	Text  string // "" in a Call
	Index int    // number of the call that the delta belongs to, from 0
	ID    string // of a Call: the call's id
	Name  string // of a Call: the tool's name
}

// NewID returns a random id for a call. A short id has nine letters and digits, as Mistral's
// templates require.
func NewID(short bool) string {
	b := make([]byte, 24)
	rand.Read(b)
	return IDOf(short, b)
}

// IDOf makes an id from random, which must have at least 24 bytes.
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

// nameForm matches the names of tools that OpenAI's API allows, and names with dots.
var nameForm = lazyregexp.New(`^[a-zA-Z0-9_.-]{1,128}$`)

// ValidName reports whether a tool may have that name. Other names could be confused with the
// marks around them.
func ValidName(name string) bool { return nameForm().MatchString(name) }
