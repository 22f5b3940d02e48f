//go:build !purego

package amd64

import (
	"embed"

	"alpaca/internal/quant/kernel"
)

// Table lists each type's kernels, best first.
var Table = kernel.Merge(floatKernels, intKernels, legacyKernels)

// tileArgs is the name under which assembly finds the fields of Args (go_asm.h).
type tileArgs = kernel.Args

// headers are the files that the assembly includes. They are embedded because Go compiles a
// package again only if files in its own folder or embedded files change. Nothing reads the
// variable, so the linker omits it.
//
//go:embed parts templates
var headers embed.FS
