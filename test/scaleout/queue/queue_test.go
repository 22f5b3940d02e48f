package queue

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/nats-io/nats.go/jetstream"
	"github.com/stretchr/testify/require"

	"alpaca/internal/jobs"
	"alpaca/internal/queue"
)

// TestObjects checks the streams and consumers that "queue init" makes. A second init changes only
// the limits that it gets.
func TestObjects(t *testing.T) {
	url := plainServer(t)
	c := initialize(t, url, queue.Limits{}, 0)
	_, js := raw(t, url)
	stream := func(name string) jetstream.StreamConfig {
		s, err := js.Stream(t.Context(), name)
		require.NoError(t, err)
		return s.CachedInfo().Config
	}
	jobsCfg, results := stream("ALPACA_JOBS"), stream("ALPACA_RESULTS")
	require.Equal(t, []string{"alpaca.jobs.>"}, jobsCfg.Subjects)
	require.Equal(t, jetstream.WorkQueuePolicy, jobsCfg.Retention)
	require.Equal(t, jetstream.FileStorage, jobsCfg.Storage)
	require.Equal(t, jetstream.DiscardNew, jobsCfg.Discard)
	require.EqualValues(t, 100_000, jobsCfg.MaxMsgs)
	require.EqualValues(t, 10e9, jobsCfg.MaxBytes)
	require.EqualValues(t, 4<<20, jobsCfg.MaxMsgSize)
	require.Equal(t, 1, jobsCfg.Replicas)
	require.Equal(t, []string{"alpaca.results.>"}, results.Subjects)
	require.Equal(t, jetstream.LimitsPolicy, results.Retention)
	require.Equal(t, jetstream.FileStorage, results.Storage)
	require.Equal(t, jetstream.DiscardNew, results.Discard)
	require.True(t, results.DiscardNewPerSubject)
	require.EqualValues(t, 1, results.MaxMsgsPerSubject)
	require.True(t, results.AllowDirect)
	require.Equal(t, 7*24*time.Hour, results.MaxAge)

	consumer, err := js.Consumer(t.Context(), "ALPACA_JOBS", theModel.Key)
	require.NoError(t, err)
	cfg := consumer.CachedInfo().Config
	require.Equal(t, theModel.Key, cfg.Durable)
	require.Equal(t, "alpaca.jobs."+theModel.Key+".>", cfg.FilterSubject)
	require.Equal(t, jetstream.AckExplicitPolicy, cfg.AckPolicy)
	require.Equal(t, time.Minute, cfg.AckWait)
	require.Equal(t, -1, cfg.MaxDeliver)
	require.Equal(t, 1000, cfg.MaxAckPending)
	require.Empty(t, cfg.BackOff)
	require.Subset(t, cfg.Metadata, map[string]string{"name": "small", "digest": "digest", "quant": "F32"})

	require.NoError(t, c.Init(t.Context(), queue.Limits{Jobs: 10}))
	require.NoError(t, c.Init(t.Context(), queue.Limits{MaxAge: time.Minute}))
	require.EqualValues(t, 10, stream("ALPACA_JOBS").MaxMsgs)
	require.EqualValues(t, 4<<20, stream("ALPACA_JOBS").MaxMsgSize)
	require.Equal(t, time.Minute, stream("ALPACA_RESULTS").MaxAge)

	// A model is found by its name and by its key, or without a name if it is the only one.
	for _, name := range []string{"small", theModel.Key, ""} {
		m, err := c.Find(t.Context(), name)
		require.NoError(t, err)
		require.Equal(t, theModel.Key, m.Key)
	}
	_, err = c.Find(t.Context(), "large")
	require.ErrorContains(t, err, `no model "large"`)
	require.NoError(t, c.Add(t.Context(), queue.Model{Key: "0123456789abcdef", Name: "small"}))
	_, err = c.Find(t.Context(), "small")
	require.ErrorContains(t, err, `several models named "small"`)
	_, err = c.Find(t.Context(), "")
	require.ErrorContains(t, err, "several models")
	n, err := c.RemoveModel(t.Context(), "0123456789abcdef")
	require.NoError(t, err)
	require.Zero(t, n)
	require.NoError(t, c.RemoveAll(t.Context()))
	_, err = c.Status(t.Context())
	require.ErrorContains(t, err, "no queue yet")
}

