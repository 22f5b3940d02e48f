package ggml

import (
	"fmt"
	"math"

	"alpaca/internal/fmath"
	"alpaca/internal/ggml/vec"
)

// Scaling is a method of using a model in a longer context than that of its training.
type Scaling string

// The kinds of scaling. Position p rotates pair i by the angle p * freq[i]. Pairs with a large
// freq are called fast, and pairs with a small freq are called slow. n stands for RopeParams.Dim:
//
//	none      freq[i] = base^(-2i/n)
//	linear    freq[i] = base^(-2i/n) / Factor
//	ntk       as none, with base * Factor^(n/(n-2)): slow pairs are stretched,
//	          fast pairs are not
//	yarn      as none for fast pairs, as linear for slow pairs, and with a factor
//	          on all sines and cosines
//	longrope  as linear, with FreqFactors that depend on the context's length
//
// Llama 3 uses ScalingNone with FreqFactors, a table of divisors.
const (
	ScalingNone     Scaling = "none"
	ScalingLinear   Scaling = "linear"
	ScalingNTK      Scaling = "ntk"
	ScalingYaRN     Scaling = "yarn"
	ScalingLongRope Scaling = "longrope"
)

// Scalings has all kinds of scaling.
var Scalings = []Scaling{ScalingNone, ScalingLinear, ScalingNTK, ScalingYaRN, ScalingLongRope}

// RopeParams describe a rotary position embedding.
type RopeParams struct {
	Dim     int     // the first Dim elements of a head are rotated; even
	Base    float64 // base of the frequencies, such as 10000
	Scaling Scaling // "" is ScalingNone
	Factor  float64 // factor of the scaling; 0 means 1

	// Halves says that pair i is the elements i and i+Dim/2 instead of 2i and 2i+1.
	Halves bool

	// AttnFactor is a further factor of sines and cosines; 0 means 1.
	AttnFactor float64
	// OrigCtx is the context length of the training. YaRN and longrope need it.
	OrigCtx int
	YaRN    YaRN // how a model's YaRN differs from the paper's

	// FreqFactors has a divisor of each pair's frequency. If it is nil, there are no divisors.
	FreqFactors []float32
}

// YaRN has the parameters of YaRN's scaling (arXiv:2309.00071) that a
// model may set. A field that is 0 stands for the paper's choice.
type YaRN struct {
	// Ext is the share of their unscaled frequency that fast pairs keep. 0 means all of it, and a
	// negative number means none of it.
	Ext float64
	// Attn is the amplitude: the factor of sines and cosines. 0 means 1 + 0.1*ln Factor, or 1 if
	// Ext is negative.
	Attn float64
	// Pairs that turn more than BetaFast times in OrigCtx positions are fast. Pairs that turn less
	// than BetaSlow times are stretched. 0 means 32 for BetaFast, and 1 for BetaSlow.
	BetaFast, BetaSlow float64
	// Between fast and stretched pairs is a ramp. If Exact is set, the numbers of the pairs at its
	// ends are not rounded.
	Exact bool
	// Log, if it is not 0, divides the amplitude by 1 + 0.1*Log*ln Factor.
	Log float64
}

// Rope is a rotary position embedding. Pair i of a head x is a = x[2i] and b = x[2i+1]. With
// RopeParams.Halves it is a = x[i] and b = x[i+Dim/2]. The pair becomes
//
//	a*cos - b*sin, a*sin + b*cos    for the angle pos * freq[i]
//
// Sines and cosines are computed once for each token, and used in all layers and heads.
type Rope struct {
	freq   []float64 // [Dim/2] radians per position
	scale  float64   // factor of sines and cosines
	halves bool
}

