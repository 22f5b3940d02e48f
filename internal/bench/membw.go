package bench

import (
	"context"
	"sync"
	"sync/atomic"
	"time"
)

// readSize is the number of bytes that ReadBandwidth reads in each pass. It
// is larger than the caches of the machines for which this program is made.
const readSize = 512 << 20

// ReadBandwidth measures how fast all threads together read memory, in bytes per second. It
// returns the best of several passes over memory that is too large for the caches. This
// bandwidth limits generation, which reads every weight for every token.
func ReadBandwidth(ctx context.Context, threads int) (float64, error) {
	mem := make([]uint64, readSize/8)
	for i := 0; i < len(mem); i += 512 { // a write to each page makes the system allocate it
		mem[i] = 1
	}
	best := 0.0
	for pass := range 12 {
		if err := ctx.Err(); err != nil {
			return 0, err
		}
		read := readStreams
		if pass%3 == 0 {
			read = readAll
		}
		start := time.Now()
		var wg sync.WaitGroup
		for t := range threads {
			part := mem[len(mem)/threads*t:][:len(mem)/threads]
			wg.Go(func() { read(part) })
		}
		wg.Wait()
		best = max(best, readSize/time.Since(start).Seconds())
	}
	return best, nil
}

// sink keeps the compiler from removing loads.
var sink atomic.Uint64

// readAll reads one word of each cache line of mem, so that as many lines as possible are in
// flight. Memory is transferred in whole cache lines, so more loads would only cost time.
func readAll(mem []uint64) {
	var sum uint64
	for len(mem) >= fourLines {
		sum |= touch(mem)
		mem = mem[fourLines:]
	}
	sink.Store(sum)
}

// readStreams does what readAll does, but reads at four
// places in turn, because a CPU can prefetch several streams.
func readStreams(mem []uint64) {
	quarter := len(mem) / 4 / fourLines * fourLines
	a, b, c, d := mem[:quarter], mem[quarter:][:quarter], mem[2*quarter:][:quarter], mem[3*quarter:][:quarter]
	var sum uint64
	for i := 0; i < quarter; i += fourLines {
		sum |= touch(a[i:]) | touch(b[i:]) | touch(c[i:]) | touch(d[i:])
	}
	sink.Store(sum)
}

// fourLines is the number of words in four cache lines.
const fourLines = 32

// touch reads one word from each of the first four cache lines of mem.
func touch(mem []uint64) uint64 {
	p := (*[fourLines]uint64)(mem)
	return p[0] | p[8] | p[16] | p[24]
}
