package web

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"sync"

	"alpaca/internal/store/advice"
)

// RefusedError says why a request was not sent. Trying again does not help.
type RefusedError struct{ text string }

func (e *RefusedError) Error() string { return e.text }

func refusedf(format string, args ...any) error { return &RefusedError{fmt.Sprintf(format, args...)} }

// allowed returns an error if u must not be requested. It allows https,
// http to this machine and, with Options.Insecure, http to any host.
func (c *Client) allowed(u *url.URL) error {
	switch {
	case u.Scheme == "https", u.Scheme == "http" && (c.opt.Insecure || isLoopback(u.Hostname())):
		return nil
	case u.Scheme == "http":
		return advice.Add(refusedf("%s: without encryption, others on the network could change the file", Shown(u)), "use https://, or allow it with --insecure")
	}
	return refusedf("%s://… is not the address of a file on the web", u.Scheme)
}

// allowedNext returns an error if the redirect between two URLs
// is not allowed. first is the URL at which the redirects began.
func (c *Client) allowedNext(ctx context.Context, first, from, to *url.URL) error {
	if to.Scheme == "http" && from.Scheme == "https" {
		return refusedf("%s redirects from https to http", Shown(from))
	}
	if err := c.allowed(to); err != nil {
		return fmt.Errorf("%s redirects: %w", Shown(from), err)
	}
	if SameHost(first, to) || !c.private.is(ctx, to) || c.private.is(ctx, first) {
		return nil
	}
	return refusedf("%s redirects to %s, which is in a private network", Shown(from), to.Host)
}

// isLoopback reports whether a host is this machine.
func isLoopback(host string) bool {
	ip, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && ip.IsLoopback()
}

// addrs remembers which hosts are in private networks.
type addrs struct {
	mu    sync.Mutex
	known map[string]bool
}

// is reports whether any of a host's addresses is private. A proxy resolves names
// itself, so behind a proxy only numeric addresses and localhost are recognized.
func (a *addrs) is(ctx context.Context, u *url.URL) bool {
	host := u.Hostname()
	if ip, err := netip.ParseAddr(host); err == nil {
		return isPrivate(ip)
	}
	if host == "localhost" {
		return true
	}
	if proxy, err := http.ProxyFromEnvironment(&http.Request{URL: u}); err == nil && proxy != nil {
		return false
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if known, ok := a.known[host]; ok {
		return known
	}
	private := false
	ips, err := net.DefaultResolver.LookupNetIP(ctx, "ip", host)
	for _, ip := range ips {
		private = private || isPrivate(ip)
	}
	if err == nil {
		if a.known == nil {
			a.known = map[string]bool{}
		}
		a.known[host] = private
	}
	return private
}

// isPrivate reports whether an address is outside the public internet.
func isPrivate(ip netip.Addr) bool {
	ip = ip.Unmap()
	shared := netip.MustParsePrefix("100.64.0.0/10") // shared address space of carriers, RFC 6598
	return !ip.IsGlobalUnicast() || ip.IsPrivate() || shared.Contains(ip)
}
