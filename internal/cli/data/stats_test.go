package data

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestLengthBounds(t *testing.T) {
	require.Equal(t, []int{512, 1024}, lengthBounds(512))
	require.Equal(t, []int{512, 1024}, lengthBounds(1024))
	require.Equal(t, []int{256, 512, 1024}, lengthBounds(256))
}
