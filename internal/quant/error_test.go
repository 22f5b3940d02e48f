package quant

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestError(t *testing.T) {
	inf, nan := float32(math.Inf(1)), float32(math.NaN())
	for name, tt := range map[string]struct {
		before, after               []float32
		max, largest, rms, relative float64
	}{
		"nothing":                       {nil, nil, 0, 0, 0, 0},
		"equal":                         {[]float32{1, -2, 0}, []float32{1, -2, 0}, 0, 2, 0, 0},
		"moved":                         {[]float32{3, -4}, []float32{3, -7}, 3, 4, math.Sqrt(4.5), 0.6},
		"zeros that do not change":      {[]float32{0, 0}, []float32{0, 0}, 0, 0, 0, 0},
		"zeros that change":             {[]float32{0, 0}, []float32{0, 2}, 2, 0, math.Sqrt2, math.Inf(1)},
		"NaN that does not change":      {[]float32{nan, 4}, []float32{nan, 2}, 2, 4, math.Sqrt2, 0.5},
		"infinities that do not change": {[]float32{inf, -inf, 4}, []float32{inf, -inf, 4}, 0, 4, 0, 0},
		"infinity that becomes finite":  {[]float32{inf, 4}, []float32{1, 4}, math.Inf(1), 4, math.Inf(1), math.Inf(1)},
		"overflow":                      {[]float32{1}, []float32{-inf}, math.Inf(1), 1, math.Inf(1), math.Inf(1)},
	} {
		t.Run(name, func(t *testing.T) {
			e := MeasureError(tt.before, tt.after)
			require.Equal(t, int64(len(tt.before)), e.Values)
			require.Equal(t, []float64{tt.max, tt.largest, tt.rms, tt.relative}, []float64{e.Max, e.Largest, e.RMS(), e.Relative()})
			var sum Error // the sum of the errors of single values
			for i := range tt.before {
				sum.Add(MeasureError(tt.before[i:i+1], tt.after[i:i+1]))
			}
			require.Equal(t, e, sum)
		})
	}
	for _, e := range []Error{
		MeasureError([]float32{nan, 4}, []float32{1, 4}),
		MeasureError([]float32{1, 4}, []float32{nan, 4}),
	} {
		require.True(t, math.IsNaN(e.Max))
		require.True(t, math.IsNaN(e.RMS()))
		require.True(t, math.IsNaN(e.Relative()))
	}
}
