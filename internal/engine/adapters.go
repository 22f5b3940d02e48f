package engine

import (
	"fmt"
	"strings"

	"alpaca/internal/model"
)

// adapterSalt returns a salt that separates texts with different adapters in the prefix
// cache, because keys and values depend on the adapters and their scales. It is "" without
// adapters.
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
