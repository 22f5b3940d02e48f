package train

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"alpaca/internal/arch"
	"alpaca/internal/ggml"
	"alpaca/internal/pool"
	"alpaca/internal/train/random"
)

// tiny is a shape with grouped heads, whose sizes are not multiples of a tile's sizes.
var tiny = Shape{Dim: 20, Layers: 2, FFNDim: 28, Vocab: 37, Ctx: 64, Heads: 4, KVHeads: 2, HeadDim: 6, Eps: 1e-5,
	Rope: ggml.RopeParams{Dim: 6, Base: 10000}}

// variant is a model to be checked.
type variant struct {
	name                    string
	tied, bias, norms, lora bool
	halves, stable          bool
	tables                  bool // embedding and output have adapters, too
	saved                   bool // some whole tensors are trained, beside the adapters
	dropout                 float64
}

var variants = []variant{
	{name: "tied", tied: true},
	{name: "untied"},
	{name: "bias", bias: true, halves: true},
	{name: "norms", norms: true, halves: true, tied: true},
	{name: "lora", lora: true, stable: true},
	{name: "dropout", lora: true, dropout: 0.3, tied: true},
	{name: "tables", lora: true, tables: true, saved: true, norms: true, dropout: 0.2},
	{name: "saved", lora: true, saved: true, tied: true},
}

// build returns a model of random weights that are large enough to matter.
func build[T real](v variant, seed uint64) *Model[T] {
	s := tiny
	s.Rope.Halves = v.halves
	m := New[T](s, v.tied, seed)
	for i := range m.Layers {
		l := &m.Layers[i]
		if v.bias {
			for _, lin := range []*Linear[T]{&l.Q, &l.K, &l.V} {
				lin.Bias = ones[T](lin.W.Name[:len(lin.W.Name)-len("weight")]+"bias", lin.W.Rows)
			}
		}
		if v.norms {
			l.QNorm.W, l.KNorm.W = ones[T](fmt.Sprintf("blk.%d.attn_q_norm.weight", i), s.HeadDim), ones[T](fmt.Sprintf("blk.%d.attn_k_norm.weight", i), s.HeadDim)
		}
	}
	m.TrainAll()
	if v.lora {
		m.AddLoRA(LoRA{Rank: 3, Alpha: 5, Stable: v.stable, Seed: seed}, func(r arch.Role) bool { return v.tables || onLinears(r) })
	}
	if v.saved {
		m.TrainModules(func(r arch.Role) bool { return !v.tables || r != arch.TokenEmbed && r != arch.Output })
	}
	for _, t := range m.Tensors() {
		base := random.Text(t.Name)
		for i := range t.Data {
			n := random.Normal(random.Mix(base+uint64(i)), random.Mix(base+uint64(i)+7e9))
			if t.Vector {
				t.Data[i] = T(1 + 0.3*n)
			} else {
				t.Data[i] = T(0.3 * n)
			}
		}
	}
	return m
}

// examples returns n random documents, some of whose labels have weight 0.
func examples(n int, seed uint64) []Example {
	list := make([]Example, n)
	for i := range list {
		for j := range 5 + random.Hash(seed, uint64(i))%20 {
			h := random.Hash(seed, uint64(i), j)
			list[i].Tokens = append(list[i].Tokens, int32(h%uint64(tiny.Vocab)))
			list[i].Weights = append(list[i].Weights, []float32{0, 1, 1, 0.25}[h>>32%4])
		}
	}
	return list
}

// gradients runs batches of perBatch rows forward and backward. It returns the loss, divided by the
// sum of the weights of the labels.
func gradients[T real](t *testing.T, e *engine[T], rows [][]Example, perBatch int) float64 {
	var n float64
	for _, row := range rows {
		for _, ex := range row {
			w, _ := ex.Weight()
			n += w
		}
	}
	var total float64
	for lo := 0; lo < len(rows); lo += perBatch {
		var b Batch
		for i, row := range rows[lo:min(lo+perBatch, len(rows))] {
			b.Add(uint64(lo+i), row)
		}
		e.forward(&b)
		total += e.loss(n, true)
		e.backward()
	}
	if e.m.Embed.Trainable() {
		e.finishEmbedding()
	}
	require.NoError(t, e.err)
	return total / n
}

