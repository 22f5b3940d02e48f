package files_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"alpaca/internal/cli/clitest"
	"alpaca/internal/testshared"
)

// TestConvertFolder converts checkpoints, runs each of them and its GGUF file, and compares the
// texts.
func TestConvertFolder(t *testing.T) {
	for _, name := range []string{"qwen2", "llama-bin", "llama-meta", "gemma3-mm"} {
		dir := testshared.Path(t, "models/hf/"+name)
		out := filepath.Join(t.TempDir(), "out.gguf")
		r := clitest.Run(t, "", "convert", dir, out, "--output", "json")
		require.Zero(t, r.Status, r.Stderr)
		var report struct {
			Architecture, Type string
			Outputs            []string
			Tensors            []struct{ From, To string }
		}
		require.NoError(t, json.Unmarshal([]byte(r.Out), &report))
		require.NotEmpty(t, report.Tensors)
		require.Equal(t, []string{out}, report.Outputs)
		require.Equal(t, greedy(t, out, "Once upon a time", "20"), greedy(t, dir, "Once upon a time", "20"), name)
	}
}

// TestConvertFolderFlags checks the flags for folders, and the combinations that are refused.
func TestConvertFolderFlags(t *testing.T) {
	dir := testshared.Path(t, "models/hf/qwen2")
	out := filepath.Join(t.TempDir(), "out.gguf")
	tests := []struct {
		args   []string
		status int
		want   string
	}{
		{[]string{"convert", dir, out, "--outtype", "q9"}, 2, "unknown type"},
		{[]string{"convert", dir, out, "--split-max-size", "3x"}, 2, "is not a size such as 500M or 4G"},
		{[]string{"convert", dir, out, "--vocab", "x"}, 2, "--vocab is for old model files"},
		{[]string{"convert", dir, out, "--eps", "1e-5"}, 2, "--eps is for old model files"},
		{[]string{"convert", testshared.Path(t, "models/arch/qwen2.gguf"), out, "--outtype", "q8_0"}, 2, "--outtype is for checkpoints in folders"},
		{[]string{"convert", t.TempDir(), out}, 1, "neither config.json nor params.json"},
		{[]string{"convert", filepath.Join(dir, "model.safetensors"), out, "--outtype", "q4_0", "--split-max-size", "40K"}, 0, ""},
		{[]string{"split", testshared.Path(t, "models/arch/qwen2.gguf"), out, "--split-max-tensors", "10", "--dry-run"}, 0, ""},
		{[]string{"split", testshared.Path(t, "models/arch/qwen2.gguf"), out, "--split-max-tensors", "-1"}, 2, "is negative"},
	}
	for _, tt := range tests {
		r := clitest.Run(t, "", tt.args...)
		require.Equal(t, tt.status, r.Status, "%q: %s", tt.args, r.Stderr)
		require.Contains(t, r.Stderr, tt.want)
	}
	parts, err := filepath.Glob(filepath.Join(filepath.Dir(out), "out-*-of-*.gguf"))
	require.NoError(t, err)
	require.Greater(t, len(parts), 1)
	joined := filepath.Join(t.TempDir(), "joined.gguf")
	r := clitest.Run(t, "", "join", parts[0], joined)
	require.Zero(t, r.Status, r.Stderr)
	require.Equal(t, greedy(t, parts[0], "Once upon a time", "10"), greedy(t, joined, "Once upon a time", "10"))
	_, err = os.Stat(out)
	require.Error(t, err)
}
