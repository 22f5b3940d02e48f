package queue

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"alpaca/internal/jobs"
	"alpaca/internal/queue"
)

// die cuts a worker's connection in the middle of a job, as kill -9 would.
func die(w **worker) { (*w).conn.Kill() }

// TestDiesBetween lets a worker die after its result is stored and before the job is
// acknowledged.
func TestDiesBetween(t *testing.T) {
	url := plainServer(t)
	c := initialize(t, url, queue.Limits{}, 200*time.Millisecond)
	list := requests(t, 1)
	first, second := &echo{}, &echo{}
	var w *worker
	ready := make(chan struct{})
	w = work(t, url, first, queue.WorkerOptions{Slots: 1, At: func(s queue.Stage) {
		<-ready
		if s == queue.Kept {
			die(&w)
		}
	}})
	close(ready)
	var out output
	require.NoError(t, run(t, url, batch(t, list, &out)))
	require.Error(t, w.stop())
	other := work(t, url, second, queue.WorkerOptions{})
	empty(t, c)
	require.NoError(t, other.stop())
	require.EqualValues(t, 1, first.tries.Load())
	require.Zero(t, second.tries.Load(), "the result must not be computed again")
	require.EqualValues(t, 1, other.Counts().Known.Load())
	out.complete(t, list)
}

// In TestPoison, every worker that runs a certain job dies. After
// four deliveries, the job's result is an error, and the other jobs
// are not affected. After "queue retry", the job can be tried again.
func TestPoison(t *testing.T) {
	url := plainServer(t)
	c := initialize(t, url, queue.Limits{}, 200*time.Millisecond)
	list := requests(t, 20)
	var deaths atomic.Int64
	var healthy atomic.Bool
	var out output
	done := make(chan error, 1)
	go func() { done <- run(t, url, batch(t, list, &out)) }()
	dying := func() *worker {
		var w *worker
		ready := make(chan struct{})
		w = work(t, url, &echo{do: func(ctx context.Context, r *jobs.Request) error {
			<-ready
			if r.CustomID == "id <7>" && !healthy.Load() {
				deaths.Add(1)
				die(&w)
				<-ctx.Done()
				return ctx.Err()
			}
			return nil
		}}, queue.WorkerOptions{Slots: 1})
		close(ready)
		return w
	}
	for deaths.Load() < 4 {
		w, before := dying(), deaths.Load()
		require.Eventually(t, func() bool { return deaths.Load() > before }, aLong, 5*time.Millisecond)
		require.Error(t, w.stop())
	}
	last := dying()
	require.NoError(t, <-done)
	empty(t, c)
	require.EqualValues(t, 4, deaths.Load())
	require.EqualValues(t, 1, last.Counts().GivenUp.Load())
	require.Contains(t, out.lines["id <7>"], `"code":"gave_up","message":"gave up after 4 deliveries`)
	require.Len(t, out.lines, 20)

	n, err := c.Retry(t.Context(), queue.BatchID(t.Name()))
	require.NoError(t, err)
	require.Equal(t, 1, n)
	delete(out.lines, "id <7>")
	healthy.Store(true)
	require.NoError(t, run(t, url, batch(t, list, &out)))
	out.complete(t, list)
}

// In TestBadWorker, one of the workers fails at every job that it takes.
// The worker stops after three jobs, and other workers do these jobs.
func TestBadWorker(t *testing.T) {
	url := plainServer(t)
	c := initialize(t, url, queue.Limits{}, 0)
	list := requests(t, 30)
	exec := &echo{do: func(context.Context, *jobs.Request) error { return errors.New("memory is short") }}
	bad := work(t, url, exec, queue.WorkerOptions{Slots: 1, Delay: 50 * time.Millisecond})
	var out output
	done := make(chan error, 1)
	go func() { done <- run(t, url, batch(t, list, &out)) }()
	require.Eventually(t, func() bool { return !bad.Ready() }, aLong, 5*time.Millisecond)
	good := work(t, url, &echo{}, queue.WorkerOptions{})
	require.NoError(t, <-done)
	out.complete(t, list)
	require.EqualValues(t, 3, exec.tries.Load())
	require.True(t, good.Ready())
	require.ErrorIs(t, bad.stop(), queue.ErrBroken)
	empty(t, c)
}

// TestBackpressure puts 200 jobs into a queue with room for ten. The batch waits, and no worker
// takes more jobs than it has slots.
func TestBackpressure(t *testing.T) {
	url := plainServer(t)
	c := initialize(t, url, queue.Limits{Jobs: 10}, 0)
	list := requests(t, 200)
	exec := &echo{do: func(context.Context, *jobs.Request) error { time.Sleep(time.Millisecond); return nil }}
	work(t, url, exec, queue.WorkerOptions{Slots: 2})
	work(t, url, exec, queue.WorkerOptions{Slots: 1})
	var out output
	done := make(chan error, 1)
	go func() { done <- run(t, url, batch(t, list, &out)) }()
	mostJobs, mostWorking := uint64(0), 0
	for {
		select {
		case err := <-done:
			require.NoError(t, err)
			out.complete(t, list)
			require.LessOrEqual(t, mostJobs, uint64(10))
			require.LessOrEqual(t, mostWorking, 3, "a worker must not take more jobs than it has slots")
			require.NotZero(t, mostWorking)
			return
		case <-time.After(5 * time.Millisecond):
			s, err := c.Status(t.Context())
			require.NoError(t, err)
			mostJobs, mostWorking = max(mostJobs, s.Jobs.Messages), max(mostWorking, s.Models[0].Working)
		}
	}
}

