//go:build !purego

package quant

// legacyKernels are the kernels of the formats of 2023. They differ from those of
// today's formats in the packing only.
var legacyKernels = map[Type][]kernel{
	Q4_0v1: {i8mm32(packQ4_0v1I8MM, tileB32I8MM), sdot32(packQ4_0v1SDOT, tileB32SDOT), neon32(packQ4_0v1NEON, tileB32NEON)},
	Q4_0v2: {i8mm32(packQ4_0v2I8MM, tileB32I8MM), sdot32(packQ4_0v2SDOT, tileB32SDOT), neon32(packQ4_0v2NEON, tileB32NEON)},
	Q4_1v1: {i8mm32(packQ4_1v1I8MM, tileB32MinI8MM), sdot32(packQ4_1v1SDOT, tileB32MinSDOT), neon32(packQ4_1v1NEON, tileB32MinNEON)},
	Q4_1v2: {i8mm32(packQ4_1v2I8MM, tileB32MinI8MM), sdot32(packQ4_1v2SDOT, tileB32MinSDOT), neon32(packQ4_1v2NEON, tileB32MinNEON)},
	Q5_0v1: {i8mm32(packQ5_0v1I8MM, tileB32I8MM), sdot32(packQ5_0v1SDOT, tileB32SDOT), neon32(packQ5_0v1NEON, tileB32NEON)},
	Q5_1v1: {lanes32("sdot", packQ5_1v1SDOT, tileB32LanesSDOT), lanes32("neon", packQ5_1v1SDOT, tileB32LanesNEON)},
	Q8_0v1: {i8mm32(packQ8_0v1I8MM, tileB32I8MM), sdot32(packQ8_0v1SDOT, tileB32SDOT), neon32(packQ8_0v1NEON, tileB32WideNEON)},
}
