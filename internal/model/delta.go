package model

import (
	"fmt"

	"alpaca/internal/arch"
	"alpaca/internal/ggml"
	"alpaca/internal/ggml/vec"
)

// DeltaNet has the weights of a gated delta rule, which some layers have instead of attention.
type DeltaNet struct {
	In    Linear    // [Channels, Dim] attn_qkv
	Gate  Linear    // [Heads*Value, Dim] attn_gate
	Taps  []float32 // [Taps, Channels] ssm_conv1d, transposed
	Alpha Linear    // [Heads, Dim] ssm_alpha
	Beta  Linear    // [Heads, Dim] ssm_beta
	A, Dt []float32 // [Heads] ssm_a, ssm_dt
	Norm  []float32 // [Value] ssm_norm
	Out   Linear    // [Dim, Heads*Value] ssm_out
}

// place returns the field for the tensor of a role, or nil for roles without a field here.
func (d *DeltaNet) place(role arch.Role) any {
	switch role {
	case arch.DeltaIn:
		return &d.In
	case arch.DeltaGate:
		return &d.Gate
	case arch.DeltaTaps:
		return &d.Taps
	case arch.DeltaAlpha:
		return &d.Alpha
	case arch.DeltaBeta:
		return &d.Beta
	case arch.DeltaA:
		return &d.A
	case arch.DeltaDt:
		return &d.Dt
	case arch.DeltaNorm:
		return &d.Norm
	case arch.DeltaOut:
		return &d.Out
	}
	return nil
}

// turnTaps transposes the file's taps [Channels, taps], because the channels of a position are
// computed together.
func (d *DeltaNet) turnTaps(taps int) {
	turned, channels := make([]float32, len(d.Taps)), len(d.Taps)/max(taps, 1)
	for i := range channels {
		for j := range taps {
			turned[j*channels+i] = d.Taps[i*taps+j]
		}
	}
	d.Taps = turned
}

// delta reads the shape of the gated delta rule, and which layers have it.
func (r *reader) delta(c *Config) {
	const most = 1 << 16
	d := &c.Delta
	d.Taps = r.count(arch.KeySSMTaps, required, 64)
	d.Key = r.count(arch.KeySSMState, required, most)
	d.KeyHeads = r.count(arch.KeySSMGroups, required, most)
	d.Heads = r.count(arch.KeySSMHeads, required, most)
	inner := r.count(arch.KeySSMInner, required, maxDim)
	period := r.count(arch.KeyAttnPeriod, 4, maxLayers)
	recurrent, listed := r.bools(arch.KeyRecurrent, len(c.Layers))
	if r.err != nil {
		return
	}
	if d.Taps == 0 || d.Key == 0 || d.KeyHeads == 0 || d.Heads == 0 || inner == 0 || d.Heads%d.KeyHeads != 0 || inner%d.Heads != 0 || int64(d.Heads)*int64(d.Key) > maxDim {
		r.fail("%s: these numbers contradict each other: %d taps, %d key heads of %d elements, %d heads with %d values in all", c.Arch, d.Taps, d.KeyHeads, d.Key, d.Heads, inner)
		return
	}
	d.Value = inner / d.Heads
	for i := range c.Layers {
		if l := &c.Layers[i]; listed && recurrent[i] || !listed && (period == 0 || (i+1)%period != 0) {
			*l = LayerConfig{FFNDim: l.FFNDim, Delta: true, Turn: TurnNone}
		}
	}
}

// state returns the number of elements of a text's recurrent state in the first n layers.
func (c *Config) state(n int) (elems int) {
	for i := range c.Layers[:n] {
		if c.Layers[i].Delta {
			elems += c.Delta.StateLen()
		}
	}
	return elems
}

// Recurrent reports whether texts have a recurrent state, because some layers have
// a gated delta rule. A recurrent state cannot be rewound to an earlier position.
func (c *Config) Recurrent() bool { return c.state(len(c.Layers)) > 0 }

// deltaRows returns the output of a layer's gated delta rule for rows h [n, Dim], before the
// output matrix.
func (r *Runner) deltaRows(layer int, spans []ggml.Span, h []float32) []float32 {
	c, d := &r.model.Config, &r.model.Weights.Layers[layer].Delta
	n := len(h) / c.Dim
	all := r.buf.ffn
	cut := func(size int) []float32 {
		part := all[:n*size]
		all = all[n*size:]
		return part
	}
	in, mixed := cut(c.Delta.Channels()), cut(c.Delta.Channels())
	gate, out := cut(d.Gate.W.Rows), cut(d.Gate.W.Rows)
	alpha, beta := cut(c.Delta.Heads), cut(c.Delta.Heads)
	r.prepare(h, r.model.Weights.Layers[layer].AttnNorm, &d.In, &d.Gate, &d.Alpha, &d.Beta)
	r.products(product{&d.In, in}, product{&d.Gate, gate})
	r.products(product{&d.Alpha, alpha}, product{&d.Beta, beta})
	if r.err == nil {
		r.err = r.deltaNet.Run(r.pool, ggml.Delta{
			DeltaShape: c.Delta, Eps: c.NormEps, Spans: spans, At: c.state(layer), Weights: d.Taps, A: d.A, Dt: d.Dt, Norm: d.Norm,
			In: in, Mixed: mixed, Gate: gate, Alpha: alpha, Beta: beta, Out: out,
		})
	}
	return out
}

// deltaInner returns how many elements of scratch memory deltaRows needs for a row.
func (c *Config) deltaInner() int {
	if !c.Recurrent() {
		return 0
	}
	return 2 * (c.Delta.Channels() + c.Delta.Heads*c.Delta.Value + c.Delta.Heads)
}

// splitQueries copies the queries of gated attention to q [rows, NumHeads*KeyDim]. The slice
// both [rows, NumHeads, 2, KeyDim] has the query of each head, followed by the head's gate.
func splitQueries(both, q []float32, l *LayerConfig) {
	for i := range len(q) / l.KeyDim {
		copy(q[i*l.KeyDim:(i+1)*l.KeyDim], both[2*i*l.KeyDim:])
	}
}

// gateAttention multiplies out, the output of attention, by the sigmoid of the
// gates. The gates are in the slice both, whose layout splitQueries describes.
func gateAttention(out, both []float32, l *LayerConfig) {
	for i := range len(out) / l.KeyDim {
		gate := both[(2*i+1)*l.KeyDim:][:l.KeyDim]
		vec.Sigmoid(gate, gate)
		for j, g := range gate {
			out[i*l.KeyDim+j] *= g
		}
	}
}

// checkGated returns an error if the heads of queries and values differ in size.
func (c *Config) checkGated(l *LayerConfig) error {
	if l.KeyDim != l.ValueDim {
		return fmt.Errorf("heads of %d and %d elements: gated attention needs the same size for keys and values", l.KeyDim, l.ValueDim)
	}
	return nil
}
