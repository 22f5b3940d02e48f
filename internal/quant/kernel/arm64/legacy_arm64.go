//go:build !purego

package arm64

import (
	"alpaca/internal/quant"
	"alpaca/internal/quant/kernel"
)

// legacyKernels are the kernels of the formats of 2023. They have pack functions of
// their own. Most of them use the tiles of today's formats; Q4_2 uses that of NVFP4.
var legacyKernels = kernel.Table{
	quant.Q4_0v1: {i8mm32(packQ4_0v1I8MM, tileB32I8MM), sdot32(packQ4_0v1SDOT, tileB32SDOT), neon32(packQ4_0v1NEON, tileB32NEON)},
	quant.Q4_0v2: {i8mm32(packQ4_0v2I8MM, tileB32I8MM), sdot32(packQ4_0v2SDOT, tileB32SDOT), neon32(packQ4_0v2NEON, tileB32NEON)},
	quant.Q4_1v1: {i8mm32(packQ4_1v1I8MM, tileB32MinI8MM), sdot32(packQ4_1v1SDOT, tileB32MinSDOT), neon32(packQ4_1v1NEON, tileB32MinNEON)},
	quant.Q4_1v2: {i8mm32(packQ4_1v2I8MM, tileB32MinI8MM), sdot32(packQ4_1v2SDOT, tileB32MinSDOT), neon32(packQ4_1v2NEON, tileB32MinNEON)},
	quant.Q5_0v1: {i8mm32(packQ5_0v1I8MM, tileB32I8MM), sdot32(packQ5_0v1SDOT, tileB32SDOT), neon32(packQ5_0v1NEON, tileB32NEON)},
	quant.Q5_1v1: {lanes32("sdot", packQ5_1v1SDOT, tileB32LanesSDOT), lanes32("neon", packQ5_1v1SDOT, tileB32LanesNEON)},
	quant.Q4_2:   {halves("sdot", 32, packQ4_2SDOT, tileB16SDOT), halves("neon", 32, packQ4_2NEON, tileB16NEON)},
	quant.Q4_3:   {halves("sdot", 32, packQ4_3SDOT, tileB16MinSDOT), halves("neon", 32, packQ4_3NEON, tileB16MinNEON)},
	quant.Q8_0v1: {i8mm32(packQ8_0v1I8MM, tileB32I8MM), sdot32(packQ8_0v1SDOT, tileB32SDOT), neon32(packQ8_0v1NEON, tileB32WideNEON)},
}
