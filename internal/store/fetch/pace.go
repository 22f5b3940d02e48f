package fetch

import (
	"context"
	"sync"
	"time"
)

const (
	// aloneFor is how long needsMore waits for the network before it judges the first connection.
	aloneFor = 250 * time.Millisecond
	// aloneRate is the rate in bytes a second above which there is only one connection. No
	// distant server is that fast, so this machine is the bottleneck, and more connections would
	// slow it down.
	aloneRate = 256 << 20
)

// stopwatch measures how long all writes together take.
type stopwatch struct {
	mu    sync.Mutex
	total time.Duration // of the writes that have ended
	since time.Time     // when the present write began; zero: there is none
}

func (s *stopwatch) start() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.since = time.Now()
}

func (s *stopwatch) stop() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.total += time.Since(s.since)
	s.since = time.Time{}
}

// read returns the time so far, with that of the present write.
func (s *stopwatch) read() time.Duration {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.since.IsZero() {
		return s.total
	}
	return s.total + time.Since(s.since)
}

// write writes bytes to the partial file. A file system lets only one write at a time into a
// file. The workers wait for each other here, because in the kernel they would keep a processor
// busy while they wait.
func (t *transfer) write(p []byte, at int64) error {
	t.writing.Lock()
	defer t.writing.Unlock()
	t.writes.start()
	defer t.writes.stop()
	_, err := t.file.WriteAt(p, at)
	return err
}

// needsMore waits until the first connection turns out to be slow. It returns false if that
// connection has fetched everything, or ctx is done.
func (t *transfer) needsMore(ctx context.Context, done <-chan struct{}) bool {
	tick := time.NewTicker(aloneFor / 5)
	defer tick.Stop()
	for p := (pace{t.progress().Done, time.Now(), t.writes.read()}); ; {
		select {
		case <-done:
			return false
		case <-ctx.Done():
			return false
		case <-tick.C:
		}
		if p.slow(t.progress().Done, time.Now(), t.writes.read()) {
			return true
		}
	}
}

// pace measures how fast the network is. The time of writes does not count: on a slow disk, more
// connections do not help.
type pace struct {
	done    int64         // bytes at the last judgement
	at      time.Time     // when that was
	writing time.Duration // what the stopwatch said then
}

// slow reports whether the connection is slow. It judges only after it has waited for the network
// for aloneFor.
func (p *pace) slow(done int64, now time.Time, writing time.Duration) bool {
	network := now.Sub(p.at) - (writing - p.writing)
	if network < aloneFor {
		return false
	}
	slow := float64(done-p.done) < aloneRate*network.Seconds()
	*p = pace{done, now, writing}
	return slow
}
