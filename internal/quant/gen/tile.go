package main

import "fmt"

// minName returns the part of a tile's name that says whether it adds minima.
func minName(hasMin bool) string {
	if hasMin {
		return "Min"
	}
	return ""
}

// tileStart begins the comment of a tile function, with the registers that all tile functions
// share. In the formulas of doc, d and m are the scale and the minimum of a block of weights. D is
// the scale of a block of activations, and DS is D times the sum of these activations. The scales
// of a super-block are d for its weights and dmin for its minima.
func tileStart(a *asm, name, doc string) {
	a.begin("func " + name + "(t *tileArgs)")
	a.top("%s", comment(doc))
	a.top("//\n// Registers\n" +
		"//\tR1 panel\n//\tR2 blocks\n//\tR3 tokens left\n" +
		"//\tR4 accumulators\n//\tR5 activations\n//\tR6 bytes from one token's activations to the next token's\n//\tR7 scales of the activations\n//\tR8 bytes from one token's scales to the next token's")
}

func tileArgs(a *asm, name string) {
	loadArgs(a, name, "Panel", "NB", "Tokens", "Acc", "Q", "QStride", "D", "DStride")
}

// loadArgs begins a function and loads the given fields of t into R1, R2 and so on.
func loadArgs(a *asm, name string, fields ...string) {
	a.top("TEXT ·%s(SB), NOSPLIT, $0-8", name)
	a.op("MOVD", "t+0(FP), R0")
	for i, f := range fields {
		a.op("MOVD", "tileArgs_%s(R0), R%d", f, i+1)
	}
}

// byTokens generates a loop for each number n in steps, and then the return
// of the function. The loop for n runs body for n tokens at a time while at
// least n tokens are left. The last number in steps must be 1.
func byTokens(a *asm, accBytes int, steps []int, body func(n int)) {
	for _, n := range steps {
		a.label(fmt.Sprintf("tokens%d", n))
		next := "done"
		if n > 1 {
			next = fmt.Sprintf("tokens%d", nextStep(steps, n))
			a.op("CMP", "$%d, R3", n)
			a.op("BLT", "%s", next)
		} else {
			a.op("CBZ", "R3, done")
		}
		body(n)
		a.op("MOVD", "$%d, R12", n)
		a.op("MADD", "R6, R5, R12, R5")
		a.op("MADD", "R8, R7, R12, R7")
		a.add(n*accBytes, "R4")
		a.op("SUB", "$%d, R3", n)
		a.op("B", "tokens%d", n)
	}
	a.label("done")
	a.op("RET", "")
}

func nextStep(steps []int, n int) int {
	for i, s := range steps {
		if s == n {
			return steps[i+1]
		}
	}
	return 1
}

// actPointers are the registers that point to the tokens' activations in a block.
var actPointers = []string{"R13", "R14", "R15", "R19"}

// pointActs sets the first n of actPointers.
func pointActs(a *asm, n int) {
	a.op("MOVD", "R5, %s", actPointers[0])
	for t := 1; t < n; t++ {
		a.op("ADD", "R6, %s, %s", actPointers[t-1], actPointers[t])
	}
}

// minima returns the number of minima in a super-block of a format with minima.
func minima(width int) int { return 256 / width }

// minimaByBytes is a comment for tile functions that use
// dot products of bytes. It says how they add minima.
const minimaByBytes = "; acc = fma(-msum, dmin*D, acc), where msum adds\nminimum·(sum of activations). Each such sum s is cut into bytes, s = 64*high + low,\nso that dot products give msum: |s| ≤ 32·127, so -64 ≤ high < 64"
