package run_test

import (
	"io"
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

// full waits until pipe is full, so that the process that writes to it must wait. It makes the
// pipe small, so that little output fills it.
func full(t *testing.T, pipe io.Reader) {
	t.Helper()
	conn, err := pipe.(*os.File).SyscallConn()
	require.NoError(t, err)
	control := func(f func(fd int) (int, error)) (n int) {
		require.NoError(t, conn.Control(func(fd uintptr) { n, err = f(int(fd)) }))
		require.NoError(t, err)
		return n
	}
	size := control(func(fd int) (int, error) { return unix.FcntlInt(uintptr(fd), unix.F_SETPIPE_SZ, os.Getpagesize()) })
	require.Eventually(t, func() bool {
		return control(func(fd int) (int, error) { return unix.IoctlGetInt(fd, unix.TIOCINQ) }) == size
	}, time.Minute, 5*time.Millisecond, "the pipe of %d bytes is not full", size)
}
