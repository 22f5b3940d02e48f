package bench

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// TestMergeSensors checks that the load before the benchmark stays, and that the worse reading
// counts for everything else.
func TestMergeSensors(t *testing.T) {
	s := Sensors{Load: 0.5}.merge(Sensors{Load: 2, Celsius: 60, MHz: 1800})
	s = s.merge(Sensors{Load: 2, Celsius: 50, MHz: 1500, Throttled: true})
	require.Equal(t, Sensors{Load: 0.5, Celsius: 60, MHz: 1500, Throttled: true}, s)
}
