package engine

import (
	"crypto/sha256"
	"fmt"
	"hash"
	"reflect"
	"slices"

	"alpaca/internal/ggml"
	"alpaca/internal/gguf"
	"alpaca/internal/model"
)

// Numerics is a version number for answers. It is raised when any bit of an answer to the same
// request to the same model changes.
const Numerics = 2

// fingerprint returns a hash that identifies a model. The hash covers the
// configuration, the names, types and shapes of tensors, samples of their bytes,
// and the adapters with their scales. It returns zeros if the file cannot be read.
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
		return sum // the evaluation will return the error
	}
	for i, l := range m.LoRAs {
		if scales[i] != 0 {
			fmt.Fprintf(h, "%x %v\n", l.Sum, scales[i])
		}
	}
	h.Sum(sum[:0])
	return sum
}

// sample hashes a tensor's name, type, shape and size, and its data at a few places.
func sample(h hash.Hash, t *gguf.Tensor) {
	const places, length = 16, 64
	fmt.Fprintf(h, "%q %v %v %d\n", t.Name, t.Type, t.Shape, t.Bytes)
	for i := range places {
		at := len(t.Data) / places * i
		h.Write(t.Data[at:min(at+length, len(t.Data))])
	}
}

// shape has the settings that model.Config had in the first version of saved states. The names
// and the order of the fields are part of the fingerprint.
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

// beyond reports whether a model has settings that shape does not have. Any new field of
// model.Config counts as such a setting if it is not zero.
func beyond(c *model.Config) bool {
	l := c.Layers[0]
	if slices.ContainsFunc(c.Layers, func(other model.LayerConfig) bool { return other != l }) {
		return true
	}
	rest := *c // fields that shape has are set to zero below
	rest.Name, rest.Arch = "", ""
	rest.TrainCtx, rest.Dim, rest.NumLayers, rest.VocabSize = 0, 0, 0, 0
	rest.NormEps, rest.NumExperts, rest.NumUsed = 0, 0, 0
	for _, size := range []*int{&rest.ExpertFFN, &rest.SharedFFN} {
		if *size == l.FFNDim {
			*size = 0
		}
	}
	if rest.ExpertScale == 1 {
		rest.ExpertScale = 0
	}
	if l.Turn != model.TurnLocal {
		rest.LocalRope = ggml.RopeParams{} // no layer uses it
	}
	rest.Layers = nil
	l.NumHeads, l.NumKVHeads, l.KeyDim, l.ValueDim, l.FFNDim, l.Window = 0, 0, 0, 0, 0, 0
	r := &rest.Rope
	r.Dim, r.Base, r.Factor, r.OrigCtx, r.FreqFactors = 0, 0, 0, 0, nil
	if r.Scaling == ggml.ScalingYaRN {
		r.AttnFactor = 0
	}
	r.Scaling = ""
	if r.YaRN.Ext == 1 {
		r.YaRN.Ext = 0 // 0 and 1 mean the same
	}
	return l != model.LayerConfig{} || !reflect.DeepEqual(rest, model.Config{})
}
