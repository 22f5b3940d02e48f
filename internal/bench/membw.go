package bench

import (
	"context"
	"sync"
	"sync/atomic"
	"time"
)

// readSize is the memory that ReadBandwidth goes through: more than the caches
// of the machines that this program is for.
const readSize = 512 << 20

// ReadBandwidth measures how fast threads together read memory, in bytes a
// second: the best of a few passes over memory that no cache holds. It is the
// limit of generation, which reads every weight for every token.
func ReadBandwidth(ctx context.Context, threads int) (float64, error) {
	mem := make([]uint64, readSize/8)
	for i := 0; i < len(mem); i += 512 { // a write in each page makes it real
		mem[i] = 1
	}
	best := 0.0
	for range 6 {
		if err := ctx.Err(); err != nil {
			return 0, err
		}
		start := time.Now()
		var wg sync.WaitGroup
		for t := range threads {
			part := mem[len(mem)/threads*t:][:len(mem)/threads]
			wg.Go(func() { readAll(part) })
		}
		wg.Wait()
		best = max(best, readSize/time.Since(start).Seconds())
	}
	return best, nil
}

// sink keeps readAll's loads from being left out.
var sink atomic.Uint64

// readAll touches each cache line of mem once, as many in flight as the CPU can
// keep: memory is moved by lines, so more loads would only cost time.
func readAll(mem []uint64) {
	var a, b, c, d uint64
	for len(mem) >= 64 {
		p := (*[64]uint64)(mem)
		a |= p[0] | p[8]
		b |= p[16] | p[24]
		c |= p[32] | p[40]
		d |= p[48] | p[56]
		mem = mem[64:]
	}
	sink.Store(a | b | c | d)
}
