package listen

import (
	"io"
	"net/http"
	"path/filepath"
	"runtime"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestMeanwhile checks that one server answers until another takes its place at the same address.
func TestMeanwhile(t *testing.T) {
	says := func(text string) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, text) })
	}
	hosts := []string{"127.0.0.1"}
	if runtime.GOOS != "windows" {
		hosts = append(hosts, filepath.Join(t.TempDir(), "x.sock"))
	}
	l, err := At(hosts, 0)
	require.NoError(t, err)
	defer l.Close()
	get := func() string {
		resp, err := http.Get(l.URLs()[0])
		require.NoError(t, err)
		defer resp.Body.Close()
		b, err := io.ReadAll(resp.Body)
		require.NoError(t, err)
		return string(b)
	}
	stop := l.Meanwhile(says("first"))
	for range 3 {
		require.Equal(t, "first", get())
	}
	stop()
	stop() // has no effect
	srv := &http.Server{Handler: says("second")}
	for _, ln := range l {
		go srv.Serve(ln)
	}
	defer srv.Close()
	for range 3 {
		require.Equal(t, "second", get())
	}
}

func TestNames(t *testing.T) {
	require.Equal(t, []string{"localhost", "box.example"}, Names([]string{"localhost", "127.0.0.1", "[::1]", "::", "dir/a.sock", "box.example"}))
}
