// Package storetest has servers for tests of downloads: one like Hugging Face's Hub and one like
// Ollama's registry. They run on 127.0.0.1, and their files come from another host, localhost.
// They log requests with their tokens, and can be made to misbehave.
package storetest

import (
	"crypto/sha1"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// Token is the token that gated repositories require.
const Token = "hf_secretOfTheTest"

// Repo is a repository with one commit.
type Repo struct {
	Commit string
	Files  map[string][]byte // content by path
	Small  map[string]bool   // paths that git stores itself, without LFS
	Gated  bool              // requires Token
	Card   string            // JSON of cardData
	Listed map[string]int64  // false sizes in the list of files, by path
	Paths  []string          // further paths in the list, without content
	Xet    bool              // the list says that the bytes are in Xet's store
}

// Asked is a logged request.
type Asked struct {
	Method, Host, Path string
	Range, Token       string
}

// Server is a Hub, a registry, and the host of their files.
type Server struct {
	URL string // URL of Hub and registry: http://127.0.0.1:…
	CDN string // URL of the files: http://localhost:…

	Repos  map[string]*Repo  // by owner/repo
	Models map[string][]byte // manifests, by namespace/model:tag
	Blobs  map[string][]byte // by digest
	Login  bool              // the registry wants a token
	Realm  string            // the URL for tokens in challenges; "": the server's own
	Page   int               // entries on one page of the list of files; 0: all

	// If Odd is not nil, it sees each request first. It returns true if it has answered the
	// request.
	Odd func(w http.ResponseWriter, r *http.Request) bool
	// Slow is the delay before each 64 KiB of content.
	Slow time.Duration

	mu    sync.Mutex
	asked []Asked
}

// New starts a server that stops at the end of the test.
func New(t testing.TB) *Server {
	s := &Server{Repos: map[string]*Repo{}, Models: map[string][]byte{}, Blobs: map[string][]byte{}}
	api := httptest.NewServer(s.logged(s.api()))
	cdn := httptest.NewServer(s.logged(http.HandlerFunc(s.cdn)))
	t.Cleanup(func() { api.Close(); cdn.Close() })
	s.URL = api.URL
	s.CDN = strings.Replace(cdn.URL, "127.0.0.1", "localhost", 1)
	return s
}

// Host returns the registry's host and port.
func (s *Server) Host() string { return strings.TrimPrefix(s.URL, "http://") }

// Asked returns the requests so far.
func (s *Server) Asked() []Asked {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.asked)
}

// Forget clears the log.
func (s *Server) Forget() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.asked = nil
}

// Count returns the number of requests with a method to paths that contain part.
func (s *Server) Count(method, part string) (n int) {
	for _, a := range s.Asked() {
		if a.Method == method && strings.Contains(a.Path, part) {
			n++
		}
	}
	return n
}

func (s *Server) logged(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.mu.Lock()
		s.asked = append(s.asked, Asked{r.Method, r.Host, r.URL.Path, r.Header.Get("Range"), r.Header.Get("Authorization")})
		odd := s.Odd
		s.mu.Unlock()
		if odd != nil && odd(w, r) {
			return
		}
		h.ServeHTTP(w, r)
	})
}

// SHA256 returns the digest of content.
func SHA256(b []byte) string {
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}

// GitSHA1 returns git's digest of content.
func GitSHA1(b []byte) string {
	h := sha1.New()
	fmt.Fprintf(h, "blob %d\x00", len(b))
	h.Write(b)
	return hex.EncodeToString(h.Sum(nil))
}

func (s *Server) api() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /api/models/{owner}/{repo}/revision/{rev}", s.revision)
	mux.HandleFunc("GET /api/models/{owner}/{repo}/tree/{commit}", s.tree)
	mux.HandleFunc("GET /api/models/{owner}/{repo}/refs", s.refs)
	files := http.NewServeMux() // a mux of its own for a pattern that overlaps with others
	files.HandleFunc("/{owner}/{repo}/resolve/{rev}/{path...}", s.resolve)
	mux.Handle("/", files)
	mux.HandleFunc("GET /v2/{ns}/{model}/manifests/{tag}", s.manifest)
	mux.HandleFunc("/v2/{ns}/{model}/blobs/{digest}", s.blob)
	mux.HandleFunc("GET /token", func(w http.ResponseWriter, r *http.Request) {
		json.NewEncoder(w).Encode(map[string]string{"token": "of " + r.URL.Query().Get("scope")})
	})
	mux.HandleFunc("/files/{path...}", s.file)
	return mux
}

