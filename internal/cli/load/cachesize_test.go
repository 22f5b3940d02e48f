package load

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestCacheSize checks how many blocks a cache gets.
func TestCacheSize(t *testing.T) {
	s := CacheSize{Block: 1000, Text: 9, Ctx: 256}
	for _, tt := range []struct {
		n      int
		memory int64
		want   int
	}{
		{4, math.MaxInt64, 72}, // twice four texts
		{4, 50_999, 50},        // as many as fit
		{4, 5_000, 9},          // a single text, although it does not fit
		{4, 0, 9},
		{256, math.MaxInt64, 4608},
	} {
		require.Equal(t, tt.want, s.Blocks(tt.n, tt.memory), "%+v", tt)
	}
	require.Equal(t, int64(9000), s.Bytes())
}
