package train

import (
	"errors"
	"fmt"
	"math"

	"alpaca/internal/pool"
	"alpaca/internal/train/plan"
)

// Settings determine the result of a training run, together with the base model and the
// data.
type Settings struct {
	Plan     plan.Plan
	Schedule plan.Schedule // NewTrainer sets Updates
	AdamW    AdamW
	Dropout  float64
}

// Trainer trains a model on documents.
type Trainer struct {
	Model    *Model[float32]
	Settings Settings
	Totals   plan.Totals
	State    State

	// MicroRows is the number of rows that go through the model at once. 0 means about
	// 512 or 1024 tokens. It does not change the result.
	MicroRows int

	// Checkpointing keeps fewer numbers for the backward pass, which computes
	// the others again. It does not change the result.
	Checkpointing bool

	docs    []Example
	engine  *engine[float32]
	tensors []*Tensor[float32]
	at      plan.Position
	batch   Batch
}

// State is the progress of a run.
type State struct {
	Update  int   `json:"update"`  // number of updates so far, including skipped updates
	Adam    int   `json:"adam"`    // number of updates that changed the weights
	Skipped int   `json:"skipped"` // number of updates skipped because the loss or the gradient was not finite
	Bad     int   `json:"bad"`     // length of the current run of skipped updates
	Tokens  int64 `json:"tokens"`
	Labels  int64 `json:"labels"`
}

// Step describes one update.
type Step struct {
	Update  int     // number of the update, counted from 1
	Epoch   float64 // epochs finished, including the fraction of the current epoch
	Tokens  int     // tokens of this update
	Labels  int
	Loss    float64 // weighted mean of the loss over the labels
	Rate    float64
	Norm    float64 // norm of the gradient before clipping
	Clipped bool
	Skipped bool
}

// badInARow is the number of skipped updates in a row that ends a run.
const badInARow = 3

// ErrDiverged ends a run when badInARow updates in a
// row have had a loss or a gradient that is not finite.
var ErrDiverged = errors.New("the loss or the gradient is not finite")

// NewTrainer returns a trainer before its first update. pool must stay open while the trainer is
// used.
func NewTrainer(m *Model[float32], s Settings, docs []Example, pool *pool.Pool) (*Trainer, error) {
	t := &Trainer{Model: m, Settings: s, docs: docs, tensors: m.Trainable()}
	if len(t.tensors) == 0 {
		return nil, errors.New("train: nothing to train")
	}
	var err error
	if t.engine, err = newEngine(m, pool, s.Plan.MaxLength); err != nil {
		return nil, fmt.Errorf("train: %w", err)
	}
	t.engine.Dropout, t.engine.Seed = s.Dropout, s.Plan.Seed
	t.Settings.Plan.Lengths = Lengths(docs)
	t.Totals = t.Settings.Plan.Totals()
	if t.Totals.Updates == 0 {
		return nil, errors.New("train: no data to train on")
	}
	c := &t.Settings.Schedule
	if c.Updates = t.Totals.Updates; c.Warmup == 0 {
		c.Warmup = int(math.Ceil(c.WarmupRatio * float64(c.Updates)))
	}
	return t, nil
}

// Lengths returns the number of tokens of each document.
func Lengths(docs []Example) []int {
	list := make([]int, len(docs))
	for i := range docs {
		list[i] = len(docs[i].Tokens)
	}
	return list
}

// Done reports whether the run has no updates left.
func (t *Trainer) Done() bool { return t.State.Update >= t.Totals.Updates }

