package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestCurve reads the logs of two runs. The second run continues with the model of the first.
func TestCurve(t *testing.T) {
	dir := t.TempDir()
	write := func(name string, lines ...string) string {
		path := filepath.Join(dir, name)
		require.NoError(t, os.WriteFile(path, []byte(strings.Join(lines, "\n")+"\n"), 0o600))
		return path
	}
	first := write("first.jsonl", `{"step":0,"eval_loss":7}`, `{"step":0,"percent":0,"samples":[]}`,
		`{"step":1,"tokens":1000000,"loss":6,"lr":0.001}`, `{"step":2,"tokens":2000000,"loss":4,"lr":0.002}`, `{"step":2,"eval_loss":4.5}`)
	second := write("second.jsonl", `{"step":1,"tokens":1000000,"loss":2,"lr":0.001}`, `{"step":1,"eval_loss":2.5}`)
	var out bytes.Buffer
	svg := filepath.Join(dir, "curve.svg")
	require.NoError(t, run(&out, []string{first, second}, svg, 12))
	require.Equal(t, `| tokens |  loss | held out |  rate |
|:-------|------:|---------:|------:|
| 1.00 M | 6.000 |        – | 0.001 |
| 2.00 M | 5.980 |    4.500 | 0.002 |
| 3.00 M | 5.940 |    2.500 | 0.001 |
`, out.String())
	drawn, err := os.ReadFile(svg)
	require.NoError(t, err)
	require.Contains(t, string(drawn), "<svg")
	require.ErrorContains(t, run(&out, []string{write("bad.jsonl", "{")}, "", 3), "bad.jsonl: line 1")
	require.ErrorContains(t, run(&out, []string{write("empty.jsonl", "{}")}, "", 3), "no update")
}
