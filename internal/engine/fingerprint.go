package engine

import (
	"crypto/sha256"
	"fmt"
	"hash"

	"alpaca/internal/ggml"
	"alpaca/internal/gguf"
	"alpaca/internal/model"
)

// Numerics is the version of the results. It rises when the same request to the same model
// gets another answer than before, be it in a bit of a probability.
const Numerics = 1

// fingerprint tells models apart: by everything that their evaluation is set to,
// by names, types and shapes of the tensors, by some of their bytes, and by adapters, as
// strong as scales say.
func fingerprint(m *model.Model, scales []float32) (sum [sha256.Size]byte) {
	h := sha256.New()
	fmt.Fprintf(h, "%+v\n", shapeOf(&m.Config))
	if beyond(&m.Config) {
		fmt.Fprintf(h, "%+v\n", m.Config)
	}
	err := gguf.Guard(func() error {
		for i := range m.File.Tensors {
			sample(h, &m.File.Tensors[i])
		}
		return nil
	})
	if err != nil {
		return sum // evaluation will tell
	}
	for i, l := range m.LoRAs {
		if scales[i] != 0 {
			fmt.Fprintf(h, "%x %v\n", l.Sum, scales[i])
		}
	}
	h.Sum(sum[:0])
	return sum
}

// sample hashes a tensor's infos and a few places of its data.
func sample(h hash.Hash, t *gguf.Tensor) {
	const places, length = 16, 64
	fmt.Fprintf(h, "%q %v %v %d\n", t.Name, t.Type, t.Shape, t.Bytes)
	for i := range places {
		at := len(t.Data) / places * i
		h.Write(t.Data[at:min(at+length, len(t.Data))])
	}
}

// shape is what the settings of a model were when the files got their version: its
// names and their order are part of the fingerprint.
type shape struct {
	Name, Arch                             string
	TrainCtx, Dim, NumLayers, FFNDim       int
	VocabSize                              int
	NumHeads, NumKVHeads, KeyDim, ValueDim int
	NormEps                                float32
	Window                                 int
	NumExperts, NumUsed                    int
	Rope                                   positions
}

type positions struct {
	Dim         int
	Base        float64
	Scaling     ggml.Scaling
	Factor      float64
	OrigCtx     int
	AttnFactor  float64
	FreqFactors []float32
}

func shapeOf(c *model.Config) shape {
	l, r := c.Layers[0], &c.Rope
	return shape{
		Name: c.Name, Arch: c.Arch, TrainCtx: c.TrainCtx, Dim: c.Dim, NumLayers: c.NumLayers, FFNDim: l.FFNDim, VocabSize: c.VocabSize,
		NumHeads: l.NumHeads, NumKVHeads: l.NumKVHeads, KeyDim: l.KeyDim, ValueDim: l.ValueDim, NormEps: c.NormEps, Window: l.Window,
		NumExperts: c.NumExperts, NumUsed: c.NumUsed,
		Rope: positions{Dim: r.Dim, Base: r.Base, Scaling: r.Scaling, Factor: r.Factor, OrigCtx: r.OrigCtx, AttnFactor: r.AttnFactor, FreqFactors: r.FreqFactors},
	}
}

// beyond reports whether a model has settings that shape does not hold, or that meant
// less then.
func beyond(c *model.Config) bool {
	for _, l := range c.Layers {
		if l != c.Layers[0] {
			return true
		}
	}
	if c.NumExperts > 0 && (c.ExpertFFN != c.Layers[0].FFNDim || c.PlainTopK || c.ExpertScale != 1) {
		return true
	}
	for _, scale := range []float32{c.EmbedScale, c.AttnScale, c.AttnCap, c.LogitCap, c.LogitScale, c.ResidualScale, float32(c.TempScale)} {
		if scale != 0 {
			return true
		}
	}
	yarn := c.Rope.YaRN
	if yarn.Ext == 1 {
		yarn.Ext = 0 // the same
	}
	attn := c.Rope.AttnFactor != 0 && c.Rope.Scaling != ggml.ScalingYaRN
	return c.Activation != ggml.SiLU || c.Rope.Halves || attn || yarn != ggml.YaRN{}
}