// TestRemoved removes a batch while it runs. The process that waits for its results ends with a
// reason. When the batch is put in again at once, it completes.
func TestRemoved(t *testing.T) {
	url := plainServer(t)
	c := initialize(t, url, queue.Limits{}, 0)
	list := requests(t, 50)
	hold := make(chan struct{})
	exec := &echo{do: func(ctx context.Context, r *jobs.Request) error {
		if r.CustomID == "id <30>" {
			select {
			case <-hold:
			case <-ctx.Done():
				return ctx.Err()
			}
		}
		return nil
	}}
	work(t, url, exec, queue.WorkerOptions{Slots: 1})
	var out output
	done := make(chan error, 1)
	go func() { done <- run(t, url, batch(t, list, &out)) }()
	require.Eventually(t, func() bool {
		s, err := c.Status(t.Context())
		return err == nil && s.Models[0].Working == 1 && out.len() > 0 && s.Jobs.Messages+uint64(out.len()) == 50
	}, aLong, 5*time.Millisecond)
	n, err := c.Remove(t.Context(), queue.BatchID(t.Name()))
	require.NoError(t, err)
	require.NotZero(t, n.Jobs)
	require.NotZero(t, n.Results)
	require.ErrorContains(t, <-done, "no longer in the queue")
	close(hold)
	require.NoError(t, run(t, url, batch(t, list, &out)))
	out.complete(t, list)
}

// TestAged lets stored results expire. When the same batch is put in again, its results are
// computed again.
func TestAged(t *testing.T) {
	url := plainServer(t)
	c := initialize(t, url, queue.Limits{}, 0)
	list := requests(t, 10)
	exec := &echo{}
	work(t, url, exec, queue.WorkerOptions{})
	var out output
	require.NoError(t, run(t, url, batch(t, list, &out)))
	// The results expire only after all are collected.
	require.NoError(t, c.Init(t.Context(), queue.Limits{MaxAge: 100 * time.Millisecond}))
	require.Eventually(t, func() bool {
		s, err := c.Status(t.Context())
		return err == nil && s.Results.Messages == 0
	}, aLong, 20*time.Millisecond)
	require.NoError(t, c.Init(t.Context(), queue.Limits{MaxAge: time.Hour}))
	var again output
	require.NoError(t, run(t, url, batch(t, list, &again)))
	again.complete(t, list)
	require.EqualValues(t, 20, exec.tries.Load())
}

// In TestTooBig, one request is too large for the queue. The request's result is an error, and the
// other requests are answered.
func TestTooBig(t *testing.T) {
	url := plainServer(t)
	initialize(t, url, queue.Limits{JobSize: 1 << 20}, 0)
	list := requests(t, 3)
	big := *list[1]
	big.Body = append(append([]byte(`{"prompt":"`), make([]byte, 2<<20)...), `"}`...)
	for i := range big.Body[11 : len(big.Body)-2] {
		big.Body[11+i] = 'a'
	}
	list[1] = &big
	work(t, url, &echo{}, queue.WorkerOptions{})
	var out output
	require.NoError(t, run(t, url, batch(t, list, &out)))
	require.Len(t, out.lines, 3)
	require.Contains(t, out.lines["id <1>"], `"code":"request_too_large"`)
	require.NotContains(t, out.lines["id <2>"], "error\":{")
}

// TestServerDies kills the server five times while jobs are put in and answered.
func TestServerDies(t *testing.T) {
	p := serverProcess(t)
	c := initialize(t, p.url(), queue.Limits{}, time.Second)
	list := requests(t, 300)
	var workers []*worker
	for range 2 {
		workers = append(workers, work(t, p.url(), &echo{do: func(context.Context, *jobs.Request) error {
			time.Sleep(5 * time.Millisecond)
			return nil
		}}, queue.WorkerOptions{}))
	}
	var out output
	done := make(chan error, 1)
	go func() { done <- run(t, p.url(), batch(t, list, &out)) }()
	for i := range 5 {
		want := (i + 1) * 40
		require.Eventually(t, func() bool { return out.len() >= want }, aLong, time.Millisecond)
		p.kill()
		p.start()
	}
	require.NoError(t, <-done)
	out.complete(t, list)
	empty(t, c)
	for _, w := range workers {
		require.NoError(t, w.stop())
		require.Zero(t, w.Counts().Mismatch.Load())
	}
}
