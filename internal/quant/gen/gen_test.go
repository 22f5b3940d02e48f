package main

import (
	"fmt"
	"go/constant"
	"go/token"
	"go/types"
	"os"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestFiles fails if a checked-in file differs from what the generator writes.
func TestFiles(t *testing.T) {
	files, err := files("..")
	require.NoError(t, err)
	for name, text := range files {
		got, err := os.ReadFile("../" + name)
		require.NoError(t, err)
		require.True(t, string(got) == text, "%s is not up to date: go generate ./internal/quant/gen", name)
		require.Less(t, len(text), 100<<10, name)
	}
}

// TestEncodings compares each macro of the header with LLVM's assembler, for several
// operands. The assembler gets the instruction that stands beside the macro in GNU syntax.
func TestEncodings(t *testing.T) {
	mc, err := exec.LookPath("llvm-mc-19")
	if err != nil {
		t.Skip("needs llvm-mc-19")
	}
	macro := regexp.MustCompile(`(?m)^#define (\w+)\(([^)]*)\)\s+WORD \$\((.*)\) // (.*)$`)
	var source strings.Builder
	var words []uint32
	var names []string
	for _, m := range macro.FindAllStringSubmatch(neonHeader, -1) {
		for _, operands := range []map[string]int{
			{"m": 0, "n": 0, "d": 0, "i": 0, "s": 1},
			{"m": 15, "n": 31, "d": 1, "i": 1, "s": 2},
			{"m": 8, "n": 7, "d": 31, "i": 2, "s": 6},
			{"m": 5, "n": 16, "d": 17, "i": 3, "s": 7},
		} {
			word, gnu := m[3], m[4]
			for name, value := range operands {
				word = regexp.MustCompile(`\b`+name+`\b`).ReplaceAllString(word, strconv.Itoa(value))
				gnu = regexp.MustCompile(`\bv`+name+`\b`).ReplaceAllString(gnu, "v"+strconv.Itoa(value))
				gnu = regexp.MustCompile(`\bs`+name+`\b`).ReplaceAllString(gnu, "s"+strconv.Itoa(value))
			}
			gnu = strings.ReplaceAll(gnu, "[i]", fmt.Sprintf("[%d]", operands["i"]))
			gnu = strings.ReplaceAll(gnu, "#s", fmt.Sprintf("#%d", operands["s"]))
			fmt.Fprintln(&source, gnu)
			words = append(words, evaluate(t, word))
			names = append(names, m[1]+": "+gnu)
		}
	}
	require.Equal(t, strings.Count(neonHeader, "#define"), len(words)/4, "a macro is not of the form that this test reads")

	cmd := exec.Command(mc, "-triple=aarch64", "-mattr=+dotprod,+i8mm,+fullfp16", "-show-encoding")
	cmd.Stdin = strings.NewReader(source.String())
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, "%s", out)
	encodings := regexp.MustCompile(`encoding: \[0x(..),0x(..),0x(..),0x(..)\]`).FindAllStringSubmatch(string(out), -1)
	require.Len(t, encodings, len(words))
	for i, e := range encodings {
		want, err := strconv.ParseUint(e[4]+e[3]+e[2]+e[1], 16, 32)
		require.NoError(t, err)
		require.Equal(t, fmt.Sprintf("%#08x", want), fmt.Sprintf("%#08x", words[i]), names[i])
	}
}

// evaluate computes an expression of the Go assembler. Its syntax and precedence are those of Go.
func evaluate(t *testing.T, expr string) uint32 {
	t.Helper()
	tv, err := types.Eval(token.NewFileSet(), nil, token.NoPos, expr)
	require.NoError(t, err, expr)
	v, exact := constant.Uint64Val(tv.Value)
	require.True(t, exact)
	return uint32(v)
}
