package bench

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"alpaca/internal/quant"
)

func sample(prompt, gen int, seconds ...float64) *Result {
	r := &Result{
		Model:         Model{File: "m.gguf", Type: "llama 1B Q4_0", Size: 636 << 20, Params: 1.1e9, Read: 6e8, MulAdds: 1e9},
		Test:          Test{Prompt: prompt, Gen: gen, Parallel: 1, Batch: 512, Threads: 2, CacheK: quant.F16, CacheV: quant.F16},
		Started:       time.Unix(0, 0),
		ReadBandwidth: 40e9,
		CPU:           "a 'CPU'",
	}
	for _, s := range seconds {
		r.Samples = append(r.Samples, time.Duration(s*1e9))
	}
	return r
}

func TestTests(t *testing.T) {
	g := Grid{
		Prompts: []int{512, 0}, Gens: []int{128}, PromptGens: [][2]int{{16, 4}},
		Parallels: []int{1}, Depths: []int{0, 100}, Batches: []int{512}, Threads: []int{1, 2},
		CacheKs: []quant.Type{quant.F16}, CacheVs: []quant.Type{quant.F16},
	}
	var names []string
	for _, test := range g.Tests() {
		names = append(names, test.Name())
	}
	one := []string{"pp512", "tg128", "pp16+tg4", "pp512 @ d100", "tg128 @ d100", "pp16+tg4 @ d100"}
	require.Equal(t, append(one, one...), names)

	g = Grid{
		Prompts: []int{512}, Gens: []int{128}, Parallels: []int{1, 2, 4},
		Depths: []int{0}, Batches: []int{512}, Threads: []int{1}, CacheKs: []quant.Type{quant.F16}, CacheVs: []quant.Type{quant.F16},
	}
	names = nil
	for _, test := range g.Tests() {
		names = append(names, test.Name())
	}
	require.Equal(t, []string{"pp512", "tg128", "pp512 x2", "tg128 x2", "pp512 x4", "tg128 x4"}, names)
}

func TestRates(t *testing.T) {
	tg := sample(0, 64, 1, 2, 1)
	require.Equal(t, []float64{64, 32, 64}, tg.Rates())
	require.Equal(t, 64*6e8, tg.WeightRate())
	require.InDelta(t, 0.96, tg.BandwidthShare(), 1e-9)
	require.Zero(t, tg.MulAddRate())
	pp := sample(512, 0, 1)
	require.Equal(t, 512e9/2, pp.MulAddRate())
	require.Zero(t, pp.WeightRate())

	// With eight texts at once, the weights are read once for all of them.
	tg.Test.Parallel = 8
	require.Equal(t, []float64{512, 256, 512}, tg.Rates())
	require.Equal(t, 64*6e8, tg.WeightRate())
}

