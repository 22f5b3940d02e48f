package train

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"alpaca/internal/gguf"
	"alpaca/internal/model"
	"alpaca/internal/testshared"
)

// torchArch holds what transformers computed in float64, with PyTorch's derivatives, for
// the tiny models of ../shared/models/hf. It has the loss of a document and, by the names
// of tensors in GGUF, the lengths (Euclidean norms) of all gradients. Token i of the
// document's 40 tokens is i*i*7+i*3+5 modulo the number of rows of the embedding.
// The converter reorders rows, which does not change a length. Each part of a fused matrix of
// experts has a length of its own.
//
// To regenerate testdata/torch-arch.json, load each model with dtype float64 and with attention and
// experts "eager". Replace torch.float32 and Tensor.float by float64, since norms and softmax are
// otherwise computed in float32. The gradient of ssm_a is the gradient of A_log divided by ssm_a.
type torchArch struct {
	Models map[string]struct {
		Loss  float64
		Grads map[string]float64
	}
}

// TestTorchArch compares losses and gradients of models of all architectures with those of torch,
// in float64 and in float32.
func TestTorchArch(t *testing.T) {
	if testing.Short() {
		t.Skip("TestArchSameBits shows that emulated CPUs give the same bits as others")
	}
	want := testshared.ReadJSON[torchArch](t, "testdata/torch-arch.json")
	for name, w := range want.Models {
		t.Run(name, func(t *testing.T) {
			f, err := gguf.Open(testshared.Path(t, "models/arch/"+name+".gguf"))
			require.NoError(t, err)
			base, err := model.Load(f, model.LoadOptions{})
			require.NoError(t, err)
			defer base.Close()
			compareArch[float64](t, base, w.Loss, w.Grads, 2e-6)
			compareArch[float32](t, base, w.Loss, w.Grads, 5e-5)
		})
	}
}

// compareArch compares one model. The parameter within is the largest relative error.
func compareArch[T real](t *testing.T, base *model.Model, wantLoss float64, want map[string]float64, within float64) {
	m, err := load[T](base, true)
	require.NoError(t, err)
	var doc Example
	for i := range 40 {
		doc.Tokens, doc.Weights = append(doc.Tokens, int32((i*i*7+i*3+5)%m.Embed.Rows)), append(doc.Weights, 1)
	}
	e := testEngine(t, m, variant{}, 2)
	require.InEpsilon(t, wantLoss, gradients(t, e, [][]Example{{doc}}, 1), within)
	got := map[string]float64{}
	for _, x := range m.Trainable() {
		var sum float64
		for _, g := range x.Grad {
			sum += float64(g) * float64(g)
		}
		got[x.Name] = math.Sqrt(sum)
	}
	require.Len(t, got, len(want))
	for name, length := range want {
		require.Contains(t, got, name)
		require.InDelta(t, length, got[name], within*max(length, 1e-4), name)
	}
}
