// Package openai parses the requests of OpenAI's API, with the fields that llama.cpp's server adds,
// and defines its answers. It also parses the requests of Anthropic's and Ollama's APIs. Parsing is
// strict: numbers have ranges, lists and nesting have limits, and an error names the field. The
// HTTP server and batch jobs both use this package. It depends on neither of them.
package openai

// Limits of a request.
const (
	MaxDepth    = 64   // depth of nested lists and objects
	MaxMessages = 4096 // messages of a conversation
	MaxTools    = 128
	MaxStops    = 16
	MaxStop     = 1 << 10 // bytes of a stop text
	MaxPrompts  = 1024    // prompts of a completion
	MaxAnswers  = 128     // answers to a prompt
	MaxBiases   = 1024
	MaxTop      = 20  // alternatives of a token in a chat
	MaxProbs    = 100 // alternatives of a token in a completion
)
