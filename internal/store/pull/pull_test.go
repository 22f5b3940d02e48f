package pull

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
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
	"alpaca/internal/store/advice"
	"alpaca/internal/store/fetch"
	"alpaca/internal/store/pick"
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

// world is a server and a machine's folders.
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

// puller returns one that works in parts of 1 KiB and waits for nothing.
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

// requireNothing checks that no model can be seen, and no part of one.
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

// TestHub pulls files of all kinds, and checks the layout to the byte.
func TestHub(t *testing.T) {
	parts := split(t, 3)
	one, two := model(t, 700), model(t, 300)
	licence := []byte("Do what you like.\n")
	files := map[string][]byte{
		"m-Q4_K_M.gguf": one, "m-Q8_0.gguf": two, "LICENSE": licence, "README.md": []byte("# m"),
		"deep/er/m-F16-00001-of-00003.gguf": parts[0], "deep/er/m-F16-00002-of-00003.gguf": parts[1], "deep/er/m-F16-00003-of-00003.gguf": parts[2],
	}
	for i := range 300 {
		files[fmt.Sprintf("data/%04d.txt", i)] = nil
	}
	w := newWorld(t)
	w.Page = 100
	w.Repos["owner/repo"] = &storetest.Repo{Commit: commitA, Files: files, Small: map[string]bool{"LICENSE": true, "m-Q8_0.gguf": true},
		Card: `{"license": "cc-by-nc-4.0", "license_link": "https://example.org/l", "base_model": ["owner/base"]}`}

	res := w.mustPull(t, "hf:owner/repo")
	require.Equal(t, "hf:owner/repo:Q4_K_M", res.Name)
	require.Equal(t, storetest.SHA256(one), res.SHA256)
	require.EqualValues(t, len(one)+len(licence), res.Fetched)
	require.Contains(t, w.log.String(), "owner/repo: licence cc-by-nc-4.0, not for commercial use (https://example.org/l)")
	require.Equal(t, 4, w.Count("GET", "/tree/"), "pages of 100 of 307 files")

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

	// Again: one question, no bytes.
	w.Forget()
	res = w.mustPull(t, "hf:owner/repo:Q4_K_M")
	require.Zero(t, res.Fetched)
	require.Len(t, w.Asked(), 1)
	require.Equal(t, "HEAD", w.Asked()[0].Method)

	// The next commit has another Q4_K_M. The old one stays until it is pruned.
	newer := model(t, 900)
	w.Repos["owner/repo"] = &storetest.Repo{Commit: commitB, Files: map[string][]byte{"m-Q4_K_M.gguf": newer}}
	res = w.mustPull(t, "hf:owner/repo:Q4_K_M")
	require.Equal(t, newer, read(t, res.Path))
	require.Contains(t, w.log.String(), "older versions of it hold 1 MB more")
	m, err := w.lib.Find("hf:owner/repo:Q8_0")
	require.NoError(t, err)
	require.Equal(t, commitB, m.Newer, "it is in the older commit alone")
	waste := w.lib.Waste()
	require.Len(t, waste, 1)
	freed, err := waste[0].Remove()
	require.NoError(t, err)
	require.EqualValues(t, len(one), freed)
	m, err = w.lib.Find("hf:owner/repo")
	require.NoError(t, err)
	require.Equal(t, commitB, m.Commit)
	m, err = w.lib.Find("hf:owner/repo:Q8_0")
	require.NoError(t, err, "models that nothing has replaced stay")
	require.Equal(t, "Do what you like.\n", m.LicenceText())
}

