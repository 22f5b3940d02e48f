package guard

import (
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"alpaca/internal/openai"
)

// request returns a request. header has names, each followed by its value.
func request(header ...string) *http.Request {
	r := httptest.NewRequest("POST", "/", nil)
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	return r
}

// TestSalt checks that the cache is divided by key only if the server has several keys.
func TestSalt(t *testing.T) {
	one, two := request("Authorization", "Bearer one"), request("X-Api-Key", "two")
	require.Empty(t, New(nil, nil, "").Salt(one))
	require.Empty(t, New([]string{"one"}, nil, "").Salt(one))
	g := New([]string{"one", "two"}, nil, "")
	require.NotEqual(t, g.Salt(one), g.Salt(two))
	require.Equal(t, g.Salt(one), g.Salt(request("X-Api-Key", "one")))
}

// TestClient checks how different clients are distinguished.
func TestClient(t *testing.T) {
	g := New([]string{"one", "two"}, nil, "")
	known := g.Client(request("Authorization", "Bearer one"))
	require.NotContains(t, known, "one", "the key itself must not be kept")
	require.NotEqual(t, known, g.Client(request("Authorization", "Bearer two")))
	require.Equal(t, "address 192.0.2.1", g.Client(request("Authorization", "Bearer three")))
	require.Equal(t, "address 192.0.2.1", New(nil, nil, "").Client(request("Authorization", "Bearer one")))
}

// TestWithTimeout checks which timeouts a request may ask for.
func TestWithTimeout(t *testing.T) {
	for _, tt := range []struct {
		text string
		ok   bool
	}{{"", true}, {"1.5", true}, {"86400", true}, {"86401", false}, {"0", false}, {"-1", false}, {"NaN", false}, {"soon", false}} {
		var left time.Duration
		h := WithTimeout(func(_ http.ResponseWriter, r *http.Request) error {
			if end, ok := r.Context().Deadline(); ok {
				left = time.Until(end)
			}
			return nil
		})
		err := h(httptest.NewRecorder(), request(timeoutHeader, tt.text))
		if tt.ok {
			require.NoError(t, err, tt.text)
			require.Equal(t, tt.text != "", left > 0, tt.text)
			continue
		}
		var e *openai.Error
		require.ErrorAs(t, err, &e, tt.text)
		require.Equal(t, timeoutHeader, e.Param)
	}
}

func TestCheckOrigin(t *testing.T) {
	require.NoError(t, CheckOrigin("https://app.example"))
	require.Error(t, CheckOrigin("app.example"))
	require.Panics(t, func() { New(nil, nil, "app.example") })
}
