package server

import (
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"alpaca/internal/engine"
)

// TestPage checks how the page is sent, and that it stays small.
func TestPage(t *testing.T) {
	f := setup(t, func(_ *engine.Options, o *Options) { o.Keys = []string{"k"} })
	resp, text := f.do("GET", "/", "")
	require.Equal(t, 200, resp.StatusCode, "for everybody: the page asks for the key itself")
	require.Equal(t, "text/html; charset=utf-8", resp.Header.Get("Content-Type"))
	require.True(t, strings.HasPrefix(text, "<!doctype html>"))
	csp := resp.Header.Get("Content-Security-Policy")
	require.Contains(t, csp, "default-src 'none'; script-src 'self'; style-src 'self';")
	require.NotContains(t, csp, "unsafe")
	require.Equal(t, "nosniff", resp.Header.Get("X-Content-Type-Options"))
	require.Equal(t, "no-referrer", resp.Header.Get("Referrer-Policy"))
	require.NotEmpty(t, resp.Header.Get("Permissions-Policy"))
	tag := resp.Header.Get("ETag")
	resp, text = f.do("GET", "/", "", "If-None-Match", tag)
	require.Equal(t, 304, resp.StatusCode)
	require.Empty(t, text)

	packed := 0
	for name, kind := range map[string]string{"style.css": "text/css", "main.js": "text/javascript", "markdown.js": "text/javascript"} {
		resp, plain := f.do("GET", "/ui/"+name, "")
		require.Equal(t, 200, resp.StatusCode, name)
		require.True(t, strings.HasPrefix(resp.Header.Get("Content-Type"), kind), name)
		resp, small := f.do("GET", "/ui/"+name, "", "Accept-Encoding", "gzip")
		require.Equal(t, "gzip", resp.Header.Get("Content-Encoding"))
		require.Less(t, len(small), len(plain))
	}
	entries, err := web.ReadDir("web")
	require.NoError(t, err)
	for _, e := range entries {
		packed += len(readPage(e.Name()).packed)
	}
	require.Less(t, packed, 150<<10)
	resp, _ = f.do("GET", "/ui/../server.go", "")
	require.Equal(t, 404, resp.StatusCode)

	f = setup(t, func(_ *engine.Options, o *Options) { o.NoPage = true })
	resp, _ = f.do("GET", "/", "")
	require.Equal(t, 404, resp.StatusCode)
}

// TestPageSource checks that the page does what its policy allows: no markup is made of
// text, no style and no script stands in the HTML, and every file it loads is its own.
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