// Step makes the next update. If it returns an error, it has not changed the weights.
func (t *Trainer) Step() (Step, error) {
	s := &t.Settings
	e := t.engine
	rows, first, ok := s.Plan.Next(&t.at)
	if !ok {
		return Step{}, errors.New("train: no data is left")
	}
	step := Step{Update: t.State.Update + 1, Rate: s.Schedule.Rate(t.State.Update)}
	var n float64 // sum of the weights of all labels, by which the loss is divided
	for _, row := range rows {
		for _, d := range row {
			w, labels := t.docs[d].Weight()
			n += w
			step.Labels += labels
			step.Tokens += len(t.docs[d].Tokens)
		}
	}
	e.update = uint64(t.State.Update)
	e.Checkpointing = t.Checkpointing
	var total float64
	for len(rows) > 0 {
		take := t.micro(rows)
		t.batch.Reset()
		for i, row := range rows[:take] {
			t.batch.Add(uint64(t.at.Epoch)<<32|uint64(first+i), t.examples(row))
		}
		rows, first = rows[take:], first+take
		if err := e.checkTokens(&t.batch); err != nil {
			return step, err
		}
		e.forward(&t.batch)
		total += e.loss(n, true)
		e.backward()
	}
	if t.Model.Embed.Trainable() {
		e.finishEmbedding()
	}
	step.Loss = total / n
	step.Norm = gradNorm(&e.workers, t.tensors)
	if e.err != nil {
		return step, fmt.Errorf("train: %w", e.err)
	}
	step.Epoch = float64(t.at.Epoch) + float64(t.at.Row)/float64(len(t.at.Rows))
	t.State.Update++
	t.State.Tokens += int64(step.Tokens)
	t.State.Labels += int64(step.Labels)
	if bad := step.Loss - step.Loss + step.Norm - step.Norm; bad != 0 { // x - x is NaN if x is infinite or NaN, and NaN != 0
		step.Skipped = true
		t.State.Skipped++
		t.State.Bad++
		clearGrads(t.tensors)
		if t.State.Bad >= badInARow {
			return step, fmt.Errorf("train: %d updates in a row: %w (loss %v, gradient norm %v)", t.State.Bad, ErrDiverged, step.Loss, step.Norm)
		}
		return step, nil
	}
	t.State.Bad = 0
	step.Clipped = s.AdamW.Clip > 0 && step.Norm > s.AdamW.Clip
	update(&e.workers, &s.AdamW, t.tensors, step.Norm, step.Rate)
	t.State.Adam = s.AdamW.Updates
	if e.err != nil {
		return step, fmt.Errorf("train: %w", e.err)
	}
	return step, nil
}

// microTokens returns roughly how many tokens go through the model at once. Matrix
// products reach full speed at a quarter of this number. Memory is proportional to
// the number of tokens, so microTokens returns only half as many for large models.
func (m *Model[T]) microTokens() int {
	const limit, large = 1024, 80 << 10 // a model is large if it keeps more than this many numbers per token for the backward pass
	kept := 0
	for i := range m.Layers {
		kept += m.Layers[i].kept(m)
	}
	if kept > large {
		return limit / 2
	}
	return limit
}

// micro returns how many of the rows go through the model at once.
func (t *Trainer) micro(rows [][]int) int {
	if t.MicroRows > 0 {
		return min(t.MicroRows, len(rows))
	}
	tokens := 0
	for i, row := range rows {
		for _, d := range row {
			tokens += len(t.docs[d].Tokens)
		}
		if i > 0 && tokens > t.Model.microTokens() {
			return i
		}
	}
	return len(rows)
}

func (t *Trainer) examples(row []int) []Example {
	list := make([]Example, len(row))
	for i, d := range row {
		list[i] = t.docs[d]
	}
	return list
}

// Evaluate returns the weighted mean loss over the labels of docs, without dropout, and
// the number of labels. The loss is NaN if there are no labels.
func (t *Trainer) Evaluate(docs []Example) (loss float64, labels int, err error) {
	e := t.engine
	e.eval = true
	e.Checkpointing = t.Checkpointing
	defer func() { e.eval = false }()
	var total, n float64
	for i := 0; i < len(docs); {
		t.batch.Reset()
		for ; i < len(docs); i++ {
			if t.batch.Len() > 0 && t.batch.Len()+len(docs[i].Tokens) > t.Model.microTokens() {
				break
			}
			t.batch.Add(0, docs[i:i+1])
			w, count := docs[i].Weight()
			n += w
			labels += count
		}
		if err := e.checkTokens(&t.batch); err != nil {
			return 0, 0, err
		}
		e.forward(&t.batch)
		total += e.loss(1, false)
	}
	if e.err != nil {
		return 0, 0, fmt.Errorf("train: %w", e.err)
	}
	if n == 0 {
		return math.NaN(), 0, nil
	}
	return total / n, labels, nil
}

// Restore sets the state of a run that was interrupted. The caller sets the tensors.
func (t *Trainer) Restore(s State) error {
	if s.Update > t.Totals.Updates {
		return fmt.Errorf("train: the checkpoint has %d updates, but the run has only %d", s.Update, t.Totals.Updates)
	}
	t.State = s
	t.Settings.AdamW.restore(s.Adam)
	t.at = t.Settings.Plan.Skip(s.Update)
	return nil
}
