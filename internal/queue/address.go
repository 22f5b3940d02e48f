package queue

import (
	"errors"
	"fmt"
	"net/url"
	"os"
	"strings"

	"alpaca/internal/lazyregexp"
	"alpaca/internal/server/listen"
)

// Address says where a queue is, and has the credentials to use it.
type Address struct {
	// URL is nats://HOST:PORT or tls://HOST:PORT, or several of these, separated by commas.
	// USER:PASSWORD@ may stand before HOST.
	URL      string
	Creds    string // file with the seed of an nkey (NATS's key pair) or with a NATS JWT; "": none
	CA       string // file with certificates to trust besides the system's; "": none
	Insecure bool   // allow a server on another machine without encryption or credentials
}

// RefusedError reports an address or a server that must not be used, or
// a queue that lacks something, such as a model. Hint says what to do.
type RefusedError struct{ Reason, Hint string }

func (e *RefusedError) Error() string { return e.Reason }

// HasPassword reports whether the URLs in text contain credentials, which must not appear in a list
// of processes.
func HasPassword(text string) bool {
	servers, err := parseURLs(text)
	if err != nil {
		return strings.Contains(text, "@")
	}
	for _, u := range servers {
		if u.User != nil {
			return true
		}
	}
	return false
}

// parseURLs parses a list of URLs, separated by commas.
func parseURLs(text string) (list []*url.URL, err error) {
	for one := range strings.SplitSeq(text, ",") {
		u, err := url.Parse(strings.TrimSpace(one))
		if err != nil {
			// url.Parse's error would repeat the URL, and the password in it.
			return nil, errors.New("the queue's address is not a URL such as nats://127.0.0.1:4222")
		}
		if u.Scheme != "nats" && u.Scheme != "tls" || u.Hostname() == "" || strings.Trim(u.Path, "/") != "" || u.RawQuery != "" {
			// The message does not quote the parameter text,
			// because a password may be anywhere in it.
			return nil, errors.New("the queue's address is not of the form nats://HOST:4222 or tls://HOST:4222")
		}
		list = append(list, u)
	}
	return list, nil
}

// Redacted returns the URLs without users and passwords.
func (a Address) Redacted() string {
	servers, err := parseURLs(a.URL)
	if err != nil {
		return "the queue"
	}
	var list []string
	for _, u := range servers {
		u.User = nil
		list = append(list, u.String())
	}
	return strings.Join(list, ",")
}

// beyondLoopback reports whether any of servers is on another machine.
func beyondLoopback(servers []*url.URL) bool {
	for _, u := range servers {
		if !listen.IsLocal(u.Hostname()) {
			return true
		}
	}
	return false
}

// check refuses servers on other machines that are not encrypted, or that would be used without
// credentials. Insecure allows them.
func (a Address) check() ([]*url.URL, error) {
	servers, err := parseURLs(a.URL)
	if err != nil {
		return nil, err
	}
	if !beyondLoopback(servers) || a.Insecure {
		return servers, nil
	}
	for _, u := range servers {
		switch {
		case u.Scheme != "tls":
			return nil, &RefusedError{a.Redacted() + " is not encrypted: others on the network could read prompts and answers",
				"tls:// encrypts; on a network that you trust, --insecure-queue allows a connection without encryption"}
		case u.User == nil && a.Creds == "":
			return nil, &RefusedError{a.Redacted() + " would be used without credentials",
				"--queue-creds names a file with credentials, and $ALPACA_QUEUE may hold tls://USER:PASSWORD@HOST; --insecure-queue allows a queue without credentials"}
		}
	}
	return servers, nil
}

// oddUser matches the characters of a user's name that are replaced in a subject.
var oddUser = lazyregexp.New(`[^A-Za-z0-9_-]`)

// inboxOf returns the prefix of the subjects on which the server answers a user. Each user has a
// prefix, so that permissions can keep other users from reading the answers.
func inboxOf(user string) string {
	if user == "" {
		return "_INBOX"
	}
	return "_INBOX_" + oddUser().ReplaceAllString(user, "_")
}

// seed matches the line with a user's nkey seed. The other lines of the file are comments.
var seed = lazyregexp.New(`(?m)^\s*SU[A-Z2-7]{56}\s*$`)

// readCreds reads a file with credentials, and reports whether they are a JWT.
func readCreds(name string) (text []byte, jwt bool, err error) {
	text, err = os.ReadFile(name)
	if err != nil {
		return nil, false, err
	}
	if strings.Contains(string(text), "BEGIN NATS USER JWT") {
		return text, true, nil
	}
	if !seed().Match(text) {
		return nil, false, fmt.Errorf("%s: it has neither the seed of a user's nkey (SU…) nor a JWT of NATS's tools", name)
	}
	return text, false, nil
}
