package pull

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"alpaca/internal/store/storetest"
)

// pythonEnv is the variable with the path of a Python that has
// huggingface_hub. If the variable is not set, TestPeer is skipped.
const pythonEnv = "ALPACA_TEST_HF_PYTHON"

// TestPeer shares a cache with Hugging Face's own client. Offline, the client finds a model that was
// pulled here. A model that the client fetched is found here, and not fetched again.
func TestPeer(t *testing.T) {
	python := os.Getenv(pythonEnv)
	if python == "" {
		t.Skip(pythonEnv + " names no Python with huggingface_hub")
	}
	w := newWorld(t)
	parts := split(t, 2)
	w.Repos["owner/repo"] = &storetest.Repo{Commit: commitA, Small: map[string]bool{"LICENSE": true, "README.md": true},
		Files: map[string][]byte{"m-Q4_0.gguf": model(t, 3000), "LICENSE": []byte("Be kind."), "README.md": []byte("# m"),
			"deep/er/m-F16-00001-of-00002.gguf": parts[0], "deep/er/m-F16-00002-of-00002.gguf": parts[1], "m-Q8_0.gguf": model(t, 800)}}
	run := func(offline, code string) string {
		cmd := exec.Command(python, "-c", "import os\nfrom huggingface_hub import *\nread = lambda p: open(p, 'rb').read()\n"+code)
		cmd.Env = append(os.Environ(), "HF_ENDPOINT="+w.URL, "HF_HUB_CACHE="+w.lib.Places.Hub, "HF_HOME="+t.TempDir(), "HF_HUB_OFFLINE="+offline,
			"HF_HUB_DISABLE_TELEMETRY=1", "HF_HUB_DISABLE_PROGRESS_BARS=1", "HF_TOKEN=")
		out, err := cmd.CombinedOutput()
		require.NoError(t, err, string(out))
		return string(out)
	}
	w.mustPull(t, "hf:owner/repo:Q4_0")
	w.mustPull(t, "hf:owner/repo:F16")
	w.Forget()
	out := run("1", `
for name in ["m-Q4_0.gguf", "deep/er/m-F16-00001-of-00002.gguf", "deep/er/m-F16-00002-of-00002.gguf", "LICENSE"]:
    print(len(read(hf_hub_download("owner/repo", name))))
info = scan_cache_dir()
print("warnings", len(info.warnings), "repos", len(info.repos), "size", info.size_on_disk)
print(sorted(f.file_name for r in info.repos for v in r.revisions for f in v.files))
`)
	require.Contains(t, out, "warnings 0 repos 1")
	require.Contains(t, out, "m-F16-00002-of-00002.gguf")
	require.Empty(t, w.Asked())
	// Online, the client must not fetch a file that is already there.
	run("0", `hf_hub_download("owner/repo", "m-Q4_0.gguf")`)
	require.Zero(t, w.Count("GET", "/sha256/"))

	// Now the client fetches a model, and this program finds it.
	w.lib.Places.Hub = filepath.Join(t.TempDir(), "hub")
	w.lib.Places.Hubs = []string{w.lib.Places.Hub}
	out = run("0", `
for name in ["m-Q4_0.gguf", "deep/er/m-F16-00001-of-00002.gguf", "deep/er/m-F16-00002-of-00002.gguf"]:
    print(hf_hub_download("owner/repo", name))
`)
	t.Log(out)
	var layout []string
	filepath.WalkDir(w.lib.Places.Hub, func(path string, d os.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			name, _ := filepath.Rel(w.lib.Places.Hub, path)
			if to, err := os.Readlink(path); err == nil {
				name += " -> " + to
			}
			layout = append(layout, name)
		}
		return nil
	})
	t.Log(strings.Join(layout, "\n"))
	for _, name := range []string{"hf:owner/repo:Q4_0", "hf:owner/repo:F16"} {
		m, err := w.lib.Find(name)
		require.NoError(t, err)
		require.Positive(t, w.lib.Unchecked(m))
		require.NoError(t, w.lib.Verify(t.Context(), m, func(int64, int64) {}))
		require.Equal(t, w.Repos["owner/repo"].Files[filepath.ToSlash(strings.SplitN(m.Path(), commitA+string(filepath.Separator), 2)[1])], read(t, m.Path()))
		w.Forget()
		require.Zero(t, w.mustPull(t, name).Fetched)
		require.Zero(t, w.Count("GET", "/sha256/"))
	}
	// Verify must find that a blob of the client was damaged later.
	out = run("0", `print(hf_hub_download("owner/repo", "m-Q8_0.gguf"))`)
	path := strings.TrimSpace(out)
	blob, err := filepath.EvalSymlinks(path)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(blob, make([]byte, len(w.Repos["owner/repo"].Files["m-Q8_0.gguf"])), 0o666))
	m, err := w.lib.Find("hf:owner/repo:Q8_0")
	require.NoError(t, err)
	require.ErrorContains(t, w.lib.Verify(t.Context(), m, func(int64, int64) {}), "is damaged")
	// After this program has removed a model, the client must still work with the cache.
	m, err = w.lib.Find("hf:owner/repo:Q4_0")
	require.NoError(t, err)
	_, err = w.lib.Remove(m)
	require.NoError(t, err)
	require.Contains(t, run("1", `print("warnings", len(scan_cache_dir().warnings))`), "warnings 0")
}
