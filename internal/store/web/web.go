// Package web sends the requests of "alpaca pull". It follows redirects itself, so that a token
// goes only to the host it is for. It refuses redirects into private networks and from https to
// http, and waits if a server asks for it. An offline client sends nothing.
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

// Options are the options of a Client; zero values stand for the defaults.
type Options struct {
	Agent    string // the User-Agent
	Offline  string // the name of the variable that forbids the network; "": none does
	Insecure bool   // allows http:// to any host

	// Dial replaces the dialer in tests.
	Dial func(ctx context.Context, network, addr string) (net.Conn, error)
	// Sleep replaces the clock in tests.
	Sleep func(ctx context.Context, d time.Duration) error
	// Log gets a line with the reason when a request waits 2 s or longer. It may be nil.
	Log func(format string, args ...any)
}

// Client sends requests.
type Client struct {
	opt     Options
	small   *http.Client // for small answers, such as JSON
	bulk    *http.Client // for files: each request has a connection of its own
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
			DisableCompression: true, // a range of a compressed file is not the same range of the file
		}
	}
	stay := func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	small, bulk := transport(), transport()
	small.ForceAttemptHTTP2 = true
	// HTTP/2 would send all parts of a file over one TCP connection, and several parts would come
	// no faster than one.
	protocols := new(http.Protocols)
	protocols.SetHTTP1(true)
	bulk.Protocols = protocols
	bulk.ReadBufferSize = 64 << 10
	return &Client{opt: opt, small: &http.Client{Transport: small, CheckRedirect: stay}, bulk: &http.Client{Transport: bulk, CheckRedirect: stay}}
}

// sleep waits for d, or until ctx is done.
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

// Sleep waits for d with Options.Sleep.
func (c *Client) Sleep(ctx context.Context, d time.Duration) error { return c.opt.Sleep(ctx, d) }

// Logf calls Options.Log.
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
	Token  string // sent only to the host of URL; "": none
	Stay   bool   // return a redirect to another host instead of following it
	Bulk   bool   // the answer is a file's content
	Once   bool   // do not retry: the caller does
}

// Answer is a response. The caller closes its body.
type Answer struct {
	*http.Response
	URL *url.URL // the URL that answered, after redirects
}

// How often a request is tried, and the longest pause between two tries.
const (
	Tries    = 6
	maxPause = 30 * time.Second

	triesToDial = 3 // fewer, so that a missing network is reported soon
)

// Pause returns the wait after try n, which counts from 1: 1, 2, 4 … 30 s. A random part of
// at most a quarter is added, so that clients that failed together do not return together.
func Pause(n int) time.Duration {
	d := min(time.Second<<min(n-1, 10), maxPause)
	return d + time.Duration(rand.Int64N(int64(d)/4+1))
}

// Send sends a request and returns its answer, whose status is below 400. After an error that may
// be temporary, it tries again.
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

// Retry returns whether a request may succeed later, and how long to wait. try is the number of the
// try that failed with err, from 1.
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
	const maxRedirects = 5
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
			return nil, refusedf("%s redirects to an address that cannot be read", Shown(u))
		}
		if err := c.allowedNext(ctx, a.URL, u, to); err != nil {
			resp.Body.Close()
			return nil, err
		}
		if a.Stay && !SameHost(to, a.URL) {
			return &Answer{resp, to}, nil
		}
		resp.Body.Close()
		if hops == maxRedirects {
			return nil, refusedf("%s redirects more than %d times", Shown(a.URL), maxRedirects)
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
			err = e.Err // the text of e has the whole URL, including signatures
		}
		return nil, fmt.Errorf("%s: %w", u.Host, err)
	}
	return resp, nil
}

// SameHost reports whether two URLs have the same scheme and host, and so may share a token.
func SameHost(a, b *url.URL) bool { return a.Scheme == b.Scheme && a.Host == b.Host }

// Shown returns u for messages, without its user, query and fragment, which may be secret.
func Shown(u *url.URL) string {
	v := *u
	v.User, v.RawQuery, v.Fragment = nil, "", ""
	return v.String()
}
