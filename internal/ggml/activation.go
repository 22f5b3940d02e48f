package ggml

import (
	"sync"

	"alpaca/internal/fmath"
	"alpaca/internal/ggml/vec"
	"alpaca/internal/pool"
)

// Activation is the activation function of a feed-forward network.
type Activation int

const (
	SiLU Activation = iota // x / (1 + e^-x)
	GELU                   // 0.5 x (1 + tanh(sqrt(2/pi) (x + 0.044715 x^3))), the usual approximation
	// ClampedSwiGLU is x / (1 + e^(-1.702 x)), with x clamped to at most 7. Mul
	// multiplies this result by up + 1, with up clamped to the range from -7 to 7.
	ClampedSwiGLU
)

// Mul sets gate[i] = act(gate[i]) * up[i].
func (a Activation) Mul(gate, up []float32) {
	switch a {
	case GELU:
		geluMul(gate, up)
	case ClampedSwiGLU:
		clampedMul(gate, up)
	default:
		vec.SiluMul(gate, up)
	}
}

// Apply sets x[i] = act(x[i]), for SiLU and GELU.
func (a Activation) Apply(x []float32) {
	if a == GELU {
		gelu(x)
		return
	}
	for i, v := range x {
		x[i] = v / (1 + fmath.Exp32(-v))
	}
}

// chunk is how many elements an activation function processes at a time.
const chunk = 256

// chunks has arrays of scratch memory, each with chunk elements.
var chunks = sync.Pool{New: func() any { return new([chunk]float32) }}

// geluMul sets gate[i] = gelu(gate[i]) * up[i].
func geluMul(gate, up []float32) {
	gelu(gate)
	for i, u := range up[:len(gate)] {
		gate[i] *= u
	}
}

// gelu sets x[i] = gelu(x[i]). It uses
//
//	0.5 (1 + tanh z) = sigmoid(2z)
//
// All operations round to float32.
func gelu(x []float32) {
	const (
		linear = 1.5957691216057308 // 2 sqrt(2/pi)
		cubic  = 0.044715 * 1.5957691216057308
	)
	s := chunks.Get().(*[chunk]float32)
	defer chunks.Put(s)
	for len(x) > 0 {
		n := min(chunk, len(x))
		for i, v := range x[:n] {
			s[i] = v * (linear + float32(float32(cubic*v)*v))
		}
		vec.Sigmoid(s[:n], s[:n])
		for i, y := range s[:n] {
			x[i] *= y
		}
		x = x[n:]
	}
}

// clampedMul is Mul for ClampedSwiGLU. All operations round to float32.
func clampedMul(gate, up []float32) {
	const limit, steep = 7, 1.702
	s := chunks.Get().(*[chunk]float32)
	defer chunks.Put(s)
	for len(gate) > 0 {
		n := min(chunk, len(gate))
		for i, x := range gate[:n] {
			gate[i] = min(x, limit)
			s[i] = steep * gate[i]
		}
		vec.Sigmoid(s[:n], s[:n])
		for i, y := range s[:n] {
			gate[i] = float32(gate[i]*y) * (min(max(up[i], -limit), limit) + 1)
		}
		gate, up = gate[n:], up[n:]
	}
}

// softCap replaces x[i] by c tanh(x[i]/c), computed as c (2 sigmoid(2 x[i]/c) - 1).
func softCap(x []float32, c float32) {
	by := 2 / c
	for i := range x {
		x[i] *= by
	}
	vec.Sigmoid(x, x)
	for i := range x {
		x[i] = c * (float32(2*x[i]) - 1)
	}
}

// Cap applies a soft cap to all elements of a vector.
type Cap struct {
	x []float32
	c float32
}

// Run replaces x[i] by c tanh(x[i]/c).
func (a *Cap) Run(p *pool.Pool, x []float32, c float32) error {
	a.x, a.c = x, c
	return p.Run(a, (len(x)+capRun-1)/capRun, 8)
}

const capRun = 1 << 10 // number of elements in an item

// Do implements Task.
func (a *Cap) Do(_, lo, hi int) { softCap(a.x[lo*capRun:min(hi*capRun, len(a.x))], a.c) }
