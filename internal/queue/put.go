package queue

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// outcome says what the server did with a message.
type outcome int

const (
	stored outcome = iota // the message is on the server's disk
	there                 // the subject already had a message
	tooBig                // the message is larger than the server accepts
)

// Waits between tries: firstWait, doubled with each try, but at most longWait. The actual wait is
// random, 0.5 to 1.5 times as long.
const (
	firstWait = 100 * time.Millisecond
	longWait  = 5 * time.Second
)

// put stores a message at its subject unless the subject already has one. It waits as long
// as the server is away or the stream is full. It repeats a try whose answer was lost. That
// is safe, because the server itself checks whether the subject already has a message.
//
// The header Nats-Msg-Id, by which the server recognizes duplicates, would not be enough. The
// server forgets ids after some time, and remembers an id even after its message was removed.
func (c *Conn) put(ctx context.Context, stream string, msg *nats.Msg) (outcome, error) {
	ctx, cancel := c.with(ctx)
	defer cancel()
	for try := 0; ; try++ {
		err := c.tryPut(ctx, msg)
		switch {
		case err == nil:
			return stored, nil
		case isThere(err):
			return there, nil
		case errors.Is(err, nats.ErrMaxPayload), codeOf(err) == jetstream.JSErrCodeStreamMessageExceedsMaximum:
			return tooBig, nil
		case ctx.Err() != nil:
			return 0, context.Cause(ctx)
		}
		if err := c.hopeless(ctx, stream, err); err != nil {
			return 0, err
		}
		if err := pause(ctx, try); err != nil {
			return 0, err
		}
	}
}

// tryPut publishes msg once, under the condition that its subject has no message.
func (c *Conn) tryPut(ctx context.Context, msg *nats.Msg) error {
	ctx, cancel := c.once(ctx)
	defer cancel()
	_, err := c.js.PublishMsg(ctx, msg, jetstream.WithExpectLastSequencePerSubject(0), jetstream.WithRetryAttempts(0))
	return err
}

// hopeless returns an error if another try would fail as well.
func (c *Conn) hopeless(ctx context.Context, stream string, err error) error {
	if errors.Is(err, jetstream.ErrNoStreamResponse) {
		// No answer: the stream is missing, or the server is still starting it.
		asked, cancel := c.once(ctx)
		defer cancel()
		if _, err := c.js.Stream(asked, stream); errors.Is(err, jetstream.ErrStreamNotFound) {
			return c.cause(err)
		}
		return nil
	}
	var api *jetstream.APIError
	if errors.As(err, &api) && api.Code < 500 {
		return c.cause(fmt.Errorf("%s: %w", c.where, err))
	}
	return nil
}

// pause waits after a failed try. try is the number of the try, from 0.
func pause(ctx context.Context, try int) error {
	wait := min(firstWait<<min(try, 10), longWait)
	wait = wait/2 + rand.N(wait)
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-time.After(wait):
		return nil
	}
}
