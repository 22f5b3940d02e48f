package lazyregexp

import (
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestNew(t *testing.T) {
	word := New(`^\w+$`)
	require.Same(t, word(), word())
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() { word().MatchString("word") })
	}
	all.Wait()
	require.True(t, word().MatchString("word"))
	require.False(t, word().MatchString("two words"))
	require.Panics(t, func() { New(`(`) }, "in tests, New checks the pattern")
}
