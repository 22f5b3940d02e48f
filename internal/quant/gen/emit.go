package main

import (
	"fmt"
	"strings"
)

// asm collects the text of a file of assembly, in asmfmt's layout.
type asm struct {
	text strings.Builder
	run  [][2]string // consecutive instructions, whose operands are aligned

	funcs []string // Go declarations of the functions
}

// op adds an instruction. Its operands are formatted as in Sprintf.
func (a *asm) op(mnemonic, operands string, args ...any) {
	a.run = append(a.run, [2]string{mnemonic, fmt.Sprintf(operands, args...)})
}

// word adds an instruction that neon_arm64.h defines as a macro. Operands are register numbers and
// immediates, sources first.
func (a *asm) word(macro string, args ...int) {
	s := make([]string, len(args))
	for i, x := range args {
		s[i] = fmt.Sprint(x)
	}
	a.run = append(a.run, [2]string{"", macro + "(" + strings.Join(s, ", ") + ")"})
}

// vec adds an instruction whose vectors have one shape ("B16", "S4", ...). regs are the numbers
// of their registers, sources first.
func (a *asm) vec(mnemonic, shape string, regs ...int) {
	s := make([]string, len(regs))
	for i, r := range regs {
		s[i] = fmt.Sprintf("V%d.%s", r, shape)
	}
	a.op(mnemonic, "%s", strings.Join(s, ", "))
}

// shift adds a shift by an immediate.
func (a *asm) shift(mnemonic, shape string, by, src, dst int) {
	a.op(mnemonic, "$%d, V%d.%s, V%d.%s", by, src, shape, dst, shape)
}

// bytes sets every byte of vector dst to value.
func (a *asm) bytes(value, dst int) { a.op("VMOVI", "$%d, V%d.B16", value, dst) }

// load and store move a vector. mem is an address such as "32(R1)".
func (a *asm) load(mem string, dst int)  { a.op("FMOVQ", "%s, F%d", mem, dst) }
func (a *asm) store(src int, mem string) { a.op("FMOVQ", "F%d, %s", src, mem) }

// load2 and store2 move two vectors that are adjacent in memory.
func (a *asm) load2(mem string, dst0, dst1 int)  { a.op("FLDPQ", "%s, (F%d, F%d)", mem, dst0, dst1) }
func (a *asm) store2(src0, src1 int, mem string) { a.op("FSTPQ", "(F%d, F%d), %s", src0, src1, mem) }

// add adds n to a general register.
func (a *asm) add(n int, reg string) { a.op("ADD", "$%d, %s", n, reg) }

// loop ends a loop that counts reg down to zero.
func (a *asm) loop(reg, label string) {
	a.op("SUBS", "$1, %s, %s", reg, reg)
	a.op("BNE", "%s", label)
}

// note adds comment lines. If instructions precede them, an empty line comes first.
func (a *asm) note(format string, args ...any) {
	if len(a.run) > 0 {
		a.blank()
	}
	for line := range strings.SplitSeq(fmt.Sprintf(format, args...), "\n") {
		fmt.Fprintf(&a.text, "\t// %s\n", line)
	}
}

// label adds a label after an empty line.
func (a *asm) label(name string) {
	a.flush()
	fmt.Fprintf(&a.text, "\n%s:\n", name)
}

// blank adds an empty line, unless the text ends with one.
func (a *asm) blank() {
	a.flush()
	if !strings.HasSuffix(a.text.String(), "\n\n") {
		a.text.WriteByte('\n')
	}
}

// begin begins the comment of a function. The first
// line of the comment is the function's declaration.
func (a *asm) begin(declaration string) {
	a.funcs = append(a.funcs, declaration)
	a.blank()
	a.top("// %s\n//", declaration)
}

// top adds lines that are not instructions: preprocessor lines, doc comments, TEXT.
func (a *asm) top(format string, args ...any) {
	a.flush()
	fmt.Fprintf(&a.text, format+"\n", args...)
}

func (a *asm) flush() {
	width := 0
	for _, i := range a.run {
		width = max(width, len(i[0]))
	}
	for _, i := range a.run {
		switch {
		case i[0] == "":
			fmt.Fprintf(&a.text, "\t%s\n", i[1])
		case i[1] == "":
			fmt.Fprintf(&a.text, "\t%s\n", i[0])
		default:
			fmt.Fprintf(&a.text, "\t%-*s %s\n", width, i[0], i[1])
		}
	}
	a.run = a.run[:0]
}

func (a *asm) String() string {
	a.flush()
	return a.text.String()
}

// at returns the address off(reg).
func at(off int, reg string) string {
	if off == 0 {
		return "(" + reg + ")"
	}
	return fmt.Sprintf("%d(%s)", off, reg)
}

// comment turns lines of text into comments.
func comment(text string) string { return "// " + strings.ReplaceAll(text, "\n", "\n// ") }
