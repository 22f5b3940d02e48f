// Package lazyregexp compiles regular expressions at their first use. A program with many
// commands would else compile them all at each start, though a run needs few of them.
// Go's own commands do the same with an internal package of this name.
package lazyregexp

import (
	"os"
	"regexp"
	"strings"
	"sync"
)

// New returns a function that compiles pattern when it is first called, and returns the
// compiled expression each time. It panics if pattern is not valid: in tests New itself does,
// so that a pattern that no test uses is still checked. Several goroutines may call it.
func New(pattern string) func() *regexp.Regexp {
	compiled := sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(pattern) })
	if isTest {
		compiled()
	}
	return compiled
}

var isTest = strings.HasSuffix(strings.TrimSuffix(os.Args[0], ".exe"), ".test")
