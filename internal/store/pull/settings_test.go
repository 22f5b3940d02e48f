package pull

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"alpaca/internal/store/ollama"
	"alpaca/internal/store/storetest"
)

// tree lists the files below a folder with their contents and times.
func tree(t *testing.T, dir string) (list []string) {
	require.NoError(t, filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		require.NoError(t, err)
		st, err := d.Info()
		require.NoError(t, err)
		line := fmt.Sprint(path, st.Mode(), st.ModTime().UnixNano())
		if !d.IsDir() {
			line += storetest.SHA256(read(t, path))
		}
		list = append(list, line)
		return nil
	}))
	return list
}

// ollamaFolder puts a model into Ollama's folder, as Ollama does.
func (w *world) ollamaFolder(t *testing.T, name string, layers ...[2]string) *ollama.Manifest {
	m := w.AddModel("library/"+name+":latest", layers...)
	root := w.lib.Places.Ollama[0]
	save := func(path string, b []byte) {
		require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o777))
		require.NoError(t, os.WriteFile(path, b, 0o666))
	}
	save(filepath.Join(root, "manifests", "registry.ollama.ai", "library", name, "latest"), w.Models["library/"+name+":latest"])
	for _, l := range append(m.Layers, m.Config) {
		save(filepath.Join(root, "blobs", "sha256-"+l.Hash()), w.Blobs[l.Digest])
	}
	return m
}

// TestOllamaUntouched checks that nothing changes in Ollama's folder,
// which has partial downloads, unneeded blobs and foreign manifests, too.
func TestOllamaUntouched(t *testing.T) {
	w := newWorld(t)
	data := model(t, 300)
	layers := [][2]string{{"model", string(data)}, {"system", "Be kind."}, {"params", `{"temperature": 0.5}`}, {"license", "MIT"}}
	w.ollamaFolder(t, "mine", layers...)
	root := w.lib.Places.Ollama[0]
	hash := strings.Repeat("ab", 32)
	for name, text := range map[string]string{
		"blobs/sha256-" + hash + "-partial": "half", "blobs/sha256-" + hash + "-partial-0": "{}", "blobs/sha256-" + strings.Repeat("cd", 32): "of nobody",
		"manifests/registry.ollama.ai/library/bad/latest": "{", "manifests/hf.co/owner/repo-GGUF/Q4_K_M": `{"schemaVersion": 2}`, "manifests-v2/x": "",
	} {
		path := filepath.Join(root, filepath.FromSlash(name))
		require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o777))
		require.NoError(t, os.WriteFile(path, []byte(text), 0o666))
	}
	before := tree(t, root)
	m, err := w.lib.Find("ollama:mine")
	require.NoError(t, err)
	release := m.Hold()
	require.NoError(t, w.lib.Verify(t.Context(), m, func(int64, int64) {}))
	w.lib.Touch(m)
	_, err = m.Settings()
	require.NoError(t, err)
	release()
	w.mustPull(t, "ollama:"+w.Host()+"/library/mine")
	_, err = w.lib.Remove(m)
	require.Error(t, err)
	for _, waste := range w.lib.Waste() {
		_, err := waste.Remove()
		require.NoError(t, err)
	}
	require.Len(t, w.lib.List(), 2)
	require.Equal(t, before, tree(t, root))
}

// TestSettings checks that the settings of Ollama's models are read, from Ollama's folder and from
// the folder of this program. A layer with a wrong digest is left out.
func TestSettings(t *testing.T) {
	w := newWorld(t)
	layers := [][2]string{{"model", string(model(t, 300))}, {"template", "<|im_start|>{{ .Prompt }}"}, {"system", "Be kind.\nAlways."},
		{"params", `{"temperature": 0.5, "top_k": 7, "seed": 3, "stop": ["a", "<|x|>"], "num_ctx": 4096, "num_gpu": 1, "penalize_newline": false}`},
		{"messages", `[{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Yes?"}]`}}
	m := w.ollamaFolder(t, "mine", layers...)
	name := "ollama:" + w.Host() + "/library/mine"
	w.mustPull(t, name)
	for _, name := range []string{"ollama:mine", name} {
		found, err := w.lib.Find(name)
		require.NoError(t, err)
		s, err := found.Settings()
		require.NoError(t, err)
		require.Equal(t, "Be kind.\nAlways.", s.System)
		require.Equal(t, "<|im_start|>{{ .Prompt }}", s.Template)
		require.Equal(t, 2, s.Messages)
		require.Equal(t, []string{"a", "<|x|>"}, s.Stop())
		n, ok := s.Params["num_ctx"].Int()
		require.True(t, ok)
		require.Equal(t, int64(4096), n)
		require.Equal(t, [][2]string{{"num_ctx", "4096"}, {"num_gpu", "1"}, {"penalize_newline", "false"}, {"seed", "3"},
			{"stop", `"a"`}, {"stop", `"<|x|>"`}, {"temperature", "0.5"}, {"top_k", "7"}}, s.Lines())
	}
	found, err := w.lib.Find("ollama:mine")
	require.NoError(t, err)
	path := filepath.Join(w.lib.Places.Ollama[0], "blobs", "sha256-"+m.Layers[2].Hash())
	for text, want := range map[string]string{"Be unkind.": "should have " + m.Layers[2].Hash(), strings.Repeat("x", 2<<20): "should have", "": "no such file"} {
		require.NoError(t, os.WriteFile(path, []byte(text), 0o666))
		if text == "" {
			require.NoError(t, os.Remove(path))
		}
		s, err := found.Settings()
		require.ErrorContains(t, err, `the layer "system"`)
		require.ErrorContains(t, err, want)
		require.Empty(t, s.System)
		require.Len(t, s.Params, 7)
	}
	w.ollamaFolder(t, "bad", [2]string{"model", string(model(t, 300))}, [2]string{"params", `["x"]`})
	found, err = w.lib.Find("ollama:bad")
	require.NoError(t, err)
	_, err = found.Settings()
	require.ErrorContains(t, err, `the layer "params"`)
}
