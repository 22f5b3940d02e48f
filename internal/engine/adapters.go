package engine

import (
	"fmt"
	"strings"

	"alpaca/internal/model"
)

// adapterSalt returns what keeps texts with different adapters apart in the prefix cache:
// keys and values that were computed with an adapter are of no use without it, or with it at
// another scale. It is "" without adapters.
func adapterSalt(m *model.Model, scales []float32) string {
	if scales == nil {
		scales = m.Scales()
	}
	var b strings.Builder
	for i, scale := range scales {
		if scale != 0 {
			fmt.Fprintf(&b, "\x00%d:%x", i, scale)
		}
	}
	return b.String()
}
