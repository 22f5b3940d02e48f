package machine

import (
	"runtime/debug"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestDelayGC(t *testing.T) {
	percent, limit := debug.SetGCPercent(70), debug.SetMemoryLimit(1<<40)
	defer debug.SetMemoryLimit(limit)
	defer debug.SetGCPercent(percent)
	read := func() (int, int64) {
		p := debug.SetGCPercent(1)
		debug.SetGCPercent(p)
		return p, debug.SetMemoryLimit(-1)
	}
	t.Setenv("GOGC", "")
	t.Setenv("GOMEMLIMIT", "")
	resume := DelayGC(64 << 20)
	p, l := read()
	require.Equal(t, -1, p)
	require.Equal(t, int64(64<<20), l)
	for range 2 {
		resume()
		p, l = read()
		require.Equal(t, 70, p)
		require.Equal(t, int64(1<<40), l)
	}
	t.Setenv("GOGC", "50") // the user's setting stays in force
	DelayGC(64 << 20)
	p, _ = read()
	require.Equal(t, 70, p)
}
