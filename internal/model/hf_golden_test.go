package model_test

import (
	"context"
	"math"
	"path/filepath"
	"slices"
	"testing"

	"alpaca/internal/arch"
	"alpaca/internal/convert"
	"alpaca/internal/gguf"
	"alpaca/internal/lora"
	"alpaca/internal/lora/peft"
	"alpaca/internal/model"
	"alpaca/internal/quant"
	"alpaca/internal/testshared"

	"github.com/stretchr/testify/require"
)

// hfGolden is a record of hf.jsonl, which torch computed in float32.
type hfGolden struct {
	testshared.Continuation
	Variant   string
	Lora      string
	File      []string // the files that must give these results: "hf", "gguf" or both
	Margin    float64
	Logits    [][2]float64 // (token, logit) pairs after the prompt
	Positions []struct {
		Pos    int
		Top    [][2]float64
		Logits [][2]float64
	}
}

// hfTolerance is how far logprobs and logits may differ from those of torch.
const hfTolerance = 1e-4

// hfToleranceOf returns the tolerance of a model. It is larger for models with a recurrent
// state, because torch adds sums over many positions in another order.
func hfToleranceOf(name string) float64 {
	switch name {
	case "qwen35":
		return 2e-3
	case "gemma4": // torch in float32 differs by 2.7e-4 from torch in float64
		return 5e-4
	case "gpt-oss": // for weights in MXFP4 the activations are rounded to 8 bits
		return 3
	}
	return hfTolerance
}

// evaluable reports whether the architecture of a shared model is known.
func evaluable(t *testing.T, name string) bool {
	f, err := gguf.Open(testshared.Path(t, "models/arch/"+name+".gguf"))
	require.NoError(t, err)
	defer f.Close()
	family, _, err := f.String("general.architecture")
	require.NoError(t, err)
	return arch.Find(family) != nil
}

// TestHFGoldens compares every position in the records of torch. It compares the chosen token only
// if the two best logprobs of torch differ by more than twice the tolerance.
func TestHFGoldens(t *testing.T) {
	if testing.Short() {
		t.Skip("TestLogitsAreTheSameToTheBit shows that emulated CPUs give the same bits as others")
	}
	outer, models, records := t, map[string]*model.Model{}, map[string]int{}
	for _, g := range testshared.ReadLines[hfGolden](t, testshared.Path(t, "golden/hf.jsonl")) {
		file := g.Model
		if g.Variant == "window 8" && g.Model == "mistral" {
			file = "mistral-window" // this file has the key of the window, which the converter leaves out
		} else if !slices.Contains(g.File, "gguf") && g.Lora == "" {
			continue
		}
		if !evaluable(t, file) {
			continue
		}
		name := file
		if g.Lora != "" {
			name = g.Lora
		}
		name += g.Variant
		t.Run(name+"/"+g.Prompt[:min(len(g.Prompt), 12)], func(t *testing.T) {
			if models[name] == nil {
				models[name] = loadVariant(outer, file, g.Variant)
				if g.Lora != "" {
					models[name] = withLoRA(outer, models[name], g.Lora)
				}
			}
			records[models[name].Config.Arch]++
			require.Equal(t, g.PromptTokens, models[name].Tokenizer.Encode(g.Prompt, true, true))
			tolerance := hfToleranceOf(file)
			worst := g.compare(t, models[name], tolerance)
			t.Logf("largest difference: %.1e", worst)
			require.Less(t, worst, tolerance)
		})
	}
	require.Equal(t, map[string]int{
		"llama": 32, "qwen2": 16, "qwen2moe": 4, "qwen3": 4, "qwen3moe": 4, "gemma": 4, "gemma2": 4, "gemma3": 12,
		"phi3": 20, "smollm3": 4, "olmo2": 8, "granite": 4, "mistral3": 4, "starcoder2": 4, "stablelm": 4, "lfm2": 4, "qwen35": 4,
		"gpt-oss": 16, "gemma4": 4,
	}, records)
}

// TestHFCheckpoints does what TestHFGoldens does, with the original checkpoints, which it
// first converts to GGUF. Some records hold only for the checkpoints, because the reference's
// GGUF files lack something. The records of all known architectures are compared.
func TestHFCheckpoints(t *testing.T) {
	if testing.Short() {
		t.Skip("TestLogitsAreTheSameToTheBit shows that emulated CPUs give the same bits as others")
	}
	outer, models, records := t, map[string]*model.Model{}, map[string]int{}
	for _, g := range testshared.ReadLines[hfGolden](t, testshared.Path(t, "golden/hf.jsonl")) {
		if !slices.Contains(g.File, "hf") || g.Lora != "" || !evaluable(t, g.Model) {
			continue
		}
		name := g.Model + g.Variant
		t.Run(name+"/"+g.Prompt[:min(len(g.Prompt), 12)], func(t *testing.T) {
			if models[name] == nil {
				models[name] = vary(outer, convertedF32(outer, g.Model), g.Variant)
			}
			records[g.Model]++
			require.Equal(t, g.PromptTokens, models[name].Tokenizer.Encode(g.Prompt, true, true))
			tolerance := hfToleranceOf(g.Model)
			require.Less(t, g.compare(t, models[name], tolerance), tolerance)
		})
	}
	require.Len(t, records, 31)
}

// convertedF32 converts a shared checkpoint to a GGUF file of F32.
func convertedF32(t *testing.T, name string) *gguf.File {
	path := filepath.Join(t.TempDir(), name+".gguf")
	_, err := convert.RunFolder(context.Background(), testshared.Path(t, "models/hf/"+name), path, convert.FolderOptions{Type: "f32"})
	require.NoError(t, err)
	f, err := gguf.Open(path)
	require.NoError(t, err)
	return f
}

