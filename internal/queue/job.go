package queue

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"alpaca/internal/jobs"
)

// job is a job that this worker is doing.
type job struct {
	jetstream.Msg
	subject string // the subject of the result
	request *jobs.Request
	before  uint64 // number of earlier deliveries
}

// handle does a job. The order of its steps makes results safe: the result is stored before the job
// is acknowledged. An acknowledgement removes the job even if another worker has it by now.
func (w *Worker) handle(ctx context.Context, m jetstream.Msg) {
	j, err := w.read(m)
	if err != nil {
		w.counts.Refused.Add(1)
		w.opt.Log("a message in the queue is not a valid job: %v", err)
		m.TermWithReason("not a job")
		return
	}
	w.at(Taken)
	stop := w.showLife(m)
	defer stop()
	switch known, err := w.stored(ctx, j.subject); {
	case err != nil:
		w.lost(ctx, j, err)
		return
	case known != nil:
		w.counts.Known.Add(1)
		w.ack(ctx, m)
		return
	}
	if j.before > uint64(w.opt.Retries) {
		w.giveUp(ctx, j)
		return
	}
	result, err := w.exec.Do(ctx, j.request)
	if err != nil {
		w.lost(ctx, j, err)
		return
	}
	w.bad.Store(0)
	w.at(Answered)
	if err := w.keep(ctx, j, result, false); err != nil {
		w.lost(ctx, j, err)
		return
	}
	w.at(Kept)
	w.ack(ctx, m)
}

func (w *Worker) at(s Stage) {
	if w.opt.At != nil {
		w.opt.At(s)
	}
}

// read checks and parses a message, which is as untrusted as an HTTP request.
func (w *Worker) read(m jetstream.Msg) (*job, error) {
	_, batch, id, ok := cutJob(m.Subject())
	if !ok {
		return nil, fmt.Errorf("its subject is %q", m.Subject())
	}
	meta, err := m.Metadata()
	if err != nil {
		return nil, err
	}
	r, err := jobs.ParseRequest(m.Data())
	if err != nil {
		return nil, err
	}
	if jobID(batch, r) != id {
		// The result of this job would be stored under another request's subject.
		return nil, fmt.Errorf("the subject is not that of custom_id %.60q", r.CustomID)
	}
	return &job{Msg: m, subject: resultSubject(batch, id), request: r, before: meta.NumDelivered - 1}, nil
}

// showLife tells the server that a job is being done, as long as Progress rises: a machine that
// hangs loses the job. The caller must call stop.
func (w *Worker) showLife(m jetstream.Msg) (stop func()) {
	ended := make(chan struct{})
	go func() {
		tick := time.NewTicker(max(w.Model.AckWait/3, time.Millisecond))
		defer tick.Stop()
		for before := w.exec.Progress(); ; {
			select {
			case <-ended:
				return
			case <-tick.C:
			}
			if now := w.exec.Progress(); now != before {
				before = now
				m.InProgress()
			}
		}
	}()
	return func() { close(ended) }
}

// stored returns the result at subject, or nil if there is none.
func (w *Worker) stored(ctx context.Context, subject string) (*jetstream.RawStreamMsg, error) {
	for try := 0; ; try++ {
		asked, cancel := w.conn.once(ctx)
		msg, err := w.results.GetLastMsgForSubject(asked, subject)
		cancel()
		switch {
		case err == nil:
			return msg, nil
		case noMessage(err):
			return nil, nil
		case ctx.Err() != nil:
			return nil, context.Cause(ctx)
		}
		if err := pause(ctx, try); err != nil {
			return nil, err
		}
	}
}

// keep stores the result of a job. If another machine was first, keep compares the two results.
func (w *Worker) keep(ctx context.Context, j *job, r *jobs.Result, gaveUp bool) error {
	line, err := r.Line()
	if err != nil {
		return err
	}
	msg := nats.NewMsg(j.subject)
	msg.Data = bytes.TrimSuffix(line, []byte("\n"))
	if gaveUp {
		msg.Header.Set(errorHeader, "1")
	}
	state, err := w.conn.put(ctx, ResultsStream, msg)
	if err != nil {
		return err
	}
	switch state {
	case tooBig:
		if gaveUp {
			return errors.New("even an error result is larger than the messages that the server takes")
		}
		return w.keep(ctx, j, w.exec.GiveUp(j.request, "result_too_large",
			fmt.Sprintf("the result has %d bytes, more than the queue takes", len(msg.Data))), true)
	case stored:
		w.counts.Done.Add(1)
		return nil
	}
	w.counts.Twice.Add(1)
	first, err := w.stored(ctx, j.subject)
	if err != nil || first == nil { // nil: somebody has removed the first result meanwhile
		return err
	}
	w.compare(j, first, msg)
	return nil
}

// compare logs a mismatch if this machine's result differs from first,
// which another machine has stored. Then one of the two machines has bad
// memory, or they run different versions of the program or the model.
func (w *Worker) compare(j *job, first *jetstream.RawStreamMsg, mine *nats.Msg) {
	if first.Header.Get(errorHeader) != "" || mine.Header.Get(errorHeader) != "" || bytes.Equal(first.Data, mine.Data) {
		return
	}
	w.counts.Mismatch.Add(1)
	w.opt.Log("RESULT MISMATCH: custom_id %.60q (%s): another machine's result differs from this machine's: one of the two computes wrong results, or runs another version",
		j.request.CustomID, j.subject)
}

// giveUp stores an error as the result of a job that was delivered too often.
func (w *Worker) giveUp(ctx context.Context, j *job) {
	w.counts.GivenUp.Add(1)
	w.opt.Log("gave up custom_id %.60q after %d deliveries", j.request.CustomID, j.before)
	r := w.exec.GiveUp(j.request, "gave_up", fmt.Sprintf("gave up after %d deliveries: each time the worker died or failed", j.before))
	if err := w.keep(ctx, j, r, true); err != nil {
		w.lost(ctx, j, err)
		return
	}
	if err := j.TermWithReason("gave up after too many deliveries"); err != nil {
		w.opt.Log("the server may deliver a job again: %v", err)
	}
}

// ack removes a job from the queue and waits until the server confirms it. Without the confirmation
// the job is delivered again. The worker that gets it then finds its result.
func (w *Worker) ack(ctx context.Context, m jetstream.Msg) {
	ctx, cancel := w.conn.once(context.WithoutCancel(ctx))
	defer cancel()
	if err := m.DoubleAck(ctx); err != nil && w.conn.ctx.Err() == nil {
		w.opt.Log("the server may deliver a job again: %v", err)
	}
}

// lost returns a job to the queue. If this worker is ending, other workers can get the job at once.
// Otherwise this machine is at fault: the job waits for Delay, so that other machines get it first.
// After badInARow failures in a row, the worker takes no more jobs.
func (w *Worker) lost(ctx context.Context, j *job, err error) {
	if ctx.Err() != nil {
		w.giveBack(j.Msg)
		return
	}
	w.counts.Failed.Add(1)
	w.opt.Log("custom_id %.60q failed on this machine: %v", j.request.CustomID, err)
	if err := j.NakWithDelay(w.opt.Delay); err != nil {
		w.opt.Log("cannot return a job to the queue, which will deliver it again later: %v", err)
	}
	if w.bad.Add(1) >= badInARow {
		w.once.Do(func() {
			w.opt.Log("%d jobs in a row failed on this machine: it takes no more", badInARow)
			close(w.broken)
		})
	}
}

// giveBack makes the server deliver a job to another worker at once.
func (w *Worker) giveBack(m jetstream.Msg) {
	w.counts.Returned.Add(1)
	m.Nak()
}
