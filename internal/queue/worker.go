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

// fetchTime is how long a worker waits for a job before it asks anew. Above 10 s the server sends
// signs of life meanwhile, so that a connection that leads nowhere is noticed.
const fetchTime = 20 * time.Second

// Executor does jobs.
type Executor interface {
	// Do answers a request, many at a time. An error is the machine's fault, not the request's:
	// another machine may do better.
	Do(ctx context.Context, r *jobs.Request) (*jobs.Result, error)
	// GiveUp returns the result of a request that has none after all tries.
	GiveUp(r *jobs.Request, code, message string) *jobs.Result
	// Progress returns a number that rises while the machine computes.
	Progress() int64
}

// WorkerOptions say how a worker works.
type WorkerOptions struct {
	Slots   int           // jobs at a time
	Retries int           // deliveries of a job after the first, until it is given up
	Grace   time.Duration // for jobs being done when the worker is to end
	Delay   time.Duration // of a job that failed here, so that others get to it first: 5 s
	Log     func(format string, args ...any)

	// At is called between the acts of a job, unless nil: for tests, which stop there.
	At func(Stage)
}

// Stage is a place between the acts of a job.
type Stage int

const (
	Taken    Stage = iota // the job is here, nothing is done
	Answered              // the result is known to this machine alone
	Kept                  // the result is stored, the job not yet acknowledged
)

// badInARow is after how many failures a machine is taken for broken.
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

// Counts are what a worker has done.
type Counts struct {
	Done     atomic.Int64 // results stored
	Known    atomic.Int64 // jobs that had a result already
	Mismatch atomic.Int64 // results that another machine's were not equal to
	GivenUp  atomic.Int64
	Failed   atomic.Int64 // tries that failed on this machine
	Returned atomic.Int64 // jobs given back because the worker ended
	Refused  atomic.Int64 // messages that are no jobs
	Twice    atomic.Int64 // results that another machine had stored first
}

// NewWorker returns a worker of a model's jobs.
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

// Place returns what the queue knows of a model. Who asks needs a worker's rights alone.
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
			"alpaca queue init -m MODEL --name NAME makes it, with the same flags about the model"}
	}
	if err != nil {
		return Model{}, nil, c.cause(err)
	}
	return modelOf(from.CachedInfo()), from, nil
}

// Counts returns what the worker has done so far.
func (w *Worker) Counts() *Counts { return &w.counts }

// Ready reports whether the worker takes jobs: it is not broken, and the server is there.
func (w *Worker) Ready() bool {
	select {
	case <-w.broken:
		return false
	default:
		return w.conn.nc.IsConnected()
	}
}

// ErrBroken says that a worker took no more jobs because it failed at several in a row.
var ErrBroken = errors.New("this machine failed at several jobs in a row and took no more")

// Run does jobs until ctx is done. Jobs being done have the Grace then; the others go back. A
// worker that is broken takes no jobs, which would all fail, and waits for ctx to return ErrBroken.
func (w *Worker) Run(ctx context.Context) error {
	ctx, cancel := w.conn.with(ctx)
	defer cancel()
	work, end := context.WithCancelCause(context.WithoutCancel(ctx)) // outlasts ctx by the Grace
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

// errEnding is why a job is given back.
var errEnding = errors.New("the worker ends")

// slot takes a job at a time until ctx is done, and does it under work. No job waits here while
// another machine is free.
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
			return &RefusedError{w.conn.where + ": the place for jobs of this model was removed", "alpaca queue init -m MODEL makes it"}
		}
		if try == 1 { // the first may be the server's farewell, which the connection tells of
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
	case <-lost: // the next server knows nothing of the question
		w.abandon(batch)
		return errLost
	}
	// An error that nobody reads would look like an empty queue.
	if err := batch.Error(); err != nil && !errors.Is(err, nats.ErrTimeout) && !errors.Is(err, jetstream.ErrNoMessages) {
		return err
	}
	return nil
}

// abandon gives back what still comes of a question. It would be nobody's otherwise, until the
// server takes this worker for dead.
func (w *Worker) abandon(batch jetstream.MessageBatch) {
	go func() {
		for m := range batch.Messages() {
			w.giveBack(m)
		}
	}()
}
