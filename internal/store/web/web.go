// Package web sends the requests of "alpaca pull", which are all that the program sends. It
// follows redirects itself, so that a token goes to the host that it is for and to no
// other, refuses those that lead to private networks or away from https, and waits where a
// server asks for it. A client that is offline sends nothing at all.
package web

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"net/url"
	"time"

	"alpaca/internal/store/advice"
)

// Options say how a Client is made; zeros stand for the defaults.
type Options struct {
	Agent    string // the User-Agent
	Offline  string // the variable that forbids the network; "": none
	Insecure bool   // http:// to any host

	// Dial replaces the network's, for tests.
	Dial func(ctx context.Context, network, addr string) (net.Conn, error)
	// Sleep replaces the clock's, for tests.
	Sleep func(ctx context.Context, d time.Duration) error
	// Log gets a line with the reason whenever a request waits; nil: nothing does.
	Log func(format string, args ...any)
}

// Client sends requests.
type Client struct {
	opt     Options
	small   *http.Client // for answers of kilobytes
	bulk    *http.Client // for files: a connection of its own for each request
	private addrs
}

// New returns a client.
func New(opt Options) *Client {
	if opt.Sleep == nil {
		opt.Sleep = sleep
	}
	if opt.Log == nil {
		opt.Log = func(string, ...any) {}
	}
	dial := opt.Dial
	if dial == nil {
		dial = (&net.Dialer{Timeout: 15 * time.Second, KeepAlive: 30 * time.Second}).DialContext
	}
	transport := func() *http.Transport {
		return &http.Transport{
			Proxy: http.ProxyFromEnvironment, DialContext: dial, TLSHandshakeTimeout: 15 * time.Second, ResponseHeaderTimeout: 60 * time.Second,
			IdleConnTimeout: 30 * time.Second, MaxIdleConnsPerHost: 8, MaxResponseHeaderBytes: 256 << 10,
			DisableCompression: true, // a range of a compressed file would be another range
		}
	}
	stay := func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	small, bulk := transport(), transport()
	small.ForceAttemptHTTP2 = true
	// HTTP/2 would put all parts of a file into one stream of TCP, as slow as one part.
	protocols := new(http.Protocols)
	protocols.SetHTTP1(true)
	bulk.Protocols = protocols
	bulk.ReadBufferSize = 64 << 10
	return &Client{opt: opt, small: &http.Client{Transport: small, CheckRedirect: stay}, bulk: &http.Client{Transport: bulk, CheckRedirect: stay}}
}

// sleep waits, until ctx is done.
func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// Sleep waits as long as the options say that d is.
func (c *Client) Sleep(ctx context.Context, d time.Duration) error { return c.opt.Sleep(ctx, d) }

// Logf tells something to whoever listens.
func (c *Client) Logf(format string, args ...any) { c.opt.Log(format, args...) }

// Close ends idle connections.
func (c *Client) Close() {
	c.small.CloseIdleConnections()
	c.bulk.CloseIdleConnections()
}

// CheckOnline returns an error if requests are forbidden.
func (c *Client) CheckOnline() error {
	if c.opt.Offline == "" {
		return nil
	}
	return advice.Add(fmt.Errorf("%s is set: nothing is fetched", c.opt.Offline), "unset it to go online")
}

// Ask is a request.
type Ask struct {
	Method string // "": GET
	URL    *url.URL
	Header http.Header
	Token  string // goes to the host of URL alone; "": none
	Stay   bool   // a redirect to another host is the answer, and not followed
	Bulk   bool   // a file's bytes are asked for
	Once   bool   // whoever asks tries again itself
}

// Answer is a response, whose body is to be closed.
type Answer struct {
	*http.Response
	URL *url.URL // that answered
}

// Tries of a request, and the longest pause between them.
const (
	Tries    = 6
	maxPause = 30 * time.Second

	triesToDial = 3 // without a network nobody wants to wait half a minute to be told
)

// Pause returns how long to wait before try n, from 1 on: 1, 2, 4 … 30 s, and a little
// more, so that those who failed together do not come back together.
func Pause(n int) time.Duration {
	d := min(time.Second<<min(n-1, 10), maxPause)
	return d + time.Duration(rand.Int64N(int64(d)/4+1))
}

