// Package freeport finds ports for servers that are ended and started again in the middle of
// a test. A port that the system gives on its own will not do: while nobody listens, the next
// client may get it for its own end of a connection, and one that tries to reach the server
// may even connect to itself.
package freeport

import (
	"fmt"
	"math/rand/v2"
	"net"
	"testing"
)

// Systems give away ports of their own accord from 32768 on, some from 49152 on.
const from, to = 18000, 32000

// Stays returns a port of the loopback address that nobody has, and that nobody gets who does
// not ask for it by its number.
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
