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

// outcome is what became of a message.
type outcome int

const (
	stored outcome = iota // it is on the server's disk
	there                 // its subject had one before
	tooBig                // the server takes none of its size
)

// Waits between tries, doubled each time, with a part that is left to chance.
const (
	firstWait = 100 * time.Millisecond
	longWait  = 5 * time.Second
)

// put stores a message where its subject has none, however long the server is away or the stream
// full. What the server thinks of the subject decides, not whether this process has sent it
// before: a try whose answer was lost is made again.
//
// The header Nats-Msg-Id would not do: it remembers ids for a time, whatever became of the messages.
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

// tryPut is one try of put.
func (c *Conn) tryPut(ctx context.Context, msg *nats.Msg) error {
	ctx, cancel := c.once(ctx)
	defer cancel()
	_, err := c.js.PublishMsg(ctx, msg, jetstream.WithExpectLastSequencePerSubject(0), jetstream.WithRetryAttempts(0))
	return err
}

// hopeless returns an error where another try would fail as well.
func (c *Conn) hopeless(ctx context.Context, stream string, err error) error {
	if errors.Is(err, jetstream.ErrNoStreamResponse) {
		// Nobody answered: the stream is missing, or the server is about to have it.
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

// pause waits before a try; 0 is the first that was made.
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
