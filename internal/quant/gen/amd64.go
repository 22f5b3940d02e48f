package main

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
)

// parameters has the parameters of the functions that the templates of kernel/amd64 make. A key is
// the macro that names the function.
var parameters = map[string]string{
	"PACK":    "panel, w *byte, stride, nb int",
	"PACKONE": "panel, w *byte, stride, ahead int",
	"TILE":    "t *tileArgs",
	"DIRECT":  "t *tileArgs",
	"FEW":     "t *tileArgs",
	"TWO":     "t *tileArgs",
	"SIX":     "t *tileArgs",
	"FOUR":    "t *tileArgs",
	"EIGHT":   "t *tileArgs",
	"ROW":     "t *tileArgs",
	"QUAD":    "t *tileArgs",
}

// named matches a line that names a function for a template, such as #define PACK ·packQ4_0AVX2.
var named = regexp.MustCompile(`(?m)^#define (\w+) ·(\w+)$`)

// stubsAMD64 returns asm_amd64.go: the declarations of all functions that the assembly in
// folder makes from templates.
func stubsAMD64(folder string) (string, error) {
	files, err := filepath.Glob(filepath.Join(folder, "*_amd64.s")) // sorted
	if err != nil {
		return "", err
	}
	var b strings.Builder
	b.WriteString(header + "//go:build !purego\n\npackage amd64\n")
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			return "", err
		}
		found := named.FindAllStringSubmatch(string(text), -1)
		if len(found) > 0 {
			fmt.Fprintf(&b, "\n// %s\n", filepath.Base(file))
		}
		for _, f := range found {
			p, ok := parameters[f[1]]
			if !ok {
				return "", fmt.Errorf("%s: %s is a %s, whose parameters are unknown", file, f[2], f[1])
			}
			declare(&b, fmt.Sprintf("func %s(%s)", f[2], p))
		}
	}
	return b.String(), nil
}

// declare writes f, the Go declaration of a function in assembly.
func declare(b *strings.Builder, f string) { fmt.Fprintf(b, "\n//go:noescape\n%s\n", f) }
