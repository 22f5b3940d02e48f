package openai

import (
	"encoding/json"
	"fmt"
)

// Types of errors.
const (
	TypeInvalid     = "invalid_request_error"
	TypeContext     = "exceed_context_size_error"
	TypeKey         = "authentication_error"
	TypePermission  = "permission_error"
	TypeNotFound    = "not_found_error"
	TypeRate        = "rate_limit_error"
	TypeServer      = "server_error"
	TypeUnsupported = "not_supported_error"
	TypeUnavailable = "unavailable_error"
)

const badRequest = 400 // HTTP status

// Error is an error in the form of OpenAI's API. Clients
// decide by Status whether to retry, and show Message.
type Error struct {
	Status  int // HTTP status
	Type    string
	Code    string // "": null
	Param   string // the field that is wrong, such as "messages[0].content"; "": null
	Message string

	PromptTokens, Ctx int // only for TypeContext

	RetryAfter int  // seconds; 0: no header
	Final      bool // a retry is useless, even if Status suggests one
}

func (e *Error) Error() string {
	if e.Param != "" {
		return e.Param + ": " + e.Message
	}
	return e.Message
}

// MarshalJSON returns {"error": {…}}.
func (e *Error) MarshalJSON() ([]byte, error) {
	type body struct {
		Message      string  `json:"message"`
		Type         string  `json:"type"`
		Param        *string `json:"param"`
		Code         *string `json:"code"`
		PromptTokens int     `json:"n_prompt_tokens,omitempty"`
		Ctx          int     `json:"n_ctx,omitempty"`
	}
	b := body{Message: e.Error(), Type: e.Type, PromptTokens: e.PromptTokens, Ctx: e.Ctx}
	if e.Param != "" {
		b.Param = &e.Param
	}
	if e.Code != "" {
		b.Code = &e.Code
	}
	return json.Marshal(map[string]body{"error": b})
}

// Invalid returns an error about the field param, or about the whole request if param is "".
func Invalid(param, format string, args ...any) *Error {
	return &Error{Status: badRequest, Type: TypeInvalid, Param: param, Message: fmt.Sprintf(format, args...)}
}

// Unsupported returns an error about the field param, as Invalid does, for something that other
// servers support.
func Unsupported(param, format string, args ...any) *Error {
	e := Invalid(param, format, args...)
	e.Code = "unsupported_parameter"
	return e
}

// TooLong returns the error for a prompt that does not fit into the context. tokens and ctx are the
// lengths of the prompt and the context in tokens. Clients recognize the error by its code or its
// words.
func TooLong(tokens, ctx int) *Error {
	return &Error{
		Status: badRequest, Type: TypeContext, Code: "context_length_exceeded",
		Message:      fmt.Sprintf("the prompt is too long: the request (%d tokens) exceeds the available context size (%d tokens) and so exceeds the context window: make it shorter, or start the server with a larger -c", tokens, ctx),
		PromptTokens: tokens, Ctx: ctx,
	}
}
