package listen

import (
	"fmt"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestListen(t *testing.T) {
	l, err := At([]string{"127.0.0.1", "127.0.0.2"}, 0)
	if runtime.GOOS != "linux" && err != nil {
		t.Skip("this machine has only one loopback address")
	}
	require.NoError(t, err)
	require.Len(t, l.URLs(), 2)
	_, port, err := net.SplitHostPort(l[0].Addr().String())
	require.NoError(t, err)
	require.True(t, strings.HasSuffix(l.URLs()[1], ":"+port), "both addresses must have the same port")
	var n int
	fmt.Sscan(port, &n)
	_, err = At([]string{"127.0.0.1"}, n)
	require.Error(t, err, "in use")
	l.Close()

	if runtime.GOOS == "windows" {
		return
	}
	path := filepath.Join(t.TempDir(), "a.sock")
	l, err = At([]string{path}, 0)
	require.NoError(t, err)
	require.Equal(t, []string{"unix:" + path}, l.URLs())
	st, err := os.Stat(path)
	require.NoError(t, err)
	require.Equal(t, os.FileMode(0o600), st.Mode().Perm())
	_, err = At([]string{path}, 0)
	require.ErrorContains(t, err, "another program listens there")
	l[0].(*net.UnixListener).SetUnlinkOnClose(false)
	l.Close()
	l, err = At([]string{path}, 0)
	require.NoError(t, err, "a socket file must be replaced if nobody listens there any more")
	l.Close()
	file := filepath.Join(t.TempDir(), "b.sock")
	require.NoError(t, os.WriteFile(file, []byte("mine"), 0o600))
	_, err = At([]string{file}, 0)
	require.ErrorContains(t, err, "there is a file already")
}

func TestIsLocal(t *testing.T) {
	for host, want := range map[string]bool{
		"localhost": true, "127.0.0.1": true, "127.1.2.3": true, "::1": true, "[::1]": true, "a/b.sock": true,
		"0.0.0.0": false, "::": false, "": false, "10.0.0.1": false, "example.org": false, "localhost.example.org": false,
	} {
		require.Equal(t, want, IsLocal(host), host)
	}
}

// TestRefused checks that only net/http's own refusals are replaced, and not a response that has
// the same lines in its body.
func TestRefused(t *testing.T) {
	status, reason, ok := refused([]byte("HTTP/1.1 400 Bad Request" + plainHeader + "400 Bad Request: no host"))
	require.True(t, ok)
	require.Equal(t, 400, status)
	require.Equal(t, "Bad Request: no host", reason)
	_, _, ok = refused([]byte("HTTP/1.1 200 OK\r\nDate: today\r\n\r\nrow" + plainHeader + "text"))
	require.False(t, ok, "the body may contain any text")
}
