// Package guard decides who may send requests to a server: programs on any machine, with a key if
// the server has keys, but not other people's web pages. It also ends answers that take longer than
// their request allows. The handlers behind it need not check any of this.
package guard

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"errors"
	"mime"
	"net"
	"net/http"
	"strings"

	"alpaca/internal/openai"
	"alpaca/internal/report/shorten"
	"alpaca/internal/server/listen"
)

// Handle answers a request. If a Handle fails before it
// has sent anything, its error becomes the response.
type Handle = func(w http.ResponseWriter, r *http.Request) error

// Guard decides which requests a server answers.
type Guard struct {
	keys    keys
	hosts   []string // names that a Host header may have on the loopback interface, besides localhost and loopback addresses
	origin  string   // origin of other web pages that may send requests; "": none
	origins *http.CrossOriginProtection
}

// New returns a guard with the keys, hosts and origin of a server. Without keys, no request needs
// one. New panics if CheckOrigin refuses the origin.
func New(keys, hosts []string, origin string) *Guard {
	g := &Guard{keys: newKeys(keys), hosts: hosts, origin: origin, origins: http.NewCrossOriginProtection()}
	if origin != "" {
		if err := g.origins.AddTrustedOrigin(origin); err != nil {
			panic("guard: " + err.Error())
		}
	}
	return g
}

// Pages returns a handler that passes a request to h, unless a foreign web page
// could have sent the request. In that case it calls fail. A foreign page may use a
// domain name that resolves to this machine (DNS rebinding). For the browser, that
// page has the server's own origin, and only the Host header reveals the page.
func (g *Guard) Pages(h http.Handler, fail func(http.ResponseWriter, error)) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if listen.FromHere(r) && !listen.OwnName(r.Host, g.hosts) {
			fail(w, &openai.Error{Status: http.StatusForbidden, Type: openai.TypePermission, Code: "host_not_allowed",
				Message: "the Host " + Clip(r.Host) + " is not one of this server's names: use localhost in the address, or start the server with --allowed-host"})
			return
		}
		if g.origin != "" {
			w.Header().Add("Vary", "Origin")
			if r.Header.Get("Origin") == g.origin {
				g.allowOrigin(w, r)
				if r.Method == http.MethodOptions {
					w.WriteHeader(http.StatusNoContent)
					return
				}
			}
		}
		if err := g.origins.Check(r); err != nil {
			fail(w, &openai.Error{Status: http.StatusForbidden, Type: openai.TypePermission, Code: "origin_not_allowed",
				Message: "the request comes from a web page of another origin; --cors-origin allows one"})
			return
		}
		h.ServeHTTP(w, r)
	})
}

// Clip shortens text of a request for an error.
func Clip(text string) string { return shorten.Text(text, 100) }

// allowOrigin sets the headers that let pages of g.origin send their headers and read the response.
func (g *Guard) allowOrigin(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("Access-Control-Allow-Origin", g.origin)
	h.Set("Access-Control-Allow-Methods", "GET, POST")
	h.Set("Access-Control-Allow-Headers", strings.Join(append(pageHeaders[:len(pageHeaders):len(pageHeaders)], wantedHeaders(r)...), ", "))
	h.Set("Access-Control-Expose-Headers", "X-Request-Id, Request-Id, Retry-After, X-Should-Retry, X-Alpaca-Warning")
	h.Set("Access-Control-Max-Age", "600")
}

// pageHeaders are headers that pages of the allowed origin may always send.
var pageHeaders = []string{"Authorization", "Content-Type", "X-Api-Key", "X-Request-Id"}

// wantedHeaders returns the headers that a page asks to send. The guard
// allows them, because OpenAI's and Anthropic's clients send many headers
// of their own, and more with each version. Invalid names are left out.
func wantedHeaders(r *http.Request) (list []string) {
	const most = 64
	odd := func(c rune) bool {
		return !(c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '-' || c == '_')
	}
	for name := range strings.SplitSeq(r.Header.Get("Access-Control-Request-Headers"), ",") {
		if name = strings.TrimSpace(name); name != "" && !strings.ContainsFunc(name, odd) && len(list) < most {
			list = append(list, name)
		}
	}
	return list
}

// CheckOrigin returns an error unless text is the origin of a web page.
func CheckOrigin(text string) error { return http.NewCrossOriginProtection().AddTrustedOrigin(text) }

