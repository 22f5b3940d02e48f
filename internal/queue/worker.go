package queue

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"alpaca/internal/jobs"
)

// fetchTime is how long a worker waits for a job before it asks again. If a wait is longer than 10
// s, the server sends heartbeats, so that the worker notices a dead connection.
const fetchTime = 20 * time.Second

// Executor computes the results of jobs.
type Executor interface {
	// Do answers a request. Calls may overlap. An error means
	// that this machine failed: another machine may succeed.
	Do(ctx context.Context, r *jobs.Request) (*jobs.Result, error)
	// GiveUp returns an error result for a request that failed too often, or whose result is too
	// large.
	GiveUp(r *jobs.Request, code, message string) *jobs.Result
	// Progress returns a counter that rises while the machine computes.
	Progress() int64
}

// WorkerOptions are the settings of a worker.
type WorkerOptions struct {
	Slots   int           // largest number of jobs at a time
	Retries int           // how often a job is delivered again before it is given up
	Grace   time.Duration // how long jobs may take to finish when the worker ends
	Delay   time.Duration // how long a job that failed here waits for other machines; default 5 s
	Log     func(format string, args ...any)

	// If At is not nil, it is called between the steps of a
	// job. Tests use it to stop a worker between two steps.
	At func(Stage)
}

// Stage is a point between the steps of a job.
type Stage int

const (
	Taken    Stage = iota // the job has arrived, but has not begun
	Answered              // the result exists only on this machine
	Kept                  // the result is stored, but the job is not acknowledged
)

// badInARow is the number of failures in a row after which a machine counts as broken.
const badInARow = 3

// Worker does the jobs of one model.
type Worker struct {
	conn *Conn
	opt  WorkerOptions
	exec Executor

	Model   Model
	from    jetstream.Consumer
	results jetstream.Stream

	bad    atomic.Int32 // failures in a row
	broken chan struct{}
	once   sync.Once // closes broken
	counts Counts
}

// Counts counts what a worker has done.
type Counts struct {
	Done     atomic.Int64 // results stored
	Known    atomic.Int64 // jobs that had a result already
	Mismatch atomic.Int64 // results that differed from another machine's
	GivenUp  atomic.Int64
	Failed   atomic.Int64 // tries that failed on this machine
	Returned atomic.Int64 // jobs given back because the worker ended
	Refused  atomic.Int64 // messages that are not valid jobs
	Twice    atomic.Int64 // results that another machine had stored first
}

// NewWorker returns a worker for the jobs of the model with the given key.
func NewWorker(ctx context.Context, c *Conn, key string, exec Executor, opt WorkerOptions) (*Worker, error) {
	w := &Worker{conn: c, opt: opt, exec: exec, broken: make(chan struct{})}
	w.opt.Delay = cmp.Or(opt.Delay, 5*time.Second)
	var err error
	if w.Model, w.from, err = c.place(ctx, key); err != nil {
		return nil, err
	}
	ctx, cancel := c.with(ctx)
	defer cancel()
	if w.results, err = c.js.Stream(ctx, ResultsStream); err != nil {
		return nil, c.cause(err)
	}
	return w, nil
}

// Place returns the model with the given key. Unlike Find, it needs only the permissions of a
// worker. The model's "place" in a message is the consumer from which workers take its jobs.
func (c *Conn) Place(ctx context.Context, key string) (Model, error) {
	m, _, err := c.place(ctx, key)
	return m, err
}

func (c *Conn) place(ctx context.Context, key string) (Model, jetstream.Consumer, error) {
	ctx, cancel := c.with(ctx)
	defer cancel()
	from, err := c.js.Consumer(ctx, JobsStream, key)
	if errors.Is(err, jetstream.ErrConsumerNotFound) || errors.Is(err, jetstream.ErrConsumerDoesNotExist) {
		return Model{}, nil, &RefusedError{fmt.Sprintf("%s has no place for jobs of this model (key %s)", c.where, key),
			"alpaca queue init -m MODEL --name NAME makes the place; add this worker's flags about the model, such as --temp"}
	}
	if err != nil {
		return Model{}, nil, c.cause(err)
	}
	return modelOf(from.CachedInfo()), from, nil
}

