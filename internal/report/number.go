package report

import (
	"encoding/json"
	"math"
)

// Number is a figure that JSON has null for where it is infinite or no number.
type Number float64

// MarshalJSON implements json.Marshaler.
func (n Number) MarshalJSON() ([]byte, error) {
	if x := float64(n); !math.IsInf(x, 0) && !math.IsNaN(x) {
		return json.Marshal(x)
	}
	return []byte("null"), nil
}
