package engine

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// TestChunk checks how many rows of prompts go into a step together with other rows.
func TestChunk(t *testing.T) {
	type step struct {
		rows int
		took time.Duration
	}
	tests := []struct {
		name   string
		target time.Duration
		known  []step
		want   int
	}{
		{"nothing is known", time.Hour, nil, 32},
		{"a large step fits", time.Hour, []step{{300, time.Second}}, 500},
		{"a large step does not fit", 500 * time.Millisecond, []step{{300, time.Second}}, 32},
		{"so only as many as are known to fit", 500 * time.Millisecond, []step{{300, time.Second}, {60, 200 * time.Millisecond}}, 128},
		{"small steps tell the most it can be", 100 * time.Millisecond, []step{{1, 2 * time.Millisecond}}, 32},
		{"nothing fits", time.Millisecond, []step{{1, 2 * time.Millisecond}}, 8},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			p := pace{target: tt.target}
			for _, s := range tt.known {
				p.learn(s.rows, s.took)
			}
			require.Equal(t, tt.want, p.chunk(4, 500))
			require.Equal(t, 500, p.chunk(0, 500), "nobody waits")
		})
	}
}
