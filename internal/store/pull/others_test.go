package pull

import (
	"bytes"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"alpaca/internal/store/advice"
	"alpaca/internal/store/ref"
	"alpaca/internal/store/storetest"
)

// TestOllama pulls from registries with and without a login.
func TestOllama(t *testing.T) {
	data := model(t, 700)
	for _, login := range []bool{false, true} {
		w := newWorld(t)
		w.Login = login
		w.AddModel("library/tiny:1b", [2]string{"model", string(data)}, [2]string{"license", "Be kind."}, [2]string{"template", "{{ .Prompt }}"}, [2]string{"projector", "x"})
		name := "ollama:" + w.Host() + "/library/tiny:1b"
		res := w.mustPull(t, name)
		require.Equal(t, name, res.Name)
		require.Equal(t, data, read(t, res.Path))
		require.Equal(t, filepath.Join(w.lib.Places.Own, "ollama", "blobs", "sha256-"+storetest.SHA256(data)), res.Path)
		require.Contains(t, w.log.String(), "part for pictures")
		for _, a := range w.Asked() {
			if strings.HasPrefix(a.Host, "localhost") {
				require.Empty(t, a.Token)
			}
		}
		m, err := w.lib.Find(name)
		require.NoError(t, err)
		require.Equal(t, "Be kind.", m.LicenceText())
		w.Forget()
		require.Zero(t, w.mustPull(t, name).Fetched)
		require.Zero(t, w.Count("GET", "/sha256/"))

		// The content of another tag is the same, so its bytes are already there.
		w.Models["library/tiny:latest"] = w.Models["library/tiny:1b"]
		require.Zero(t, w.mustPull(t, "ollama:"+w.Host()+"/library/tiny").Fetched)
		freed, err := w.lib.Remove(m)
		require.NoError(t, err)
		require.Zero(t, freed)
		m, err = w.lib.Find("ollama:" + w.Host() + "/library/tiny")
		require.NoError(t, err)
		freed, err = w.lib.Remove(m)
		require.NoError(t, err)
		require.Greater(t, freed, int64(len(data)))
		require.Empty(t, w.lib.List())
		left, _ := os.ReadDir(filepath.Join(w.lib.Places.Own, "ollama", "blobs"))
		require.Empty(t, left)
	}
}

// TestBadManifests checks manifests that are hostile or cannot be used.
func TestBadManifests(t *testing.T) {
	hash := strings.Repeat("0", 64)
	layer := func(kind, digest string, size int64) string {
		return fmt.Sprintf(`{"mediaType": "application/vnd.ollama.image.%s", "digest": "%s", "size": %d}`, kind, digest, size)
	}
	manifest := func(layers ...string) string {
		return `{"schemaVersion": 2, "layers": [` + strings.Join(layers, ",") + `]}`
	}
	many := make([]string, 65)
	for i := range many {
		many[i] = layer("license", "sha256:"+hash, 1)
	}
	for _, tt := range []struct{ manifest, want string }{
		{manifest(layer("model", "sha256:../../../../etc/passwd", 1)), "64 hexadecimal digits"},
		{manifest(layer("model", "sha256:"+hash[1:], 1)), "64 hexadecimal digits"},
		{manifest(layer("model", "../x", 1)), "64 hexadecimal digits"},
		{manifest(layer("model", "sha256:"+hash, -1)), "-1 bytes"},
		{manifest(layer("model", "sha256:"+hash, 1<<62), layer("model", "sha256:"+hash, 1<<62)), "bytes"},
		{manifest(), "0 layers"},
		{manifest(many...), "65 layers"},
		{manifest(layer("license", "sha256:"+hash, 1)), "0 models"},
		{manifest(layer("model", "sha256:"+hash, 1), layer("model", "sha256:"+hash, 1)), "2 models"},
		{manifest(layer("tensor", "sha256:"+hash, 1)), "safetensors"},
		{manifest(layer("model", "sha256:"+hash, 1), layer("adapter", "sha256:"+hash, 1)), "adapter"},
		{`{"schemaVersion": 1}`, "version 1"},
		{"<html>", "unexpected answer"},
		{`{"schemaVersion": 2, "x": "` + strings.Repeat("y", 1<<20) + `"}`, "more than 1048576 bytes"},
		{manifest(layer("model", "sha256:"+hash, 1<<60)), "free"},
		{manifest(layer("model", "sha256:"+hash, 10)), "no model"},
	} {
		w := newWorld(t)
		w.Models["library/bad:latest"] = []byte(tt.manifest)
		_, err := w.pull(t, "ollama:"+w.Host()+"/library/bad")
		require.ErrorContains(t, err, tt.want, "%.200s", tt.manifest)
		w.requireNothing(t)
	}
	w := newWorld(t)
	_, err := w.pull(t, "ollama:"+w.Host()+"/library/absent")
	require.ErrorContains(t, err, "has no model")
	require.NotEmpty(t, advice.Of(err))

	// Tokens must not be fetched from another host.
	w.AddModel("library/x:latest", [2]string{"model", "GGUF"})
	w.Login, w.Realm = true, w.CDN+"/token"
	w.Forget()
	_, err = w.pull(t, "ollama:"+w.Host()+"/library/x")
	require.ErrorContains(t, err, "that is refused")
	require.Zero(t, w.Count("GET", "/token"))
}

