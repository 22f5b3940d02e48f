package bench

import (
	"context"
	"sync"
	"time"
	"unsafe"
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
var sink uint64

// readAll reads mem, a load for each 8 bytes, 8 in flight.
func readAll(mem []uint64) {
	var a, b, c, d uint64
	for len(mem) >= 8 {
		p := (*[8]uint64)(unsafe.Pointer(&mem[0]))
		a |= p[0] | p[1]
		b |= p[2] | p[3]
		c |= p[4] | p[5]
		d |= p[6] | p[7]
		mem = mem[8:]
	}
	if a|b|c|d == 1<<63 {
		sink++
	}
}
