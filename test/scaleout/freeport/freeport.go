// Package freeport finds ports for servers that a test stops and starts again. An ephemeral
// port (from port 0) will not do. While the server is down, the system may give that port to
// a client as its local port, and a client that dials the server may even connect to itself.
package freeport

import (
	"fmt"
	"math/rand/v2"
	"net"
	"testing"
)

// Stays chooses a port between from and to. Ephemeral ports begin at 32768 on Linux, and at
// 49152 on other systems.
const from, to = 18000, 32000

// Stays returns a free port of the loopback address. The system gives it only to programs that
// ask for it by number.
func Stays(t testing.TB) int {
	t.Helper()
	for range 1000 {
		port := from + rand.IntN(to-from)
		if l, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", port)); err == nil {
			l.Close()
			return port
		}
	}
	t.Fatalf("no port from %d to %d is free", from, to)
	return 0
}
