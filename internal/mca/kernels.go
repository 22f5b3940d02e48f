package main

import "fmt"

// cpu is a CPU that llvm-mca has a model of.
type cpu struct {
	name, doc string
	isa       string // its instruction set, which is also the suffix of its kernels' names
}

var cpus = []cpu{
	{"cortex-a53", "Cortex-A53 (Pi 3) neon", "NEON"},
	{"cortex-a72", "Cortex-A72 (Pi 4) neon", "NEON"},
	{"neoverse-n1", "Neoverse N1 (≈ A76, Pi 5) sdot", "SDOT"},
	{"neoverse-n2", "Neoverse N2 i8mm", "I8MM"},
	{"neoverse-v1", "Neoverse V1 i8mm", "I8MM"},
}

// format is a number format of weights, with the functions that multiply it.
type format struct {
	name       string
	blockBytes int    // bytes in a block
	blockLen   int    // weights in a block
	tile       string // name of the tile function, without the prefix "tile" and the instruction set
	tileNEON   string // the name for NEON if it is different, or ""
	subBlocks  int    // how often the tile function's inner loop runs for each block; 0 if there is no inner loop
	packRounds int    // how often the packing function's inner loop runs for each block; 0 if there is no inner loop
}

var formats = []format{
	{"Q4_0", 18, 32, "B32", "", 0, 0},
	{"Q4_1", 20, 32, "B32Min", "", 0, 0},
	{"Q5_0", 22, 32, "B32", "", 0, 0},
	{"Q5_1", 24, 32, lanes, "", 0, 0},
	{"Q8_0", 34, 32, "B32", "B32Wide", 0, 0},
	{"IQ4_NL", 18, 32, "B32", "B32Wide", 0, 0},
	{"Q2_K", 84, 256, "K16Min", "", 16, 2},
	{"Q3_K", 110, 256, "K16", "", 16, 2},
	{"Q4_K", 144, 256, "K32Min", "", 8, 4},
	{"Q5_K", 176, 256, "K32Min", "", 8, 4},
	{"Q6_K", 210, 256, "K16", "", 16, 2},
	{"IQ4_XS", 136, 256, "K32", "K32Wide", 8, 8},
}

// lanes is the name of the tile function that keeps partial sums in lanes.
// It has no version for I8MM, so CPUs with I8MM use the version for SDOT.
const lanes = "B32Lanes"

// shape says how many rows of weights and how many tokens
// one round of a tile function's block loop multiplies.
type shape struct {
	rows, tokens int
	loop         int // index of the loop among the innermost loops of the function
}

// shapes returns the shape of f's tile function for many
// tokens, and the shape for a single or last token.
func (c cpu) shapes(f format) (many, one shape) {
	if f.tile == lanes {
		return shape{4, 2, 0}, shape{4, 1, 1}
	}
	switch c.isa {
	case "I8MM":
		many = shape{16, 2, 0}
		return many, shape{16, 1, 0}
	case "SDOT":
		return shape{8, 4, 0}, shape{8, 1, 1}
	}
	if f.tileNEON != "" {
		return shape{4, 2, 0}, shape{4, 1, 1}
	}
	return shape{4, 4, 0}, shape{4, 1, 1}
}

// loop is an innermost loop whose instructions are the same for all CPUs.
type loop struct {
	name     string
	function string  // with its package
	number   int     // index of the loop among the innermost loops of the function
	work     float64 // how many units one round processes
	unit     string
}

var loops = []loop{
	{"F32, F16, BF16 prompt", "quant/kernel/arm64.tileFloatNEON", 0, 4 * 2 * 8, "multiply-adds"},
	{"F32 one token", "quant/kernel/arm64.rowF32NEON", 0, 4 * 8 * 4, "bytes of weights"},
	{"F16 one token", "quant/kernel/arm64.rowF16NEON", 0, 4 * 8 * 2, "bytes of weights"},
	{"BF16 one token", "quant/kernel/arm64.rowBF16NEON", 0, 4 * 8 * 2, "bytes of weights"},
	{"activations to 8 bits", "quant/matmul.quantizeQ8NEON", 0, 32, "values"},
	{"attention, 4 queries", "ggml/vec.gemm16NEON", 0, 4 * 16, "multiply-adds"},
	{"attention, 1 query", "ggml/vec.gemm32NEON", 0, 32, "multiply-adds"},
	{"softmax", "ggml/vec.softmaxNEON", 0, 16, "scores"},
	{"SiLU", "ggml/vec.silu16NEON", 0, 16, "values"},
}

// estimate is the estimated speed of a format on a CPU.
type estimate struct {
	prompt float64 // for many tokens: multiply-adds per cycle
	decode float64 // for one token: bytes of weights per cycle, including the time for packing
}

const panelRows = 16

func (p *program) estimate(c cpu, f format) (e estimate, err error) {
	many, one := c.shapes(f)
	if f.tile == lanes && c.isa == "I8MM" {
		c.isa = "SDOT"
	}
	tile := "tile" + f.tile + c.isa
	if c.isa == "NEON" && f.tileNEON != "" {
		tile = "tile" + f.tileNEON + c.isa
	}
	cycles, err := p.cycles(c, "quant/kernel/arm64."+tile, many.loop, f.subBlocks)
	if err != nil {
		return e, err
	}
	e.prompt = float64(many.rows*many.tokens*f.blockLen) / cycles
	if f.name != "Q3_K" { // a single function packs and multiplies 4 rows at a time
		isa := c.isa
		if isa == "I8MM" {
			isa = "SDOT"
		}
		cycles, err := p.cycles(c, "quant/kernel/arm64.quad"+f.name+isa, 0, f.packRounds)
		e.decode = float64(4*f.blockBytes) / cycles
		return e, err
	}
	cycles, err = p.cycles(c, "quant/kernel/arm64."+tile, one.loop, f.subBlocks)
	if err != nil {
		return e, err
	}
	pack, err := p.cycles(c, "quant/kernel/arm64.pack"+f.name+c.isa, 0, f.packRounds)
	if err != nil {
		return e, err
	}
	panel := float64(panelRows/one.rows)*cycles + panelRows/4*pack
	e.decode = float64(panelRows*f.blockBytes) / panel
	return e, nil
}

// cycles returns the estimated cycles of one round of a function's loop. loop
// and rounds select the loop: they are number and rounds of blockLoop.
func (p *program) cycles(c cpu, function string, loop, rounds int) (float64, error) {
	key := fmt.Sprint(c.name, function, loop, rounds)
	if n, ok := p.known[key]; ok {
		return n, nil
	}
	code, err := p.function(function)
	if err != nil {
		return 0, err
	}
	body, err := blockLoop(code, loop, rounds)
	if err != nil {
		return 0, fmt.Errorf("%s: %w", function, err)
	}
	n, err := simulate(c.name, body)
	if err != nil {
		return 0, fmt.Errorf("%s: %w", function, err)
	}
	p.known[key] = n
	return n, nil
}