// TestBadRepos pulls what cannot be had, or must not.
func TestBadRepos(t *testing.T) {
	good := model(t, 500)
	other := append([]byte(nil), good...)
	other[len(other)-1] ^= 1
	for _, tt := range []struct {
		name, pull string
		repo       *storetest.Repo
		odd        func(w *world) func(http.ResponseWriter, *http.Request) bool
		want, hint string
	}{
		{name: "no repository", want: "no repository owner/repo", hint: "HF_TOKEN"},
		{name: "gated", repo: &storetest.Repo{Gated: true}, want: "is gated", hint: "accept them at"},
		{name: "no revision", pull: "hf:owner/repo@v2", repo: &storetest.Repo{}, want: `no revision "v2"`},
		{name: "no such quant", pull: "hf:owner/repo:Q4_K", repo: &storetest.Repo{Files: map[string][]byte{"m-Q4_K_M.gguf": good}}, want: "has no Q4_K", hint: "it has Q4_K_M"},
		{name: "safetensors", repo: &storetest.Repo{Files: map[string][]byte{"model.safetensors": good}}, want: "safetensors", hint: "owner/repo-GGUF"},
		{name: "part missing", repo: &storetest.Repo{Files: map[string][]byte{"m-Q4_0-00001-of-00002.gguf": good}}, want: "m-Q4_0-00002-of-00002.gguf"},
		{name: "path above", repo: &storetest.Repo{Paths: []string{"../x.gguf"}}, want: "leaves its folder"},
		{name: "absolute path", repo: &storetest.Repo{Paths: []string{"/etc/x.gguf"}}, want: "leaves its folder"},
		{name: "backslash", repo: &storetest.Repo{Paths: []string{`a\b.gguf`}}, want: "not allowed"},
		{name: "NUL", repo: &storetest.Repo{Paths: []string{"a\x00b.gguf"}}, want: "not allowed"},
		{name: "long", repo: &storetest.Repo{Paths: []string{strings.Repeat("f", 300) + ".gguf"}}, want: "at most 255"},
		{name: "device", repo: &storetest.Repo{Paths: []string{"CON.gguf"}}, want: "Windows"},
		{name: "a web page", repo: &storetest.Repo{Files: map[string][]byte{"m-Q4_0.gguf": []byte("<!DOCTYPE html>")}}, want: "not a GGUF file"},
		{name: "cut model", repo: &storetest.Repo{Files: map[string][]byte{"m-Q4_0.gguf": good[:200]}}, want: "cannot be used"},
		{name: "wrong bytes", repo: &storetest.Repo{Files: map[string][]byte{"m-Q4_0.gguf": good}}, want: storetest.SHA256(other), hint: "another file",
			odd: func(w *world) func(http.ResponseWriter, *http.Request) bool {
				return func(rw http.ResponseWriter, r *http.Request) bool {
					if strings.HasPrefix(r.URL.Path, "/sha256/") {
						http.ServeContent(rw, r, "", time.Time{}, bytes.NewReader(other))
						return true
					}
					return false
				}
			}},
		{name: "no Hub", repo: &storetest.Repo{Files: map[string][]byte{"m-Q4_0.gguf": good}}, want: "X-Repo-Commit",
			odd: func(w *world) func(http.ResponseWriter, *http.Request) bool {
				return func(rw http.ResponseWriter, r *http.Request) bool { return r.Method == "HEAD" }
			}},
		{name: "list on another host", repo: &storetest.Repo{Files: map[string][]byte{"m-Q4_0.gguf": good}}, want: "said to be elsewhere",
			odd: func(w *world) func(http.ResponseWriter, *http.Request) bool {
				return func(rw http.ResponseWriter, r *http.Request) bool {
					if strings.Contains(r.URL.Path, "/tree/") {
						rw.Header().Set("Link", `<`+w.CDN+`/x>; rel="next"`)
					}
					return false
				}
			}},
		{name: "sent on to a file", repo: &storetest.Repo{Files: map[string][]byte{"m-Q4_0.gguf": good}}, want: "no address of a file on the web",
			odd: func(w *world) func(http.ResponseWriter, *http.Request) bool {
				return func(rw http.ResponseWriter, r *http.Request) bool {
					if r.Method == "HEAD" {
						rw.Header().Set("Location", "file:///etc/passwd")
						rw.WriteHeader(302)
					}
					return r.Method == "HEAD"
				}
			}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t)
			if tt.repo != nil {
				tt.repo.Commit = commitA
				w.Repos["owner/repo"] = tt.repo
			}
			if tt.odd != nil {
				w.Odd = tt.odd(w)
			}
			if tt.pull == "" {
				tt.pull = "hf:owner/repo"
			}
			_, err := w.pull(t, tt.pull)
			require.ErrorContains(t, err, tt.want)
			require.Contains(t, advice.Of(err), tt.hint)
			require.NotContains(t, err.Error()+w.log.String(), "secret")
			w.requireNothing(t)
		})
	}
}

