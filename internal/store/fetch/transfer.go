package fetch

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"sync"
	"time"
)

// bufferSize is that of what is read from a connection, or back from the file, at once.
const bufferSize = 256 << 10

// transfer is a file that is being fetched.
type transfer struct {
	job  Job
	opt  Options
	file *os.File
	sum  *sum
	size int64 // of the file; -1 until it is known

	sources sources
	saving  sync.Mutex // a state is written

	mu    sync.Mutex
	moved sync.Cond // progress, or the end
	state state     // Done is what has been written, perhaps not to the disk
	taken []bool    // parts that somebody fetches
	lead  int       // the first part that is not complete
	front int64     // bytes from the file's beginning without a gap
	fresh int64     // bytes since the last save
	saved time.Time
	total int64
	ended bool
}

// localError is a failure of this machine, which no other request mends.
type localError struct{ error }

func (e localError) Unwrap() error { return e.error }

// begin opens what is there of a job, or makes room for it.
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
	for range min(t.opt.Connections, len(t.taken)) {
		workers.Go(func() {
			if err := t.work(ctx); err != nil {
				cancel(err)
			}
		})
	}
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
			t.save() // a failure of this costs bytes only
		}
		return err
	}
	return nil
}

// end wakes the hasher: nobody writes any more.
func (t *transfer) end() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.ended = true
	t.moved.Broadcast()
}

// watch saves the state and reports progress now and then.
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
		due := t.fresh >= t.opt.SaveBytes || t.fresh > 0 && time.Since(t.saved) >= t.opt.SaveEvery
		t.mu.Unlock()
		if due {
			if err := t.save(); err != nil {
				cancel(localError{err})
				return
			}
		}
	}
}

// save brings what is written to the disk, then says so in the state file.
func (t *transfer) save() error {
	t.saving.Lock()
	defer t.saving.Unlock()
	hashed, hash := t.sum.save() // before Done, which never runs behind it
	t.mu.Lock()
	s := t.state
	s.Done = slices.Clone(s.Done)
	t.fresh, t.saved = 0, time.Now()
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

// span returns the bytes that are missing of a part: [from, to).
func (t *transfer) span(i int) (from, to int64) {
	t.mu.Lock()
	defer t.mu.Unlock()
	start := int64(i) * t.state.Piece
	return start + t.state.Done[i], start + t.state.length(i)
}

// wrote counts n bytes more of a part.
func (t *transfer) wrote(i, n int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.state.Done[i] += int64(n)
	t.fresh += int64(n)
	t.total += int64(n)
	if i == t.lead {
		t.advanceFront()
		t.moved.Broadcast()
	}
}

// advanceFront finds out how far the file is without a gap.
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

// hash computes the digest behind those who write, until all is seen or nobody writes.
func (t *transfer) hash() error {
	buf := make([]byte, bufferSize)
	for n := t.sum.seen(); ; {
		t.mu.Lock()
		for t.front == n && !t.ended {
			t.moved.Wait()
		}
		front := t.front
		t.mu.Unlock()
		if front == n {
			return nil
		}
		for n < front {
			p := buf[:min(int64(len(buf)), front-n)]
			if _, err := t.file.ReadAt(p, n); err != nil {
				return localError{fmt.Errorf("reading back what was written: %w", err)}
			}
			if n == 0 && t.job.Model {
				if err := checkMagic(p); err != nil {
					return err
				}
			}
			t.sum.Write(p)
			n += int64(len(p))
		}
	}
}

// checkMagic returns an error unless a file begins as GGUF files do. A beginning too short
// to say passes.
func checkMagic(p []byte) error {
	const magic = "GGUF"
	if n := min(len(p), len(magic)); string(p[:n]) != magic[:n] {
		return &notModel{slices.Clone(p[:min(len(p), 32)])}
	}
	return nil
}
