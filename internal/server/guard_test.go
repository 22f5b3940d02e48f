package server

import (
	"testing"

	"github.com/stretchr/testify/require"

	"alpaca/internal/engine"
)

// TestGuard checks which requests are accepted. If a foreign page's domain name resolves to this
// machine, only the Host header reveals it.
func TestGuard(t *testing.T) {
	f := setup(t, func(_ *engine.Options, o *Options) {
		o.Hosts, o.Origin = []string{"box.example"}, "https://app.example"
	})
	const ask = `{"prompt": "a", "max_tokens": 1}`
	for _, tt := range []struct {
		name   string
		status int
		header []string
	}{
		{"a program", 200, nil},
		{"localhost", 200, []string{"Host", "localhost:99"}},
		{"a subdomain of localhost", 200, []string{"Host", "a.localhost"}},
		{"any loopback address", 200, []string{"Host", "127.9.9.9:1"}},
		{"in IPv6", 200, []string{"Host", "[::1]:8080"}},
		{"allowed name", 200, []string{"Host", "BOX.example:80"}},
		{"rebound name", 403, []string{"Host", "evil.example:8080"}},
		{"a name that looks like localhost", 403, []string{"Host", "localhost.evil.example"}},
		{"another address", 403, []string{"Host", "10.0.0.1"}},
		{"another site", 403, []string{"Sec-Fetch-Site", "cross-site"}},
		{"another origin", 403, []string{"Origin", "https://evil.example"}},
		{"no origin", 403, []string{"Origin", "null"}},
		{"same origin", 200, []string{"Sec-Fetch-Site", "same-origin"}},
		{"allowed origin", 200, []string{"Origin", "https://app.example", "Sec-Fetch-Site", "cross-site"}},
		{"curl without a type", 200, []string{"Content-Type", "application/x-www-form-urlencoded"}},
		{"no type", 200, []string{"Content-Type", ""}},
		{"a page's form", 415, []string{"Content-Type", "text/plain", "Sec-Fetch-Site", "same-origin"}},
		{"packed", 415, []string{"Content-Encoding", "gzip"}},
	} {
		resp, text := f.do("POST", "/v1/completions", ask, tt.header...)
		require.Equal(t, tt.status, resp.StatusCode, "%s: %s", tt.name, text)
		if tt.name == "allowed origin" {
			require.Equal(t, "https://app.example", resp.Header.Get("Access-Control-Allow-Origin"))
		} else {
			require.Empty(t, resp.Header.Get("Access-Control-Allow-Origin"), tt.name)
		}
		require.Empty(t, resp.Header.Get("Access-Control-Allow-Credentials"))
		if tt.status != 200 {
			require.NotEmpty(t, at(object(t, text), "error.message"))
		}
	}
	resp, _ := f.do("GET", "/v1/models", "", "Host", "evil.example")
	require.Equal(t, 403, resp.StatusCode, "requests that only read must be refused, too")
	resp, _ = f.do("OPTIONS", "/v1/chat/completions", "", "Origin", "https://app.example", "Access-Control-Request-Method", "POST")
	require.Equal(t, 204, resp.StatusCode)
	require.Contains(t, resp.Header.Get("Access-Control-Allow-Headers"), "Authorization")
	// The clients of OpenAI and Anthropic send headers of their own from a page.
	resp, _ = f.do("OPTIONS", "/v1/messages", "", "Origin", "https://app.example", "Access-Control-Request-Method", "POST",
		"Access-Control-Request-Headers", "anthropic-version, x-stainless-lang,x-stainless-retry-count, no name, a:b")
	require.Equal(t, "Authorization, Content-Type, X-Api-Key, X-Request-Id, anthropic-version, x-stainless-lang, x-stainless-retry-count", resp.Header.Get("Access-Control-Allow-Headers"))
	for _, name := range []string{"X-Request-Id", "Request-Id", "Retry-After", "X-Should-Retry", "X-Alpaca-Warning"} {
		require.Contains(t, resp.Header.Get("Access-Control-Expose-Headers"), name)
	}
	resp, _ = f.do("OPTIONS", "/v1/chat/completions", "", "Origin", "https://evil.example")
	require.Equal(t, 405, resp.StatusCode)
	require.Empty(t, resp.Header.Get("Access-Control-Allow-Origin"))
}

func TestKeys(t *testing.T) {
	f := setup(t, func(_ *engine.Options, o *Options) { o.Keys = []string{"one", "two"} })
	for _, tt := range []struct {
		header []string
		status int
	}{
		{nil, 401},
		{[]string{"Authorization", "Bearer three"}, 401},
		{[]string{"Authorization", "Bearer "}, 401},
		{[]string{"Authorization", "one"}, 401},
		{[]string{"Authorization", "Basic one"}, 401},
		{[]string{"Authorization", "Bearer one"}, 200},
		{[]string{"Authorization", "bearer  two"}, 200},
		{[]string{"X-Api-Key", "two"}, 200},
		{[]string{"X-Api-Key", "tw"}, 401},
	} {
		for _, path := range []string{"/props", "/slots", "/metrics"} {
			resp, text := f.do("GET", path, "", tt.header...)
			require.Equal(t, tt.status, resp.StatusCode, "%v: %s", tt.header, text)
			if tt.status == 401 {
				require.Equal(t, "authentication_error", at(object(t, text), "error.type"))
				require.Equal(t, "Bearer", resp.Header.Get("WWW-Authenticate"))
			}
		}
	}
	for _, path := range []string{"/health", "/livez", "/readyz", "/v1/models"} {
		resp, _ := f.do("GET", path, "")
		require.Equal(t, 200, resp.StatusCode, "%s must need no key", path)
	}
	resp, _ := f.do("POST", "/v1/chat/completions", `{`+question+`}`)
	require.Equal(t, 401, resp.StatusCode)
}

// TestKeysShareNothing checks that keys do not share cached prompts, whose timing would reveal
// what others have asked.
func TestKeysShareNothing(t *testing.T) {
	f := setup(t, func(_ *engine.Options, o *Options) { o.Keys = []string{"one", "two"} })
	cached := func(key string) any {
		_, text := f.do("POST", "/v1/completions", `{"prompt": "abcdefghijkl", "max_tokens": 1, "temperature": 0}`, "Authorization", "Bearer "+key)
		return at(object(t, text), "usage.prompt_tokens_details.cached_tokens")
	}
	require.Equal(t, 0.0, cached("one"))
	require.Positive(t, cached("one"))
	require.Equal(t, 0.0, cached("two"))
	f = setup(t, func(_ *engine.Options, o *Options) { o.Keys, o.ShareCache = []string{"one", "two"}, true })
	require.Equal(t, 0.0, cached("one"))
	require.Positive(t, cached("two"), "with ShareCache, keys share cached prompts")
}
