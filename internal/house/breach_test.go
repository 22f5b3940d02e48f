package house

import (
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/require"
)

// TestBreaches checks that each rule finds the code that breaks it, and nothing else.
func TestBreaches(t *testing.T) {
	const doc = "// Package x is\n// one of\n// three lines.\n"
	tests := []struct {
		name  string
		files map[string]string
		want  []string // the field named what of each breach; nil: there is no breach
	}{
		{"an import from a package below", map[string]string{"internal/gguf/a.go": doc + "package gguf\nimport \"alpaca/internal/quant\""}, nil},
		{"an import from a package above", map[string]string{"internal/quant/a.go": doc + "package quant\nimport \"alpaca/internal/gguf\""},
			[]string{"internal/quant imports internal/gguf", "internal/quant imports internal/gguf"}}, // breaks the rule of the ground floor, too
		{"an import from a package above, for another CPU", map[string]string{"internal/ggml/a_riscv64.go": "//go:build riscv64\n\n" + doc + "package ggml\nimport \"alpaca/internal/model\""},
			[]string{"internal/ggml imports internal/model"}},
		{"an import from a package above, in a test", map[string]string{"internal/ggml/a.go": doc + "package ggml", "internal/ggml/a_test.go": "package ggml\nimport \"alpaca/internal/model\""}, nil},
		{"a new package", map[string]string{"internal/new/a.go": doc + "package x"}, []string{"internal/new has no place"}},
		{"a new package below another", map[string]string{"internal/gguf/new/a.go": doc + "package x"}, []string{"internal/gguf/new has no place"}},
		{"test data", map[string]string{"internal/gguf/testdata/a.go": "package x"}, nil},
		{"a package for tests", map[string]string{"internal/eval/a.go": doc + "package eval\nimport \"alpaca/internal/testmodel\""},
			[]string{"internal/eval imports internal/testmodel"}},
		{"main", map[string]string{"cmd/alpaca/a.go": doc + "package main\nimport (\"os\"; \"alpaca/internal/cli\")"}, nil},
		{"main that imports more than the command line", map[string]string{"cmd/alpaca/a.go": doc + "package main\nimport (\"alpaca/internal/cli\"; \"alpaca/internal/cli/ui\")"},
			[]string{"cmd/alpaca imports alpaca/internal/cli/ui"}},
		{"ground floor", map[string]string{"internal/arch/a.go": doc + "package arch\nimport (\"alpaca/internal/fmath\"; \"alpaca/internal/gguf\")"},
			[]string{"internal/arch imports internal/gguf", "internal/arch imports internal/gguf"}}, // the second breach: gguf is above arch in the list called order
		{"assembly", map[string]string{"internal/model/a.go": doc + "package model", "internal/model/a_amd64.s": ""}, []string{"internal/model has assembly"}},
		{"sampler", map[string]string{"internal/chat/a.go": doc + "package chat\nimport \"alpaca/internal/model\""}, []string{"internal/chat imports internal/model"}},
		{"sessions", map[string]string{"internal/bench/a.go": doc + "package bench\nimport \"alpaca/internal/model\"\nvar s *model.Session\nvar m *model.Model"},
			[]string{"internal/bench uses model.Session"}},
		{"sockets", map[string]string{"internal/eval/a.go": doc + "package eval\nimport (\"net/http\"; \"net/url\")"}, []string{"internal/eval imports net/http"}},
		{"sockets of the server", map[string]string{"internal/server/a.go": doc + "package server\nimport \"net/http\""}, nil},
		{"files that are written directly", map[string]string{"internal/eval/a.go": doc + "package eval\nimport \"os\"\nfunc f() { os.Create(\"x\"); os.Open(\"x\"); os.CreateTemp(\"\", \"\") }"},
			[]string{"internal/eval/a.go writes by os.Create"}},
		{"commands", map[string]string{"internal/cli/run/a.go": doc + "package run\nimport (\"alpaca/internal/cli/load\"; \"alpaca/internal/cli/ui\"; \"alpaca/internal/cli/version\")"},
			[]string{"internal/cli/run imports internal/cli/version"}},
		{"a new command", map[string]string{"internal/cli/new/a.go": doc + "package x\nimport (\"alpaca/internal/cli/load\"; \"alpaca/internal/engine\")"}, nil},
		{"the command line imported by a package below it", map[string]string{"internal/eval/a.go": doc + "package eval\nimport \"alpaca/internal/cli/new\""},
			[]string{"internal/eval imports internal/cli/new", "internal/eval imports internal/cli/new"}},
		{"ui", map[string]string{"internal/cli/flags/a.go": doc + "package flags\nimport (\"alpaca/internal/cli/load\"; \"alpaca/internal/cli/ui\")"},
			[]string{"internal/cli/flags imports internal/cli/load", "internal/cli/flags imports internal/cli/load"}}, // the second breach: load is above flags in the list called order
		{"cobra", map[string]string{"internal/eval/a.go": doc + "package eval\nimport \"github.com/spf13/cobra\""}, []string{"internal/eval imports github.com/spf13/cobra"}},
		{"cobra of a command", map[string]string{"internal/cli/run/a.go": doc + "package run\nimport \"github.com/spf13/cobra\""}, nil},
		{"testify", map[string]string{"internal/eval/a.go": doc + "package eval\nimport \"github.com/stretchr/testify/require\"",
			"internal/eval/a_test.go": "package eval\nimport \"github.com/stretchr/testify/require\""}, []string{"internal/eval imports github.com/stretchr/testify"}},
		{"plot", map[string]string{"internal/cli/measure/a.go": doc + "package measure\nimport \"gonum.org/v1/plot/vg\""}, []string{"internal/cli/measure imports gonum.org/v1/plot"}},
		{"seven parameters", map[string]string{"internal/eval/a.go": doc + "package eval\nfunc f(a, b, c, d, e, f int)\nfunc g(a, b, c, d, e, f int, _ bool)\nvar h = func(_, _, _, _ int, _, _, _ bool) {}"},
			[]string{"internal/eval/a.go: g has 7 parameters", "internal/eval/a.go: a function literal has 7 parameters"}},
		{"no comment", map[string]string{"internal/eval/a.go": "package eval"}, []string{"the comment of internal/eval"}},
		{"short comment", map[string]string{"internal/eval/a.go": "// Package eval is short.\npackage eval"}, []string{"the comment of internal/eval"}},
		{"two comments", map[string]string{"internal/eval/a.go": doc + "package eval", "internal/eval/b.go": doc + "package eval"}, []string{"the comment of internal/eval"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			fsys := fstest.MapFS{}
			for name, text := range tt.files {
				fsys[name] = &fstest.MapFile{Data: []byte(text)}
			}
			tree, err := readTree(fsys)
			require.NoError(t, err)
			var got []string
			for _, p := range tree {
				for _, rule := range rules {
					if rule.name == "examples" { // checked by TestExamples
						continue
					}
					for _, b := range rule.check(p) {
						require.NotEmpty(t, b.why)
						got = append(got, b.what)
					}
				}
			}
			require.Equal(t, tt.want, got)
		})
	}
}

func TestExamples(t *testing.T) {
	tree, err := readTree(fstest.MapFS{
		"internal/chat/a.go":               {Data: []byte("package chat\nfunc ExampleNot() {}")},
		"internal/eval/a.go":               {Data: []byte("package eval")},
		"internal/eval/example_test.go":    {Data: []byte("package eval_test\nfunc Example() {}")},
		"internal/cli/run/a.go":            {Data: []byte("package run")},
		"internal/tinydata/make/main.go":   {Data: []byte("package main")},
		"internal/quant/kernel/amd64/a.go": {Data: []byte("package amd64")},
		"internal/pool/a.go":               {Data: []byte("package pool")},
	})
	require.NoError(t, err)
	var without []string
	for _, p := range tree {
		for _, b := range examples(p) {
			without = append(without, b.what)
		}
	}
	require.Equal(t, []string{"internal/chat has no example"}, without)
}
