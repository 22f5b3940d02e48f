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

// inFlight is the number of jobs that are sent at the same time, each waiting for the server's
// confirmation.
const inFlight = 64

// Batch is a list of requests for workers to answer.
type Batch struct {
	ID    string
	Model Model

	// Requests returns an iterator over the requests without a result. Run calls it more than once.
	Requests func() iter.Seq2[*jobs.Request, error]
	// Deliver receives the result of each request once. Calls do not overlap.
	Deliver func(*jobs.Result) error
	// Fail returns an error result for a request that cannot be put in the queue, or whose stored
	// result is invalid.
	Fail func(r *jobs.Request, code, message string) *jobs.Result

	Patience time.Duration // after this time without a result, Run looks for lost jobs; default 30 s
	Log      func(format string, args ...any)
}

// state is what a run knows about a request.
type state struct {
	id     string // custom_id
	queued bool   // the job is in the queue, or was there, or has a result
}

// run is a batch in progress.
type run struct {
	*Batch
	conn *Conn

	mu        sync.Mutex
	pending   map[string]*state // requests without a result, by job id
	missing   map[string]bool   // jobs without a message or a result in the last call of lookForLost
	lastEvent time.Time         // when the last result came, or the last job was put into the queue
	ended     context.CancelCauseFunc
}

// errComplete is the cause that ends a run when every result has been delivered.
var errComplete = errors.New("all results are there")

// Run puts a job into the queue for each request, unless the job is already
// there or has a result. It delivers results until every request has a result.
// A run that was interrupted can be repeated, even on another machine.
func (b *Batch) Run(ctx context.Context, c *Conn) error {
	ctx, cancel := c.with(ctx)
	defer cancel()
	r := &run{Batch: b, conn: c, pending: map[string]*state{}, lastEvent: time.Now()}
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

// work puts jobs into the queue, collects results and watches for lost jobs, all at the same time.
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

// look returns the ids of the batch's jobs in the queue (waiting), and of its jobs with a result
// (done). A job that ends between the two requests is in done, because its result is stored before
// the job is removed.
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

// putAll puts the jobs that are not queued yet into the queue.
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

// each sends the requests that are not queued yet to the channel
// named to. It stops at the first error from the channel failed.
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

// line is the message of a job: a line of an OpenAI batch file.
type line struct {
	CustomID string          `json:"custom_id"`
	Method   string          `json:"method"`
	URL      string          `json:"url"`
	Body     json.RawMessage `json:"body"`
}

// encode returns the message of a job. It does not change the bytes of the body, because job ids
// depend on them.
func encode(r *jobs.Request) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	err := e.Encode(line{r.CustomID, "POST", r.URL, r.Body})
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), err
}

// put puts the job of a request into the queue.
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
	r.lastEvent = time.Now()
	if s := r.pending[id]; s != nil {
		s.queued = true
	}
	return nil
}

// deliver passes on the result of a job, unless a result of
// the job was delivered before. The last result ends the run.
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
	r.lastEvent = time.Now()
	if len(r.pending) == 0 {
		r.ended(errComplete)
	}
	return nil
}