// TestToken checks that the token goes to the Hub and nowhere else, and shows nowhere.
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

// TestForeign: what others left under a digest's name is read before it is used.
func TestForeign(t *testing.T) {
	good := model(t, 500)
	for _, tt := range []struct {
		name    string
		content []byte
		shared  bool // the blob is a link into what all repositories share
		fetched bool
	}{{"right", good, false, false}, {"zeros", make([]byte, len(good)), false, true}, {"shared", good, true, false}, {"shared zeros", make([]byte, len(good)), true, true}} {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t)
			w.Repos["owner/repo"] = &storetest.Repo{Commit: commitA, Files: map[string][]byte{"m-Q4_0.gguf": good}}
			repo := filepath.Join(w.lib.Places.Hub, "models--owner--repo")
			blob := filepath.Join(repo, "blobs", storetest.SHA256(good))
			file := blob
			if tt.shared {
				file = filepath.Join(w.lib.Places.Hub, "blobs", "ab", "abcdef")
				require.NoError(t, os.MkdirAll(filepath.Dir(file), 0o777))
				require.NoError(t, os.MkdirAll(filepath.Dir(blob), 0o777))
				require.NoError(t, os.Symlink("../../blobs/ab/abcdef", blob))
			}
			snapshot := filepath.Join(repo, "snapshots", commitA)
			require.NoError(t, os.MkdirAll(snapshot, 0o777))
			require.NoError(t, os.MkdirAll(filepath.Dir(file), 0o777))
			require.NoError(t, os.WriteFile(file, tt.content, 0o666))
			require.NoError(t, os.Symlink("../../blobs/"+storetest.SHA256(good), filepath.Join(snapshot, "m-Q4_0.gguf")))
			require.NoError(t, os.Symlink("../../blobs/absent", filepath.Join(snapshot, "m-Q8_0.gguf")), "leads nowhere: it is not there")
			require.NoError(t, os.MkdirAll(filepath.Join(repo, "refs"), 0o777))
			require.NoError(t, os.WriteFile(filepath.Join(repo, "refs", "main"), []byte(commitA), 0o666))
			require.Len(t, w.lib.List(), 1)
			m, err := w.lib.Find("hf:owner/repo")
			require.NoError(t, err)
			err = w.lib.Verify(t.Context(), m, func(int64, int64) {})
			if tt.fetched {
				require.ErrorContains(t, err, "is damaged")
			} else {
				require.NoError(t, err)
				m, _ = w.lib.Find("hf:owner/repo")
				require.Zero(t, w.lib.Unchecked(m), "read once")
			}
			res := w.mustPull(t, "hf:owner/repo")
			require.Equal(t, tt.fetched, res.Fetched > 0)
			require.Equal(t, good, read(t, res.Path))
			if tt.shared {
				require.Equal(t, tt.content, read(t, file), "what is shared is not written")
				m, err = w.lib.Find("hf:owner/repo")
				require.NoError(t, err)
				_, err = w.lib.Remove(m)
				require.NoError(t, err)
				require.FileExists(t, file, "nor removed")
			}
		})
	}
}

