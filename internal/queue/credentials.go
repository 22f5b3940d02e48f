package queue

import (
	"crypto/tls"
	"fmt"
	"net/url"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nkeys"
)

// options returns the options of a connection that never stops trying to connect, whether the
// server went away or was not there yet.
func (c *Conn) options(a Address, servers []*url.URL) ([]nats.Option, error) {
	opts := []nats.Option{
		nats.MaxReconnects(-1), nats.RetryOnFailedConnect(true), nats.ReconnectWait(500 * time.Millisecond), nats.Timeout(requestTime),
		// Stay with this server: judge does not check the other servers of its cluster.
		nats.IgnoreDiscoveredServers(),
		nats.DisconnectErrHandler(func(_ *nats.Conn, err error) {
			c.begin()
			if err != nil {
				c.log("lost the queue (%v): connecting again", err)
			}
		}),
		nats.ReconnectHandler(func(*nats.Conn) { c.log("the queue is back") }),
		nats.ReconnectErrHandler(func(_ *nats.Conn, err error) { c.missed(err) }),
		nats.ClosedHandler(func(nc *nats.Conn) {
			err := nc.LastError()
			if err == nil {
				err = nats.ErrConnectionClosed
			}
			c.fail(c.explain(err))
		}),
		nats.ErrorHandler(func(_ *nats.Conn, _ *nats.Subscription, err error) { c.problem(err) }),
	}
	if servers[0].Scheme == "tls" {
		opts = append(opts, nats.Secure(&tls.Config{MinVersion: tls.VersionTLS12}))
	}
	if a.CA != "" {
		opts = append(opts, nats.RootCAs(a.CA))
	}
	user, login, err := credentials(a, servers[0].User)
	if login != nil {
		opts = append(opts, login)
	}
	return append(opts, nats.CustomInboxPrefix(inboxOf(user))), err
}

// plain returns the URLs without users and passwords, which are passed as options instead.
func plain(servers []*url.URL) (list []string) {
	for _, u := range servers {
		without := *u
		without.User = nil
		list = append(list, without.String())
	}
	return list
}

// credentials returns the name of the user and the option that logs in. The option is nil if there
// are no credentials.
func credentials(a Address, info *url.Userinfo) (user string, login nats.Option, err error) {
	if a.Creds == "" {
		if info == nil {
			return "", nil, nil
		}
		password, _ := info.Password()
		return info.Username(), nats.UserInfo(info.Username(), password), nil
	}
	text, jwt, err := readCreds(a.Creds)
	if err != nil {
		return "", nil, err
	}
	pair, err := nkeys.ParseDecoratedNKey(text)
	if err != nil {
		return "", nil, fmt.Errorf("%s: %w", a.Creds, err)
	}
	user, err = pair.PublicKey()
	if err != nil {
		return "", nil, fmt.Errorf("%s: %w", a.Creds, err)
	}
	if jwt {
		return user, nats.UserCredentials(a.Creds), nil
	}
	return user, nats.Nkey(user, pair.Sign), nil
}
