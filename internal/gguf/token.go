package gguf

// The kinds of tokens, as tokenizer.ggml.token_type has them.
const (
	TokenUndefined = iota
	TokenNormal
	TokenUnknown
	TokenControl
	TokenUserDefined
	TokenUnused
	TokenByte
)
