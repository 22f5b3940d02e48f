// Package store tests the store of models with Ollama's own code for manifests and layers, because
// the two programs share folders.
package store

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/ollama/ollama/manifest"
	"github.com/ollama/ollama/types/model"
	"github.com/stretchr/testify/require"

	"alpaca/internal/store/storetest"
	"alpaca/internal/testmodel"
)

// alpaca is the path of the program. TestMain builds it.
var alpaca string

func TestMain(m *testing.M) {
	dir, err := os.MkdirTemp("", "alpaca-store")
	if err == nil {
		alpaca = filepath.Join(dir, "alpaca")
		cmd := exec.Command("go", "build", "-trimpath", "-o", alpaca, "./cmd/alpaca")
		cmd.Dir, cmd.Stderr = filepath.Join("..", ".."), os.Stderr
		err = cmd.Run()
	}
	code := 1
	if err != nil {
		os.Stderr.WriteString(err.Error() + "\n")
	} else {
		code = m.Run()
	}
	os.RemoveAll(dir)
	os.Exit(code)
}

// home sets the environment of a machine without models, and returns its home folder.
func home(t *testing.T) (dir string) {
	dir = t.TempDir()
	for name, value := range map[string]string{"HOME": dir, "HF_HOME": dir, "ALPACA_MODELS": filepath.Join(dir, "own"), "OLLAMA_MODELS": filepath.Join(dir, "ollama"),
		"HF_HUB_CACHE": "", "HUGGINGFACE_HUB_CACHE": "", "ALPACA_HF_CACHE": "", "LLAMA_CACHE": "", "ALPACA_MODEL": "", "ALPACA_OFFLINE": "", "HF_HUB_OFFLINE": ""} {
		t.Setenv(name, value)
	}
	return dir
}

func run(t *testing.T, args ...string) string {
	t.Helper()
	cmd := exec.Command(alpaca, args...)
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	require.NoError(t, cmd.Run(), errs.String())
	return out.String()
}

func tiny(t *testing.T) []byte {
	data, err := os.ReadFile(testmodel.SPM(1).Write(t))
	require.NoError(t, err)
	return data
}

// TestReadsOllama checks that a model stored by Ollama's code is found and used in place, and that
// nothing in Ollama's folder changes.
func TestReadsOllama(t *testing.T) {
	dir := home(t)
	layer := func(kind string, data []byte) manifest.Layer {
		l, err := manifest.NewLayer(bytes.NewReader(data), "application/vnd.ollama.image."+kind)
		require.NoError(t, err)
		return l
	}
	config, err := manifest.NewLayer(bytes.NewReader([]byte(`{"model_format":"gguf"}`)), "application/vnd.docker.container.image.v1+json")
	require.NoError(t, err)
	name := model.ParseName("mine:1b")
	layers := []manifest.Layer{layer("model", tiny(t)), layer("system", []byte("Be kind.")), layer("params", []byte(`{"temperature":0,"stop":["e"]}`)), layer("license", []byte("MIT"))}
	require.NoError(t, manifest.WriteManifest(name, config, layers))
	before, err := manifest.ParseNamedManifest(name)
	require.NoError(t, err)
	files := func() (list []string) {
		require.NoError(t, filepath.WalkDir(filepath.Join(dir, "ollama"), func(path string, d os.DirEntry, err error) error {
			list = append(list, path)
			return err
		}))
		return list
	}
	there := files()

	require.Contains(t, run(t, "list"), "ollama:mine:1b")
	require.Contains(t, run(t, "show", "ollama:mine:1b"), "Be kind.")
	require.Contains(t, run(t, "show", "--license", "mine:1b"), "MIT")
	said := run(t, "run", "-m", "mine:1b", "-p", "Once", "-n", "20", "-q")
	require.NotEmpty(t, said)
	require.NotContains(t, said, "e")
	run(t, "prune")

	require.Equal(t, there, files())
	after, err := manifest.ParseNamedManifest(name)
	require.NoError(t, err)
	require.Equal(t, before.Digest(), after.Digest())
}

// TestOllamaReads checks that Ollama's code finds a model that was pulled here, with the content
// that its manifest says, and can remove it.
func TestOllamaReads(t *testing.T) {
	dir := home(t)
	s := storetest.New(t)
	s.AddModel("library/tiny:1b", [2]string{"model", string(tiny(t))}, [2]string{"system", "Be kind."}, [2]string{"license", "MIT"})
	run(t, "pull", "ollama:"+s.Host()+"/library/tiny:1b")
	t.Setenv("OLLAMA_MODELS", filepath.Join(dir, "own", "ollama"))
	all, err := manifest.Manifests(false)
	require.NoError(t, err)
	require.Len(t, all, 1)
	for name, m := range all {
		require.Equal(t, s.Host()+"/library/tiny:1b", name.String())
		require.Len(t, m.Layers, 3)
		for _, l := range append(m.Layers, m.Config) {
			f, err := l.Open()
			require.NoError(t, err)
			again, err := manifest.NewLayer(f, l.MediaType)
			require.NoError(t, err)
			require.NoError(t, f.Close())
			require.Equal(t, l.Digest, again.Digest)
		}
		require.NoError(t, m.Remove())
		require.NoError(t, m.RemoveLayers())
	}
	require.NotContains(t, run(t, "list"), "tiny")
}
