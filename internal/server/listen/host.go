package listen

import (
	"net"
	"net/http"
	"strings"
)

// Names returns the hosts that are names, not addresses or socket files. A Host header may have
// these names.
func Names(hosts []string) (list []string) {
	for _, host := range hosts {
		if !isSocket(host) && net.ParseIP(strings.Trim(host, "[]")) == nil {
			list = append(list, host)
		}
	}
	return list
}

// FromHere reports whether a request came over the loopback interface.
func FromHere(r *http.Request) bool {
	addr, _ := r.Context().Value(http.LocalAddrContextKey).(net.Addr)
	tcp, ok := addr.(*net.TCPAddr)
	return ok && tcp.IP.IsLoopback()
}

// OwnName reports whether a Host header is a loopback name or address, such as localhost, or one of
// the allowed names. It also accepts a request without a host: every browser sends one, but health
// checks that speak HTTP/1.0 do not.
func OwnName(host string, allowed []string) bool {
	if host == "" {
		return true
	}
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
	for _, other := range allowed {
		if strings.EqualFold(name, strings.Trim(other, "[]")) || strings.EqualFold(host, other) {
			return true
		}
	}
	return false
}
