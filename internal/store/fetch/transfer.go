package fetch

import (
	"context"
	"errors"
	"os"
	"slices"
	"sync"
	"time"
)

// bufferSize is the size in bytes of a read from a connection, or back from the file. With 256 KiB,
// a fast download into memory takes 2 to 3 % longer.
const bufferSize = 512 << 10

// transfer is the download of one file.
type transfer struct {
	job  Job
	opt  Options
	file *os.File
	sum  *sum
	size int64 // size of the file in bytes; -1 until it is known

	sources sources
	saving  sync.Mutex // locked while the state is saved

	mu    sync.Mutex
	moved sync.Cond // signals changes of front and ended
	state state     // Done counts bytes written, which may not be synced yet
	taken []bool    // true for the parts that a worker fetches now
	lead  int       // the first part that is not complete
	front int64     // number of bytes before the first gap
	fed   []chunk   // chunks in memory that the digest needs next
	spare [][]byte  // free buffers
	fresh int64     // number of bytes written since the last save
	total int64
	ended bool

	saved    time.Time     // when the last save ended
	saveTime time.Duration // how long the last save took
}

// localError is a failure that another request would not mend, for example a full disk.
type localError struct{ error }

func (e localError) Unwrap() error { return e.error }

// begin opens the partial file of a job, or creates it.
func begin(job Job, opt Options, whole bool) (*transfer, error) {
	t := &transfer{job: job, opt: opt, size: job.Size, saved: time.Now()}
	t.moved.L = &t.mu
	t.sources = sources{locate: job.Locate}
	t.sum = newSum(job.GitSHA1 != "", job.Size)
	if whole {
		if err := discard(job.Path); err != nil {
			return nil, err
		}
		var err error
		t.file, err = openPartial(job.Path, true)
		return t, err
	}
	old, err := resume(job, opt.Log)
	if err != nil {
		return nil, err
	}
	if t.file, err = openPartial(job.Path, old == nil); err != nil {
		return nil, err
	}
	if old != nil {
		t.state = *old
		t.sum.restore(old.Hashed, old.Hash)
	} else {
		piece := pieceFor(job.Size, opt.Piece)
		t.state = state{Version: stateVersion, SHA256: job.SHA256, GitSHA1: job.GitSHA1, ETag: job.ETag, Size: job.Size, Piece: piece,
			Done: make([]int64, pieces(job.Size, piece))}
		if err := allocate(t.file, job.Size); err != nil {
			t.file.Close()
			return nil, errors.Join(noRoom(err), discard(job.Path))
		}
	}
	t.total = t.state.total()
	t.taken = make([]bool, len(t.state.Done))
	t.advanceFront()
	return t, nil
}

// inParts fetches all parts over several connections.
func (t *transfer) inParts(ctx context.Context) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var workers, others sync.WaitGroup
	work := func() {
		if err := t.work(ctx); err != nil {
			cancel(err)
		}
	}
	done := make(chan struct{}) // closed when the first worker has nothing more to do
	workers.Go(func() { defer close(done); work() })
	workers.Go(func() {
		if !t.needsMore(ctx, done) {
			return
		}
		for range min(t.opt.Connections, len(t.taken)) - 1 {
			workers.Go(work)
		}
	})
	stop := make(chan struct{})
	others.Go(func() { t.watch(stop, cancel) })
	others.Go(func() {
		if err := t.hash(); err != nil {
			cancel(err)
		}
	})
	workers.Wait()
	t.end()
	close(stop)
	others.Wait()
	err := context.Cause(ctx)
	t.opt.Report(t.progress())
	if err != nil {
		if _, bad := errors.AsType[*badAnswer](err); !bad && !errors.Is(err, errNoRanges) {
			t.save() // if this fails, bytes are fetched again
		}
		return err
	}
	return nil
}

const (
	// aloneFor is the interval at which needsMore measures the first connection.
	aloneFor = 250 * time.Millisecond
	// aloneRate is the rate in bytes a second above which there is only one connection. No
	// distant server is that fast, so this machine is the bottleneck, and more connections would
	// slow it down.
	aloneRate = 256 << 20
)

