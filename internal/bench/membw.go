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
// second: the best of some passes over memory that no cache holds. It is the
// limit of generation, which reads every weight for every token.
func ReadBandwidth(ctx context.Context, threads int) (float64, error) {
	mem := make([]uint64, readSize/8)
	for i := 0; i < len(mem); i += 512 { // a write in each page makes it real
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

// sink keeps loads from being left out.
var sink atomic.Uint64

// readAll touches each cache line of mem once, as many in flight as the CPU can
// keep: memory is moved by lines, so more loads would only cost time.
func readAll(mem []uint64) {
	var sum uint64
	for len(mem) >= fourLines {
		sum |= touch(mem)
		mem = mem[fourLines:]
	}
	sink.Store(sum)
}

// readStreams is readAll from four places at once: a CPU that fetches ahead does so
// for each of them.
func readStreams(mem []uint64) {
	quarter := len(mem) / 4 / fourLines * fourLines
	a, b, c, d := mem[:quarter], mem[quarter:][:quarter], mem[2*quarter:][:quarter], mem[3*quarter:][:quarter]
	var sum uint64
	for i := 0; i < quarter; i += fourLines {
		sum |= touch(a[i:]) | touch(b[i:]) | touch(c[i:]) | touch(d[i:])
	}
	sink.Store(sum)
}

// fourLines is the words of four cache lines.
const fourLines = 32

// touch reads the first four cache lines of mem.
func touch(mem []uint64) uint64 {
	p := (*[fourLines]uint64)(mem)
	return p[0] | p[8] | p[16] | p[24]
}
