package serve_test

import (
	"bufio"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"alpaca/internal/cli/clitest"
	"alpaca/internal/store/ollama"
	"alpaca/internal/testmodel"
)

// TestLibrary serves the models of the store. They are listed, loaded when a request names them,
// unloaded to make room for each other, and unloaded after a time without requests.
func TestLibrary(t *testing.T) {
	clitest.NeedExec(t)
	dir := t.TempDir()
	env := map[string]string{"HOME": dir, "HF_HOME": dir, "ALPACA_MODELS": filepath.Join(dir, "own"), "OLLAMA_MODELS": dir, "ALPACA_MODEL": "",
		"HF_HUB_CACHE": "", "HUGGINGFACE_HUB_CACHE": "", "ALPACA_HF_CACHE": "", "LLAMA_CACHE": "", "HF_ENDPOINT": "http://127.0.0.1:1"}
	for name, value := range env {
		t.Setenv(name, value)
	}
	lm := filepath.Join(dir, ".lmstudio", "models", "me", "mine")
	require.NoError(t, os.MkdirAll(lm, 0o777))
	for i, name := range []string{"a-F16.gguf", "b-F16.gguf"} {
		require.NoError(t, testmodel.SPM(uint64(i+1)).WriteTo(filepath.Join(lm, name)))
	}
	ollamaModel(t, dir)
	cmd := exec.Command("alpaca", "serve", "--port", "0", "--host", "127.0.0.1", "-t", "1", "-c", "128", "--models-max", "1", "--keep-alive", "300ms")
	stderr, err := cmd.StderrPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	t.Cleanup(func() { cmd.Process.Kill(); cmd.Wait() })
	lines := make(chan string, 1000)
	go func() {
		defer close(lines)
		for r := bufio.NewScanner(stderr); r.Scan(); {
			lines <- r.Text()
		}
	}()
	expect := func(pattern string) []string {
		t.Helper()
		for {
			select {
			case line, ok := <-lines:
				if m := regexp.MustCompile(pattern).FindStringSubmatch(line); m != nil {
					return m
				}
				require.True(t, ok, "the server has ended")
			case <-time.After(time.Minute):
				t.Fatalf("no line %q", pattern)
			}
		}
	}
	url := expect(`listens at (http://\S+)`)[1]
	ask := func(path, body string) (int, string) {
		t.Helper()
		resp, err := http.Post(url+path, "application/json", strings.NewReader(body))
		require.NoError(t, err)
		defer resp.Body.Close()
		text, err := io.ReadAll(resp.Body)
		require.NoError(t, err)
		return resp.StatusCode, string(text)
	}
	resp, err := http.Get(url + "/v1/models")
	require.NoError(t, err)
	text, err := io.ReadAll(resp.Body)
	resp.Body.Close()
	require.NoError(t, err)
	const a, b = "lmstudio:me/mine/a-F16.gguf", "lmstudio:me/mine/b-F16.gguf"
	require.Contains(t, string(text), `"id":"`+a+`"`)
	require.Contains(t, string(text), `"id":"`+b+`"`)
	texts := map[string]string{}
	for i, name := range []string{a, b, a, "builtin"} {
		status, text := ask("/v1/completions", `{"model": "`+name+`", "prompt": "Once", "max_tokens": 4, "temperature": 0}`)
		require.Equal(t, 200, status, text)
		require.Contains(t, text, `"model":"`+name+`"`)
		said := regexp.MustCompile(`"text":"[^"]*"`).FindString(text)
		if before, ok := texts[name]; ok {
			require.Equal(t, before, said, "a model that is loaded again must give the same answer")
		}
		texts[name] = said
		if i < 3 {
			expect("alpaca: loaded " + name + " in ")
		}
	}
	require.NotEqual(t, texts[a], texts[b])
	expect("alpaca: unloaded " + a + "$")
	// The settings that come with a model of Ollama apply.
	status, text2 := ask("/apply-template", `{"model": "ollama:mine", "messages": [{"role": "user", "content": "Hi"}]}`)
	require.Equal(t, 200, status, text2)
	require.Contains(t, text2, "Be kind.")
	_, text2 = ask("/completion", `{"model": "ollama:mine", "prompt": "a", "n_predict": 1, "top_k": 3}`)
	require.Contains(t, text2, `"temperature":0.25`)
	require.Contains(t, text2, `"top_k":3`)
	require.Contains(t, text2, `"stop":["e"]`)
	require.Contains(t, text2, `"n_ctx":128`, "-c must override num_ctx of the model")
	_, text2 = ask("/api/show", `{"model": "ollama:mine"}`)
	require.Contains(t, text2, `"system":"Be kind."`)
	require.Contains(t, text2, `temperature                    0.25`)

	status, text2 = ask("/v1/completions", `{"model": "hf:owner/absent", "prompt": "x"}`)
	require.Equal(t, 404, status)
	require.Contains(t, text2, "alpaca pull")
}

// ollamaModel stores the model "mine" below root as Ollama does.
func ollamaModel(t *testing.T, root string) {
	data, err := os.ReadFile(testmodel.SPM(3).Write(t))
	require.NoError(t, err)
	m := ollama.Manifest{SchemaVersion: 2, MediaType: ollama.MediaType}
	save := func(name string, text []byte) {
		path := filepath.Join(root, filepath.FromSlash(name))
		require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o777))
		require.NoError(t, os.WriteFile(path, text, 0o666))
	}
	for _, l := range [][2]string{{"model", string(data)}, {"system", "Be kind."}, {"params", `{"temperature": 0.25, "top_k": 9, "stop": ["e"], "num_ctx": 64}`}} {
		sum := sha256.Sum256([]byte(l[1]))
		layer := ollama.Layer{MediaType: "application/vnd.ollama.image." + l[0], Digest: "sha256:" + hex.EncodeToString(sum[:]), Size: int64(len(l[1]))}
		m.Layers = append(m.Layers, layer)
		save("blobs/sha256-"+layer.Hash(), []byte(l[1]))
	}
	text, err := json.Marshal(m)
	require.NoError(t, err)
	save("manifests/registry.ollama.ai/library/mine/latest", text)
}
