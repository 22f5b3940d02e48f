package eval

import _ "embed"

// SampleText is a text to measure models on where the user has none: stories,
// explanations, dialogue, letters, tables, arithmetic and code, written for
// this purpose, so that no model was trained on it. It has about 3,300 tokens
// of a LLaMA vocabulary.
//
//go:embed sample.txt
var SampleText string
