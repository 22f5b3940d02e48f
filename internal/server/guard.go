package server

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
	"alpaca/internal/server/listen"
)

// guarded refuses what web pages of others may have sent. A page whose name leads to this
// machine is of the same origin as far as the browser knows: only the name gives it away.
func (s *Server) guarded(origins *http.CrossOriginProtection, h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if listen.FromHere(r) && !listen.OwnName(r.Host, s.opt.Hosts) {
			s.fail(w, &openai.Error{Status: http.StatusForbidden, Type: openai.TypePermission, Code: "host_not_allowed",
				Message: "the Host " + clip(r.Host) + " is not one of this server's: ask for localhost, or start it with --allowed-host"})
			return
		}
		if s.opt.Origin != "" {
			w.Header().Add("Vary", "Origin")
			if r.Header.Get("Origin") == s.opt.Origin {
				s.allowOrigin(w)
				if r.Method == http.MethodOptions {
					w.WriteHeader(http.StatusNoContent)
					return
				}
			}
		}
		if err := origins.Check(r); err != nil {
			s.fail(w, &openai.Error{Status: http.StatusForbidden, Type: openai.TypePermission, Code: "origin_not_allowed",
				Message: "the request comes from a web page of another origin; --cors-origin allows one"})
			return
		}
		h.ServeHTTP(w, r)
	})
}

// allowOrigin lets the pages of one origin read responses.
func (s *Server) allowOrigin(w http.ResponseWriter) {
	h := w.Header()
	h.Set("Access-Control-Allow-Origin", s.opt.Origin)
	h.Set("Access-Control-Allow-Methods", "GET, POST")
	h.Set("Access-Control-Allow-Headers", "Authorization, Content-Type, X-Api-Key, X-Request-Id")
	h.Set("Access-Control-Expose-Headers", "X-Request-Id, Retry-After")
	h.Set("Access-Control-Max-Age", "600")
}

// CheckOrigin returns an error unless text is the origin of a web page.
func CheckOrigin(text string) error { return http.NewCrossOriginProtection().AddTrustedOrigin(text) }

// keys are the keys that are accepted, hashed so that comparing takes the same time
// whatever is sent.
type keys [][sha256.Size]byte

func newKeys(list []string) (k keys) {
	for _, key := range list {
		k = append(k, sha256.Sum256([]byte(key)))
	}
	return k
}

// salt divides the cache where several keys mean several people: how long a prompt takes
// must not tell what others have asked.
func (k keys) salt(key string) string {
	if len(k) < 2 {
		return ""
	}
	sum := sha256.Sum256([]byte(key))
	return hex.EncodeToString(sum[:])
}

// has reports whether key is one of them.
func (k keys) has(key string) bool {
	sum := sha256.Sum256([]byte(key))
	found := 0
	for i := range k {
		found |= subtle.ConstantTimeCompare(k[i][:], sum[:])
	}
	return found == 1
}

// keyOf returns the key that a request has, "" for none.
func keyOf(r *http.Request) string {
	scheme, key, ok := strings.Cut(r.Header.Get("Authorization"), " ")
	if ok && strings.EqualFold(scheme, "Bearer") {
		return strings.TrimSpace(key)
	}
	return r.Header.Get("X-Api-Key")
}

// clientOf returns whose request it is, for taking turns: who has a key is known by it,
// others by the address they ask from.
func (s *Server) clientOf(r *http.Request) string {
	if key := keyOf(r); len(s.keys) > 0 && s.keys.has(key) {
		sum := sha256.Sum256([]byte(key))
		return "key " + hex.EncodeToString(sum[:])
	}
	if host, _, err := net.SplitHostPort(r.RemoteAddr); err == nil {
		return "address " + host
	}
	return "address " + r.RemoteAddr
}

// withKey lets h answer those who have a key, where one is needed.
func (s *Server) withKey(h handle) handle {
	if len(s.keys) == 0 {
		return h
	}
	return func(w http.ResponseWriter, r *http.Request) error {
		key := keyOf(r)
		if s.keys.has(key) {
			return h(w, r)
		}
		w.Header().Set("WWW-Authenticate", "Bearer")
		message := "an API key is needed, in the header \"Authorization: Bearer KEY\""
		if key != "" {
			message = "the API key is not one of this server's"
		}
		return &openai.Error{Status: http.StatusUnauthorized, Type: openai.TypeKey, Code: "invalid_api_key", Message: message}
	}
}

// browsed lets h answer browsers, too, which send no header of a page's when they open an
// address: they ask their user for a password, which is the key.
func (s *Server) browsed(h handle) handle {
	if len(s.keys) == 0 {
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

// checkType refuses bodies that a page could have sent without being asked. Programs may
// leave the type out, or send curl's.
func checkType(r *http.Request) error {
	if encoding := r.Header.Get("Content-Encoding"); encoding != "" && encoding != "identity" {
		return unsupportedType("the body is encoded with " + clip(encoding) + ": send it as it is")
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
	return unsupportedType("the Content-Type is " + clip(kind) + ", must be application/json: add the header \"Content-Type: application/json\"")
}

func unsupportedType(message string) error {
	return &openai.Error{Status: http.StatusUnsupportedMediaType, Type: openai.TypeInvalid, Code: "unsupported_media_type", Message: message}
}