// TestPlain spreads jobs over workers. Each result comes once, and is right.
func TestPlain(t *testing.T) {
	url := plainServer(t)
	c := initialize(t, url, queue.Limits{}, 0)
	list := requests(t, 500)
	var execs []*echo
	var workers []*worker
	var begun sync.WaitGroup // ends when each worker has a job, so that no worker does all jobs before the others have started
	for range 3 {
		begun.Add(1)
		arrive := sync.OnceFunc(begun.Done)
		execs = append(execs, &echo{do: func(context.Context, *jobs.Request) error {
			arrive()
			begun.Wait()
			return nil
		}})
		workers = append(workers, work(t, url, execs[len(execs)-1], queue.WorkerOptions{}))
	}
	var out output
	require.NoError(t, run(t, url, batch(t, list, &out)))
	out.complete(t, list)
	empty(t, c)
	total := int64(0)
	for i, w := range workers {
		require.NoError(t, w.stop())
		total += w.Counts().Done.Load()
		require.NotZero(t, execs[i].tries.Load(), "each worker must get jobs")
		require.Zero(t, w.Counts().Mismatch.Load())
	}
	require.EqualValues(t, len(list), total)

	// A second batch with the same requests gets the stored results, without a worker.
	var again output
	require.NoError(t, run(t, url, batch(t, list, &again)))
	again.complete(t, list)
}

// TestSlowWorker pauses a worker for longer than the server waits for it. Its late result is
// compared with the stored one, and its late acknowledgement does no harm.
func TestSlowWorker(t *testing.T) {
	for name, other := range map[string]string{"equal": "", "wrong": " but other"} {
		t.Run(name, func(t *testing.T) {
			url := plainServer(t)
			c := initialize(t, url, queue.Limits{}, 200*time.Millisecond)
			list := requests(t, 20)
			wake := make(chan struct{})
			stopped := make(chan struct{})
			var once sync.Once
			slow := work(t, url, &echo{other: other, do: func(context.Context, *jobs.Request) error {
				once.Do(func() { close(stopped) })
				<-wake
				return nil
			}}, queue.WorkerOptions{Slots: 1, Grace: aLong})
			var out output
			done := make(chan error, 1)
			go func() { done <- run(t, url, batch(t, list, &out)) }()
			<-stopped
			quick := work(t, url, &echo{}, queue.WorkerOptions{})
			require.NoError(t, <-done, "the jobs of the slow worker must go to the other")
			out.complete(t, list)
			close(wake)
			require.Eventually(t, func() bool { return slow.Counts().Twice.Load() == 1 }, aLong, time.Millisecond)
			require.NoError(t, slow.stop())
			if name == "wrong" {
				require.EqualValues(t, 1, slow.Counts().Mismatch.Load())
			} else {
				require.Zero(t, slow.Counts().Mismatch.Load())
			}
			require.Zero(t, quick.Counts().Mismatch.Load())
			empty(t, c)
		})
	}
}

// TestLongJob checks that a job may take longer than the server waits, as long as its worker makes
// progress.
func TestLongJob(t *testing.T) {
	url := plainServer(t)
	// Long enough for a worker on a busy machine to report its progress in time.
	const ackWait = 2 * time.Second
	initialize(t, url, queue.Limits{}, ackWait)
	list := requests(t, 1)
	exec := &echo{}
	exec.do = func(ctx context.Context, _ *jobs.Request) error {
		for end := time.Now().Add(ackWait * 5 / 4); time.Now().Before(end); {
			exec.rows.Add(1)
			time.Sleep(50 * time.Millisecond)
		}
		return nil
	}
	w := work(t, url, exec, queue.WorkerOptions{Slots: 3})
	var out output
	require.NoError(t, run(t, url, batch(t, list, &out)))
	out.complete(t, list)
	require.NoError(t, w.stop())
	require.EqualValues(t, 1, exec.tries.Load(), "no other worker must get the job")
}

