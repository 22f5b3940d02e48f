// Package start ends a program with a one-line error if the limit of the program's address
// space (ulimit -v) is too low. Without this check, Go's runtime would end the program later,
// with a long dump of the runtime's state. Package start imports almost nothing, so that Go
// initializes it before packages that need memory. It checks the limit only on Linux.
package start
