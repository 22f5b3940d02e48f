package queue

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"sync"
	"time"

	"github.com/nats-io/nats.go"

	"alpaca/internal/jobs"
)

// inFlight is how many jobs are sent before the server's word for the first.
const inFlight = 64

// Batch is a list of requests that workers are to answer.
type Batch struct {
	ID    string
	Model Model

	// Requests returns those that have no result yet, each time it is called.
	Requests func() iter.Seq2[*jobs.Request, error]
	// Deliver takes a result, one at a time, of each request once.
	Deliver func(*jobs.Result) error
	// Fail returns the result of a request that no worker can be given.
	Fail func(r *jobs.Request, code, message string) *jobs.Result

	Patience time.Duration // without a result until it is looked whether jobs got lost: 30 s
	Log      func(format string, args ...any)
}

// state is what is known of a request.
type state struct {
	id     string // custom_id
	queued bool   // the server has, or had, the job
}

// run is a batch at work.
type run struct {
	*Batch
	conn *Conn

	mu      sync.Mutex
	pending map[string]*state // requests without a result, by job
	missing map[string]bool   // those that were nowhere when it was last looked
	heard   time.Time         // when the last result came, or a job was put in
	ended   context.CancelCauseFunc
}

// errComplete ends a run.
var errComplete = errors.New("all results are there")

// Run puts in what is neither in the queue nor has a result, and delivers the results, until all
// are there. Ended in the middle, it can be run again, also on another machine.
func (b *Batch) Run(ctx context.Context, c *Conn) error {
	ctx, cancel := c.with(ctx)
	defer cancel()
	r := &run{Batch: b, conn: c, pending: map[string]*state{}, heard: time.Now()}
	if r.Patience <= 0 {
		r.Patience = 30 * time.Second
	}
	for request, err := range b.Requests() {
		if err != nil {
			return err
		}
		r.pending[jobID(b.ID, request)] = &state{id: request.CustomID}
	}
	if len(r.pending) == 0 {
		return nil
	}
	jobs, results, err := r.look(ctx)
	for try := 0; err != nil; try++ {
		if !passing(err) {
			return err
		}
		if err := pause(ctx, try); err != nil {
			return err
		}
		jobs, results, err = r.look(ctx)
	}
	for _, subjects := range []map[string]bool{jobs, results} {
		for id := range subjects {
			if s := r.pending[id]; s != nil {
				s.queued = true
			}
		}
	}
	return r.work(ctx)
}

// work puts in, collects and watches at the same time.
func (r *run) work(ctx context.Context) error {
	ctx, end := context.WithCancelCause(ctx)
	defer end(nil)
	r.ended = end
	var all sync.WaitGroup
	for _, part := range []func(context.Context) error{r.collect, r.putAll, r.watch} {
		all.Go(func() {
			if err := part(ctx); err != nil {
				end(err)
			}
		})
	}
	all.Wait()
	if err := context.Cause(ctx); !errors.Is(err, errComplete) {
		return err
	}
	return nil
}

// look returns which jobs of the batch wait or are being done, and which have results. A job that
// is done in between is in the second: its result is stored before it goes.
func (r *run) look(ctx context.Context) (waiting, done map[string]bool, err error) {
	list, err := r.conn.list(ctx, JobsStream, jobsPrefix+r.Model.Key+"."+r.ID+".>", nil)
	if err != nil {
		return nil, nil, err
	}
	waiting = map[string]bool{}
	for subject := range list {
		if _, _, id, ok := cutJob(subject); ok {
			waiting[id] = true
		}
	}
	if list, err = r.conn.list(ctx, ResultsStream, resultsPrefix+r.ID+".>", nil); err != nil {
		return nil, nil, err
	}
	done = map[string]bool{}
	for subject := range list {
		if _, id, ok := cutResult(subject); ok {
			done[id] = true
		}
	}
	return waiting, done, nil
}

// putAll puts in the jobs that the queue does not have.
func (r *run) putAll(ctx context.Context) error {
	requests := make(chan *jobs.Request)
	var all sync.WaitGroup
	failed := make(chan error, inFlight)
	for range inFlight {
		all.Go(func() {
			for request := range requests {
				if err := r.put(ctx, request); err != nil {
					failed <- err
					return
				}
			}
		})
	}
	err := r.each(ctx, requests, failed)
	close(requests)
	all.Wait()
	if err == nil && len(failed) > 0 {
		err = <-failed
	}
	return err
}

// each hands out the requests that are to be put in.
func (r *run) each(ctx context.Context, to chan<- *jobs.Request, failed <-chan error) error {
	for request, err := range r.Requests() {
		if err != nil {
			return err
		}
		r.mu.Lock()
		s := r.pending[jobID(r.ID, request)]
		wanted := s != nil && !s.queued
		r.mu.Unlock()
		if !wanted {
			continue
		}
		select {
		case to <- request:
		case err := <-failed:
			return err
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
	return nil
}

// line is a job's message: a line of OpenAI's batch files.
type line struct {
	CustomID string          `json:"custom_id"`
	Method   string          `json:"method"`
	URL      string          `json:"url"`
	Body     json.RawMessage `json:"body"`
}

// encode returns a job's message. The body's bytes stay as they are: ids are made of them.
func encode(r *jobs.Request) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	err := e.Encode(line{r.CustomID, "POST", r.URL, r.Body})
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), err
}

// put puts a job in.
func (r *run) put(ctx context.Context, request *jobs.Request) error {
	data, err := encode(request)
	if err != nil {
		return fmt.Errorf("queue: custom_id %.60q: %w", request.CustomID, err)
	}
	id := jobID(r.ID, request)
	state, err := r.conn.put(ctx, JobsStream, &nats.Msg{Subject: jobSubject(r.Model.Key, r.ID, id), Data: data, Header: nats.Header{}})
	if err != nil {
		return err
	}
	if state == tooBig {
		return r.deliver(id, r.Fail(request, "request_too_large", fmt.Sprintf("the request has %d bytes, more than the queue takes", len(data))))
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.heard = time.Now()
	if s := r.pending[id]; s != nil {
		s.queued = true
	}
	return nil
}

// deliver hands on the result of a job, unless it has one. The last ends the run.
func (r *run) deliver(id string, result *jobs.Result) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.pending[id] == nil {
		return nil
	}
	if err := r.Deliver(result); err != nil {
		return err
	}
	delete(r.pending, id)
	r.heard = time.Now()
	if len(r.pending) == 0 {
		r.ended(errComplete)
	}
	return nil
}
