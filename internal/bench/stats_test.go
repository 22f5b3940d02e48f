package bench

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestSummarize(t *testing.T) {
	tests := []struct {
		name    string
		samples []float64
		want    stats
	}{
		{"one", []float64{4}, stats{4, 0, 4}},
		{"even", []float64{1, 3}, stats{2, 1.4142135623730951, 2}},
		{"odd, unsorted", []float64{9, 1, 2}, stats{4, 4.358898943540674, 2}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) { require.Equal(t, tt.want, summarize(tt.samples)) })
	}
}
