package queue

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"time"

	"github.com/nats-io/nats.go/jetstream"
)

// Status describes the contents of a queue.
type Status struct {
	Server   string        `json:"server"`
	Jobs     StreamStatus  `json:"jobs"`
	Results  StreamStatus  `json:"results"`
	Models   []ModelStatus `json:"models"`
	Batches  []BatchStatus `json:"batches"`
	Homeless int           `json:"jobs_without_model"` // jobs of models without a consumer, which no worker takes
}

// StreamStatus says how full a stream is.
type StreamStatus struct {
	Messages    uint64 `json:"messages"`
	Bytes       uint64 `json:"bytes"`
	MaxMessages int64  `json:"max_messages"` // -1: no bound
	MaxBytes    int64  `json:"max_bytes"`
	MaxSize     int32  `json:"max_message_size"`
	Replicas    int    `json:"replicas"`
}

// ModelStatus counts the jobs and idle slots of a model.
type ModelStatus struct {
	Model
	Waiting     uint64 `json:"waiting"`
	Working     int    `json:"working"`
	Redelivered int    `json:"redelivered"` // how many of the jobs in Working were delivered before
	Idle        int    `json:"idle_slots"`  // number of slots of workers that wait for a job
}

// Unattended reports whether jobs wait while no worker does a job or asks for one.
func (m *ModelStatus) Unattended() bool { return m.Waiting > 0 && m.Working == 0 && m.Idle == 0 }

// BatchStatus says how far a batch has got.
type BatchStatus struct {
	ID      string `json:"id"`
	Jobs    int    `json:"jobs"` // number of jobs that wait or are in progress
	Results int    `json:"results"`
}

// Status asks the server what the queue contains.
func (c *Conn) Status(ctx context.Context) (*Status, error) {
	ctx, cancel := c.with(ctx)
	defer cancel()
	s := &Status{Server: "nats-server " + c.nc.ConnectedServerVersion() + " at " + c.where, Models: []ModelStatus{}, Batches: []BatchStatus{}}
	infos, err := c.consumers(ctx)
	if err != nil {
		return nil, err
	}
	known := map[string]bool{}
	for _, info := range infos {
		known[info.Name] = true
		s.Models = append(s.Models, ModelStatus{modelOf(info), info.NumPending, info.NumAckPending, info.NumRedelivered, info.NumWaiting})
	}
	batches := map[string]*BatchStatus{}
	batch := func(id string) *BatchStatus {
		if batches[id] == nil {
			batches[id] = &BatchStatus{ID: id}
		}
		return batches[id]
	}
	jobs, err := c.list(ctx, JobsStream, jobsPrefix+">", &s.Jobs)
	if err != nil {
		return nil, err
	}
	for subject, n := range jobs {
		key, id, _, ok := cutJob(subject)
		if !ok || !known[key] {
			s.Homeless += int(n)
		}
		if ok {
			batch(id).Jobs += int(n)
		}
	}
	results, err := c.list(ctx, ResultsStream, resultsPrefix+">", &s.Results)
	if err != nil {
		return nil, err
	}
	for subject, n := range results {
		if id, _, ok := cutResult(subject); ok {
			batch(id).Results += int(n)
		}
	}
	for _, b := range batches {
		s.Batches = append(s.Batches, *b)
	}
	slices.SortFunc(s.Batches, func(a, b BatchStatus) int { return cmp.Compare(a.ID, b.ID) })
	return s, nil
}

// list returns the subjects of a stream that match filter, with the number of messages of each. If
// fill is not nil, list sets it to the stream's status.
func (c *Conn) list(ctx context.Context, name, filter string, fill *StreamStatus) (map[string]uint64, error) {
	const patience = 30 * time.Second // the stream may have a million subjects
	asked, cancel := c.within(ctx, patience)
	defer cancel()
	stream, err := c.js.Stream(asked, name)
	if err != nil {
		return nil, c.cause(lostOr(ctx, err))
	}
	info, err := stream.Info(asked, jetstream.WithSubjectFilter(filter))
	if err != nil {
		return nil, c.cause(lostOr(ctx, err))
	}
	if fill != nil {
		cfg := info.Config
		*fill = StreamStatus{info.State.Msgs, info.State.Bytes, cfg.MaxMsgs, cfg.MaxBytes, cfg.MaxMsgSize, cfg.Replicas}
	}
	return info.State.Subjects, nil
}

// noMessage reports whether err says that a subject has no message.
func noMessage(err error) bool { return errors.Is(err, jetstream.ErrMsgNotFound) }
