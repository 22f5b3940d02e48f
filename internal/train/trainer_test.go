package train

import (
	"math"
	"path/filepath"
	"testing"

	"alpaca/internal/pool"

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
		Plan:     Plan{Seed: 5, BatchRows: 3, MaxLength: 40, Packing: true, Updates: updates},
		Schedule: Schedule{Kind: "cosine", Peak: 3e-3, Warmup: 2},
		AdamW:    AdamW{Beta1: 0.9, Beta2: 0.95, Eps: 1e-8, Decay: 0.1, Clip: 1},
	}
}

// TestResume interrupts a run, with other threads and batches each time, and compares all
// weights and moments with those of a run in one piece.
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
	for i := range docs { // what begins differently
		docs[i] = Example{Tokens: []int32{int32(i)}, Weights: []float32{0}}
		for j := range 6 {
			docs[i].Tokens = append(docs[i].Tokens, int32(hash(uint64(i), uint64(j))%uint64(tiny.Vocab)))
			docs[i].Weights = append(docs[i].Weights, 1)
		}
	}
	s := testSettings(200)
	s.Plan.BatchRows, s.Plan.MaxLength, s.Schedule.Peak, s.AdamW.Decay = 5, 28, 0.02, 0
	tr := newTrainer(t, variant{tied: true}, s, docs, 2)
	for _, tensor := range tr.tensors { // as a new model begins
		fresh := New[float32](tr.Model.Shape, true, 3)
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

// TestDiverged damages a weight: the updates are skipped and then the run ends.
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
		require.EqualError(t, err, "train: 3 updates in a row: the loss or the gradient is not a number (loss NaN, gradient norm NaN)")
	}
	require.Equal(t, 3, tr.State.Skipped)
}

// TestEverythingChanges runs a few updates and looks for tensors that stayed as they were.
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

func TestPlan(t *testing.T) {
	p := Plan{Seed: 1, BatchRows: 2, MaxLength: 10, Packing: true, Epochs: 2, lengths: []int{4, 4, 4, 9, 2, 10, 1}}
	for epoch := range 2 {
		seen := map[int]int{}
		for _, row := range p.rowsOf(epoch) {
			n := 0
			for _, d := range row {
				n += p.lengths[d]
				seen[d]++
			}
			require.LessOrEqual(t, n, 10)
		}
		require.Equal(t, map[int]int{0: 1, 1: 1, 2: 1, 3: 1, 4: 1, 5: 1, 6: 1}, seen)
	}
	require.NotEqual(t, p.rowsOf(0), p.rowsOf(1))
	require.Equal(t, 68, p.Totals().Tokens)
	p.Packing = false
	require.Equal(t, Totals{Updates: 8, Rows: 14, Tokens: 68}, p.Totals())
	p.Updates = 3
	require.Equal(t, 3, p.Totals().Updates)
	p.Updates, p.Epochs, p.Tokens = 0, 0, 100
	require.GreaterOrEqual(t, p.Totals().Tokens, 100)
}

func TestSchedules(t *testing.T) {
	for _, test := range []struct {
		kind string
		want []float64
	}{
		{"cosine", []float64{0.5, 1, 0.1 + 0.9*0.75, 0.1 + 0.9*0.25, 0.1}},
		{"linear", []float64{0.5, 1, 0.1 + 0.9*2/3, 0.1 + 0.9/3, 0.1}},
		{"constant", []float64{0.5, 1, 1, 1, 1}},
		{"hf-cosine", []float64{0, 0.5, 1, 0.75, 0.25}},
		{"hf-linear", []float64{0, 0.5, 1, 2. / 3, 1. / 3}},
	} {
		s := Schedule{Kind: test.kind, Peak: 1, Min: 0.1, Updates: 5, Warmup: 2}
		for u, want := range test.want {
			require.InDelta(t, want, s.Rate(u), 1e-12, "%s %d", test.kind, u)
		}
	}
	require.NoError(t, CheckSchedule("linear"))
	require.EqualError(t, CheckSchedule("poly"), `unknown schedule "poly", must be cosine, linear, constant, hf-cosine, hf-linear`)
}
