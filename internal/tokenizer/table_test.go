package tokenizer

import (
	"math/rand/v2"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestTable compares a table with a map.
func TestTable(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for _, n := range []int{0, 1, 2, 3, 100, 5000} {
		texts := make([]string, n)
		first, last := map[string]int32{}, map[string]int32{}
		for i := range texts {
			texts[i] = strconv.Itoa(r.IntN(n)) // some are equal
			if i%50 == 49 {
				texts[i] = ""
			}
			if _, ok := first[texts[i]]; !ok {
				first[texts[i]] = int32(i)
			}
			last[texts[i]] = int32(i)
		}
		for _, tt := range []struct {
			table *table
			want  map[string]int32
		}{{newTable(texts, true), first}, {newTable(texts, false), last}} {
			for i := range n + 10 {
				text := strconv.Itoa(i)
				want, ok := tt.want[text]
				got, found := tt.table.find(text)
				require.Equal(t, ok, found, "%q", text)
				if ok {
					require.Equal(t, want, got, "%q", text)
				}
				place, found := tt.table.findBytes([]byte(text))
				require.Equal(t, got, place)
				require.Equal(t, ok, found)
			}
			_, ok := tt.want[""]
			_, found := tt.table.findBytes(nil)
			require.Equal(t, ok, found)
		}
	}
}