func testEngine[T real](t *testing.T, m *Model[T], v variant, threads int) *engine[T] {
	pool := pool.New(threads, nil)
	t.Cleanup(pool.Close)
	e, err := newEngine(m, pool, tiny.Ctx)
	require.NoError(t, err)
	e.Dropout, e.Seed, e.update = v.dropout, 11, 3
	return e
}

// twoRows returns a row of two documents and a row of one.
func twoRows() [][]Example {
	list := examples(3, 1)
	return [][]Example{list[:2], list[2:]}
}

// TestDifferences compares the gradients with central differences, in float64.
func TestDifferences(t *testing.T) {
	if testing.Short() {
		t.Skip("TestSameEverywhere shows that emulated CPUs give the same bits as others")
	}
	const entries = 5 // the number of elements checked in each tensor
	for _, v := range variants {
		t.Run(v.name, func(t *testing.T) {
			m := build[float64](v, 1)
			e := testEngine(t, m, v, 1)
			loss := func() float64 {
				var n, total float64
				for i, row := range twoRows() {
					var b Batch
					b.Add(uint64(i), row)
					for _, w := range b.Weights {
						n += float64(w)
					}
					e.forward(&b)
					total += e.loss(1, false)
				}
				return total / n
			}
			gradients(t, e, twoRows(), 2)
			r := rand.New(rand.NewPCG(2, 3))
			for _, tensor := range m.Trainable() {
				grad := slices.Clone(tensor.Grad)
				var largest float64
				for _, g := range grad {
					largest = max(largest, math.Abs(g))
				}
				require.Positive(t, largest, tensor.Name)
				for range entries {
					i := r.IntN(len(grad))
					old := tensor.Data[i]
					step := 1e-5 * max(1, math.Abs(old))
					tensor.Data[i] = old + step
					up := loss()
					tensor.Data[i] = old - step
					down := loss()
					tensor.Data[i] = old
					require.InDelta(t, (up-down)/(2*step), grad[i], 1e-6*max(largest, 1e-3), "%s %d", tensor.Name, i)
				}
			}
		})
	}
}

// TestPrecision compares the gradients of float32 with those of float64.
func TestPrecision(t *testing.T) {
	for _, v := range variants {
		t.Run(v.name, func(t *testing.T) {
			m, m64 := build[float32](v, 1), build[float64](v, 1)
			for i, tensor := range m64.Tensors() {
				for j, x := range m.Tensors()[i].Data {
					tensor.Data[j] = float64(x)
				}
			}
			e, e64 := testEngine(t, m, v, 2), testEngine(t, m64, v, 1)
			require.InDelta(t, gradients(t, e64, twoRows(), 2), gradients(t, e, twoRows(), 2), 1e-5)
			for i, tensor := range m.Trainable() {
				want := m64.Trainable()[i]
				var largest float64
				for _, g := range want.Grad {
					largest = max(largest, math.Abs(g))
				}
				for j, g := range tensor.Grad {
					require.InDelta(t, want.Grad[j], float64(g), 5e-5*largest, "%s %d", tensor.Name, j)
				}
			}
		})
	}
}

// TestSameBits checks that the number of threads and the size of batches change no bit of the
// gradients.
func TestSameBits(t *testing.T) {
	list := examples(9, 5)
	rows := [][]Example{list[:2], list[2:3], list[3:5], list[5:6], list[6:]}
	for _, v := range variants {
		t.Run(v.name, func(t *testing.T) {
			m := build[float32](v, 1)
			e := testEngine(t, m, v, 1)
			loss := gradients(t, e, rows, 1)
			forms := [][2]int{{7, 3}, {1, 5}, {2, 2}, {3, 1}}
			if testing.Short() {
				forms = forms[:1]
			}
			for _, form := range forms {
				other := build[float32](v, 1)
				require.Equal(t, loss, gradients(t, testEngine(t, other, v, form[0]), rows, form[1]), "%v", form)
				for i, tensor := range m.Trainable() {
					require.Equal(t, tensor.Grad, other.Trainable()[i].Grad, "%v %s", form, tensor.Name)
				}
			}
		})
	}
}
