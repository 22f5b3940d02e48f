package gguf

// The kinds of tokens, by their numbers in tokenizer.ggml.token_type.
const (
	TokenUndefined = iota
	TokenNormal
	TokenUnknown
	TokenControl
	TokenUserDefined
	TokenUnused
	TokenByte
)
