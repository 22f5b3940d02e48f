package machine

import (
	"os"
	"runtime/debug"
	"sync"
)

// DelayGC keeps the garbage collector from running until the returned function is called, or
// until the heap has reached 64 MiB. Most objects that are made while a model is loaded stay in
// use. So an early collection would free little and would delay the first token. The returned
// function may be called several times. DelayGC does nothing if the user has set GOGC.
func DelayGC() (resume func()) {
	if os.Getenv("GOGC") != "" {
		return func() {}
	}
	percent := debug.SetGCPercent(16 * 100) // Go's first collection begins when the heap has percent/100 times 4 MiB
	return sync.OnceFunc(func() { debug.SetGCPercent(percent) })
}
