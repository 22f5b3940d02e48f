package machine

import (
	"os"
	"runtime/debug"
	"sync"
)

// DelayGC stops the garbage collector until the returned function is called, or until Go's
// memory reaches most bytes. Most objects that are made while a model is loaded stay, so that
// collecting them early only delays the first token. The returned function may be called
// several times. DelayGC does nothing if the user has set GOGC or GOMEMLIMIT.
func DelayGC(most int64) (resume func()) {
	if os.Getenv("GOGC") != "" || os.Getenv("GOMEMLIMIT") != "" {
		return func() {}
	}
	percent, limit := debug.SetGCPercent(-1), debug.SetMemoryLimit(most)
	return sync.OnceFunc(func() {
		debug.SetMemoryLimit(limit)
		debug.SetGCPercent(percent)
	})
}