func refuse(w http.ResponseWriter, status int, code string) {
	w.Header().Set("X-Error-Code", code)
	w.Header().Set("X-Error-Message", code)
	w.WriteHeader(status)
}

// repo returns the repository of a request. If it refuses the request, it returns nil.
func (s *Server) repo(w http.ResponseWriter, r *http.Request, rev string) *Repo {
	repo := s.Repos[r.PathValue("owner")+"/"+r.PathValue("repo")]
	switch {
	case repo == nil:
		refuse(w, 401, "RepoNotFound")
		return nil
	case repo.Gated && r.Header.Get("Authorization") != "Bearer "+Token:
		refuse(w, 403, "GatedRepo")
		return nil
	case rev != "main" && rev != repo.Commit:
		refuse(w, 404, "RevisionNotFound")
		return nil
	}
	return repo
}

func (s *Server) revision(w http.ResponseWriter, r *http.Request) {
	repo := s.repo(w, r, r.PathValue("rev"))
	if repo == nil {
		return
	}
	var gated any = false
	if repo.Gated {
		gated = "manual"
	}
	siblings := []map[string]string{}
	for path := range repo.Files {
		siblings = append(siblings, map[string]string{"rfilename": path})
	}
	card := json.RawMessage("{}")
	if repo.Card != "" {
		card = json.RawMessage(repo.Card)
	}
	name := r.PathValue("owner") + "/" + r.PathValue("repo")
	json.NewEncoder(w).Encode(map[string]any{"id": name, "modelId": name, "sha": repo.Commit, "gated": gated, "private": false, "cardData": card, "siblings": siblings, "tags": []string{}})
}

// refs answers llama.cpp's request for the commit.
func (s *Server) refs(w http.ResponseWriter, r *http.Request) {
	if repo := s.repo(w, r, "main"); repo != nil {
		json.NewEncoder(w).Encode(map[string]any{"branches": []map[string]string{{"name": "main", "ref": "refs/heads/main", "targetCommit": repo.Commit}}, "tags": []any{}})
	}
}

func (s *Server) tree(w http.ResponseWriter, r *http.Request) {
	repo := s.repo(w, r, r.PathValue("commit"))
	if repo == nil {
		return
	}
	list := []map[string]any{}
	for path, data := range repo.Files {
		e := map[string]any{"type": "file", "path": path, "size": len(data), "oid": GitSHA1(data)}
		if n, ok := repo.Listed[path]; ok {
			e["size"] = n
		}
		if !repo.Small[path] {
			e["lfs"] = map[string]any{"oid": SHA256(data), "size": e["size"], "pointerSize": 134}
			e["oid"] = GitSHA1([]byte(SHA256(data)))
			if repo.Xet {
				e["xetHash"] = SHA256([]byte(path))
			}
		}
		list = append(list, e)
	}
	for _, path := range repo.Paths {
		list = append(list, map[string]any{"type": "file", "path": path, "size": 1, "oid": GitSHA1(nil)})
	}
	slices.SortFunc(list, func(a, b map[string]any) int { return strings.Compare(a["path"].(string), b["path"].(string)) })
	from, _ := strconv.Atoi(r.URL.Query().Get("cursor"))
	to := len(list)
	if s.Page > 0 && from+s.Page < to {
		to = from + s.Page
		next := *r.URL
		next.RawQuery = "recursive=true&cursor=" + strconv.Itoa(to)
		w.Header().Set("Link", "<"+s.URL+next.RequestURI()+`>; rel="next"`)
	}
	json.NewEncoder(w).Encode(list[from:to])
}

func (s *Server) resolve(w http.ResponseWriter, r *http.Request) {
	repo := s.repo(w, r, r.PathValue("rev"))
	if repo == nil {
		return
	}
	path := r.PathValue("path")
	data, ok := repo.Files[path]
	if !ok {
		refuse(w, 404, "EntryNotFound")
		return
	}
	h := w.Header()
	h.Set("X-Repo-Commit", repo.Commit)
	if repo.Small[path] {
		h.Set("ETag", `"`+GitSHA1(data)+`"`)
		s.send(w, r, data)
		return
	}
	h.Set("X-Linked-Etag", `"`+SHA256(data)+`"`)
	h.Set("X-Linked-Size", strconv.Itoa(len(data)))
	h.Set("ETag", `"`+SHA256(data)+`"`)
	h.Set("Location", s.CDN+"/sha256/"+SHA256(data)+"?signature=secret")
	w.WriteHeader(http.StatusFound)
}
