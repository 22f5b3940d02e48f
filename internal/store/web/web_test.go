package web

import (
	"context"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"alpaca/internal/store/advice"
)

func mustURL(t *testing.T, text string) *url.URL {
	t.Helper()
	u, err := url.Parse(text)
	require.NoError(t, err)
	return u
}

// TestRedirects checks which redirects are allowed, without sending requests.
func TestRedirects(t *testing.T) {
	c := New(Options{})
	for _, tt := range []struct{ first, to, want string }{
		{"https://93.184.216.34/a", "https://93.184.216.35/b", ""},
		{"https://93.184.216.34/a", "http://93.184.216.34/b", "from https to http"},
		{"https://93.184.216.34/a", "https://169.254.169.254/latest", "private network"},
		{"https://93.184.216.34/a", "https://10.0.0.1/x", "private network"},
		{"https://93.184.216.34/a", "https://[::1]/x", "private network"},
		{"https://93.184.216.34/a", "https://[::ffff:192.168.0.1]/x", "private network"},
		{"https://93.184.216.34/a", "https://100.64.0.1/x", "private network"},
		{"https://93.184.216.34/a", "https://localhost/x", "private network"},
		{"https://93.184.216.34/a", "file:///etc/passwd", "not the address of a file on the web"},
		{"https://10.0.0.1/a", "https://10.0.0.2/x", ""},
		{"http://127.0.0.1:1/a", "http://localhost:2/x", ""},
		{"http://127.0.0.1:1/a", "http://93.184.216.34/x", "without encryption"},
	} {
		first := mustURL(t, tt.first)
		err := c.allowedNext(t.Context(), first, first, mustURL(t, tt.to))
		if tt.want == "" {
			require.NoError(t, err, tt.to)
		} else {
			require.ErrorContains(t, err, tt.want, tt.to)
			_, again := Retry(err, 1)
			require.False(t, again)
		}
	}
	require.NoError(t, New(Options{Insecure: true}).allowed(mustURL(t, "http://93.184.216.34/x")))
	require.Error(t, c.allowed(mustURL(t, "ftp://93.184.216.34/x")))
	require.True(t, isPrivate(netip.MustParseAddr("fe80::1")))
	require.False(t, isPrivate(netip.MustParseAddr("2606:2800:220:1::1")))
}

// TestWaits checks that a client waits as long as a server asks for, up to two minutes.
func TestWaits(t *testing.T) {
	var header, value string
	refused := 0
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if refused > 0 {
			refused--
			w.Header().Set(header, value)
			w.WriteHeader(429)
		}
	}))
	defer s.Close()
	var slept []time.Duration
	c := New(Options{Sleep: func(_ context.Context, d time.Duration) error { slept = append(slept, d); return nil }})
	defer c.Close()
	for _, tt := range []struct {
		header, value string
		wait          time.Duration // negative: an error is expected
	}{
		{"RateLimit", `"api";r=0;t=2`, 2 * time.Second},
		{"Retry-After", "7", 7 * time.Second},
		{"RateLimit", `"resolvers";r=0;t=121`, -1},
		{"Retry-After", "99999999999", -1},
		{"RateLimit", `"api";r=5;t=90`, 0},
	} {
		header, value, refused, slept = tt.header, tt.value, 1, nil
		a, err := c.Send(t.Context(), Ask{URL: mustURL(t, s.URL)})
		if tt.wait < 0 {
			if tt.value != "99999999999" || err != nil {
				require.ErrorContains(t, err, "asks to wait")
				require.Contains(t, advice.Of(err), "HF_TOKEN")
			}
			continue
		}
		require.NoError(t, err)
		a.Body.Close()
		require.Len(t, slept, 1)
		if tt.wait > 0 {
			require.Equal(t, tt.wait, slept[0])
		}
	}
	for n, low := range []time.Duration{0, 1, 2, 4, 8, 16, 30, 30} {
		if n > 0 {
			require.GreaterOrEqual(t, Pause(n), low*time.Second)
			require.LessOrEqual(t, Pause(n), low*time.Second*5/4)
		}
	}
}

// TestMessages checks that a server's message cannot confuse or fill a terminal.
func TestMessages(t *testing.T) {
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(400)
		w.Write([]byte(`{"error": "no\u001b[31m\n` + strings.Repeat("x", 1000) + `"}`))
	}))
	defer s.Close()
	c := New(Options{})
	defer c.Close()
	_, err := c.Send(t.Context(), Ask{URL: mustURL(t, s.URL+"/a?key=secret")})
	require.ErrorContains(t, err, "/a answers 400 Bad Request: no [31m")
	require.NotContains(t, err.Error(), "\x1b")
	require.NotContains(t, err.Error(), "secret")
	require.Less(t, len(err.Error()), 400)
	_, err = New(Options{Offline: "ALPACA_OFFLINE"}).Send(t.Context(), Ask{URL: mustURL(t, s.URL)})
	require.EqualError(t, err, "ALPACA_OFFLINE is set: nothing is fetched")
}