// Send sends a request and returns its answer, whose status is below 400. Where that may
// help it tries again.
func (c *Client) Send(ctx context.Context, a Ask) (*Answer, error) {
	if err := c.CheckOnline(); err != nil {
		return nil, err
	}
	for try := 1; ; try++ {
		answer, err := c.follow(ctx, a)
		if err == nil || a.Once || try == Tries {
			return answer, err
		}
		wait, again := Retry(err, try)
		if dial, ok := errors.AsType[*net.OpError](err); ok && dial.Op == "dial" && try >= triesToDial {
			again = false
		}
		if !again || ctx.Err() != nil {
			return nil, err
		}
		if wait >= 2*time.Second {
			c.opt.Log("%v: trying again in %v", err, wait.Round(time.Second))
		}
		if err := c.opt.Sleep(ctx, wait); err != nil {
			return nil, err
		}
	}
}

// Retry returns whether a request that failed may succeed later, and after how long.
func Retry(err error, try int) (wait time.Duration, again bool) {
	if errors.Is(err, context.Canceled) {
		return 0, false
	}
	var status *StatusError
	var refused *RefusedError
	var dns *net.DNSError
	var certificate *tls.CertificateVerificationError
	switch {
	case errors.As(err, &refused), errors.As(err, &certificate), errors.As(err, &dns) && dns.IsNotFound:
		return 0, false
	case errors.As(err, &status):
		if !status.temporary() {
			return 0, false
		}
		if status.Wait > 0 {
			return status.Wait, status.Wait <= maxWait
		}
	}
	return Pause(try), true
}

// follow sends a request and follows redirects.
func (c *Client) follow(ctx context.Context, a Ask) (*Answer, error) {
	const mostRedirects = 5
	u := a.URL
	if err := c.allowed(u); err != nil {
		return nil, err
	}
	for hops := 0; ; hops++ {
		resp, err := c.one(ctx, a, u)
		if err != nil {
			return nil, err
		}
		location := resp.Header.Get("Location")
		if resp.StatusCode < 300 || resp.StatusCode >= 400 || location == "" {
			if resp.StatusCode >= 300 {
				return nil, statusError(resp, u)
			}
			return &Answer{resp, u}, nil
		}
		to, err := u.Parse(location)
		if err != nil {
			resp.Body.Close()
			return nil, refusedf("%s sends on to an address that cannot be read", Shown(u))
		}
		if err := c.allowedNext(ctx, a.URL, u, to); err != nil {
			resp.Body.Close()
			return nil, err
		}
		if a.Stay && !SameHost(to, a.URL) {
			return &Answer{resp, to}, nil
		}
		resp.Body.Close()
		if hops == mostRedirects {
			return nil, refusedf("%s sends on more than %d times", Shown(a.URL), mostRedirects)
		}
		u = to
	}
}

// one sends one request.
func (c *Client) one(ctx context.Context, a Ask, u *url.URL) (*http.Response, error) {
	method := a.Method
	if method == "" {
		method = http.MethodGet
	}
	req, err := http.NewRequestWithContext(ctx, method, u.String(), nil)
	if err != nil {
		return nil, err
	}
	for name, values := range a.Header {
		req.Header[name] = values
	}
	req.Header.Set("User-Agent", c.opt.Agent)
	req.Header.Set("Accept-Encoding", "identity")
	if a.Token != "" && SameHost(u, a.URL) {
		req.Header.Set("Authorization", "Bearer "+a.Token)
	}
	client := c.small
	if a.Bulk {
		client = c.bulk
	}
	resp, err := client.Do(req)
	if err != nil {
		if ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
		if e, ok := errors.AsType[*url.Error](err); ok {
			err = e.Err // its text has the whole address, signature and all
		}
		return nil, fmt.Errorf("%s: %w", u.Host, err)
	}
	return resp, nil
}

// SameHost reports whether two addresses are of one server, to which one token belongs.
func SameHost(a, b *url.URL) bool { return a.Scheme == b.Scheme && a.Host == b.Host }

// Shown returns an address for people: without what may be secret in it.
func Shown(u *url.URL) string {
	v := *u
	v.User, v.RawQuery, v.Fragment = nil, "", ""
	return v.String()
}
