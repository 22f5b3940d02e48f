package pull

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"alpaca/internal/gguf"
	"alpaca/internal/quant"
	"alpaca/internal/store"
	"alpaca/internal/store/fetch"
	"alpaca/internal/store/place"
	"alpaca/internal/store/ref"
	"alpaca/internal/store/storetest"
	"alpaca/internal/store/web"
)

const (
	commitA = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
	commitB = "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
)

// model returns a GGUF file with a tensor of n numbers.
func model(t testing.TB, n int, kv ...gguf.KV) []byte {
	t.Helper()
	path := filepath.Join(t.TempDir(), "m.gguf")
	w, err := gguf.Create(path, append([]gguf.KV{{Key: "general.architecture", Value: gguf.Str("llama")}, {Key: "test.n", Value: gguf.U32(uint32(n))}}, kv...),
		[]gguf.Tensor{{Name: fmt.Sprint("t", len(kv), n), Type: quant.F32, Shape: []int{n}}})
	require.NoError(t, err)
	data := make([]byte, 4*n)
	for i := range data {
		data[i] = byte(i * 7 / 3)
	}
	require.NoError(t, w.WriteTensor(fmt.Sprint("t", len(kv), n), data))
	require.NoError(t, w.Commit())
	b, err := os.ReadFile(path)
	require.NoError(t, err)
	return b
}

// split returns a model in parts.
func split(t testing.TB, parts int) (list [][]byte) {
	for i := range parts {
		list = append(list, model(t, 100+i, gguf.KV{Key: "split.no", Value: gguf.U16(uint16(i))}, gguf.KV{Key: "split.count", Value: gguf.U16(uint16(parts))},
			gguf.KV{Key: "split.tensors.count", Value: gguf.I32(int32(parts))}))
	}
	return list
}

// world is a server, and the folders of a machine.
type world struct {
	*storetest.Server
	lib *store.Library
	log bytes.Buffer
	mu  sync.Mutex
}

func newWorld(t testing.TB) *world {
	dir := t.TempDir()
	hub := filepath.Join(dir, "hub")
	return &world{Server: storetest.New(t), lib: &store.Library{Places: place.Places{Hub: hub, Hubs: []string{hub}, Own: filepath.Join(dir, "own"),
		Ollama: []string{filepath.Join(dir, "ollama")}, LMStudio: []string{filepath.Join(dir, "lmstudio")}}}}
}

func (w *world) note(format string, args ...any) {
	w.mu.Lock()
	defer w.mu.Unlock()
	fmt.Fprintf(&w.log, format+"\n", args...)
}

// puller returns a puller that fetches parts of 1 KiB, and whose pauses take no time.
func (w *world) puller() *Puller {
	return &Puller{Library: w.lib, Endpoint: w.URL, Note: w.note,
		Client: web.New(web.Options{Agent: "test", Log: w.note, Sleep: func(ctx context.Context, _ time.Duration) error { return context.Cause(ctx) }}),
		Fetch:  fetch.Options{Piece: 1 << 10, SaveBytes: 1}}
}

func (w *world) pull(t testing.TB, name string) (Result, error) {
	t.Helper()
	r, err := ref.Parse(name)
	require.NoError(t, err)
	return w.puller().Pull(t.Context(), r)
}

func (w *world) mustPull(t testing.TB, name string) Result {
	t.Helper()
	res, err := w.pull(t, name)
	require.NoError(t, err, w.log.String())
	return res
}

// requireNothing checks that neither a model nor a part of one is visible.
func (w *world) requireNothing(t testing.TB) {
	t.Helper()
	require.Empty(t, w.lib.List())
	for _, pattern := range []string{"*/snapshots/*/*", "*/refs/*"} {
		found, err := filepath.Glob(filepath.Join(w.lib.Places.Hub, pattern))
		require.NoError(t, err)
		require.Empty(t, found)
	}
}

func read(t testing.TB, path string) []byte {
	t.Helper()
	b, err := os.ReadFile(path)
	require.NoError(t, err)
	return b
}

// texts returns n paths of small files.
func texts(n int) (paths []string) {
	for i := range n {
		paths = append(paths, fmt.Sprintf("data/%05d.txt", i))
	}
	return paths
}