// TestSpace: a full disk shows before the first byte.
func TestSpace(t *testing.T) {
	w := newWorld(t)
	data := model(t, 5000)
	w.Repos["owner/repo"] = &storetest.Repo{Commit: commitA, Files: map[string][]byte{"m-Q4_0.gguf": data}}
	testOnlySpace = func(string) (int64, bool) { return int64(len(data)), true }
	defer func() { testOnlySpace = nil }()
	_, err := w.pull(t, "hf:owner/repo")
	require.ErrorContains(t, err, fmt.Sprintf("%d bytes free", len(data)))
	require.ErrorContains(t, err, fmt.Sprint(len(data)+len(data)/20))
	require.Zero(t, w.Count("GET", "/sha256/"))
	w.requireNothing(t)
}

// TestTwo: two pulls at once make one download, and what is being pulled is not removed.
func TestTwo(t *testing.T) {
	w := newWorld(t)
	data := model(t, 100_000)
	w.Repos["owner/repo"] = &storetest.Repo{Commit: commitA, Files: map[string][]byte{"m-Q4_0.gguf": data}}
	w.Slow = 20 * time.Millisecond
	var both sync.WaitGroup
	fetched := make([]int64, 2)
	for i := range fetched {
		both.Go(func() {
			p := w.puller()
			p.Fetch.Piece = 64 << 10
			r, _ := ref.Parse("hf:owner/repo")
			res, err := p.Pull(t.Context(), r)
			if err != nil {
				t.Errorf("%v", err)
			}
			fetched[i] = res.Fetched
		})
	}
	both.Wait()
	require.EqualValues(t, len(data), fetched[0]+fetched[1])
	require.Equal(t, (len(data)+64<<10-1)/(64<<10), w.Count("GET", "/sha256/"))

	m, err := w.lib.Find("hf:owner/repo")
	require.NoError(t, err)
	release, got := fetch.TryLock(filepath.Join(w.lib.Places.Hub, ".locks", "models--owner--repo", storetest.SHA256(data)+".lock"))
	require.True(t, got)
	_, err = w.lib.Remove(m)
	require.ErrorContains(t, err, "being pulled")
	release()
	release = m.Hold()
	_, err = w.lib.Remove(m)
	require.ErrorContains(t, err, "in use")
	require.FileExists(t, m.Path())
	release()
	freed, err := w.lib.Remove(m)
	require.NoError(t, err)
	require.EqualValues(t, len(data), freed)
	require.NoDirExists(t, filepath.Join(w.lib.Places.Hub, "models--owner--repo"), "nothing of it is left")
}

// TestChoose: who is asked chooses; otherwise a name that leaves a choice is an error.
func TestChoose(t *testing.T) {
	w := newWorld(t)
	w.Repos["owner/repo"] = &storetest.Repo{Commit: commitA, Files: map[string][]byte{"m-Q2_K.gguf": model(t, 10), "m-F16.gguf": model(t, 20)}}
	_, err := w.pull(t, "hf:owner/repo")
	require.ErrorContains(t, err, "has 2 models: F16, Q2_K")
	p := w.puller()
	p.Choose = func(list []pick.Model) (pick.Model, error) { return list[1], nil }
	r, _ := ref.Parse("hf:owner/repo")
	res, err := p.Pull(t.Context(), r)
	require.NoError(t, err)
	require.Equal(t, "hf:owner/repo:Q2_K", res.Name)
}

// TestOffline: nothing is sent where that is forbidden.
func TestOffline(t *testing.T) {
	w := newWorld(t)
	for _, name := range []string{"hf:owner/repo", "ollama:" + w.Host() + "/library/x", w.URL + "/files/m.gguf"} {
		p := w.puller()
		p.Client = web.New(web.Options{Offline: "HF_HUB_OFFLINE"})
		r, err := ref.Parse(name)
		require.NoError(t, err)
		_, err = p.Pull(t.Context(), r)
		require.EqualError(t, err, "HF_HUB_OFFLINE is set: nothing is fetched")
	}
	require.Empty(t, w.Asked())
}
