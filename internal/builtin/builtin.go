// Package builtin is the model inside the program, which answers if no other
// model is given. docs/builtin-model.md says what it can do and how it was made.
// model.gguf is part of the executable's read-only data, which the system loads
// from the executable's own file on first use. So nothing is copied, no temporary
// file is written, and a command that does not use the model never reads it.
package builtin

import (
	_ "embed"
	"unsafe"

	"alpaca/internal/gguf"
)

// Name stands for the built-in model where a file's path is expected.
const Name = "builtin"

// file is a string, because the linker puts strings into read-only memory. The linker places
// a long string at a multiple of 32 bytes. At any other address gguf.OpenBytes would copy it.
//
//go:embed model.gguf
var file string

// Bytes returns the model's file, which must not be written to.
func Bytes() []byte { return unsafe.Slice(unsafe.StringData(file), len(file)) }

// Open opens the model.
func Open(opt gguf.Options) (*gguf.File, error) { return gguf.OpenBytes(Name, Bytes(), opt) }
