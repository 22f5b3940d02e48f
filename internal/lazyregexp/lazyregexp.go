// Package lazyregexp compiles regular expressions at their first use. Otherwise a program with
// many commands would compile all its expressions at each start, though a run needs only a few
// of them. Go's own commands use an internal package with the same name and purpose.
package lazyregexp

import (
	"os"
	"regexp"
	"strings"
	"sync"
)

// New returns a function that compiles pattern at its first call and returns the compiled
// expression at every call. It panics if pattern is invalid. In tests, New itself compiles the
// pattern, so that an invalid one is found even if no test uses it. Several goroutines may call the
// function.
func New(pattern string) func() *regexp.Regexp {
	compiled := sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(pattern) })
	if isTest {
		compiled()
	}
	return compiled
}

var isTest = strings.HasSuffix(strings.TrimSuffix(os.Args[0], ".exe"), ".test")
