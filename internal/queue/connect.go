package queue

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// The oldest accepted version of nats-server. Earlier versions lose messages or count deliveries
// wrongly.
const minMajor, minMinor = 2, 12

// requestTime is how long the server may take to answer. After that the request fails, and most
// callers repeat it.
const requestTime = 5 * time.Second

// Conn is a connection to a queue. It reconnects by itself when the server comes back.
type Conn struct {
	nc    *nats.Conn
	js    jetstream.JetStream
	ctx   context.Context // done when the connection has ended for good; context.Cause says why
	fail  context.CancelCauseFunc
	log   func(format string, args ...any)
	where string
	last  atomic.Pointer[error] // why the last attempt to connect failed

	mu    sync.Mutex
	epoch context.Context // done when the server is lost, so that requests do not wait for its answer
	lose  context.CancelFunc
}

// Connect connects to a queue. The server lists the connection under name. log gets a line
// whenever the connection's state changes. If the server is not there yet, Connect waits for it
// until ctx is done.
func Connect(ctx context.Context, a Address, name string, log func(format string, args ...any)) (*Conn, error) {
	servers, err := a.check()
	if err != nil {
		return nil, err
	}
	c := &Conn{log: log, where: a.Redacted()}
	c.ctx, c.fail = context.WithCancelCause(context.WithoutCancel(ctx))
	c.begin()
	connected := make(chan struct{}, 1)
	opts, err := c.options(a, servers)
	if err != nil {
		return nil, err
	}
	opts = append(opts, nats.Name(name), nats.ConnectHandler(func(*nats.Conn) { connected <- struct{}{} }))
	if c.nc, err = nats.Connect(strings.Join(plain(servers), ","), opts...); err != nil {
		return nil, c.explain(err)
	}
	if !c.nc.IsConnected() {
		log("waiting for the queue at %s", c.where)
		select {
		case <-connected:
		case <-c.ctx.Done():
			c.nc.Close()
			return nil, context.Cause(c.ctx)
		case <-ctx.Done():
			c.close()
			if err := c.last.Load(); err != nil && errors.Is(ctx.Err(), context.DeadlineExceeded) {
				return nil, c.explain(*err)
			}
			return nil, ctx.Err()
		}
	}
	if err := c.judge(beyondLoopback(servers) && !a.Insecure); err != nil {
		c.close()
		return nil, err
	}
	c.js, err = jetstream.New(c.nc, jetstream.WithDefaultTimeout(requestTime))
	return c, err
}

// problem handles the server's asynchronous errors. A request without permission gets no answer,
// only such an error. If this error were ignored, the server would only seem to be slow.
func (c *Conn) problem(err error) {
	if errors.Is(err, nats.ErrPermissionViolation) {
		c.fail(c.explain(err))
		return
	}
	if !errors.Is(err, nats.ErrSlowConsumer) {
		c.log("the queue: %v", err)
	}
}

// missed is called when an attempt to connect failed. Most errors are temporary: the server may
// not have started yet. An error that would occur again at each attempt, such as a wrong
// certificate, ends the connection.
func (c *Conn) missed(err error) {
	c.last.Store(&err)
	if errors.As(err, new(*tls.CertificateVerificationError)) || errors.As(err, new(tls.RecordHeaderError)) ||
		errors.Is(err, nats.ErrSecureConnWanted) || errors.Is(err, nats.ErrNkeysNotSupported) {
		c.fail(c.explain(err))
	}
}

// explain says what an error of the connection means.
func (c *Conn) explain(err error) error {
	text := strings.TrimPrefix(err.Error(), "nats: ")
	switch {
	case errors.Is(err, nats.ErrPermissionViolation):
		return &RefusedError{fmt.Sprintf("%s: the user has no right to do this (%s)", c.where, text),
			"alpaca worker, alpaca batch and alpaca queue need users with different rights: deploy/nats.conf shows them"}
	case errors.Is(err, nats.ErrAuthorization), errors.Is(err, nats.ErrAuthExpired), errors.Is(err, nats.ErrAuthRevoked):
		return &RefusedError{c.where + " refuses the credentials", "--queue-creds names a file with credentials, and $ALPACA_QUEUE may hold nats://USER:PASSWORD@HOST"}
	}
	if errors.Is(err, nats.ErrNkeysNotSupported) {
		return &RefusedError{c.where + " does not use nkeys: it lets anybody in, or asks for passwords", "$ALPACA_QUEUE may hold a user and a password"}
	}
	if errors.As(err, new(*tls.CertificateVerificationError)) {
		return &RefusedError{c.where + ": " + text, "--queue-ca names the file with the certificate of the authority that signed the server's certificate"}
	}
	return fmt.Errorf("%s: %s", c.where, text)
}

