package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

const listing = `
Disassembly of section .text:

0000000000001000 <alpaca/internal/quant/kernel/arm64.tileX.abi0>:
    1000:      	mov	x0, #0x2
    1004:      	movi	v0.16b, #0x0
    1008:      	ldr	q1, [x10]
    100c:      	subs	x0, x0, #0x1
    1010:      	b.ne	0x1008 <alpaca/internal/quant/kernel/arm64.tileX.abi0+0x8>
    1014:      	str	q0, [x11]
    1018:      	subs	x24, x24, #0x1
    101c:      	b.ne	0x1000 <alpaca/internal/quant/kernel/arm64.tileX.abi0>
    1020:      	ldr	q2, [x10]
    1024:      	b.ne	0x1020 <alpaca/internal/quant/kernel/arm64.tileX.abi0+0x20>
    1028:      	ret
`

func TestBlockLoop(t *testing.T) {
	code := parse([]byte(listing))
	require.Len(t, code, 11)

	tests := []struct {
		name           string
		number, rounds int
		want           []string
	}{
		{"inner", 0, 0, []string{"ldr q1, [x10]", "subs x0, x0, #0x1", "b.ne 0"}},
		{"alone", 1, 0, []string{"ldr q2, [x10]", "b.ne 0"}},
		{"outer", 0, 2, []string{
			"mov x0, #0x2", "movi v0.16b, #0x0",
			"ldr q1, [x10]", "subs x0, x0, #0x1", "b.ne 0",
			"ldr q1, [x10]", "subs x0, x0, #0x1", "b.ne 0",
			"str q0, [x11]", "subs x24, x24, #0x1", "b.ne 0",
		}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got, err := blockLoop(code, test.number, test.rounds)
			require.NoError(t, err)
			require.Equal(t, test.want, got)
		})
	}
	_, err := blockLoop(code, 2, 0)
	require.ErrorContains(t, err, "the function has 2 innermost loops, and number 2 is wanted, counted from 0")
	_, err = blockLoop(code, 1, 2)
	require.ErrorContains(t, err, "no loop around")
}

// TestTargets checks that the estimates of the main formats are not below the values in this
// table.
func TestTargets(t *testing.T) {
	for _, tool := range []string{"llvm-objdump-19", "llvm-mca-19"} {
		if _, err := exec.LookPath(tool); err != nil {
			t.Skip("needs " + tool)
		}
	}
	path := filepath.Join(t.TempDir(), "alpaca")
	build := exec.Command("go", "build", "-o", path, "alpaca/cmd/alpaca")
	build.Env = append(os.Environ(), "GOOS=linux", "GOARCH=arm64", "CGO_ENABLED=0")
	out, err := build.CombinedOutput()
	require.NoError(t, err, "%s", out)
	p := newProgram(path)

	tests := []struct {
		cpu, format    string
		prompt, decode float64 // multiply-adds per cycle; bytes of weights per cycle
	}{
		{"cortex-a72", "Q4_0", 7, 2.5},
		{"cortex-a72", "Q4_K", 6.4, 2.5},
		{"cortex-a72", "Q6_K", 6, 2.5},
		{"neoverse-n1", "Q4_0", 19, 3},
		{"neoverse-n1", "Q4_K", 19, 3.5},
		{"neoverse-n1", "Q6_K", 17, 2.5},
	}
	for _, test := range tests {
		for _, c := range cpus {
			for _, f := range formats {
				if c.name != test.cpu || f.name != test.format {
					continue
				}
				e, err := p.estimate(c, f)
				require.NoError(t, err)
				require.GreaterOrEqual(t, e.prompt, test.prompt, "%s on %s: prompt", f.name, c.name)
				require.GreaterOrEqual(t, e.decode, test.decode, "%s on %s: one token", f.name, c.name)
			}
		}
	}
}
