// Package lazyregexp compiles regular expressions at their first use. A program with many commands
// would otherwise compile them all at each start, though a run needs few of them. Go's own commands
// do the same with an internal package of this name.
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
