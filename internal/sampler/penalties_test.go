package sampler

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// newPenalties returns penalties for a vocabulary of five tokens. They remember the last lastN
// tokens.
func newPenalties(repeat, frequency, presence float32, lastN int) *penalties {
	return &penalties{repeat: repeat, frequency: frequency, presence: presence,
		recent: history{limit: lastN}, counts: make([]int32, 5)}
}

func TestPenalties(t *testing.T) {
	logits := []float32{4, -4, 0, 8, 1}
	tests := []struct {
		name string
		s    *penalties
		text []int32
		want []float32
	}{
		{"no text", newPenalties(2, 1, 1, 9), nil, logits},
		{"repeat", newPenalties(2, 0, 0, 9), []int32{0, 1, 2, 0}, []float32{2, -8, 0, 8, 1}},
		{"frequency", newPenalties(1, 0.5, 0, 9), []int32{0, 1, 0, 0}, []float32{2.5, -4.5, 0, 8, 1}},
		{"presence", newPenalties(1, 0, 0.5, 9), []int32{0, 1, 0, 0}, []float32{3.5, -4.5, 0, 8, 1}},
		{"all", newPenalties(2, 1, 0.5, 9), []int32{3, 3}, []float32{4, -4, 0, 1.5, 1}},
		{"last 2", newPenalties(2, 0, 0, 2), []int32{0, 3, 4, 3}, []float32{4, -4, 0, 4, 0.5}},
		{"all of the text", newPenalties(2, 0, 0, -1), []int32{0, 3, 4}, []float32{2, -4, 0, 4, 0.5}},
		{"negative penalties make tokens likelier", newPenalties(0.5, -1, -1, 9), []int32{4}, []float32{4, -4, 0, 8, 4}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			for _, id := range tt.text {
				tt.s.accept(id)
			}
			for range 2 { // the first round must leave the counts as they were
				c := loaded(t, logits...)
				tt.s.apply(c)
				for i, want := range tt.want {
					require.Equal(t, want, c.list[i].logit, "token %d", i)
				}
			}
			// If the candidates are not in the order of their ids, other code computes the same
			// result.
			c := loaded(t, logits...)
			c.sort()
			tt.s.apply(c)
			for _, got := range c.list {
				require.Equal(t, tt.want[got.id], got.logit, "token %d", got.id)
			}
		})
	}
}

func TestHistory(t *testing.T) {
	h := history{limit: 3}
	for i, want := range []struct {
		old  int32
		full bool
	}{{0, false}, {0, false}, {0, false}, {10, true}, {11, true}} {
		old, full := h.push(int32(10 + i))
		require.Equal(t, want.full, full)
		if full {
			require.Equal(t, want.old, old)
		}
	}
	require.Equal(t, []int32{14, 13, 12}, h.newestFirst(nil))
	none := history{limit: 0}
	old, full := none.push(7)
	require.True(t, full)
	require.Equal(t, int32(7), old)
	require.Empty(t, none.newestFirst(nil))
}
