package model_test

import (
	"context"
	"math"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"alpaca/internal/gguf"
	"alpaca/internal/lora"
	"alpaca/internal/model"
	"alpaca/internal/quant"
	"alpaca/internal/quantize"
	"alpaca/internal/testmodel"
)

// randomAdapter returns an adapter of some of the tensors that an adapter may change. part is the
// probability with which each of these tensors is taken.
func randomAdapter(m *model.Model, seed uint64, rank int, part float64) *lora.Adapter {
	return testmodel.AdapterSpec{Seed: seed, Rank: rank, Part: part}.Make(m.File)
}

// adaptable returns models of all architectures. On emulated CPUs, it returns only a few of them.
func adaptable() []testmodel.Named {
	list := testmodel.Catalog()
	if testing.Short() {
		list = slices.DeleteFunc(list, func(n testmodel.Named) bool {
			return !slices.Contains([]string{"llama-experts", "phi3", "qwen35", "gemma3", "stablelm-parallel"}, n.Name)
		})
	}
	return list
}

// merge adds an adapter, times scale, to the tensors of a model.
func merge(made *testmodel.Model, a *lora.Adapter, scale float64) {
	for _, p := range a.Pairs {
		if !slices.ContainsFunc(made.Tensors, func(x *testmodel.Tensor) bool { return x.Name == p.Name }) { // a tied output
			embed := made.Tensor("token_embd.weight")
			made.Tensors = append(made.Tensors, &testmodel.Tensor{Name: p.Name, Type: embed.Type, Shape: embed.Shape, Data: slices.Clone(embed.Data)})
		}
	}
	for _, p := range a.Pairs {
		x := made.Tensor(p.Name)
		for row := range len(x.Data) / p.Cols {
			p.AddTo(x.Data[row*p.Cols:(row+1)*p.Cols], row, scale)
		}
	}
	for _, w := range a.Whole {
		x := made.Tensor(w.Name)
		for i, to := range w.Values() {
			x.Data[i] += float32(scale) * (to - x.Data[i])
		}
	}
}

// all32 changes the types of all tensors to F32.
func all32(made *testmodel.Model) *testmodel.Model {
	for _, x := range made.Tensors {
		x.Type = quant.F32
	}
	return made
}

// TestAdaptersOfAllArchitectures compares two models, in batches and token by token. The first has
// an adapter for all its tensors. In the second, the adapter is merged into the weights.
func TestAdaptersOfAllArchitectures(t *testing.T) {
	tokens := []int32{1, 40, 280, 264, 290, 201, 17, 33}
	f32 := quant.F32
	for _, named := range adaptable() {
		t.Run(named.Name, func(t *testing.T) {
			base := made(t, named.Spec)
			a := randomAdapter(base, 7, 3, 1)
			merged := all32(named.Spec.Make())
			merge(merged, a, 0.5)
			want := loadPath(t, merged.Write(t))
			base = loadPath(t, all32(named.Spec.Make()).Write(t))
			m, err := base.WithLoRA(a, 0.5)
			require.NoError(t, err)
			rows := func(m *model.Model, batch int) []float32 {
				s := session(t, m, model.SessionOptions{Threads: 2, Batch: batch, CacheK: &f32, CacheV: &f32})
				return allLogits(t, s, tokens)
			}
			got := rows(m, 8)
			require.Equal(t, got, rows(m, 1))
			exact, unchanged := rows(want, 8), rows(base, 8)
			var worst, moved float64
			for i := range got {
				worst = max(worst, math.Abs(float64(exact[i]-got[i])))
				moved = max(moved, math.Abs(float64(unchanged[i]-got[i])))
			}
			t.Logf("largest difference %.1e; the model without the adapter differs by %.1e", worst, moved)
			require.Less(t, worst, 2e-3)
			require.Greater(t, moved, 0.1)
			require.Equal(t, unchanged, func() []float32 { // scale 0 changes nothing
				m, err := base.WithLoRA(a, 0)
				require.NoError(t, err)
				return rows(m, 8)
			}())
		})
	}
}

// TestAdaptersOfQuantizedBases does what TestAdaptersOfAllArchitectures does, with bases of several
// types. For the comparison, the adapters are merged into float32 weights that have the values of
// the base.
func TestAdaptersOfQuantizedBases(t *testing.T) {
	tokens := []int32{1, 40, 280, 264, 290, 201, 17, 33}
	for typ, within := range map[string]float64{"bf16": 0.1, "f16": 0.02, "q8_0": 0.15, "q4_0": 0.15, "q4_k_m": 0.15} { // the largest allowed difference: a model with such a base rounds activations, the merged model does not
		spec := testmodel.Spec{Seed: 1, Experts: 2}
		base := loadPath(t, quantized(t, spec.Make().Write(t), typ))
		a := randomAdapter(base, 3, 4, 1)
		m, err := base.WithLoRA(a, 1)
		require.NoError(t, err)
		widened := spec.Make()
		for _, x := range widened.Tensors {
			of := base.File.Tensor(x.Name)
			quant.Decode(of.Type, x.Data, of.Data)
		}
		plain := loadPath(t, all32(widened).Write(t))
		merge(widened, a, 1)
		merged := loadPath(t, widened.Write(t))
		f32 := quant.F32
		rows := func(m *model.Model) []float32 {
			return allLogits(t, session(t, m, model.SessionOptions{Threads: 2, CacheK: &f32, CacheV: &f32}), tokens)
		}
		got, want, unchanged := rows(m), rows(merged), rows(plain)
		var worst, moved float64
		for i := range got {
			worst = max(worst, math.Abs(float64(want[i]-got[i])))
			moved = max(moved, math.Abs(float64(want[i]-unchanged[i])))
		}
		t.Logf("%v: largest difference %.1e; the model without the adapter differs by %.1e", typ, worst, moved)
		require.Less(t, worst, within)
		require.Greater(t, moved, 1.0)
	}
}

