//go:build !purego

package amd64

import (
	"embed"

	"alpaca/internal/quant/kernel"
)

// Table lists each type's kernels, best first.
var Table = kernel.Merge(floatKernels, intKernels, legacyKernels)

// tileArgs is the name by which assembly finds the fields (go_asm.h).
type tileArgs = kernel.Args

// headers are what the assembly includes. Go looks at a package's own folder, and at what it
// embeds, to see whether to compile anew. Nobody reads it, so that the linker leaves it out.
//
//go:embed parts templates
var headers embed.FS