// needsMore returns true as soon as the first connection is slow. It returns
// false when that connection has fetched everything, or ctx is done.
func (t *transfer) needsMore(ctx context.Context, done <-chan struct{}) bool {
	tick := time.NewTicker(aloneFor)
	defer tick.Stop()
	for last, before := t.progress().Done, time.Now(); ; {
		select {
		case <-done:
			return false
		case <-ctx.Done():
			return false
		case <-tick.C:
		}
		now, total := time.Now(), t.progress().Done
		if float64(total-last) < aloneRate*now.Sub(before).Seconds() {
			return true
		}
		last, before = total, now
	}
}

// end tells the function hash that no more bytes will be written.
func (t *transfer) end() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.ended = true
	t.moved.Broadcast()
}

// watch regularly reports progress, and saves the state when it is due.
func (t *transfer) watch(stop chan struct{}, cancel context.CancelCauseFunc) {
	tick := time.NewTicker(min(100*time.Millisecond, t.opt.SaveEvery))
	defer tick.Stop()
	for {
		select {
		case <-stop:
			return
		case <-tick.C:
		}
		t.opt.Report(t.progress())
		t.mu.Lock()
		since := time.Since(t.saved)
		due := t.fresh >= t.opt.SaveBytes && since >= savingShare*t.saveTime || t.fresh > 0 && since >= t.opt.SaveEvery
		t.mu.Unlock()
		if due {
			if err := t.save(); err != nil {
				cancel(localError{err})
				return
			}
		}
	}
}

// A save that is due after Options.SaveBytes is put off until savingShare
// times the duration of the last save has passed. Where the network is as
// fast as the disk, more saves would slow the transfer down.
const savingShare = 10

// save syncs the partial file to the disk, then writes the state file.
func (t *transfer) save() error {
	t.saving.Lock()
	defer t.saving.Unlock()
	begun := time.Now()
	defer func() {
		t.mu.Lock()
		t.saved, t.saveTime = time.Now(), time.Since(begun)
		t.mu.Unlock()
	}()
	hashed, hash := t.sum.save() // this precedes the copy of Done, so that Hashed never covers bytes that Done lacks
	t.mu.Lock()
	s := t.state
	s.Done = slices.Clone(s.Done)
	t.fresh = 0
	t.mu.Unlock()
	s.Hashed, s.Hash = hashed, hash
	if err := t.file.Sync(); err != nil {
		return err
	}
	return s.write(t.job.Path)
}

func (t *transfer) progress() Progress {
	t.mu.Lock()
	defer t.mu.Unlock()
	return Progress{t.job.Name, t.total, t.size}
}

// span returns the missing bytes of part i: [from, to).
func (t *transfer) span(i int) (from, to int64) {
	t.mu.Lock()
	defer t.mu.Unlock()
	start := int64(i) * t.state.Piece
	return start + t.state.Done[i], start + t.state.length(i)
}

// wrote counts n more bytes of part i, which are in buf. If the file has no gap before
// these bytes, wrote offers buf to the digest. It returns a buffer for the next bytes.
func (t *transfer) wrote(i int, buf []byte, n int) []byte {
	t.mu.Lock()
	defer t.mu.Unlock()
	at := int64(i)*t.state.Piece + t.state.Done[i]
	t.state.Done[i] += int64(n)
	t.fresh += int64(n)
	t.total += int64(n)
	if i != t.lead {
		return buf
	}
	t.advanceFront()
	buf = t.feed(chunk{at, buf[:n]}, buf)
	t.moved.Broadcast()
	return buf
}

// advanceFront updates lead and front.
func (t *transfer) advanceFront() {
	for t.lead < len(t.state.Done) && t.state.Done[t.lead] == t.state.length(t.lead) {
		t.lead++
	}
	t.front = int64(t.lead) * t.state.Piece
	if t.lead < len(t.state.Done) {
		t.front += t.state.Done[t.lead]
	} else {
		t.front = t.state.Size
	}
}