// keys are the hashes of the accepted keys. Comparing hashes takes the same time for every input.
type keys [][sha256.Size]byte

func newKeys(list []string) (k keys) {
	for _, key := range list {
		k = append(k, sha256.Sum256([]byte(key)))
	}
	return k
}

// has reports whether key is an accepted key.
func (k keys) has(key string) bool {
	sum := sha256.Sum256([]byte(key))
	found := 0
	for i := range k {
		found |= subtle.ConstantTimeCompare(k[i][:], sum[:])
	}
	return found == 1
}

// keyOf returns the key of a request, or "" if it has none.
func keyOf(r *http.Request) string {
	scheme, key, ok := strings.Cut(r.Header.Get("Authorization"), " ")
	if ok && strings.EqualFold(scheme, "Bearer") {
		return strings.TrimSpace(key)
	}
	return r.Header.Get("X-Api-Key")
}

// Known reports whether a request has an accepted key, or needs none.
func (g *Guard) Known(r *http.Request) bool { return len(g.keys) == 0 || g.keys.has(keyOf(r)) }

// Salt returns a value that divides the prefix cache by key, if the server has
// several keys. In a shared cache, the time that a prompt takes would reveal what
// the holder of another key has asked. With one key or none, Salt returns "".
func (g *Guard) Salt(r *http.Request) string {
	if len(g.keys) < 2 {
		return ""
	}
	return hash(keyOf(r))
}

// Client identifies the client of a request, so that clients take turns. It returns a hash of the
// request's key or, if that is not an accepted key, the client's address.
func (g *Guard) Client(r *http.Request) string {
	if len(g.keys) > 0 && g.Known(r) {
		return "key " + hash(keyOf(r))
	}
	if host, _, err := net.SplitHostPort(r.RemoteAddr); err == nil {
		return "address " + host
	}
	return "address " + r.RemoteAddr
}

func hash(key string) string {
	sum := sha256.Sum256([]byte(key))
	return hex.EncodeToString(sum[:])
}

// WithKey returns a handler that refuses requests without an accepted key, if the server has keys.
func (g *Guard) WithKey(h Handle) Handle {
	if len(g.keys) == 0 {
		return h
	}
	return func(w http.ResponseWriter, r *http.Request) error {
		if g.Known(r) {
			return h(w, r)
		}
		w.Header().Set("WWW-Authenticate", "Bearer")
		message := "an API key is needed, in the header \"Authorization: Bearer KEY\""
		if keyOf(r) != "" {
			message = "the API key is not one of this server's"
		}
		return &openai.Error{Status: http.StatusUnauthorized, Type: openai.TypeKey, Code: "invalid_api_key", Message: message}
	}
}

// Browsed makes h accept the key as a password, too. A browser that opens an address cannot set
// headers, but it can ask its user for a password.
func (g *Guard) Browsed(h Handle) Handle {
	if len(g.keys) == 0 {
		return h
	}
	return func(w http.ResponseWriter, r *http.Request) error {
		if _, key, ok := r.BasicAuth(); ok {
			r = r.Clone(r.Context())
			r.Header.Set("Authorization", "Bearer "+key)
		}
		err := h(w, r)
		if e, ok := errors.AsType[*openai.Error](err); ok && e.Status == http.StatusUnauthorized {
			w.Header().Add("WWW-Authenticate", `Basic realm="alpaca: any name, and the API key as the password"`)
		}
		return err
	}
}

// CheckType refuses content types that a foreign web page could send without a preflight request.
// Programs may leave the type out, or send curl's default. CheckType also refuses compressed bodies.
func CheckType(r *http.Request) error {
	if encoding := r.Header.Get("Content-Encoding"); encoding != "" && encoding != "identity" {
		return unsupportedType("the body is encoded with " + Clip(encoding) + ": send it unencoded")
	}
	kind, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if kind == "application/json" || strings.HasSuffix(kind, "+json") {
		return nil
	}
	browser := r.Header.Get("Origin") != ""
	for name := range r.Header {
		browser = browser || strings.HasPrefix(name, "Sec-Fetch-")
	}
	if !browser {
		return nil
	}
	return unsupportedType("the Content-Type is " + Clip(kind) + ", must be application/json: add the header \"Content-Type: application/json\"")
}

func unsupportedType(message string) error {
	return &openai.Error{Status: http.StatusUnsupportedMediaType, Type: openai.TypeInvalid, Code: "unsupported_media_type", Message: message}
}
