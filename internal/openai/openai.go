// Package openai has the requests and answers of OpenAI's API, with the fields that
// llama.cpp's server adds, and reads those of Anthropic's and Ollama's, which ask for the
// same in other words. Requests are read strictly: numbers have bounds, lists and nesting
// have limits, and an error names the field. It serves HTTP and batches alike, so it knows
// neither.
package openai

// Limits of what a request may hold.
const (
	MaxDepth    = 64   // of nested lists and objects
	MaxMessages = 4096 // of a conversation
	MaxTools    = 128
	MaxStops    = 16
	MaxStop     = 1 << 10 // bytes of a stop text
	MaxPrompts  = 1024    // of a completion
	MaxAnswers  = 128     // to a prompt
	MaxBiases   = 1024
	MaxTop      = 20  // alternatives of a token of a chat
	MaxProbs    = 100 // alternatives of a token of a completion
)
