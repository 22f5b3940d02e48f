package machine

import (
	"runtime/debug"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestDelayGC(t *testing.T) {
	before := debug.SetGCPercent(70)
	defer debug.SetGCPercent(before)
	percent := func() int {
		p := debug.SetGCPercent(1)
		debug.SetGCPercent(p)
		return p
	}
	t.Setenv("GOGC", "")
	resume := DelayGC()
	require.Greater(t, percent(), 1000)
	for range 2 {
		resume()
		require.Equal(t, 70, percent())
	}
	t.Setenv("GOGC", "50") // the setting of the user stays in force
	DelayGC()
	require.Equal(t, 70, percent())
}
