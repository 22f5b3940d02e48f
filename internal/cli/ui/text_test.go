package ui

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestByteCount(t *testing.T) {
	tests := []struct {
		n    int64
		want string
	}{
		{0, "0 B"}, {1023, "1023 B"}, {1024, "1.0 KiB"}, {1<<20 - 1, "1.0 MiB"}, {4212727017, "3.9 GiB"}, {1<<63 - 1, "8.0 EiB"},
	}
	for _, tt := range tests {
		require.Equal(t, tt.want, ByteCount(tt.n))
	}
}
