package train

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"flag"
	"math"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"alpaca/internal/gguf"
	"alpaca/internal/model"
	"alpaca/internal/pool"
	"alpaca/internal/testmodel"
	"alpaca/internal/testshared"
	"alpaca/internal/train/random"
)

var updateBits = flag.Bool("update", false, "rewrite testdata/bits.json; use this after an intended change of the bits")

// trainables returns the models of the catalog that can be trained.
func trainables() (list []testmodel.Named) {
	for _, named := range testmodel.Catalog() {
		if trainable(named.Spec.Arch, named.Spec.Experts > 0 || named.Spec.Arch.FFN == nil) {
			list = append(list, named)
		}
	}
	return list
}

// openTest opens a model of the catalog.
func openTest(t *testing.T, s testmodel.Spec) *model.Model {
	f, err := gguf.Open(s.Make().Write(t))
	require.NoError(t, err)
	base, err := model.Load(f, model.LoadOptions{})
	require.NoError(t, err)
	t.Cleanup(func() { base.Close() })
	return base
}

// withAdapter returns base with the adapter of a file.
func withAdapter(t *testing.T, base *model.Model, path string) *model.Model {
	f, err := gguf.Open(path)
	require.NoError(t, err)
	defer f.Close()
	adapted, err := base.WithLoRA(readAdapter(t, f), 1)
	require.NoError(t, err)
	return adapted
}

// words returns a document of n random tokens, all with weight 1.
func words(n, vocab int, seed uint64) (doc Example) {
	for i := range n {
		doc.Tokens = append(doc.Tokens, int32(random.Hash(seed, uint64(i))%uint64(vocab)))
		doc.Weights = append(doc.Weights, 1)
	}
	return doc
}

// testTrainer returns a trainer of m for one document.
func testTrainer(t *testing.T, m *Model[float32], doc Example) *Trainer {
	p := pool.New(2, nil)
	t.Cleanup(p.Close)
	s := testSettings(2)
	s.Plan.MaxLength = 64
	tr, err := NewTrainer(m, s, []Example{doc}, p)
	require.NoError(t, err)
	return tr
}

// shake changes all numbers of the tensors slightly, as training does.
func shake[T real](list []*Tensor[T], by float64) {
	for _, x := range list {
		base := random.Text(x.Name)
		for i := range x.Data {
			x.Data[i] += T(by * random.Normal(random.Mix(base+uint64(i)), random.Mix(base+uint64(i)+7e9)))
		}
	}
}

// TestArchitectures compares the loss in training with the loss of a session, for a model of every
// architecture: without adapters, with adapters, and with merged adapters.
func TestArchitectures(t *testing.T) {
	if testing.Short() {
		t.Skip("TestArchSameBits shows that emulated CPUs give the same bits as others")
	}
	for _, named := range trainables() {
		t.Run(named.Name, func(t *testing.T) {
			base := openTest(t, named.Spec)
			doc := words(45, base.Config.VocabSize, 3)
			full, err := Load(base, true)
			require.NoError(t, err)
			loss, _, err := testTrainer(t, full, doc).Evaluate([]Example{doc})
			require.NoError(t, err)
			require.InEpsilon(t, lossOf(t, base, doc), loss, 1e-5,
				"internal/train computes something else than internal/model. If train lacks a step or a factor, add it, or let load refuse such models, and leave them out of trainables in this file")

			m, err := Load(base, false)
			require.NoError(t, err)
			m.AddLoRA(LoRA{Rank: 3, Alpha: 6, Seed: 1}, onLinears)
			shake(m.Trainable(), 0.05)
			tr := testTrainer(t, m, doc)
			loss, _, err = tr.Evaluate([]Example{doc})
			require.NoError(t, err)
			require.Greater(t, math.Abs(loss-lossOf(t, base, doc)), 1e-4)
			dir := t.TempDir()
			require.NoError(t, m.WriteAdapter(filepath.Join(dir, "adapter.gguf"), "noise"))
			require.InEpsilon(t, lossOf(t, withAdapter(t, base, filepath.Join(dir, "adapter.gguf")), doc), loss, 2e-5)

			require.NoError(t, tr.WriteModel(filepath.Join(dir, "merged.gguf"), base.File.KV, Kept(base)))
			f, err := gguf.Open(filepath.Join(dir, "merged.gguf"))
			require.NoError(t, err)
			merged, err := model.Load(f, model.LoadOptions{})
			require.NoError(t, err)
			defer merged.Close()
			require.InEpsilon(t, lossOf(t, merged, doc), loss, 2e-5)
		})
	}
}