// NewRope returns the embedding that p describes.
func NewRope(p RopeParams) (*Rope, error) {
	if p.Dim <= 0 || p.Dim%2 != 0 {
		return nil, fmt.Errorf("ggml: rope: the number of dimensions is %d, must be even and positive", p.Dim)
	}
	if !(p.Base > 0) || p.Base > 1e12 {
		return nil, fmt.Errorf("ggml: rope: the base is %v, must be above 0 and at most 1e12", p.Base)
	}
	if p.Factor == 0 {
		p.Factor = 1
	}
	if !(p.Factor > 0) || p.Factor > 1e6 {
		return nil, fmt.Errorf("ggml: rope: the scaling factor is %v, must be above 0 and at most 1e6", p.Factor)
	}
	if p.FreqFactors != nil && len(p.FreqFactors) != p.Dim/2 {
		return nil, fmt.Errorf("ggml: rope: %d frequency factors, want one for each of %d pairs", len(p.FreqFactors), p.Dim/2)
	}
	r := &Rope{freq: make([]float64, p.Dim/2), scale: 1, halves: p.Halves}
	base, linear := p.Base, 1/p.Factor
	switch p.Scaling {
	case ScalingNone, "":
		linear = 1
	case ScalingLinear, ScalingYaRN, ScalingLongRope:
	case ScalingNTK:
		if p.Dim > 2 {
			base *= fmath.PowSeries(p.Factor, float64(p.Dim)/float64(p.Dim-2))
		}
		linear = 1
	default:
		return nil, fmt.Errorf("ggml: rope: unknown scaling %q", p.Scaling)
	}
	for i := range r.freq {
		f := fmath.PowSeries(base, -2*float64(i)/float64(p.Dim))
		if p.FreqFactors != nil {
			f /= float64(p.FreqFactors[i])
		}
		r.freq[i] = f * linear
		if p.Scaling == ScalingYaRN {
			keep := p.yarnRamp(i)
			r.freq[i] = float64(f*linear*(1-keep)) + float64(f*keep)
		}
	}
	if p.Scaling == ScalingYaRN {
		r.scale = p.yarnAmplitude()
	}
	if p.AttnFactor != 0 {
		r.scale *= p.AttnFactor
	}
	if !(r.scale > 0) || r.scale > 1e6 {
		return nil, fmt.Errorf("ggml: rope: the factor on sines and cosines is %v, must be above 0 and at most 1e6", r.scale)
	}
	return r, nil
}

// yarnAmplitude returns YaRN's factor on sines and cosines.
func (p *RopeParams) yarnAmplitude() float64 {
	if p.YaRN.Attn != 0 {
		return p.YaRN.Attn
	}
	if p.YaRN.Ext < 0 {
		return 1
	}
	log := fmath.LogSeries(p.Factor)
	amplitude := 1 + float64(0.1*log)
	if p.YaRN.Log != 0 {
		amplitude /= 1 + float64(0.1*p.YaRN.Log*log)
	}
	return amplitude
}

// yarnRamp returns which share of its unscaled frequency pair i keeps. The share
// is Ext if the pair turns more than BetaFast times within the context of the
// training, and 0 if it turns less than BetaSlow times. In between, the share
// falls linearly (arXiv:2309.00071, §3.2, with llama.cpp's rounding).
func (p *RopeParams) yarnRamp(i int) float64 {
	pairOf := func(turns float64) float64 {
		return float64(p.Dim) * fmath.LogSeries(float64(p.OrigCtx)/(turns*2*math.Pi)) / (2 * fmath.LogSeries(p.Base))
	}
	fast, slow := 32.0, 1.0
	if p.YaRN.BetaFast > 0 {
		fast = p.YaRN.BetaFast
	}
	if p.YaRN.BetaSlow > 0 {
		slow = p.YaRN.BetaSlow
	}
	low, high := pairOf(fast), pairOf(slow)
	if !p.YaRN.Exact {
		low, high = math.Floor(low), math.Ceil(high)
	}
	low, high = max(0, low), min(float64(p.Dim-1), high)
	ramp := (float64(i) - low) / max(0.001, high-low)
	keep := 1 - min(max(ramp, 0), 1)
	if p.YaRN.Ext != 0 {
		keep *= max(0, p.YaRN.Ext)
	}
	return keep
}

// Pairs returns how many pairs of a head are rotated. Each
// pair has one sine and one cosine at each position.
func (r *Rope) Pairs() int { return len(r.freq) }

// Angles sets cos and sin, each of Pairs elements, for position pos.
func (r *Rope) Angles(cos, sin []float32, pos int) { r.angles(cos, sin, pos, r.scale) }

// ShiftAngles sets cos and sin to the angles that move a rotated head from a position p to
// p + by.
func (r *Rope) ShiftAngles(cos, sin []float32, by int) { r.angles(cos, sin, by, 1) }

func (r *Rope) angles(cos, sin []float32, pos int, scale float64) {
	for i, f := range r.freq {
		s, c := fmath.SinCos(float64(pos) * f)
		cos[i], sin[i] = float32(c*scale), float32(s*scale)
	}
}

// Apply rotates the head x by the angles of cos and sin.
func (r *Rope) Apply(x, cos, sin []float32) {
	if n := len(cos); r.halves {
		vec.RotateHalves(x[:n], x[n:2*n], cos, sin)
	} else {
		vec.Rotate(x, cos, sin)
	}
}