// TestURL pulls files from URLs.
func TestURL(t *testing.T) {
	data := model(t, 3000)
	w := newWorld(t)
	files := map[string][]byte{"a/m-Q4_0.gguf": data, "page.gguf": []byte("<!DOCTYPE html>")}
	w.Repos["url/files"] = &storetest.Repo{Files: files}
	name := w.URL + "/files/a/m-Q4_0.gguf"
	res := w.mustPull(t, name)
	require.Equal(t, data, read(t, res.Path))
	require.True(t, strings.HasPrefix(res.Path, w.lib.Places.Own))
	require.Equal(t, "Q4_0", w.lib.List()[0].Quant)
	w.Forget()
	require.Zero(t, w.mustPull(t, name).Fetched)
	require.Len(t, w.Asked(), 1)

	// The server now has another version.
	files["a/m-Q4_0.gguf"] = model(t, 3100)
	res = w.mustPull(t, name)
	require.Equal(t, files["a/m-Q4_0.gguf"], read(t, res.Path))

	// The user requires a digest that the file does not have.
	p := w.puller()
	p.SHA256 = storetest.SHA256(data)
	r, err := ref.Parse(name)
	require.NoError(t, err)
	_, err = p.Pull(t.Context(), r)
	require.ErrorContains(t, err, p.SHA256)
	require.Equal(t, files["a/m-Q4_0.gguf"], read(t, res.Path), "the earlier file must stay")

	_, err = w.pull(t, w.URL+"/files/page.gguf")
	require.ErrorContains(t, err, "web page")
	_, err = w.pull(t, w.URL+"/files/absent.gguf")
	require.ErrorContains(t, err, "404")
	_, err = w.pull(t, "http://example.org/m.gguf")
	require.ErrorContains(t, err, "without encryption")
	require.Contains(t, advice.Of(err), "--insecure")

	// This server refuses HEAD requests.
	w.Odd = func(rw http.ResponseWriter, r *http.Request) bool {
		if r.Method == "HEAD" {
			rw.WriteHeader(405)
		}
		return r.Method == "HEAD"
	}
	require.Equal(t, data, func() []byte {
		files["b.gguf"] = data
		return read(t, w.mustPull(t, w.URL+"/files/b.gguf").Path)
	}())
	m, err := w.lib.Find(name)
	require.NoError(t, err)
	_, err = w.lib.Remove(m)
	require.NoError(t, err)
	require.Len(t, w.lib.List(), 1)
}

// TestOthersFolders checks that models of Ollama and LM Studio are found and used in place, and
// cannot be removed.
func TestOthersFolders(t *testing.T) {
	w := newWorld(t)
	data := model(t, 100)
	m := w.AddModel("library/llama3.2:1b", [2]string{"model", string(data)}, [2]string{"license", "Be kind."})
	root := w.lib.Places.Ollama[0]
	save := func(path string, b []byte) {
		require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o777))
		require.NoError(t, os.WriteFile(path, b, 0o666))
	}
	save(filepath.Join(root, "manifests", "registry.ollama.ai", "library", "llama3.2", "1b"), w.Models["library/llama3.2:1b"])
	save(filepath.Join(root, "manifests", "registry.ollama.ai", "library", "gone", "latest"), bytes.ReplaceAll(w.Models["library/llama3.2:1b"], []byte(m.Layers[0].Digest), []byte("sha256:"+strings.Repeat("1", 64))))
	save(filepath.Join(root, "blobs", "sha256-"+m.Layers[0].Hash()), data)
	save(filepath.Join(root, "blobs", "sha256-"+m.Layers[1].Hash()), []byte("Be kind."))
	save(filepath.Join(w.lib.Places.LMStudio[0], "owner", "repo", "m-Q4_0.gguf"), data)
	for _, name := range []string{"ollama:llama3.2:1b", "llama3.2:1b", "lmstudio:owner/repo/m-Q4_0.gguf"} {
		found, err := w.lib.Find(name)
		require.NoError(t, err, name)
		require.NoError(t, w.lib.Verify(t.Context(), found, func(int64, int64) {}))
		require.Equal(t, data, read(t, found.Path()))
		_, err = w.lib.Remove(found)
		require.ErrorContains(t, err, "only reads it")
	}
	require.Len(t, w.lib.List(), 2)
	save(filepath.Join(root, "blobs", "sha256-"+m.Layers[0].Hash()), make([]byte, len(data)))
	found, err := w.lib.Find("ollama:llama3.2:1b")
	require.NoError(t, err)
	require.ErrorContains(t, w.lib.Verify(t.Context(), found, func(int64, int64) {}), "is damaged")
}
