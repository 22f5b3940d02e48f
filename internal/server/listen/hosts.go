package listen

import (
	"net"
	"net/http"
	"strings"
)

// OnLoopback reports whether a request came over the loopback interface.
func OnLoopback(r *http.Request) bool {
	addr, _ := r.Context().Value(http.LocalAddrContextKey).(net.Addr)
	tcp, ok := addr.(*net.TCPAddr)
	return ok && tcp.IP.IsLoopback()
}

// AllowedHost reports whether a Host is this machine's as seen from itself, or one of
// others. A web page whose name leads to this machine is of the same origin as far as a
// browser knows: only the Host gives it away.
func AllowedHost(host string, others []string) bool {
	name := host
	if h, _, err := net.SplitHostPort(host); err == nil {
		name = h
	}
	name = strings.ToLower(strings.TrimSuffix(strings.Trim(name, "[]"), "."))
	if name == "localhost" || strings.HasSuffix(name, ".localhost") {
		return true
	}
	if ip := net.ParseIP(name); ip != nil && ip.IsLoopback() {
		return true
	}
	for _, allowed := range others {
		if strings.EqualFold(name, strings.Trim(allowed, "[]")) || strings.EqualFold(host, allowed) {
			return true
		}
	}
	return false
}