// loadVariant opens a shared model in a variant: see vary.
func loadVariant(t *testing.T, name, variant string) *model.Model {
	f, err := gguf.Open(testshared.Path(t, "models/arch/"+name+".gguf"))
	require.NoError(t, err)
	return vary(t, f, variant)
}

// vary loads a model in a variant: it changes a setting that the file does not have.
func vary(t *testing.T, f *gguf.File, variant string) *model.Model {
	m, err := model.Load(f, model.LoadOptions{Adjust: func(c *model.Config) {
		switch variant {
		case "truncate=true":
			c.Rope.YaRN.Exact = false
		case "short factors":
			c.Rope.OrigCtx = c.TrainCtx // so that every context counts as short
		case "no window":
			for i := range c.Layers {
				c.Layers[i].Window = 0
			}
		}
	}})
	require.NoError(t, err)
	t.Cleanup(func() { m.Close() })
	return m
}

// withLoRA adds a shared PEFT adapter to a model. It compares two of the adapters with the
// GGUF files that llama.cpp's converter made. One adapter is rank-stabilized. The converter
// ignored this, so the scale in the converter's file is only half of the right scale.
func withLoRA(t *testing.T, m *model.Model, name string) *model.Model {
	a, err := peft.Read(testshared.Path(t, "models/hf/"+name), peftBase(m))
	require.NoError(t, err)
	if forgotten, ok := map[string]float64{"llama-bin-lora": 2, "qwen2-lora": 1}[name]; ok {
		f, err := gguf.Open(testshared.Path(t, "models/arch/"+name+".gguf"))
		require.NoError(t, err)
		defer f.Close()
		converted, err := lora.Read(f)
		require.NoError(t, err)
		for i := range converted.Pairs {
			converted.Pairs[i].Scale *= forgotten
		}
		require.Equal(t, converted.Pairs, a.Pairs)
		require.Empty(t, a.Whole)
	}
	adapted, err := m.WithLoRA(a, 1)
	require.NoError(t, err)
	return adapted
}

// peftBase returns the description of a model for a reader of PEFT's folders.
func peftBase(m *model.Model) *peft.Base {
	base := &peft.Base{Arch: arch.Find(m.Config.Arch), Tied: m.File.Tensor(arch.Output.Weight()) == nil}
	for i := range m.Config.Layers {
		base.Layers = append(base.Layers, m.Config.Sizes(i))
	}
	return base
}

// compare evaluates the record's prompt and tokens. It returns the largest difference of a
// logprob or logit.
func (g *hfGolden) compare(t *testing.T, m *model.Model, tolerance float64) (worst float64) {
	f32 := quant.F32
	s := session(t, m, model.SessionOptions{Threads: 2, CacheK: &f32, CacheV: &f32})
	check := func(logits []float32, top, raw [][2]float64) {
		for _, x := range top {
			worst = max(worst, math.Abs(logprob(logits, int32(x[0]))-x[1]))
		}
		for _, x := range raw {
			worst = max(worst, math.Abs(float64(logits[int(x[0])])-x[1]))
		}
	}
	var last []float32
	require.NoError(t, s.EvalEach(context.Background(), g.PromptTokens, 0, func(i int, logits []float32) error {
		for _, p := range g.Positions {
			if p.Pos == i {
				check(logits, p.Top, p.Logits)
			}
		}
		last = append(last[:0], logits...)
		return nil
	}))
	check(last, nil, g.Logits)
	for i, p := range g.Probs {
		check(last, p.Top, nil)
		if p.Top[0][1]-p.Top[1][1] > 2*tolerance {
			require.Equal(t, g.Tokens[i], argmax(last), "token %d", i)
		}
		logits, err := s.Eval(context.Background(), g.Tokens[i:i+1], nil)
		require.NoError(t, err)
		last = append(last[:0], logits...)
	}
	return worst
}

// TestMXFP4Goldens compares gpt-oss with torch after its 4-bit weights have been written as
// float32. Then no activation is rounded, and the results agree within the usual tolerance.
func TestMXFP4Goldens(t *testing.T) {
	if testing.Short() {
		t.Skip("TestLogitsAreTheSameToTheBit shows that emulated CPUs give the same bits as others")
	}
	f, err := gguf.Open(testshared.Path(t, "models/arch/gpt-oss.gguf"))
	require.NoError(t, err)
	tensors, wide := slices.Clone(f.Tensors), 0
	for i := range tensors {
		if x := &tensors[i]; x.Type == quant.MXFP4 {
			values := make([]float32, x.Elems())
			quant.Decode(x.Type, values, x.Data)
			x.Type, x.Data = quant.F32, make([]byte, 4*len(values))
			quant.Encode(quant.F32, x.Data, values, x.Cols(), nil)
			x.Bytes = int64(len(x.Data))
			wide++
		}
	}
	require.Positive(t, wide)
	plain, err := gguf.FromMemory("gpt-oss as float32", "gguf", 3, f.KV, tensors)
	require.NoError(t, err)
	m, err := model.Load(plain, model.LoadOptions{})
	require.NoError(t, err)
	records := 0
	for _, g := range testshared.ReadLines[hfGolden](t, testshared.Path(t, "golden/hf.jsonl")) {
		if g.Model == "gpt-oss" && g.Variant == "truncate=false" {
			records++
			require.Less(t, g.compare(t, m, hfTolerance), hfTolerance)
		}
	}
	require.Equal(t, 4, records)
	require.NoError(t, m.Close())
	require.NoError(t, f.Close())
}
