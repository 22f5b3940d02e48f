// Package builtin is the model inside the program, which answers where no other is given.
// docs/builtin-model.md says what it can do and how it was made. model.gguf is part of the
// executable's read-only data, which the system maps from the executable's own file as it
// is needed: nothing is copied, no temporary file is written, and a command that does not
// use the model never reads it.
package builtin

import (
	_ "embed"
	"unsafe"

	"alpaca/internal/gguf"
)

// Name stands for the model where the path of a file is expected.
const Name = "builtin"

// A string, because the linker puts it where nothing can write; and, being long, at a
// multiple of 32 bytes, or else gguf.OpenBytes copies it.
//
//go:embed model.gguf
var file string

// Bytes returns the model's file, which must not be written to.
func Bytes() []byte { return unsafe.Slice(unsafe.StringData(file), len(file)) }

// Open opens the model.
func Open(opt gguf.Options) (*gguf.File, error) { return gguf.OpenBytes(Name, Bytes(), opt) }
