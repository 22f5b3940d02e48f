package queue

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"iter"
	"maps"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/stretchr/testify/require"

	"alpaca/internal/jobs"
	"alpaca/internal/queue"
)

// theModel is the model that the workers of these tests claim to have.
var theModel = queue.Model{Key: queue.ModelKey("digest", nil), Name: "small", Digest: "digest", Quant: "F32"}

// aLong is a longer time than any step of these tests takes, even on a slow and busy machine.
const aLong = 5 * time.Minute

// echo is an executor that answers at once. The answers are the same on each machine.
type echo struct {
	rows  atomic.Int64
	tries atomic.Int64
	// If do is not nil, it is called for each request before the answer.
	do func(ctx context.Context, r *jobs.Request) error
	// other, if not empty, makes this machine's answers differ from those of other machines.
	other string
}

func (e *echo) Do(ctx context.Context, r *jobs.Request) (*jobs.Result, error) {
	e.tries.Add(1)
	if e.do != nil {
		if err := e.do(ctx, r); err != nil {
			return nil, err
		}
	}
	e.rows.Add(1)
	sum := sha256.Sum256(append([]byte(r.CustomID), r.Body...))
	body := fmt.Sprintf(`{"text":"%s%s"}`, hex.EncodeToString(sum[:]), e.other)
	return &jobs.Result{ID: "batch_req_" + r.CustomID, CustomID: r.CustomID, Response: &jobs.Response{Status: 200, RequestID: "req", Body: json.RawMessage(body)}}, nil
}

func (e *echo) GiveUp(r *jobs.Request, code, message string) *jobs.Result {
	return failed(r, code, message)
}

func (e *echo) Progress() int64 { return e.rows.Load() }

func failed(r *jobs.Request, code, message string) *jobs.Result {
	return &jobs.Result{ID: "batch_req_" + r.CustomID, CustomID: r.CustomID, Error: &jobs.Error{Code: code, Message: message}}
}

// connect connects to the queue as the user in url.
func connect(t testing.TB, url string) *queue.Conn {
	t.Helper()
	c, err := connectTo(t, queue.Address{URL: url})
	require.NoError(t, err)
	t.Cleanup(c.Close)
	return c
}

func connectTo(t testing.TB, a queue.Address) (*queue.Conn, error) {
	ctx, cancel := context.WithTimeout(t.Context(), aLong)
	defer cancel()
	return queue.Connect(ctx, a, t.Name(), t.Logf)
}

// raw returns a connection of the NATS library, without the rules of package queue.
func raw(t testing.TB, url string, opts ...nats.Option) (*nats.Conn, jetstream.JetStream) {
	t.Helper()
	nc, err := nats.Connect(url, opts...)
	require.NoError(t, err)
	t.Cleanup(nc.Close)
	js, err := jetstream.New(nc)
	require.NoError(t, err)
	return nc, js
}

// initialize makes a queue with a place for theModel's jobs.
func initialize(t testing.TB, url string, limits queue.Limits, ackWait time.Duration) *queue.Conn {
	t.Helper()
	c := connect(t, url)
	require.NoError(t, c.Init(t.Context(), limits))
	m := theModel
	m.AckWait = ackWait
	require.NoError(t, c.Add(t.Context(), m))
	return c
}

// worker is a running worker.
type worker struct {
	*queue.Worker
	conn *queue.Conn
	stop func() error // ends the worker normally and returns the error of Run
}

// work starts a worker with a connection of its own, as on another machine.
func work(t testing.TB, url string, exec queue.Executor, opt queue.WorkerOptions) *worker {
	t.Helper()
	c, err := connectTo(t, queue.Address{URL: url})
	require.NoError(t, err)
	if opt.Slots == 0 {
		opt.Slots = 2
	}
	if opt.Retries == 0 {
		opt.Retries = 3
	}
	opt.Log = t.Logf
	w, err := queue.NewWorker(t.Context(), c, theModel.Key, exec, opt)
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	done := make(chan error, 1)
	go func() {
		err := w.Run(ctx)
		c.Close()
		done <- err
	}()
	stop := sync.OnceValue(func() error { cancel(); return <-done })
	t.Cleanup(func() { stop() })
	return &worker{w, c, stop}
}

// requests returns n different requests.
func requests(t testing.TB, n int) (list []*jobs.Request) {
	t.Helper()
	for i := range n {
		r, err := jobs.ParseRequest(fmt.Appendf(nil, `{"custom_id": "id <%d>", "method": "POST", "url": "/v1/completions", "body": {"prompt": "a & b %d"}}`, i, i))
		require.NoError(t, err)
		list = append(list, r)
	}
	return list
}

// output has the results that a batch has collected.
type output struct {
	mu    sync.Mutex
	lines map[string]string // by custom_id
}

// batch returns a batch of the requests in list that have no line in out yet.
func batch(t testing.TB, list []*jobs.Request, out *output) *queue.Batch {
	out.mu.Lock()
	if out.lines == nil {
		out.lines = map[string]string{}
	}
	finished := maps.Clone(out.lines)
	out.mu.Unlock()
	return &queue.Batch{
		ID: queue.BatchID(t.Name()), Model: theModel, Patience: 300 * time.Millisecond, Log: t.Logf, Fail: failed,
		Requests: func() iter.Seq2[*jobs.Request, error] {
			return func(yield func(*jobs.Request, error) bool) {
				for _, r := range list {
					if finished[r.CustomID] == "" && !yield(r, nil) {
						return
					}
				}
			}
		},
		Deliver: func(r *jobs.Result) error {
			line, err := r.Line()
			if err != nil {
				return err
			}
			out.mu.Lock()
			defer out.mu.Unlock()
			if _, twice := out.lines[r.CustomID]; twice {
				return fmt.Errorf("%s was delivered twice", r.CustomID)
			}
			out.lines[r.CustomID] = string(line)
			return nil
		},
	}
}

func (o *output) len() int {
	o.mu.Lock()
	defer o.mu.Unlock()
	return len(o.lines)
}

// complete checks that each request has its right result.
func (o *output) complete(t testing.TB, list []*jobs.Request) {
	t.Helper()
	o.mu.Lock()
	defer o.mu.Unlock()
	require.Len(t, o.lines, len(list))
	for _, r := range list {
		want, err := (&echo{}).Do(t.Context(), r)
		require.NoError(t, err)
		line, err := want.Line()
		require.NoError(t, err)
		require.Equal(t, string(line), o.lines[r.CustomID])
	}
}

// run runs a batch to its end.
func run(t testing.TB, url string, b *queue.Batch) error {
	ctx, cancel := context.WithTimeout(t.Context(), aLong)
	defer cancel()
	c, err := connectTo(t, queue.Address{URL: url})
	if err != nil {
		return err
	}
	defer c.Close()
	return b.Run(ctx, c)
}

// empty waits until no job is left.
func empty(t testing.TB, c *queue.Conn) {
	t.Helper()
	require.Eventually(t, func() bool {
		s, err := c.Status(t.Context())
		return err == nil && s.Jobs.Messages == 0 && s.Models[0].Working == 0
	}, aLong, 10*time.Millisecond, "jobs are left")
}
