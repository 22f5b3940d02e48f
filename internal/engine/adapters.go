package engine

import (
	"fmt"
	"strings"

	"alpaca/internal/model"
)

// adapterSalt returns what tells texts with adapters apart from others in the cache of
// beginnings: what was evaluated with an adapter is of no use without it, or with another
// strength of it. It is "" without adapters.
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
