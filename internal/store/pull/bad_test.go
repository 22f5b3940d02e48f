package pull

import (
	"bytes"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"alpaca/internal/store/advice"
	"alpaca/internal/store/storetest"
)

// TestBadRepos pulls models that cannot or must not be pulled.
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
		{name: "long path", repo: &storetest.Repo{Paths: []string{strings.Repeat("f", 300) + ".gguf"}}, want: "at most 255"},
		{name: "device", repo: &storetest.Repo{Paths: []string{"CON.gguf"}}, want: "Windows"},
		{name: "size differs", repo: &storetest.Repo{Files: map[string][]byte{"m-Q4_0.gguf": good}, Listed: map[string]int64{"m-Q4_0.gguf": int64(len(good)) + 1}}, want: "the list of files says"},
		{name: "size differs, small", repo: &storetest.Repo{Files: map[string][]byte{"m-Q4_0.gguf": good}, Small: map[string]bool{"m-Q4_0.gguf": true},
			Listed: map[string]int64{"m-Q4_0.gguf": int64(len(good)) + 1}}, want: "sends the range"},
		{name: "a web page", repo: &storetest.Repo{Files: map[string][]byte{"m-Q4_0.gguf": []byte("<!DOCTYPE html>")}}, want: "not a GGUF file"},
		{name: "cut model", repo: &storetest.Repo{Files: map[string][]byte{"m-Q4_0.gguf": good[:200]}}, want: "cannot be used"},
		{name: "wrong bytes", repo: &storetest.Repo{Files: map[string][]byte{"m-Q4_0.gguf": good}}, want: storetest.SHA256(other), hint: "a different file",
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
		{name: "list on another host", repo: &storetest.Repo{Files: map[string][]byte{"m-Q4_0.gguf": good}}, want: "is on another server",
			odd: func(w *world) func(http.ResponseWriter, *http.Request) bool {
				return func(rw http.ResponseWriter, r *http.Request) bool {
					if strings.Contains(r.URL.Path, "/tree/") {
						rw.Header().Set("Link", `<`+w.CDN+`/x>; rel="next"`)
					}
					return false
				}
			}},
		{name: "redirected to a file", repo: &storetest.Repo{Files: map[string][]byte{"m-Q4_0.gguf": good}}, want: "not the address of a file on the web",
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