// judge refuses a server that is too old. If guarded is set, it also refuses a server that lets
// anybody in.
func (c *Conn) judge(guarded bool) error {
	version := c.nc.ConnectedServerVersion()
	if !recent(version) {
		return &RefusedError{fmt.Sprintf("%s has nats-server %s; it must be %d.%d or later, because older versions lose messages or count them wrong", c.where, version, minMajor, minMinor),
			"Debian's package is older; https://github.com/nats-io/nats-server/releases and the image nats:2 have newer versions"}
	}
	if guarded && !c.nc.AuthRequired() {
		return &RefusedError{c.where + " lets anybody in: whoever can reach it can read prompts and answers",
			"deploy/nats.conf shows users and their rights; on a network that you trust, --insecure-queue allows such a server"}
	}
	return nil
}

// recent reports whether a server's version is new enough.
func recent(version string) bool {
	parts := strings.SplitN(version, ".", 3)
	if len(parts) < 2 {
		return false
	}
	major, err1 := strconv.Atoi(parts[0])
	minor, err2 := strconv.Atoi(parts[1])
	return err1 == nil && err2 == nil && (major > minMajor || major == minMajor && minor >= minMinor)
}

// begin starts a new epoch, which lasts until the server is lost. Requests that
// wait for an answer from the lost server are canceled, and can be repeated.
func (c *Conn) begin() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.lose != nil {
		c.lose()
	}
	c.epoch, c.lose = context.WithCancel(context.Background())
}

// lost returns a context that is done when the present server is lost.
func (c *Conn) lost() context.Context {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.epoch
}

// once returns a context for one request to the server.
func (c *Conn) once(ctx context.Context) (context.Context, context.CancelFunc) {
	return c.within(ctx, requestTime)
}

// within returns a context for a request that may take d. The context is also done when the server
// is lost.
func (c *Conn) within(ctx context.Context, d time.Duration) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithTimeout(ctx, d)
	stop := context.AfterFunc(c.lost(), cancel)
	return ctx, func() { stop(); cancel() }
}

// errLost says that the connection was lost during a request.
var errLost = errors.New("the connection was lost")

// lostOr returns errLost if a request failed because the server was lost, and err otherwise. ctx is
// the context that the caller gave to within.
func lostOr(ctx context.Context, err error) error {
	if errors.Is(err, context.Canceled) && ctx.Err() == nil {
		return errLost
	}
	return err
}

// with returns a context that is done when ctx is done or the connection ends. If the connection
// ends, the context has the connection's cause.
func (c *Conn) with(ctx context.Context) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancelCause(ctx)
	stop := context.AfterFunc(c.ctx, func() { cancel(context.Cause(c.ctx)) })
	return ctx, func() { stop(); cancel(nil) }
}

// cause explains why a request failed. If the connection has ended, it returns the connection's
// cause.
func (c *Conn) cause(err error) error {
	if c.ctx.Err() != nil {
		return context.Cause(c.ctx)
	}
	switch {
	case errors.Is(err, jetstream.ErrJetStreamNotEnabled), errors.Is(err, jetstream.ErrJetStreamNotEnabledForAccount):
		return &RefusedError{c.where + " has no JetStream, which keeps messages", "start it with deploy/nats.conf, or with nats-server -js"}
	case errors.Is(err, jetstream.ErrStreamNotFound), errors.Is(err, jetstream.ErrNoStreamResponse):
		return &RefusedError{c.where + " has no queue yet", "alpaca queue init makes it"}
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, nats.ErrTimeout):
		return fmt.Errorf("%s does not answer", c.where)
	}
	return err
}

// Close closes the connection after sending what is buffered.
func (c *Conn) Close() {
	if err := c.nc.Drain(); err != nil {
		c.close()
		return
	}
	select {
	case <-c.ctx.Done():
	case <-time.After(requestTime):
		c.close()
	}
}

func (c *Conn) close() { c.nc.Close() }

// Kill closes the connection at once, as the death of the process would. It is for tests.
func (c *Conn) Kill() { c.close() }
