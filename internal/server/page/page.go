// Package page serves the chat page for browsers: HTML, CSS and ES modules in web, without a build
// step. The page loads nothing from other servers. It never treats a model's output as markup or
// script.
package page

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"net/http"
	"path"
	"strings"
)

//go:embed web
var web embed.FS

// policy lets the page load resources only from this server. Otherwise a model could send data
// elsewhere, for instance in the address of an image.
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; font-src 'self'; " +
	"base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

// kinds has the Content-Type for each ending of a file name. Package
// mime would ask the operating system, and systems disagree.
var kinds = map[string]string{
	".html": "text/html; charset=utf-8", ".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8",
}

// file is a file of the page.
type file struct {
	kind          string // Content-Type
	etag          string
	plain, packed []byte
}

// read reads and compresses a file of the page.
func read(name string) file {
	data, err := web.ReadFile("web/" + name)
	if err != nil {
		panic(err) // the file is embedded
	}
	var b bytes.Buffer
	z, _ := gzip.NewWriterLevel(&b, gzip.BestCompression)
	z.Write(data)
	z.Close()
	sum := sha256.Sum256(data)
	return file{kind: kinds[path.Ext(name)], etag: `"` + hex.EncodeToString(sum[:8]) + `"`, plain: data, packed: b.Bytes()}
}

// Handlers returns the handlers by their pattern for http.ServeMux.
func Handlers() map[string]http.Handler {
	entries, err := web.ReadDir("web")
	if err != nil {
		panic(err) // the file is embedded
	}
	list := map[string]http.Handler{}
	for _, e := range entries {
		pattern := "GET /ui/" + e.Name()
		if e.Name() == "index.html" {
			pattern = "GET /{$}"
		}
		list[pattern] = read(e.Name())
	}
	return list
}

// ServeHTTP sends the file, unless the browser has it already.
func (f file) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("Content-Security-Policy", policy)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Permissions-Policy", "camera=(), microphone=(), geolocation=()")
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	h.Set("Cache-Control", "no-cache") // revalidate each time: a new program has a new page
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
	w.WriteHeader(http.StatusOK)
	if r.Method != http.MethodHead {
		w.Write(body)
	}
}
