package machine

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestDefaultThreads(t *testing.T) {
	tests := []struct {
		threads Threads
		want    int
	}{
		{Threads{Logical: 8}, 8},
		{Threads{Logical: 8, Cores: 4}, 4},
		{Threads{Logical: 8, Cores: 6, Fast: 2}, 2},
		{Threads{Logical: 8, Cores: 4, Quota: 1.5}, 2},
		{Threads{Logical: 8, Cores: 4, Quota: 0.5}, 1},
		{Threads{Logical: 2, Cores: 4}, 2},
	}
	for _, tt := range tests {
		require.Equal(t, tt.want, tt.threads.Default(), "%v", tt.threads)
	}
}

func TestCountThreads(t *testing.T) {
	require.Positive(t, CountThreads().Logical)
	require.Positive(t, CountThreads().Default())
	require.NotEmpty(t, CPUName())
}
