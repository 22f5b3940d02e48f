package main

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

var update = flag.Bool("update", false, "rewrite README.md's table and bench/speed.svg")

// shown is the file with the results that README.md shows. Its path is relative to top.
const (
	top   = "../../.."
	shown = "bench/results/epyc-zen5.json"
)

// TestReadme checks that README.md's table and plot come from the results in shown.
func TestReadme(t *testing.T) {
	r, err := readResults(filepath.Join(top, shown))
	require.NoError(t, err)
	var table, plot bytes.Buffer
	require.NoError(t, r.table(&table))
	require.NoError(t, r.draw(&plot, "svg"))

	path, picture := filepath.Join(top, "README.md"), filepath.Join(top, "bench/speed.svg")
	page, err := os.ReadFile(path)
	require.NoError(t, err)
	_, rest, found := strings.Cut(string(page), "\n| "+r.Rows[0].Model+" |")
	require.True(t, found, "README.md has no table of these results")
	old, _, _ := strings.Cut(rest, "\n\n")
	old = "| " + r.Rows[0].Model + " |" + old + "\n"
	if *update {
		require.NoError(t, os.WriteFile(path, []byte(strings.Replace(string(page), old, table.String(), 1)), 0o644))
		require.NoError(t, os.WriteFile(picture, plot.Bytes(), 0o644))
		return
	}
	require.Equal(t, table.String(), old, "README.md is out of date: run \"make plots\" to rewrite it")
	drawn, err := os.ReadFile(picture)
	require.NoError(t, err)
	require.Equal(t, string(drawn), plot.String(), "the plot is out of date: run \"make plots\" to rewrite it")
}

// TestRun measures two scripts that print results as
// benchmarks do. The rates of one script are twice as high.
func TestRun(t *testing.T) {
	if _, err := os.Stat("/bin/sh"); err != nil {
		t.Skip("this system has no shell")
	}
	dir := t.TempDir()
	program := func(name string, rate int) string {
		path := filepath.Join(dir, name)
		script := `#!/bin/sh
while [ $# -gt 0 ]; do case $1 in -p) p=$2;; -n) n=$2;; -t) t=$2;; esac; shift; done
echo '[{"build_commit": "abc", "model_type": "llama 1B Q4_K - Medium", "model_n_params": 1100048384, "n_threads": '$t', "n_prompt": '$p', "n_gen": '$n', "avg_ts": ` + fmt.Sprint(rate) + `}]'
`
		require.NoError(t, os.WriteFile(path, []byte(script), 0o755))
		return path
	}
	ours, peer := program("alpaca", 200), program("llama-bench", 100)
	var out bytes.Buffer
	kept, plot := filepath.Join(dir, "kept.json"), filepath.Join(dir, "plot.svg")
	require.NoError(t, run(t.Context(), &out, []string{"-ours", ours, "-peer", peer, "-turns", "2", "-threads", "1", "-o", kept, "model.gguf"}))
	const want = "| 1.1 B | prompt of 512 | llama.cpp | ratio | generation of 64 | llama.cpp | ratio |\n|---|---:|---:|---:|---:|---:|---:|\n" +
		"| Q4_K_M | 200 | 100 | 2.0 | 200.0 | 100.0 | 2.0 |\n"
	require.Equal(t, want, out.String())
	out.Reset()
	require.NoError(t, run(t.Context(), &out, []string{"-table", "-plot", plot, kept}))
	require.Equal(t, want, out.String())
	require.FileExists(t, plot)
	r, err := readResults(kept)
	require.NoError(t, err)
	require.Equal(t, Rates{[]float64{200, 200}, []float64{100, 100}}, r.Rows[0].Prompt)

	require.ErrorContains(t, run(t.Context(), &out, nil), "usage")
	require.NoError(t, os.WriteFile(kept, []byte(`{"rows": [{"prompt": {"ours": [0]}}]}`), 0o644))
	require.ErrorContains(t, run(t.Context(), &out, []string{"-table", kept}), "above 0")
}

func TestMedian(t *testing.T) {
	require.Equal(t, 2.0, median([]float64{3, 1, 2}))
	require.Equal(t, 2.5, median([]float64{4, 1, 2, 3}))
}
