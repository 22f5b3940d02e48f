package ggml

import (
	"fmt"
	"math"

	"alpaca/internal/fmath"
	"alpaca/internal/ggml/vec"
)

// Scaling stretches the positions a model was trained for over a longer context.
type Scaling string

// The kinds of scaling. Position p turns pair i of a head of n elements by p * freq[i]:
//
//	none    freq[i] = base^(-2i/n)
//	linear  that, divided by Factor
//	ntk     none, with base * Factor^(n/(n-2)): slow pairs are stretched,
//	        fast ones kept
//	yarn    from none for fast pairs to linear for slow ones, and a factor
//	        on all sines and cosines
//	longrope  linear, with FreqFactors that depend on the context's length
//
// Llama 3's scaling comes as a table of divisors, FreqFactors, on top of none.
const (
	ScalingNone     Scaling = "none"
	ScalingLinear   Scaling = "linear"
	ScalingNTK      Scaling = "ntk"
	ScalingYaRN     Scaling = "yarn"
	ScalingLongRope Scaling = "longrope"
)

// Scalings are all kinds.
var Scalings = []Scaling{ScalingNone, ScalingLinear, ScalingNTK, ScalingYaRN, ScalingLongRope}

// RopeParams describe a rotary position embedding.
type RopeParams struct {
	Dim     int     // elements of a head that turn, from the first; even
	Base    float64 // of the wave lengths, such as 10000
	Scaling Scaling // "" is none
	Factor  float64 // of the scaling; 0 is 1

	// Halves says that pair i is the elements i and i+Dim/2, not 2i and 2i+1.
	Halves bool

	// AttnFactor is a further factor on sines and cosines, 0 for 1.
	AttnFactor float64
	// OrigCtx is the context of the training, which YaRN and longrope need.
	OrigCtx int
	YaRN    YaRN // how a model's YaRN differs from the paper's

	// FreqFactors divide the frequencies, one for each pair; nil for none.
	FreqFactors []float32
}

// YaRN has the parameters of the scaling of that name (arXiv:2309.00071) that a model may
// set. Zeros stand for the paper's choices.
type YaRN struct {
	Ext                float64 // the part of its frequency that a fast pair keeps; 0: 1, negative: nothing, as linear
	Attn               float64 // the amplitude; 0: 1 + 0.1*ln Factor
	BetaFast, BetaSlow float64 // pairs with more turns in the training's context are kept, with fewer stretched; 0: 32, 1
	Exact              bool    // the bounds of the ramp between kept and stretched pairs are not rounded
	Log                float64 // divides the amplitude by 1 + 0.1*Log*ln Factor
}

// Rope is a rotary position embedding: in head x of n elements the pair i, a = x[2i]
// and b = x[2i+1], or with RopeParams.Halves a = x[i] and b = x[i+n/2], becomes
//
//	a*cos - b*sin, a*sin + b*cos    of the angle pos * freq[i]
//
// Sines and cosines are made once for a token and serve all layers and heads.
type Rope struct {
	freq   []float64 // [Dim/2] radians a position
	scale  float64   // of sines and cosines
	halves bool
}

// NewRope returns the embedding that p describes.
func NewRope(p RopeParams) (*Rope, error) {
	if p.Dim <= 0 || p.Dim%2 != 0 {
		return nil, fmt.Errorf("ggml: rope: %d dimensions, must be even and positive", p.Dim)
	}
	if !(p.Base > 0) || p.Base > 1e12 {
		return nil, fmt.Errorf("ggml: rope: base %v, must be above 0 and at most 1e12", p.Base)
	}
	if p.Factor == 0 {
		p.Factor = 1
	}
	if !(p.Factor > 0) || p.Factor > 1e6 {
		return nil, fmt.Errorf("ggml: rope: scaling factor %v, must be above 0 and at most 1e6", p.Factor)
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

// yarnAmplitude returns the factor on sines and cosines.
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

// yarnRamp returns how much of its own frequency pair i keeps: 1 where it turns more
// than BetaFast times within the context of the training, 0 where less than BetaSlow
// times, and a ramp in between (arXiv:2309.00071, §3.2, with llama.cpp's rounding).
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

// Pairs returns the number of pairs of a head that turn: the length of a
// position's cosines.
func (r *Rope) Pairs() int { return len(r.freq) }

// Angles sets cos and sin, of Pairs elements, for position pos.
func (r *Rope) Angles(cos, sin []float32, pos int) { r.angles(cos, sin, pos, r.scale) }

// ShiftAngles sets cos and sin to those that move an embedded head by that many positions.
func (r *Rope) ShiftAngles(cos, sin []float32, by int) { r.angles(cos, sin, by, 1) }

func (r *Rope) angles(cos, sin []float32, pos int, scale float64) {
	for i, f := range r.freq {
		s, c := fmath.SinCos(float64(pos) * f)
		cos[i], sin[i] = float32(c*scale), float32(s*scale)
	}
}

// Apply turns the head x by the angles of cos and sin.
func (r *Rope) Apply(x, cos, sin []float32) {
	if n := len(cos); r.halves {
		vec.RotateHalves(x[:n], x[n:2*n], cos, sin)
	} else {
		vec.Rotate(x, cos, sin)
	}
}
