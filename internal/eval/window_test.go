package eval

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestWindows(t *testing.T) {
	text := []int32{10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20}
	tests := []struct {
		name  string
		p     Policy
		want  [][]int32
		first int
	}{
		{"adjacent windows", Policy{Context: 4}, [][]int32{{10, 11, 12, 13}, {14, 15, 16, 17}}, 2},
		{"odd", Policy{Context: 5}, [][]int32{{10, 11, 12, 13, 14}, {15, 16, 17, 18, 19}}, 2},
		{"BOS", Policy{Context: 4, BOS: true, BOSID: 1}, [][]int32{{1, 11, 12, 13}, {1, 15, 16, 17}}, 2},
		{"all", Policy{Context: 8, All: true}, [][]int32{{10, 11, 12, 13, 14, 15, 16, 17}}, 0},
		{"one chunk", Policy{Context: 4, Chunks: 1}, [][]int32{{10, 11, 12, 13}}, 2},
		{"stride", Policy{Context: 6, Stride: 2}, // windows of 7, the last 2 scored
			[][]int32{{10, 11, 12, 13, 14, 15, 16}, {12, 13, 14, 15, 16, 17, 18}, {14, 15, 16, 17, 18, 19, 20}}, 4},
		{"the whole text", Policy{Context: 11}, [][]int32{text}, 5},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			windows, err := tt.p.Windows(text)
			require.NoError(t, err)
			got := [][]int32{}
			for _, w := range windows {
				got = append(got, w.Tokens)
				require.Equal(t, tt.first, w.First)
				require.Equal(t, tt.p.scored(), w.Scored())
			}
			require.Equal(t, tt.want, got)
			require.Equal(t, int32(10), text[0], "dividing a text must not change it")
		})
	}
}

// TestStrideScoresEveryTokenOnce checks that each token is scored once, although windows
// overlap.
func TestStrideScoresEveryTokenOnce(t *testing.T) {
	text := fakeText(200, 50)
	p := Policy{Context: 32, Stride: 8}
	next := p.First() + 1
	for i, w := range windowsOf(t, p, text) {
		for k := range w.Scored() {
			require.Equal(t, next, i*p.Stride+w.First+1+k)
			next++
		}
	}
	require.Greater(t, next, 190)
}

func TestWindowErrors(t *testing.T) {
	tests := []struct {
		name string
		p    Policy
		n    int
		want string
	}{
		{"empty", Policy{Context: 512}, 0, "eval: the text has 0 tokens, but a window of this context needs 512"},
		{"a text that is too short", Policy{Context: 512}, 511, "eval: the text has 511 tokens, but a window of this context needs 512"},
		{"a text that is too short for the stride", Policy{Context: 512, Stride: 256}, 600, "eval: the text has 600 tokens, but a window of this context needs 640"},
		{"context", Policy{Context: 3}, 9, "eval: a context of 3 tokens: at least 4 are needed"},
		{"stride", Policy{Context: 8, Stride: 16}, 99, "eval: a stride of 16 tokens must be less than the window of 16"},
		{"negative stride", Policy{Context: 8, Stride: -1}, 99, "eval: a stride of -1 tokens, must not be negative"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := tt.p.Windows(make([]int32, tt.n))
			require.EqualError(t, err, tt.want)
		})
	}
}

func TestPolicyInWords(t *testing.T) {
	require.Equal(t, "adjacent windows of 512 tokens, first token of each replaced by BOS, last 255 tokens of each scored",
		Policy{Context: 512, BOS: true}.String())
	require.Equal(t, "windows of 640 tokens every 256, no BOS token, last 256 tokens of each scored",
		Policy{Context: 512, Stride: 256}.String())
	require.Equal(t, "adjacent windows of 64 tokens, no BOS token, every token scored",
		Policy{Context: 64, All: true}.String())
}
