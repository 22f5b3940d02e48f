package pull

import (
	"fmt"
	"net/http"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"alpaca/internal/store/advice"
	"alpaca/internal/store/fetch"
	"alpaca/internal/store/pick"
	"alpaca/internal/store/ref"
	"alpaca/internal/store/storetest"
	"alpaca/internal/store/web"
)

// TestSpace checks that a full disk is reported before the first byte.
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

// TestXet checks the error for a file that only Xet's protocol can fetch. For a file that
// is too large, the error comes before the first byte. For another, it comes when the host
// of the files refuses the request. The error's hint names another way to get the file.
func TestXet(t *testing.T) {
	w := newWorld(t)
	testOnlySpace = func(string) (int64, bool) { return 1 << 50, true }
	defer func() { testOnlySpace = nil }()
	data := model(t, 5000)
	repo := &storetest.Repo{Commit: commitA, Files: map[string][]byte{"d/m-Q4_0.gguf": data}, Xet: true}
	w.Repos["owner/repo"] = repo
	repo.Listed = map[string]int64{"d/m-Q4_0.gguf": maxXet + 1}
	_, err := w.pull(t, "hf:owner/repo")
	require.ErrorContains(t, err, fmt.Sprint("has ", int64(maxXet)+1, " bytes"))
	require.Contains(t, advice.Of(err), "hf download owner/repo d/m-Q4_0.gguf")
	require.Zero(t, w.Count("", "/sha256/"))
	w.requireNothing(t)

	repo.Listed = nil
	w.Odd = func(rw http.ResponseWriter, r *http.Request) bool {
		if strings.HasPrefix(r.URL.Path, "/sha256/") {
			rw.WriteHeader(http.StatusBadRequest)
			return true
		}
		return false
	}
	_, err = w.pull(t, "hf:owner/repo")
	require.ErrorContains(t, err, "400")
	require.Contains(t, advice.Of(err), "hf download owner/repo d/m-Q4_0.gguf")
	w.requireNothing(t)
	repo.Xet = false
	_, err = w.pull(t, "hf:owner/repo")
	require.NotContains(t, advice.Of(err), "Xet")

	// Smaller files that Xet stores come by plain HTTP.
	w.Odd, repo.Xet = nil, true
	require.Equal(t, data, read(t, w.mustPull(t, "hf:owner/repo").Path))
}

// TestTwo checks that two concurrent pulls make one download, and that a model cannot be removed
// while it is being pulled or in use.
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
	require.NoDirExists(t, filepath.Join(w.lib.Places.Hub, "models--owner--repo"), "nothing of the model may be left")
}

// TestChoose checks that Choose is called for a name that fits several models. Without Choose, such
// a name is an error.
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

// TestOffline checks that an offline client sends nothing.
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
