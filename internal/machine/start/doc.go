// Package start ends the program with a one-line error if the limit of its address space (ulimit
// -v) is too low. Without this check, Go's runtime would end the program later, with a long dump
// of its state. Package start imports almost nothing, so that it is initialized before packages
// that need memory. It checks the limit only on Linux.
package start