func TestReports(t *testing.T) {
	results := []*Result{sample(512, 0, 1, 1.5), sample(0, 64, 1, 1.25)}
	write := func(format string, results []*Result) string {
		var b bytes.Buffer
		report := NewReport(format, &b)
		for _, r := range results {
			require.NoError(t, report.Add(r))
		}
		require.NoError(t, report.Close())
		return b.String()
	}
	t.Run("json", func(t *testing.T) {
		var objects []map[string]any
		require.NoError(t, json.Unmarshal([]byte(write("json", results)), &objects))
		require.Len(t, objects, 2)
		require.Equal(t, 512.0, objects[0]["n_prompt"])
		require.Equal(t, []any{1e9, 1.25e9}, objects[1]["samples_ns"])
		for _, name := range strings.Fields(`model_filename model_type model_size model_n_params n_batch n_threads type_k type_v
			n_prompt n_gen n_depth n_parallel avg_ns stddev_ns avg_ts stddev_ts samples_ns samples_ts test_time cpu_info build_commit`) {
			require.Contains(t, objects[0], name)
		}
		require.JSONEq(t, "[]", write("json", nil))
	})
	t.Run("jsonl", func(t *testing.T) {
		lines := strings.Split(strings.TrimSpace(write("jsonl", results)), "\n")
		require.Len(t, lines, 2)
		for _, l := range lines {
			require.True(t, json.Valid([]byte(l)), l)
		}
	})
	t.Run("csv", func(t *testing.T) {
		rows, err := csv.NewReader(strings.NewReader(write("csv", results))).ReadAll()
		require.NoError(t, err)
		require.Len(t, rows, 3)
		require.Equal(t, len(rows[0]), len(rows[1]))
	})
	t.Run("sql", func(t *testing.T) {
		text := write("sql", results)
		require.Contains(t, text, "'a ''CPU'''")
		require.Equal(t, 2, strings.Count(text, "INSERT INTO llama_bench"))
	})
	t.Run("md", func(t *testing.T) {
		lines := strings.Split(strings.TrimSpace(write("md", results)), "\n")
		require.Len(t, lines, 4)
		for _, l := range lines[1:] {
			require.Equal(t, strings.Count(lines[0], "|"), strings.Count(l, "|"))
			require.Len(t, []rune(l), len([]rune(lines[0])))
		}
		require.Contains(t, lines[3], "34.6 GB/s = 86% of 40.0") // the median of 64 and 51.2 tokens/s, at 0.6 GB per token
	})
}

func TestVerdict(t *testing.T) {
	tests := []struct {
		name     string
		old, now []float64
		want     string
	}{
		{"same", []float64{100, 101, 99}, []float64{100, 102, 99}, "same within the noise"},
		{"faster", []float64{100, 101, 99, 100}, []float64{120, 121, 119, 120}, "faster by 20.0 %"},
		{"slower", []float64{100, 101, 99, 100}, []float64{80, 81, 79, 80}, "slower by 20.0 %"},
		{"noisy", []float64{100, 160, 40, 100}, []float64{120, 60, 180, 120}, "same within the noise"},
		{"one sample", []float64{100}, []float64{150}, "noise unknown"},
		{"exact", []float64{100, 100}, []float64{100, 100}, "same within the noise"},
		{"exactly slower", []float64{100, 100}, []float64{90, 90}, "slower by 10.0 %"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) { require.Contains(t, verdict(tt.old, tt.now), tt.want) })
	}
}

func TestCompare(t *testing.T) {
	var b bytes.Buffer
	report := NewReport("json", &b)
	require.NoError(t, report.Add(sample(512, 0, 2, 2.01)))
	require.NoError(t, report.Close())
	path := filepath.Join(t.TempDir(), "base.json")
	require.NoError(t, os.WriteFile(path, b.Bytes(), 0o644))
	base, err := ReadBaseline(path)
	require.NoError(t, err)
	var out strings.Builder
	require.NoError(t, base.Compare(&out, []*Result{sample(512, 0, 1, 1.01), sample(0, 64, 1, 1)}))
	require.Contains(t, out.String(), "faster by 99")
	require.Contains(t, out.String(), "not in the baseline")

	// Older reports, which are about one text at a time, do not have n_parallel.
	require.NoError(t, os.WriteFile(path, bytes.ReplaceAll(b.Bytes(), []byte("n_parallel"), []byte("n_other")), 0o644))
	base, err = ReadBaseline(path)
	require.NoError(t, err)
	out.Reset()
	several := sample(512, 0, 1, 1)
	several.Test.Parallel = 2
	require.NoError(t, base.Compare(&out, []*Result{sample(512, 0, 1, 1.01), several}))
	require.Regexp(t, `faster by 99[^\n]*\n[^\n]*pp512 x2[^\n]*not in the baseline`, out.String())

	require.NoError(t, os.WriteFile(path, []byte("text"), 0o644))
	_, err = ReadBaseline(path)
	require.ErrorContains(t, err, "not a JSON report")
	_, err = ReadBaseline(path + ".absent")
	require.ErrorIs(t, err, os.ErrNotExist)
}
