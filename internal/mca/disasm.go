package main

import (
	"bytes"
	"fmt"
	"os/exec"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// pkgs begins the import paths of all packages that have kernels.
const pkgs = "alpaca/internal/"

// program is an executable.
type program struct {
	path      string
	functions map[string][]instruction // the instructions of each function disassembled so far
	known     map[string]float64       // the results that cycles has returned so far
}

func newProgram(path string) *program {
	return &program{path, map[string][]instruction{}, map[string]float64{}}
}

// function returns the instructions of a function, such as "quant/kernel/arm64.tileB32SDOT".
func (p *program) function(name string) ([]instruction, error) {
	if code, ok := p.functions[name]; ok {
		return code, nil
	}
	symbol := pkgs + name + ".abi0"
	out, err := exec.Command("llvm-objdump-19", "-d", "--no-show-raw-insn", "--mattr=+dotprod,+i8mm", "--disassemble-symbols="+symbol, p.path).Output()
	if err != nil {
		return nil, fmt.Errorf("llvm-objdump-19: %w", err)
	}
	code := parse(out)
	if len(code) == 0 {
		return nil, fmt.Errorf("no function %s in %s", symbol, p.path)
	}
	p.functions[name] = code
	return code, nil
}

// instruction is one line of a disassembly listing.
type instruction struct {
	address uint64
	text    string // GNU spelling
	target  uint64 // the address that a branch jumps to
}

var (
	line   = regexp.MustCompile(`^\s*([0-9a-f]+):\s+(.*)$`)
	branch = regexp.MustCompile(`^(b\S*\s+|cbn?z\s+\w+, |adrp\s+\w+, )0x([0-9a-f]+) <.*>$`)
)

// parse reads llvm-objdump's listing of a function.
func parse(listing []byte) (code []instruction) {
	for l := range strings.Lines(string(listing)) {
		m := line.FindStringSubmatch(strings.TrimRight(l, "\n"))
		if m == nil {
			continue
		}
		address, err := strconv.ParseUint(m[1], 16, 64)
		if err != nil {
			continue
		}
		i := instruction{address: address, text: strings.ReplaceAll(m[2], "\t", " ")}
		if m := branch.FindStringSubmatch(i.text); m != nil {
			i.target, _ = strconv.ParseUint(m[2], 16, 64)
			i.text = m[1] + "0"
		}
		code = append(code, i)
	}
	return code
}

// span is a loop, given as the indices of its first and last instruction.
type span struct{ first, last int }

func (s span) holds(t span) bool { return s.first <= t.first && t.last <= s.last && s != t }

// loopsOf returns the loops that end with a b.ne (a branch
// while a counter is not 0), in the order of their ends.
func loopsOf(code []instruction) []span {
	var spans []span
	for i, in := range code {
		if strings.HasPrefix(in.text, "b.ne") && in.target <= in.address {
			first := slices.IndexFunc(code, func(c instruction) bool { return c.address == in.target })
			if first >= 0 {
				spans = append(spans, span{first, i})
			}
		}
	}
	return spans
}

// blockLoop returns the instructions of one round of a loop. number selects one of
// the function's innermost loops. If rounds is 0, blockLoop returns one round of that
// loop. Otherwise it returns one round of the loop around that loop. rounds is then
// how many rounds the innermost loop makes in each round of the outer loop.
func blockLoop(code []instruction, number, rounds int) ([]string, error) {
	all := loopsOf(code)
	var innermost []span
	for _, s := range all {
		if !slices.ContainsFunc(all, s.holds) {
			innermost = append(innermost, s)
		}
	}
	if number >= len(innermost) {
		return nil, fmt.Errorf("the function has %d innermost loops, and number %d is wanted, counted from 0", len(innermost), number)
	}
	inner := innermost[number]
	if rounds == 0 {
		return texts(code, inner), nil
	}
	var outer span
	for _, s := range all {
		if s.holds(inner) && (outer == span{} || outer.holds(s)) {
			outer = s
		}
	}
	if outer == (span{}) {
		return nil, fmt.Errorf("the function has no loop around its innermost loop number %d", number)
	}
	body := texts(code, span{outer.first, inner.first - 1})
	for range rounds {
		body = append(body, texts(code, inner)...)
	}
	return append(body, texts(code, span{inner.last + 1, outer.last})...), nil
}

func texts(code []instruction, s span) []string {
	var t []string
	for _, i := range code[s.first : s.last+1] {
		t = append(t, i.text)
	}
	return t
}

var totalCycles = regexp.MustCompile(`Total Cycles:\s+(\d+)`)

// simulate returns how many cycles one round of a loop takes on average, as llvm-mca estimates.
func simulate(cpu string, body []string) (float64, error) {
	const rounds = 100
	cmd := exec.Command("llvm-mca-19", "-mtriple=aarch64", "-mcpu="+cpu, fmt.Sprintf("-iterations=%d", rounds),
		"-instruction-info=0", "-resource-pressure=0")
	cmd.Stdin = strings.NewReader(strings.Join(body, "\n"))
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		return 0, fmt.Errorf("llvm-mca-19: %w: %s", err, firstLines(stderr.String()))
	}
	m := totalCycles.FindSubmatch(out)
	if m == nil {
		return 0, fmt.Errorf("llvm-mca-19 printed no cycles")
	}
	n, err := strconv.Atoi(string(m[1]))
	return float64(n) / rounds, err
}

func firstLines(s string) string {
	if len(s) > 300 {
		s = s[:300]
	}
	return strings.TrimSpace(s)
}
