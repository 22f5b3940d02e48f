package server

import (
	"encoding/base64"
	"fmt"
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"alpaca/internal/engine"
)

// TestData checks that rows are served below /data/ to clients with the key, and that /props tells
// the page about it.
func TestData(t *testing.T) {
	rows := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, "rows of "+r.URL.Path) })
	f := setup(t, func(_ *engine.Options, o *Options) { o.Data = rows })
	resp, text := f.do("GET", "/data/my/example.json", "")
	require.Equal(t, 200, resp.StatusCode)
	require.Equal(t, "rows of /data/my/example.json", text)
	_, text = f.do("GET", "/props", "")
	require.Contains(t, text, `"data":true`)
	resp, _ = f.do("POST", "/data/x", "{}")
	require.Equal(t, 405, resp.StatusCode)

	f = setup(t, func(_ *engine.Options, o *Options) { o.Data, o.Keys = rows, []string{"k"} })
	resp, _ = f.do("GET", "/data/x", "")
	require.Equal(t, 401, resp.StatusCode)
	require.Equal(t, []string{"Bearer", `Basic realm="alpaca: any name, and the API key as the password"`}, resp.Header.Values("WWW-Authenticate"))
	for _, c := range []struct {
		user, password string
		status         int
	}{{"me", "k", 200}, {"", "k", 200}, {"k", "", 401}, {"me", "other", 401}} {
		basic := "Basic " + base64.StdEncoding.EncodeToString([]byte(c.user+":"+c.password))
		resp, _ = f.do("GET", "/data/x", "", "Authorization", basic)
		require.Equal(t, c.status, resp.StatusCode, c)
		// The API does not accept the password: a browser
		// would also send it with requests of foreign pages.
		resp, _ = f.do("POST", "/v1/completions", `{"prompt":"a"}`, "Authorization", basic)
		require.Equal(t, 401, resp.StatusCode)
	}
	f = setup(t, nil)
	resp, _ = f.do("GET", "/data/x", "")
	require.Equal(t, 404, resp.StatusCode)
	_, text = f.do("GET", "/props", "")
	require.Contains(t, text, `"data":false`)
}