// Counts returns the worker's counters.
func (w *Worker) Counts() *Counts { return &w.counts }

// Ready reports whether the worker takes jobs: it is not broken, and the server is connected.
func (w *Worker) Ready() bool {
	select {
	case <-w.broken:
		return false
	default:
		return w.conn.nc.IsConnected()
	}
}

// ErrBroken says that a worker stopped taking jobs because several in a row failed.
var ErrBroken = errors.New("this machine failed at several jobs in a row and took no more")

// Run does jobs until ctx is done. Then jobs in progress have Grace to finish,
// before Run gives them back. A broken worker takes no more jobs, because they
// would all fail. In that case Run waits until ctx is done, and returns ErrBroken.
func (w *Worker) Run(ctx context.Context) error {
	ctx, cancel := w.conn.with(ctx)
	defer cancel()
	work, end := context.WithCancelCause(context.WithoutCancel(ctx)) // outlasts ctx by Grace
	defer end(nil)
	stop := context.AfterFunc(w.conn.ctx, func() { end(context.Cause(w.conn.ctx)) })
	defer stop()
	var all sync.WaitGroup
	failed := make(chan error, w.opt.Slots)
	for range w.opt.Slots {
		all.Go(func() {
			if err := w.slot(ctx, work); err != nil {
				failed <- err
				cancel()
			}
		})
	}
	done := make(chan struct{})
	go func() { all.Wait(); close(done) }()
	<-ctx.Done()
	select {
	case <-done:
	case <-time.After(w.opt.Grace):
	}
	end(errEnding)
	<-done
	select {
	case err := <-failed:
		return err
	default:
	}
	if w.conn.ctx.Err() != nil {
		return context.Cause(w.conn.ctx)
	}
	select {
	case <-w.broken:
		return ErrBroken
	default:
		return nil
	}
}

// errEnding is the cause with which jobs are canceled when the worker ends.
var errEnding = errors.New("the worker ends")

// slot takes one job at a time until ctx is done. The job runs in the context work. No job is
// fetched in advance: another machine may be free to do it.
func (w *Worker) slot(ctx, work context.Context) error {
	for try := 0; ; {
		select {
		case <-ctx.Done():
			return nil
		case <-w.broken:
			<-ctx.Done()
			return nil
		default:
		}
		err := w.take(ctx, work)
		switch {
		case err == nil:
			try = 0
			continue
		case ctx.Err() != nil:
			return nil
		case errors.Is(err, jetstream.ErrConsumerNotFound), errors.Is(err, jetstream.ErrConsumerDeleted):
			return &RefusedError{w.conn.where + ": the place for jobs of this model was removed", "alpaca queue init -m MODEL makes it again"}
		}
		// The first error may be the server's shutdown, which the connection reports itself.
		if try == 1 {
			w.opt.Log("no jobs from the queue (%v): asking again", err)
		}
		if pause(ctx, try) != nil {
			return nil
		}
		try++
	}
}

// take waits for a job and does it.
func (w *Worker) take(ctx, work context.Context) error {
	lost := w.conn.lost().Done()
	batch, err := w.from.Fetch(1, jetstream.FetchMaxWait(fetchTime))
	if err != nil {
		return err
	}
	select {
	case m, ok := <-batch.Messages():
		if ok {
			w.handle(work, m)
		}
	case <-ctx.Done():
		w.abandon(batch)
		return nil
	case <-lost: // the server forgets the request when the connection ends
		w.abandon(batch)
		return errLost
	}
	// Without this check, an error would look like an empty queue.
	if err := batch.Error(); err != nil && !errors.Is(err, nats.ErrTimeout) && !errors.Is(err, jetstream.ErrNoMessages) {
		return err
	}
	return nil
}

// abandon gives back jobs that still arrive for a canceled request. Otherwise nobody would do them
// until AckWait is over.
func (w *Worker) abandon(batch jetstream.MessageBatch) {
	go func() {
		for m := range batch.Messages() {
			w.giveBack(m)
		}
	}()
}
