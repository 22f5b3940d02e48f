// Package listen opens the addresses of a server: names and addresses of this machine, which all
// get the same port, or socket files. The package also knows which addresses only this machine can
// reach, limits the number of connections, and answers malformed requests.
package listen

import (
	"fmt"
	"net"
	"os"
	"strconv"
	"strings"
)

// IsLocal reports whether a host or socket file can only be reached from this machine.
func IsLocal(host string) bool {
	if isSocket(host) || host == "localhost" {
		return true
	}
	ip := net.ParseIP(strings.Trim(host, "[]"))
	return ip != nil && ip.IsLoopback()
}

// isSocket reports whether a host is the path of a Unix socket.
func isSocket(host string) bool { return strings.HasSuffix(host, ".sock") }

// Listeners are the open addresses of a server.
type Listeners []net.Listener

// At listens at hosts: names, addresses, or socket files. "localhost" means 127.0.0.1, and ::1 if
// the machine has it. Port 0 means any free port, the same for all hosts.
func At(hosts []string, port int) (l Listeners, err error) {
	defer func() {
		if err != nil {
			l.Close()
			l = nil
		}
	}()
	for _, host := range hosts {
		if isSocket(host) {
			err = l.socket(host)
		} else if host == "localhost" {
			if port, err = l.tcp("127.0.0.1", port); err == nil {
				l.tcp("::1", port) // an error is ignored: the machine may have no IPv6
			}
		} else {
			port, err = l.tcp(strings.Trim(host, "[]"), port)
		}
		if err != nil {
			return l, err
		}
	}
	return l, nil
}

func (l *Listeners) tcp(host string, port int) (int, error) {
	ln, err := net.Listen("tcp", net.JoinHostPort(host, strconv.Itoa(port)))
	if err != nil {
		return port, err
	}
	*l = append(*l, ln)
	return ln.Addr().(*net.TCPAddr).Port, nil
}

// socket listens at a socket file that only its owner can use. It replaces a socket file at which
// no program listens.
func (l *Listeners) socket(path string) error {
	if st, err := os.Lstat(path); err == nil {
		if st.Mode()&os.ModeSocket == 0 {
			return fmt.Errorf("%s: there is a file already", path)
		}
		if c, err := net.Dial("unix", path); err == nil {
			c.Close()
			return fmt.Errorf("%s: another program listens there", path)
		}
		os.Remove(path)
	}
	ln, err := net.Listen("unix", path)
	if err != nil {
		return err
	}
	*l = append(*l, ln)
	return os.Chmod(path, 0o600)
}

// URLs returns the addresses of the server.
func (l Listeners) URLs() (list []string) {
	for _, ln := range l {
		if ln.Addr().Network() == "unix" {
			list = append(list, "unix:"+ln.Addr().String())
		} else {
			list = append(list, "http://"+ln.Addr().String())
		}
	}
	return list
}

// Close closes all listeners.
func (l Listeners) Close() {
	for _, ln := range l {
		ln.Close()
	}
}
