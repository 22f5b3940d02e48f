package train

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"alpaca/internal/testshared"
	"alpaca/internal/train/plan"
	"alpaca/internal/train/random"
)

// golden holds what PyTorch computed in float64 with the models of build and the documents of
// twoRows: the losses and gradient norms of ten updates by PyTorch's AdamW, facts about the
// gradients of the first update, and facts about the weights after some updates.
//
// To regenerate testdata/torch.json, write the model of forward.go in PyTorch with tensors
// of float64, but round sines, cosines and epsilon to float32. Fill the tensors as build
// does. Sum weight·-log p(label) of each document on its own, and divide by the sum of the
// weights. Train with clip_grad_norm_ and torch.optim.AdamW, with the settings of torchRun.
type golden struct {
	Torch    string
	Variants []struct {
		Name          string
		Losses, Norms []float64
		Grads         map[string]facts
		Weights       map[string]map[string]facts // by the number of updates, then by the tensor's name
	}
}

// facts describe a tensor as a vector: its length (Euclidean norm), its dot product with a random
// vector, and its first three elements.
type facts [5]float64

func factsOf[T real](name string, x []T) facts {
	var f facts
	base := random.Text(name)
	for i, v := range x {
		f[0] += float64(v) * float64(v)
		f[1] += float64(v) * random.Normal(random.Mix(base+3*uint64(i)), random.Mix(base+3*uint64(i)+1))
	}
	f[0] = math.Sqrt(f[0])
	for i := range 3 {
		f[2+i] = float64(x[i])
	}
	return f
}

// requireFacts compares facts about a tensor. They may differ by the tensor's length times the
// factor within. The dot product may differ by four times as much, because the random vector is
// longer than 1.
func requireFacts(t *testing.T, want, got facts, within float64, about string) {
	t.Helper()
	for i := range want {
		limit := within * want[0]
		if i == 1 {
			limit *= 4
		}
		require.InDelta(t, want[i], got[i], limit, "%s, fact %d", about, i)
	}
}

// torchRun returns the optimizer and the learning rates of the goldens.
func torchRun() (AdamW, func(u int) float64) {
	s := plan.Schedule{Kind: "cosine", Peak: 0.01, Min: 0.001, Updates: 10, Warmup: 3}
	return AdamW{Beta1: 0.9, Beta2: 0.95, Eps: 1e-8, Decay: 0.1, Clip: 0.5}, s.Rate
}

func TestTorch(t *testing.T) {
	if testing.Short() {
		t.Skip("TestSameEverywhere shows that emulated CPUs give the same bits as others")
	}
	want := testshared.ReadJSON[golden](t, "testdata/torch.json")
	require.Len(t, want.Variants, 5)
	for i, w := range want.Variants {
		v := variants[i]
		require.Equal(t, v.name, w.Name)
		t.Run(v.name+"/float64", func(t *testing.T) { compareTorch[float64](t, v, &want, i, 1e-9, 1e-7) })
		t.Run(v.name+"/float32", func(t *testing.T) { compareTorch[float32](t, v, &want, i, 2e-5, 2e-4) })
	}
}

// compareTorch runs ten updates. The gradients of the first update may differ by their length
// times the factor within, and the weights by their length times the factor after. The second
// factor is larger, because AdamW's first steps depend on the sign of a gradient even where
// it is almost 0.
func compareTorch[T real](t *testing.T, v variant, want *golden, index int, within, after float64) {
	w := &want.Variants[index]
	m := build[T](v, 1)
	e := testEngine(t, m, v, 2)
	o, rate := torchRun()
	tensors := m.Trainable()
	for u := range 10 {
		perBatch := 2 - u%2 // one batch and two accumulated batches must give the same result
		loss := gradients(t, e, twoRows(), perBatch)
		require.InEpsilon(t, w.Losses[u], loss, 10*after, "loss of update %d", u)
		if u == 0 {
			require.Len(t, w.Grads, len(tensors))
			for _, tensor := range tensors {
				requireFacts(t, w.Grads[tensor.Name], factsOf(tensor.Name, tensor.Grad), within, tensor.Name)
			}
		}
		norm := gradNorm(&e.workers, tensors)
		require.InEpsilon(t, w.Norms[u], norm, 10*after, "norm of update %d", u)
		update(&e.workers, &o, tensors, norm, rate(u))
		at, ok := map[int]string{0: "1", 1: "2", 9: "10"}[u]
		if !ok {
			continue
		}
		for _, tensor := range tensors {
			requireFacts(t, w.Weights[at][tensor.Name], factsOf(tensor.Name, tensor.Data), after, at+" "+tensor.Name)
		}
	}
}
