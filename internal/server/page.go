package server

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"mime"
	"net/http"
	"path"
	"strings"
)

//go:embed web
var web embed.FS

// policy lets the page load what comes from this server, and nothing else: what a model
// writes must not reach anybody, as the address of a picture for instance.
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; font-src 'self'; " +
	"base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

// pageFile is a file of the page.
type pageFile struct {
	kind          string // of its content
	etag          string
	plain, packed []byte
}

// readPage reads and packs a file of the page.
func readPage(name string) pageFile {
	data, err := web.ReadFile("web/" + name)
	if err != nil {
		panic(err) // it is in the program
	}
	var b bytes.Buffer
	z, _ := gzip.NewWriterLevel(&b, gzip.BestCompression)
	z.Write(data)
	z.Close()
	sum := sha256.Sum256(data)
	kind := mime.TypeByExtension(path.Ext(name))
	if path.Ext(name) == ".js" {
		kind = "text/javascript; charset=utf-8" // machines have odd ideas of it
	}
	return pageFile{kind: kind, etag: `"` + hex.EncodeToString(sum[:8]) + `"`, plain: data, packed: b.Bytes()}
}

// pageRoutes returns the paths of the page for browsers.
func (s *Server) pageRoutes() []route {
	if s.opt.NoPage {
		return nil
	}
	entries, err := web.ReadDir("web")
	if err != nil {
		panic(err)
	}
	var list []route
	for _, e := range entries {
		pattern := "GET /ui/" + e.Name()
		if e.Name() == "index.html" {
			pattern = "GET /{$}"
		}
		f := readPage(e.Name())
		list = append(list, route{pattern, true, func(w http.ResponseWriter, r *http.Request) error {
			s.sendPage(w, r, f)
			return nil
		}})
	}
	return list
}

// sendPage sends a file, unless the browser has it already.
func (s *Server) sendPage(w http.ResponseWriter, r *http.Request, f pageFile) {
	h := w.Header()
	h.Set("Content-Security-Policy", policy)
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Permissions-Policy", "camera=(), microphone=(), geolocation=()")
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	h.Set("Cache-Control", "no-cache") // ask each time: a new program has a new page
	h.Set("Vary", "Accept-Encoding")
	h.Set("ETag", f.etag)
	if r.Header.Get("If-None-Match") == f.etag {
		w.WriteHeader(http.StatusNotModified)
		return
	}
	h.Set("Content-Type", f.kind)
	body := f.plain
	if strings.Contains(r.Header.Get("Accept-Encoding"), "gzip") {
		h.Set("Content-Encoding", "gzip")
		body = f.packed
	}
	s.extend(w)
	w.WriteHeader(http.StatusOK)
	if r.Method != http.MethodHead {
		w.Write(body)
	}
}