// TestArchDifferences compares the gradients of a model of every architecture with central
// differences in float64. It uses one direction, in which all tensors count equally. With
// ALPACA_EVERY_TENSOR=1 it uses one direction for each tensor, which takes longer.
func TestArchDifferences(t *testing.T) {
	if testing.Short() {
		t.Skip("TestArchSameBits shows that emulated CPUs give the same bits as others")
	}
	for _, named := range trainables() {
		t.Run(named.Name, func(t *testing.T) {
			base := openTest(t, small(named.Spec))
			m, err := load[float64](base, true)
			require.NoError(t, err)
			shake(m.Tensors(), 0.02)
			e := testEngine(t, m, variant{}, 1)
			rows := [][]Example{{words(18, base.Config.VocabSize, 3), words(5, base.Config.VocabSize, 4)}}
			n := 17.0 + 4
			var b Batch
			b.Add(0, rows[0])
			gradients(t, e, rows, 1)
			groups := [][]*Tensor[float64]{m.Trainable()}
			if os.Getenv("ALPACA_EVERY_TENSOR") == "1" {
				groups = nil
				for _, x := range m.Trainable() {
					groups = append(groups, []*Tensor[float64]{x})
				}
			}
			for _, group := range groups {
				least := math.Inf(1)
				for _, x := range group {
					require.Positive(t, length(x.Grad), x.Name)
					least = min(least, length(x.Grad))
				}
				var slope float64
				var old, directions [][]float64
				for _, x := range group {
					direction, by := make([]float64, len(x.Data)), least/length(x.Grad)
					for i := range direction {
						direction[i] = by * random.Normal(random.Hash(uint64(i), 1), random.Hash(uint64(i), 2))
						slope += direction[i] * x.Grad[i]
					}
					old, directions = append(old, slices.Clone(x.Data)), append(directions, direction)
				}
				at := func(step float64) float64 {
					for j, x := range group {
						for i, d := range directions[j] {
							x.Data[i] = old[j][i] + step*d
						}
					}
					e.forward(&b)
					return e.loss(1, false) / n
				}
				const step = 1e-6
				require.InDelta(t, (at(step)-at(-step))/(2*step), slope, 2e-6*least*math.Sqrt(float64(len(group)))+1e-8, group[0].Name)
				for j, x := range group {
					copy(x.Data, old[j])
				}
			}
		})
	}
}

// small returns s with fewer weights, and with windows that are shorter than short documents.
func small(s testmodel.Spec) testmodel.Spec {
	if s.Dim == 0 && s.Turning <= 8 {
		s.Dim = 64
	}
	if s.Window > 0 {
		s.Window = 6
	}
	return s
}

func length(x []float64) (sum float64) {
	for _, v := range x {
		sum += v * v
	}
	return math.Sqrt(sum)
}

// TestArchSameBits trains models of all architectures and compares the bits of their weights
// with those recorded for every CPU. Other numbers of threads, other batches and gradient
// checkpointing must not change them.
func TestArchSameBits(t *testing.T) {
	sums := map[string]string{}
	for _, named := range trainables() {
		t.Run(named.Name, func(t *testing.T) {
			base := openTest(t, small(named.Spec))
			docs := []Example{words(9, base.Config.VocabSize, 3), words(4, base.Config.VocabSize, 4), words(3, base.Config.VocabSize, 5)}
			s := testSettings(1)
			s.Plan.MaxLength = 12 // the documents fill two rows
			trained := func(threads, micro int, checkpointing bool) string {
				m, err := Load(base, true)
				require.NoError(t, err)
				p := pool.New(threads, nil)
				defer p.Close()
				tr, err := NewTrainer(m, s, docs, p)
				require.NoError(t, err)
				tr.MicroRows, tr.Checkpointing = micro, checkpointing
				for !tr.Done() {
					_, err := tr.Step()
					require.NoError(t, err)
				}
				sum := sha256.New()
				for _, x := range m.Tensors() {
					sum.Write(bytesOf(x.Data))
				}
				return hex.EncodeToString(sum.Sum(nil))[:16]
			}
			want := trained(1, 1, false)
			sums[named.Name] = want
			if !testing.Short() {
				require.Equal(t, want, trained(3, 2, true))
			}
		})
	}
	const path = "testdata/bits.json"
	if *updateBits {
		data, err := json.MarshalIndent(sums, "", " ")
		require.NoError(t, err)
		require.NoError(t, os.WriteFile(path, append(data, '\n'), 0o644))
	}
	require.Equal(t, testshared.ReadJSON[map[string]string](t, path), sums,
		"%s has other bits. If the change is intended, rewrite it with \"make golden\"; the bits of models that did not change must stay", path)
}
