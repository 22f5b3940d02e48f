package pull

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"alpaca/internal/store/storetest"
	"alpaca/internal/testmodel"
)

// llamaEnv is the variable with the path of llama-completion, a program of
// llama.cpp in late 2026. If the variable is not set, TestLlama is skipped.
const llamaEnv = "ALPACA_TEST_LLAMA_COMPLETION"

// TestLlama shares a cache with llama.cpp, once for each environment variable that can name the
// cache's folder. Offline, llama.cpp runs a model that was pulled here. A model that llama.cpp
// fetched is found here, and not fetched again.
func TestLlama(t *testing.T) {
	program := os.Getenv(llamaEnv)
	if program == "" {
		t.Skip(llamaEnv + " names no llama-completion")
	}
	data, err := os.ReadFile(testmodel.SPM(1).Write(t))
	require.NoError(t, err)
	for _, variable := range []string{"LLAMA_CACHE", "HF_HUB_CACHE", "HF_HOME"} {
		w := newWorld(t)
		w.Repos["owner/repo"] = &storetest.Repo{Commit: commitA, Files: map[string][]byte{"deep/m-F32.gguf": data, "m-Q8_0.gguf": data}}
		run := func(args ...string) (string, error) {
			cmd := exec.Command(program, append([]string{"-p", "Once", "-n", "2", "-no-cnv", "--no-warmup", "-c", "64"}, args...)...)
			folder := w.lib.Places.Hub
			if variable == "HF_HOME" {
				folder = filepath.Dir(folder)
			}
			cmd.Env = []string{"HOME=" + t.TempDir(), variable + "=" + folder, "HF_ENDPOINT=" + w.URL, "MODEL_ENDPOINT=" + w.URL}
			out, err := cmd.CombinedOutput()
			return string(out), err
		}
		w.mustPull(t, "hf:owner/repo:F32")
		w.Forget()
		out, err := run("-hf", "owner/repo:F32", "--offline")
		require.NoError(t, err, out)
		require.Empty(t, w.Asked())
		out, err = run("-hf", "owner/repo:F32")
		require.NoError(t, err, out)
		require.Zero(t, w.Count("GET", "/sha256/"), "the model is already there, so it must not be fetched")

		out, err = run("-hf", "owner/repo:Q8_0")
		require.NoError(t, err, out)
		m, err := w.lib.Find("hf:owner/repo:Q8_0")
		require.NoError(t, err)
		require.NoError(t, w.lib.Verify(t.Context(), m, func(int64, int64) {}))
		w.Forget()
		require.Zero(t, w.mustPull(t, "hf:owner/repo:Q8_0").Fetched)
		require.Zero(t, w.Count("GET", "/sha256/"))

		// After this program has removed a model, llama.cpp must still work with the cache.
		m, err = w.lib.Find("hf:owner/repo:F32")
		require.NoError(t, err)
		_, err = w.lib.Remove(m)
		require.NoError(t, err)
		_, err = run("-hf", "owner/repo:F32", "--offline")
		require.Error(t, err)
		out, err = run("-hf", "owner/repo:Q8_0", "--offline")
		require.NoError(t, err, out)
	}
}