// quantized returns the path of a copy of a model in another type.
func quantized(t *testing.T, path, typ string) string {
	mix, err := quantize.ParseMix(typ)
	require.NoError(t, err)
	f, err := gguf.Open(path)
	require.NoError(t, err)
	defer f.Close()
	plan, err := quantize.NewPlan(f, quantize.Options{Mix: mix})
	require.NoError(t, err)
	out := filepath.Join(t.TempDir(), "quantized.gguf")
	_, err = plan.Run(t.Context(), out, quantize.RunOptions{Threads: 1})
	require.NoError(t, err)
	return out
}

// TestAdaptersDoNotNoticeEachOther checks that texts with different adapters get the same bits
// in one batch as alone.
func TestAdaptersDoNotNoticeEachOther(t *testing.T) {
	for i, named := range adaptable() {
		t.Run(named.Name, func(t *testing.T) {
			base := made(t, named.Spec)
			m := base
			for j, scale := range []float32{1, 0.5, 2} {
				var err error
				m, err = m.WithLoRA(randomAdapter(base, uint64(10*i+j), 2+j, 0.4), scale)
				require.NoError(t, err)
			}
			rng := rand.New(rand.NewPCG(9, uint64(i)))
			r := newRunner(t, m, model.RunnerOptions{Batch: 40, Threads: 2})
			var texts []*text
			for _, scales := range [][]float32{nil, {0, 0, 0}, {1, 0, 0}, {0, 1, 0}, {0.3, 0, -1}, {0, 1, 0}} {
				x := &text{seq: r.NewSeq()}
				require.NoError(t, x.seq.SetScales(scales))
				for range 30 {
					x.tokens = append(x.tokens, 3+rng.Int32N(int32(m.Config.VocabSize-3)))
				}
				alone := newRunner(t, m, model.RunnerOptions{Batch: 64, Threads: 1})
				x.want = aloneWith(t, alone, x.tokens, scales)
				texts = append(texts, x)
			}
			require.NotEqual(t, texts[2].want, aloneWith(t, r, texts[2].tokens, texts[1].seq.Scales()))
			only, err := base.WithLoRA(m.LoRAs[1].Adapter, 1) // no other adapter is loaded
			require.NoError(t, err)
			require.Equal(t, texts[3].want, aloneWith(t, newRunner(t, only, model.RunnerOptions{Batch: 64}), texts[3].tokens, nil))
			require.Equal(t, texts[1].want, aloneWith(t, newRunner(t, base, model.RunnerOptions{Batch: 64}), texts[1].tokens, nil))
			for range 40 {
				step(t, r, rng, texts, m.Config.VocabSize)
				if x := texts[rng.IntN(len(texts))]; rng.IntN(4) == 0 {
					x.seq.Truncate(rng.IntN(x.seq.Len() + 1))
				}
			}
		})
	}
}

// aloneWith returns the logits after each token of a text whose adapters have the given scales.
func aloneWith(t *testing.T, r *model.Runner, tokens []int32, scales []float32) (all []float32) {
	s := r.NewSeq()
	defer s.Free()
	require.NoError(t, s.SetScales(scales))
	for part := range slices.Chunk(tokens, r.MaxRows()) {
		var b model.Batch
		b.AddAll(s, part, len(part))
		require.NoError(t, r.Forward(context.Background(), &b))
		require.NoError(t, r.EachLogits(len(part), func(_ int, logits []float32) error {
			all = append(all, logits...)
			return nil
		}))
	}
	return all
}

// TestScalesOfTexts checks that a text forgets its tokens when its scales change.
func TestScalesOfTexts(t *testing.T) {
	base := loadPath(t, testmodel.SPM(1).Write(t))
	m, err := base.WithLoRA(randomAdapter(base, 1, 2, 1), 1)
	require.NoError(t, err)
	r := newRunner(t, m, model.RunnerOptions{Threads: 1})
	s := r.NewSeq()
	require.Equal(t, []float32{1}, s.Scales())
	require.Same(t, base.Weights, m.Weights) // the weights of the base must not be copied
	var b model.Batch
	b.AddAll(s, []int32{1, 5, 9}, 1)
	require.NoError(t, r.Forward(context.Background(), &b))
	require.NoError(t, s.SetScales([]float32{1}))
	require.Equal(t, 3, s.Len())
	require.Equal(t, []float32{1}, s.Fork(2).Scales())
	require.NoError(t, s.SetScales([]float32{0.5}))
	require.Zero(t, s.Len())
	require.EqualError(t, s.SetScales([]float32{1, 2}), "model: scales of 2 adapters, but the model has 1")
}

// TestAdaptersAllocateNothing checks that evaluating a token with adapters allocates nothing.
func TestAdaptersAllocateNothing(t *testing.T) {
	base := loadPath(t, testmodel.Spec{Seed: 1, Experts: 4}.Make().Write(t))
	m, err := base.WithLoRA(randomAdapter(base, 1, 2, 1), 1)
	require.NoError(t, err)
	s := session(t, m, model.SessionOptions{Threads: 1})
	token := []int32{7}
	eval := func() {
		_, err := s.Eval(context.Background(), token, nil)
		require.NoError(t, err)
		s.Truncate(s.Pos() - 1)
	}
	eval()
	require.Zero(t, testing.AllocsPerRun(20, eval))
}