// TestHub pulls files of all kinds, and checks the cache's layout.
func TestHub(t *testing.T) {
	parts := split(t, 3)
	one, two := model(t, 700), model(t, 300)
	licence := []byte("Do what you like.\n")
	files := map[string][]byte{
		"m-Q4_K_M.gguf": one, "m-Q8_0.gguf": two, "LICENSE": licence, "README.md": []byte("# m"),
		"deep/er/m-F16-00001-of-00003.gguf": parts[0], "deep/er/m-F16-00002-of-00003.gguf": parts[1], "deep/er/m-F16-00003-of-00003.gguf": parts[2],
	}
	w := newWorld(t)
	w.Page = 1000
	w.Repos["owner/repo"] = &storetest.Repo{Commit: commitA, Files: files, Small: map[string]bool{"LICENSE": true, "m-Q8_0.gguf": true},
		Paths: texts(10_000), Card: `{"license": "cc-by-nc-4.0", "license_link": "https://example.org/l", "base_model": ["owner/base"]}`}

	res := w.mustPull(t, "hf:owner/repo")
	require.Equal(t, "hf:owner/repo:Q4_K_M", res.Name)
	require.Equal(t, storetest.SHA256(one), res.SHA256)
	require.EqualValues(t, len(one)+len(licence), res.Fetched)
	require.Contains(t, w.log.String(), "owner/repo: licence cc-by-nc-4.0, not for commercial use (https://example.org/l)")
	require.Equal(t, 11, w.Count("GET", "/tree/"), "10 007 files must be listed in pages of 1000")

	hub := w.lib.Places.Hub
	repo := filepath.Join(hub, "models--owner--repo")
	snapshot := filepath.Join(repo, "snapshots", commitA)
	require.Equal(t, commitA, string(read(t, filepath.Join(repo, "refs", "main"))))
	require.Contains(t, string(read(t, filepath.Join(hub, "CACHEDIR.TAG"))), "Signature: 8a477f597d28d172789f06886806bc55")
	require.FileExists(t, filepath.Join(hub, ".locks", "models--owner--repo", storetest.SHA256(one)+".lock"))
	require.Equal(t, filepath.Join(snapshot, "m-Q4_K_M.gguf"), res.Path)
	target, err := os.Readlink(res.Path)
	require.NoError(t, err)
	require.Equal(t, filepath.Join("..", "..", "blobs", storetest.SHA256(one)), target)
	require.Equal(t, one, read(t, res.Path))
	require.Equal(t, licence, read(t, filepath.Join(repo, "blobs", storetest.GitSHA1(licence))))

	require.Equal(t, two, read(t, w.mustPull(t, "hf:owner/repo:q8_0").Path))
	res = w.mustPull(t, "hf:owner/repo:F16")
	require.Equal(t, filepath.Join(snapshot, "deep", "er", "m-F16-00001-of-00003.gguf"), res.Path)
	target, err = os.Readlink(res.Path)
	require.NoError(t, err)
	require.Equal(t, filepath.Join("..", "..", "..", "..", "blobs", storetest.SHA256(parts[0])), target)
	f, err := gguf.Open(res.Path)
	require.NoError(t, err)
	require.Len(t, f.Parts, 3)
	f.Close()

	var names []string
	for _, m := range w.lib.List() {
		names = append(names, m.Name)
	}
	require.Equal(t, []string{"hf:owner/repo:F16", "hf:owner/repo:Q4_K_M", "hf:owner/repo:Q8_0"}, names)
	left, err := filepath.Glob(filepath.Join(repo, "blobs", "*alpaca*"))
	require.NoError(t, err)
	require.Empty(t, left)

	// A second pull sends one request and fetches nothing.
	w.Forget()
	res = w.mustPull(t, "hf:owner/repo:Q4_K_M")
	require.Zero(t, res.Fetched)
	require.Len(t, w.Asked(), 1)
	require.Equal(t, "HEAD", w.Asked()[0].Method)

	// The next commit has another Q4_K_M. The old file stays until it is pruned.
	newer := model(t, 900)
	w.Repos["owner/repo"] = &storetest.Repo{Commit: commitB, Files: map[string][]byte{"m-Q4_K_M.gguf": newer}}
	res = w.mustPull(t, "hf:owner/repo:Q4_K_M")
	require.Equal(t, newer, read(t, res.Path))
	require.Contains(t, w.log.String(), "older versions of the model take 1 MB more")
	m, err := w.lib.Find("hf:owner/repo:Q8_0")
	require.NoError(t, err)
	require.Equal(t, commitB, m.Newer, "the newer commit does not have this file")
	waste := w.lib.Waste()
	require.Len(t, waste, 1)
	freed, err := waste[0].Remove()
	require.NoError(t, err)
	require.EqualValues(t, len(one), freed)
	m, err = w.lib.Find("hf:owner/repo")
	require.NoError(t, err)
	require.Equal(t, commitB, m.Commit)
	m, err = w.lib.Find("hf:owner/repo:Q8_0")
	require.NoError(t, err, "models that no newer version has replaced must stay")
	require.Equal(t, "Do what you like.\n", m.LicenceText())
}

// TestToken checks that the token goes only to the Hub, and does not appear in messages or files.
func TestToken(t *testing.T) {
	w := newWorld(t)
	w.Repos["owner/repo"] = &storetest.Repo{Commit: commitA, Gated: true, Files: map[string][]byte{"m-Q4_0.gguf": model(t, 2000)}}
	p := w.puller()
	p.Token = storetest.Token
	r, err := ref.Parse("hf:owner/repo")
	require.NoError(t, err)
	_, err = p.Pull(t.Context(), r)
	require.NoError(t, err)
	require.NotContains(t, w.log.String(), storetest.Token)
	cdn, api := 0, 0
	for _, a := range w.Asked() {
		if strings.HasPrefix(a.Host, "localhost") {
			cdn++
			require.Empty(t, a.Token, a.Path)
		} else {
			api++
			require.Equal(t, "Bearer "+storetest.Token, a.Token, a.Path)
		}
	}
	require.Positive(t, cdn)
	require.Positive(t, api)
	filepath.WalkDir(filepath.Dir(w.lib.Places.Hub), func(path string, d os.DirEntry, err error) error {
		if err == nil && d.Type().IsRegular() {
			require.NotContains(t, string(read(t, path)), storetest.Token, path)
		}
		return nil
	})
}
