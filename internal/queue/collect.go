package queue

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"alpaca/internal/jobs"
)

// collect reads the batch's results in the order in which they were stored, including results of
// earlier runs. Results stay in the stream, so that another run of the batch can collect them, too.
func (r *run) collect(ctx context.Context) error {
	next := uint64(1)
	for try := 0; ; try++ {
		last, err := r.read(ctx, next)
		if ctx.Err() != nil {
			return nil
		}
		if err != nil && !passing(err) {
			return err
		}
		if last >= next {
			next, try = last+1, 0
		}
		if pause(ctx, try) != nil {
			return nil
		}
	}
}

// deliverError is an error in delivering a result, not in the connection.
type deliverError struct{ error }

func (e deliverError) Unwrap() error { return e.error }

// passing reports whether err may be temporary, so that another try makes sense.
func passing(err error) bool {
	var refused *RefusedError
	var delivering deliverError
	return !errors.As(err, &refused) && !errors.As(err, &delivering)
}

// read delivers the results whose sequence numbers are at least from. It returns the sequence
// number of the last result that it read, or 0 for none, and the error that stopped it.
func (r *run) read(ctx context.Context, from uint64) (last uint64, err error) {
	asked, cancel := r.conn.once(ctx)
	reader, err := r.conn.js.OrderedConsumer(asked, ResultsStream, jetstream.OrderedConsumerConfig{
		FilterSubjects: []string{resultsPrefix + r.ID + ".>"}, DeliverPolicy: jetstream.DeliverByStartSequencePolicy, OptStartSeq: from,
	})
	cancel()
	if err != nil {
		return 0, r.conn.cause(err)
	}
	messages, err := reader.Messages()
	if err != nil {
		return 0, err
	}
	defer messages.Stop()
	defer context.AfterFunc(ctx, messages.Stop)()
	for {
		m, err := messages.Next()
		if err != nil {
			return last, err
		}
		meta, err := m.Metadata()
		if err != nil {
			return last, err
		}
		if err := r.take(m); err != nil {
			return last, deliverError{err}
		}
		last = meta.Sequence.Stream
	}
}

// take checks and delivers a result, which is untrusted. In place of a result that is
// invalid or belongs to another request, take delivers an error result. It does not
// wait for a valid result, because the stream keeps only the first result of a job.
func (r *run) take(m jetstream.Msg) error {
	_, id, ok := cutResult(m.Subject())
	if !ok {
		return nil
	}
	r.mu.Lock()
	s := r.pending[id]
	r.mu.Unlock()
	if s == nil {
		return nil // already delivered, in this run or an earlier one
	}
	result, err := jobs.ParseResult(m.Data())
	if err == nil && result.CustomID != s.id {
		err = fmt.Errorf("it is for custom_id %.60q", result.CustomID)
	}
	if err != nil {
		r.Log("custom_id %.60q: a worker sent an invalid result: %v", s.id, err)
		result = r.Fail(&jobs.Request{CustomID: s.id}, "bad_result", "a worker sent an invalid result: "+err.Error())
	}
	return r.deliver(id, result)
}

// watch looks for lost jobs if no result has come for Patience. Somebody may have removed
// the batch, or the server may have lost its disk. Then the run would wait for ever.
func (r *run) watch(ctx context.Context) error {
	for unattended := false; ; {
		r.mu.Lock()
		wait := time.Until(r.lastEvent.Add(r.Patience))
		r.mu.Unlock()
		if wait <= 0 {
			wait = r.Patience
			if err := r.lookForLost(ctx); err != nil {
				return err
			}
			if now := r.unattended(ctx); now != unattended {
				if unattended = now; now {
					r.Log("no worker takes the jobs of %s: start one with alpaca worker --queue %s -m MODEL", r.Model.Name, r.conn.where)
				}
			}
		}
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(wait):
		}
	}
}

// lookForLost returns an error if a queued job has neither a message nor a
// result, both now and when lookForLost was last called. One look is not enough:
// a long list of subjects is read in pages, and a job may end between two pages.
func (r *run) lookForLost(ctx context.Context) error {
	r.mu.Lock()
	suspects := map[string]bool{}
	for id, s := range r.pending {
		if s.queued {
			suspects[id] = true
		}
	}
	r.mu.Unlock()
	waiting, done, err := r.look(ctx)
	if err != nil {
		if passing(err) {
			return nil // the server is away or busy: try again later
		}
		return err
	}
	lost := map[string]bool{}
	again := 0
	for id := range suspects {
		if waiting[id] || done[id] {
			continue
		}
		lost[id] = true
		if r.missing[id] {
			again++
		}
	}
	r.mu.Lock()
	for id := range lost {
		if r.pending[id] == nil { // delivered meanwhile
			delete(lost, id)
		}
	}
	r.mu.Unlock()
	r.missing = lost
	if again > 0 && len(lost) > 0 {
		return &RefusedError{fmt.Sprintf("%d jobs of the batch %s are no longer in the queue and have no results", len(lost), r.ID),
			"somebody removed them, or their results have expired: run the same command again to put the jobs into the queue"}
	}
	return nil
}

// unattended reports whether, according to the server, jobs of the model wait while no worker does
// a job or asks for one.
func (r *run) unattended(ctx context.Context) bool {
	infos, err := r.conn.consumers(ctx)
	if err != nil {
		return false
	}
	for _, info := range infos {
		if info.Name == r.Model.Key {
			m := ModelStatus{modelOf(info), info.NumPending, info.NumAckPending, info.NumRedelivered, info.NumWaiting}
			return m.Unattended()
		}
	}
	return false
}
