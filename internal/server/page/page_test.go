package page

import (
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// get requests a path of the page. header is empty, or a name and its value.
func get(path string, header ...string) *httptest.ResponseRecorder {
	mux := http.NewServeMux()
	for pattern, h := range Handlers() {
		mux.Handle(pattern, h)
	}
	r := httptest.NewRequest("GET", path, nil)
	if len(header) == 2 {
		r.Header.Set(header[0], header[1])
	}
	w := httptest.NewRecorder()
	mux.ServeHTTP(w, r)
	return w
}

// TestPage checks the page's headers and its size.
func TestPage(t *testing.T) {
	w := get("/")
	require.Equal(t, 200, w.Code)
	require.Equal(t, "text/html; charset=utf-8", w.Header().Get("Content-Type"))
	require.True(t, strings.HasPrefix(w.Body.String(), "<!doctype html>"))
	csp := w.Header().Get("Content-Security-Policy")
	require.Contains(t, csp, "default-src 'none'; script-src 'self'; style-src 'self';")
	require.NotContains(t, csp, "unsafe")
	require.Equal(t, "nosniff", w.Header().Get("X-Content-Type-Options"))
	require.Equal(t, "no-referrer", w.Header().Get("Referrer-Policy"))
	require.NotEmpty(t, w.Header().Get("Permissions-Policy"))
	again := get("/", "If-None-Match", w.Header().Get("ETag"))
	require.Equal(t, 304, again.Code)
	require.Empty(t, again.Body.String())

	for name, kind := range map[string]string{"style.css": "text/css", "main.js": "text/javascript", "markdown.js": "text/javascript"} {
		plain := get("/ui/" + name)
		require.Equal(t, 200, plain.Code, name)
		require.True(t, strings.HasPrefix(plain.Header().Get("Content-Type"), kind), name)
		small := get("/ui/"+name, "Accept-Encoding", "gzip")
		require.Equal(t, "gzip", small.Header().Get("Content-Encoding"))
		require.Less(t, small.Body.Len(), plain.Body.Len())
	}
	require.Equal(t, 404, get("/ui/page.go").Code)
	packed := 0
	for _, h := range Handlers() {
		packed += len(h.(file).packed)
		require.NotEmpty(t, h.(file).kind)
	}
	require.Less(t, packed, 150<<10)
}

// TestPageSource checks that the page obeys its policy: scripts make no markup from text, the HTML
// has no inline styles or scripts, and all files come from this server.
func TestPageSource(t *testing.T) {
	entries, err := web.ReadDir("web")
	require.NoError(t, err)
	have := map[string]bool{}
	for _, e := range entries {
		have[e.Name()] = true
	}
	for _, e := range entries {
		data, err := web.ReadFile("web/" + e.Name())
		require.NoError(t, err)
		for _, word := range []string{"innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(", "new Function", "DOMParser", " style=", "onclick=", "srcdoc", ".style."} {
			require.NotContains(t, string(data), word, e.Name())
		}
		for _, m := range regexp.MustCompile(`(?:from "\./|(?:src|href)="ui/)([^"]+)"`).FindAllStringSubmatch(string(data), -1) {
			require.True(t, have[m[1]], "%s loads %s", e.Name(), m[1])
		}
		require.NotRegexp(t, `(?:src|href|from|import)[=( ]*"https?:`, string(data), e.Name())
	}
}
