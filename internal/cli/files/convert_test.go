package files_test

import (
	"encoding/binary"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"alpaca/internal/cli/clitest"
	"alpaca/internal/cli/files"
	"alpaca/internal/gguf"
	"alpaca/internal/quant"
	"alpaca/internal/testmodel"
	"alpaca/internal/testshared"
)

// legacyGolden is the text that a program of 2023 generated with a file.
type legacyGolden struct {
	File   string `json:"file"`
	Prompt string `json:"prompt"`
	Text   string `json:"greedy_text"`
}

func legacyGoldens(t *testing.T) []legacyGolden {
	return testshared.ReadLines[legacyGolden](t, testshared.Path(t, "golden/legacy.jsonl"))
}

// greedy runs a model at temperature 0 and returns its text.
func greedy(t *testing.T, model, prompt, tokens string) string {
	r := clitest.Run(t, "", "run", "-m", model, "-p", prompt, "-n", tokens, "--temp", "0", "-q", "-t", "2")
	require.Zero(t, r.Status, r.Stderr)
	return strings.TrimSuffix(r.Out, "\n")
}

// TestLegacyText continues prompts with the files of 2023. Files of 16 bits must give the same
// text as the programs of that time.
func TestLegacyText(t *testing.T) {
	for _, g := range legacyGoldens(t) {
		exact := strings.Contains(g.File, "f16")
		if !exact && g.Prompt != "Once upon a time" {
			continue
		}
		text := greedy(t, testshared.Path(t, "models/legacy/"+g.File), g.Prompt, "48")
		require.Greater(t, len(text), 60, g.File)
		if exact {
			require.True(t, strings.HasPrefix(text, g.Text) || strings.HasPrefix(g.Text, text), "%s: %q, want %q", g.File, text, g.Text)
			require.Greater(t, len(text), len(g.Text)*9/10, g.File)
		}
	}
}

// TestConvertedText continues a prompt with each file of 2023 and with its converted file. The
// texts must be the same if all values were kept; otherwise, they must begin alike.
func TestConvertedText(t *testing.T) {
	clitest.SkipIfShort(t)
	paths, err := filepath.Glob(filepath.Join(filepath.Dir(testshared.Path(t, "models/legacy/leg-ggml-f16.bin")), "*.bin"))
	require.NoError(t, err)
	require.GreaterOrEqual(t, testConverted(t, paths, true), 13)
}

// TestConvertedNoise compares the texts before and after the
// conversion, for a model of random weights in each format of 2023. If
// values were rounded, such a model may continue with another text.
func TestConvertedNoise(t *testing.T) {
	var paths []string
	for i, l := range testmodel.Legacies {
		if !testing.Short() || i%5 == 0 {
			paths = append(paths, l.Write(t, 1))
		}
	}
	require.GreaterOrEqual(t, testConverted(t, paths, false), len(paths)/3)
}

// testConverted converts each file and compares the texts before and after. It returns how many
// files were converted without loss. If alike is true, the other texts must begin alike, too.
func testConverted(t *testing.T, paths []string, alike bool) (kept int) {
	for _, path := range paths {
		out := filepath.Join(t.TempDir(), "new.gguf")
		r := clitest.Run(t, "", "convert", path, out, "--output", "json")
		require.Zero(t, r.Status, r.Stderr)
		var report files.ConvertReport
		require.NoError(t, json.Unmarshal([]byte(r.Out), &report))
		require.Equal(t, !report.Lossless, strings.Contains(r.Stderr, "alpaca: warning: some values do not fit"), r.Stderr)
		require.Equal(t, !report.Lossless, report.Error > 0)
		const prompt = "Once upon a time"
		before, after := greedy(t, path, prompt, "20"), greedy(t, out, prompt, "20")
		if report.Lossless {
			require.Equal(t, before, after, path)
			kept++
		}
		if alike {
			require.Equal(t, before[:40], after[:40], path)
		}
	}
	return kept
}

// legacyLayouts are files of 2023, one for each block layout that is no longer in use.
var legacyLayouts = []string{
	"ggml-q4_0", "ggml-q4_1", "ggjt1-q4_2", "ggjt1-q4_3", "ggjt2-q4_0", "ggjt2-q4_1", "ggjt2-q5_0", "ggjt2-q5_1", "ggjt2-q8_0",
}

// TestLegacyPerplexity compares the perplexity of files of 2023 with that of the same weights in
// F32. The two must be close, although matrix products with quantized weights round activations.
func TestLegacyPerplexity(t *testing.T) {
	clitest.SkipIfShort(t)
	stories := testshared.Path(t, "golden/stories.txt")
	for _, name := range legacyLayouts {
		requireSamePerplexity(t, testshared.Path(t, "models/legacy/leg-"+name+".bin"), stories, 0.01)
	}
}

// TestLegacyNoisePerplexity compares the perplexities of models
// of random weights, which are more sensitive to rounding.
func TestLegacyNoisePerplexity(t *testing.T) {
	text := filepath.Join(t.TempDir(), "text.txt")
	require.NoError(t, os.WriteFile(text, []byte(strings.Repeat("The alpaca was on a llama and up, in an island of time. ", 14)), 0o644))
	compared := 0
	for _, l := range testmodel.Legacies {
		if slices.Contains(legacyLayouts, l.String()) {
			requireSamePerplexity(t, l.Write(t, 1), text, 0.02)
			compared++
		}
	}
	require.Equal(t, len(legacyLayouts), compared)
}

// requireSamePerplexity compares the perplexity of a file with that of its weights in F32.
func requireSamePerplexity(t *testing.T, path, text string, tolerance float64) {
	t.Helper()
	ppl := func(model string) float64 {
		r := clitest.Run(t, "", "perplexity", "-m", model, "-f", text, "-c", "256", "--chunks", "1", "--output", "json")
		require.Zero(t, r.Status, r.Stderr)
		var report struct {
			PPL float64 `json:"ppl"`
		}
		require.NoError(t, json.Unmarshal([]byte(r.Out), &report))
		require.Greater(t, report.PPL, 1.0)
		return report.PPL
	}
	f, err := gguf.Open(path)
	require.NoError(t, err)
	decoded := decodedF32(t, f)
	require.NoError(t, f.Close())
	want, got := ppl(decoded), ppl(path)
	t.Logf("%s: %.2f, in F32 %.2f", filepath.Base(path), got, want)
	require.InEpsilon(t, want, got, tolerance, path)
}

// decodedF32 writes the model with its weights as F32, and returns the path.
func decodedF32(t *testing.T, f *gguf.File) string {
	path := filepath.Join(t.TempDir(), "f32.gguf")
	tensors := slices.Clone(f.Tensors)
	for i := range tensors {
		tensors[i].Type = quant.F32
	}
	w, err := gguf.Create(path, f.KV, tensors)
	require.NoError(t, err)
	defer w.Abort()
	for _, x := range f.Tensors {
		values := make([]float32, x.Elems())
		quant.Decode(x.Type, values, x.Data)
		data, err := binary.Append(nil, binary.LittleEndian, values)
		require.NoError(t, err)
		require.NoError(t, w.WriteTensor(x.Name, data))
	}
	require.NoError(t, w.Commit())
	return path
}
