package train

import (
	"crypto/sha256"
	"encoding/hex"
	"math"
	"path/filepath"
	"testing"

	"alpaca/internal/pool"
	"alpaca/internal/train/plan"
	"alpaca/internal/train/random"

	"github.com/stretchr/testify/require"
)

// newTrainer returns a trainer of a tiny model, and closes its pool with the test.
func newTrainer(t *testing.T, v variant, s Settings, docs []Example, threads int) *Trainer {
	pool := pool.New(threads, nil)
	t.Cleanup(pool.Close)
	s.Dropout = v.dropout
	tr, err := NewTrainer(build[float32](v, 1), s, docs, pool)
	require.NoError(t, err)
	return tr
}

func testSettings(updates int) Settings {
	return Settings{
		Plan:     plan.Plan{Seed: 5, BatchRows: 3, MaxLength: 40, Packing: true, Updates: updates},
		Schedule: plan.Schedule{Kind: "cosine", Peak: 3e-3, Warmup: 2},
		AdamW:    AdamW{Beta1: 0.9, Beta2: 0.95, Eps: 1e-8, Decay: 0.1, Clip: 1},
	}
}

// TestResume interrupts a run several times and resumes it with different numbers of threads and
// batch sizes. It compares all weights and moments with those of an uninterrupted run.
func TestResume(t *testing.T) {
	for _, v := range []variant{{name: "full", tied: true}, {name: "lora", lora: true, dropout: 0.2}, {name: "modules", lora: true, tables: true, saved: true, dropout: 0.2}} {
		t.Run(v.name, func(t *testing.T) {
			docs := examples(8, 3)
			whole := newTrainer(t, v, testSettings(12), docs, 1)
			var losses []float32
			for !whole.Done() {
				step, err := whole.Step()
				require.NoError(t, err)
				losses = append(losses, float32(step.Loss))
			}
			require.Less(t, losses[len(losses)-1], losses[0])

			path := filepath.Join(t.TempDir(), "checkpoint.gguf")
			part := newTrainer(t, v, testSettings(12), docs, 2)
			for i := 0; !part.Done(); i++ {
				step, err := part.Step()
				require.NoError(t, err)
				require.Equal(t, losses[i], float32(step.Loss), "update %d", i)
				if i%3 != 1 {
					continue
				}
				require.NoError(t, part.Save(path, &Record{BestEval: math.NaN(), Losses: losses[:i+1]}))
				c, err := OpenCheckpoint(path)
				require.NoError(t, err)
				require.Equal(t, losses[:i+1], c.Losses)
				part = newTrainer(t, v, testSettings(12), docs, 1+i%4)
				part.MicroRows, part.Checkpointing = i%3, i%2 == 1
				require.NoError(t, part.Load(c))
				require.NoError(t, c.Close())
			}
			require.Equal(t, whole.State, part.State)
			for i, tensor := range whole.tensors {
				require.Equal(t, tensor.Data, part.tensors[i].Data, tensor.Name)
				require.Equal(t, tensor.M, part.tensors[i].M, tensor.Name)
				require.Equal(t, tensor.V, part.tensors[i].V, tensor.Name)
			}
		})
	}
}

func TestOverfit(t *testing.T) {
	if testing.Short() {
		t.Skip("200 updates")
	}
	docs := make([]Example, 20)
	for i := range docs { // each document begins with a different token
		docs[i] = Example{Tokens: []int32{int32(i)}, Weights: []float32{0}}
		for j := range 6 {
			docs[i].Tokens = append(docs[i].Tokens, int32(random.Hash(uint64(i), uint64(j))%uint64(tiny.Vocab)))
			docs[i].Weights = append(docs[i].Weights, 1)
		}
	}
	s := testSettings(200)
	s.Plan.BatchRows, s.Plan.MaxLength, s.Schedule.Peak, s.AdamW.Decay = 5, 28, 0.02, 0
	tr := newTrainer(t, variant{tied: true}, s, docs, 2)
	for _, tensor := range tr.tensors { // starts from the weights of a new model
		fresh := New[float32](tiny, true, 3)
		for _, f := range fresh.Tensors() {
			if f.Name == tensor.Name {
				copy(tensor.Data, f.Data)
			}
		}
	}
	first, _, err := tr.Evaluate(docs)
	require.NoError(t, err)
	require.InDelta(t, math.Log(float64(tiny.Vocab)), first, 0.1)
	for !tr.Done() {
		_, err := tr.Step()
		require.NoError(t, err)
	}
	last, labels, err := tr.Evaluate(docs)
	require.NoError(t, err)
	require.Equal(t, 120, labels)
	require.Less(t, last, 0.01)
}

// TestDiverged makes a weight NaN and checks that updates are skipped until the run ends.
func TestDiverged(t *testing.T) {
	tr := newTrainer(t, variant{tied: true}, testSettings(9), examples(8, 3), 1)
	_, err := tr.Step()
	require.NoError(t, err)
	tr.tensors[1].Data[3] = float32(math.NaN())
	other := tr.tensors[2].Data[0]
	for i := range 3 {
		step, err := tr.Step()
		require.True(t, step.Skipped)
		require.Equal(t, other, tr.tensors[2].Data[0])
		if i < 2 {
			require.NoError(t, err)
			continue
		}
		require.ErrorIs(t, err, ErrDiverged)
		require.EqualError(t, err, "train: 3 updates in a row: the loss or the gradient is not finite (loss NaN, gradient norm NaN)")
	}
	require.Equal(t, 3, tr.State.Skipped)
}

// TestEverythingChanges runs a few updates and checks that exactly the trainable tensors change.
func TestEverythingChanges(t *testing.T) {
	for _, v := range variants {
		tr := newTrainer(t, v, testSettings(3), examples(30, 3), 2)
		before := build[float32](v, 1)
		for !tr.Done() {
			_, err := tr.Step()
			require.NoError(t, err)
		}
		for i, tensor := range tr.Model.Tensors() {
			old := before.Tensors()[i]
			if tensor.Trainable() {
				require.NotEqual(t, old.Data, tensor.Data, v.name+" "+tensor.Name)
			} else {
				require.Equal(t, old.Data, tensor.Data, v.name+" "+tensor.Name)
			}
		}
	}
}

// TestSameEverywhere trains tiny models, with and without the vector instructions of the CPU, and
// compares their bits with recorded ones, which are the same for every CPU.
func TestSameEverywhere(t *testing.T) {
	for _, test := range []struct {
		v    variant
		want string
	}{
		{variant{tied: true}, "56fabb5c5f95fb8a"},
		{variant{norms: true, bias: true, halves: true}, "03ed47be14cb9707"},
		{variant{lora: true, stable: true, dropout: 0.25}, "f72e6c6a59213ab0"},
	} {
		tr := newTrainer(t, test.v, testSettings(10), examples(9, 4), 2)
		for !tr.Done() {
			_, err := tr.Step()
			require.NoError(t, err)
		}
		sum := sha256.New()
		for _, tensor := range tr.tensors {
			sum.Write(bytesOf(tensor.Data))
		}
		require.Equal(t, test.want, hex.EncodeToString(sum.Sum(nil))[:16], "%+v", test.v)
	}
}