// In TestWrongModel, the only worker has another model than the jobs. This worker does not start,
// and the status shows that the jobs have no worker.
func TestWrongModel(t *testing.T) {
	url := plainServer(t)
	c := initialize(t, url, queue.Limits{}, 0)
	_, err := queue.NewWorker(t.Context(), c, queue.ModelKey("another", nil), &echo{}, queue.WorkerOptions{Slots: 1})
	require.ErrorContains(t, err, "no place for jobs of this model")
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	var out output
	go func() { done <- batch(t, requests(t, 3), &out).Run(ctx, c) }()
	require.Eventually(t, func() bool {
		s, err := c.Status(t.Context())
		return err == nil && s.Models[0].Waiting == 3 && s.Models[0].Unattended()
	}, aLong, 10*time.Millisecond)
	s, err := c.Status(t.Context())
	require.NoError(t, err)
	require.Equal(t, []queue.BatchStatus{{ID: queue.BatchID(t.Name()), Jobs: 3}}, s.Batches)
	cancel()
	require.ErrorIs(t, <-done, context.Canceled)

	// The status also counts jobs of a model whose place was removed.
	_, js := raw(t, url)
	require.NoError(t, js.DeleteConsumer(t.Context(), "ALPACA_JOBS", theModel.Key))
	s, err = c.Status(t.Context())
	require.NoError(t, err)
	require.Equal(t, 3, s.Homeless)
}

// TestDrain ends a worker in the middle of four jobs. Other workers must get these jobs at once,
// and no job may count as failed.
func TestDrain(t *testing.T) {
	url := plainServer(t)
	c := initialize(t, url, queue.Limits{}, time.Hour) // longer than the test takes
	list := requests(t, 10)
	var running sync.WaitGroup
	running.Add(4)
	w := work(t, url, &echo{do: func(ctx context.Context, _ *jobs.Request) error {
		running.Done()
		<-ctx.Done()
		return ctx.Err()
	}}, queue.WorkerOptions{Slots: 4})
	var out output
	done := make(chan error, 1)
	go func() { done <- run(t, url, batch(t, list, &out)) }()
	running.Wait()
	require.NoError(t, w.stop())
	require.EqualValues(t, 4, w.Counts().Returned.Load())
	require.Zero(t, w.Counts().Failed.Load())
	work(t, url, &echo{}, queue.WorkerOptions{})
	require.NoError(t, <-done)
	out.complete(t, list)
	empty(t, c)
}

// TestGrace checks that a worker that is ended finishes its jobs within the grace time.
func TestGrace(t *testing.T) {
	url := plainServer(t)
	initialize(t, url, queue.Limits{}, 0)
	begun, finish := make(chan struct{}), make(chan struct{})
	w := work(t, url, &echo{do: func(context.Context, *jobs.Request) error {
		close(begun)
		<-finish
		return nil
	}}, queue.WorkerOptions{Slots: 1, Grace: aLong})
	var out output
	list := requests(t, 1)
	done := make(chan error, 1)
	go func() { done <- run(t, url, batch(t, list, &out)) }()
	<-begun
	ended := make(chan error, 1)
	go func() { ended <- w.stop() }()
	time.Sleep(20 * time.Millisecond)
	close(finish)
	require.NoError(t, <-ended)
	require.NoError(t, <-done)
	out.complete(t, list)
}

// TestBatchEnds ends a batch in the middle several times and starts it again. Collected results
// are not requested again, and no job is done twice.
func TestBatchEnds(t *testing.T) {
	url := plainServer(t)
	c := initialize(t, url, queue.Limits{}, 0)
	list := requests(t, 200)
	exec := &echo{}
	work(t, url, exec, queue.WorkerOptions{})
	var out output
	for limit := 20; ; limit += 40 {
		b := batch(t, list, &out)
		ctx, cancel := context.WithCancel(t.Context())
		deliver := b.Deliver
		b.Deliver = func(r *jobs.Result) error {
			defer func() {
				if out.len() >= limit {
					cancel()
				}
			}()
			return deliver(r)
		}
		err := b.Run(ctx, c)
		cancel()
		if err == nil {
			break
		}
		require.ErrorIs(t, err, context.Canceled)
	}
	out.complete(t, list)
	require.EqualValues(t, 200, exec.tries.Load())
	empty(t, c)
}
