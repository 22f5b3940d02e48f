package eval

import _ "embed"

// SampleText is the default text to measure models on: stories, explanations, dialogue, letters,
// tables, arithmetic and code. It was written for this purpose, so models have not been trained on
// it. With a LLaMA vocabulary, it has about 3,300 tokens.
//
//go:embed sample.txt
var SampleText string
