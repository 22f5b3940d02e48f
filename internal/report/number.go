package report

import (
	"encoding/json"
	"math"
)

// Number is a number whose JSON is null if it is infinite or NaN.
type Number float64

// MarshalJSON implements json.Marshaler.
func (n Number) MarshalJSON() ([]byte, error) {
	if x := float64(n); !math.IsInf(x, 0) && !math.IsNaN(x) {
		return json.Marshal(x)
	}
	return []byte("null"), nil
}
