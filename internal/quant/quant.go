// Package quant holds the number formats of GGML and GGUF files: their blocks,
// how values are encoded and decoded, and the dot products that define, to the
// bit, what a matrix product is. Each format has a file of its own.
package quant
