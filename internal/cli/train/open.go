package train

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"path/filepath"
	"strings"

	"alpaca/internal/cli/load"
	"alpaca/internal/cli/ui"
	"alpaca/internal/dataset"
	"alpaca/internal/gguf"
	"alpaca/internal/model"
	"alpaca/internal/pool"
	"alpaca/internal/train"
	"alpaca/internal/train/plan"
	"alpaca/internal/train/rows"
)

// job is a training run with its data and its model.
type job struct {
	*options
	u *ui.UI

	base    *model.Model // base model; nil for a new model
	kv      []gguf.KV    // metadata of the base or of a new model
	learned string       // the template to write into the metadata; "": the metadata's template stays
	trainer *train.Trainer
	pool    *pool.Pool

	files    []*dataset.File
	counts   []int  // number of records of each file
	dataSum  string // SHA-256 of the files' SHA-256s, which are joined as text; all in hexadecimal
	baseSum  string // SHA-256 of the base model; "" for a new model
	examples *rows.Result
	training []train.Example
	heldOut  []train.Example

	record train.Record
	dir    string
}

// open reads the data, opens the base and makes the trainer. With --resume it restores the
// last checkpoint.
func (o *options) open(ctx context.Context, u *ui.UI) (*job, error) {
	j := &job{options: o, u: u}
	if err := j.start(ctx); err != nil {
		j.close()
		return nil, err
	}
	return j, nil
}

func (j *job) start(ctx context.Context) (err error) {
	var checkpoint *train.Checkpoint
	if j.resume != "" {
		if checkpoint, err = j.lastCheckpoint(); err != nil {
			return err
		}
		defer checkpoint.Close()
	}
	j.dir = cmp.Or(j.runDir, strings.TrimSuffix(strings.TrimSuffix(j.Output, "/"), ".gguf")+".run")
	if j.resume != "" {
		j.dir = j.resume
	}
	if err := j.checkFolder(); err != nil {
		return err
	}
	if err := j.readData(ctx); err != nil {
		return err
	}
	if err := j.openBase(); err != nil {
		return err
	}
	if err := j.makeTrainer(); err != nil {
		return err
	}
	if checkpoint != nil {
		return j.restore(checkpoint)
	}
	return ctx.Err()
}

func (j *job) close() {
	if j.pool != nil {
		j.pool.Close()
	}
	if j.base != nil {
		j.base.Close()
	}
}

// checkFolder returns an error if the output cannot be written, or if the folder of a new run
// already has a run.
func (j *job) checkFolder() error {
	if j.dryRun {
		return nil
	}
	if strings.HasSuffix(j.Output, ".gguf") {
		if err := ui.CheckOutputs([]ui.Output{{Flag: "output", Path: j.Output}}, append([]string{j.Model, j.Tokenizer}, j.Data...)...); err != nil {
			return err
		}
	} else if j.Full || j.Init != "" || j.Merge {
		return ui.Usagef("--output %s: the name of a model's file must end in .gguf", j.Output)
	}
	if list, err := checkpoints(j.dir); err == nil && len(list) > 0 && j.resume == "" {
		return ui.WithHint(fmt.Errorf("%s: the folder already has a run", j.dir),
			"resume it with: alpaca train --resume "+j.dir, "or choose another folder with --run-dir")
	}
	return nil
}

// readData reads all files of --data.
func (j *job) readData(ctx context.Context) error {
	sum := sha256.New()
	for _, path := range j.Data {
		f, err := readData(ctx, path)
		if err != nil {
			return err
		}
		j.files = append(j.files, f)
		io.WriteString(sum, f.SHA256)
	}
	j.dataSum = hex.EncodeToString(sum.Sum(nil))
	return nil
}

// records returns the records of all files, in order.
func (j *job) records() (list []dataset.Record) {
	for _, f := range j.files {
		list = append(list, f.Records...)
	}
	return list
}

// openBase opens the base model.
func (j *job) openBase() (err error) {
	if j.Init != "" {
		return nil
	}
	f, err := load.OpenFile(j.Model, gguf.Options{})
	if err != nil {
		return err
	}
	if j.base, err = model.Load(f, model.LoadOptions{}); err != nil {
		f.Close()
		return err
	}
	for _, w := range j.base.Tokenizer.Warnings() {
		j.u.Warnf("%s", w)
	}
	j.kv = f.KV
	j.baseSum, err = load.FileSum(f)
	return err
}

// makeTrainer makes the model, the examples and the trainer.
func (j *job) makeTrainer() error {
	m, maker, err := j.model(j.u)
	if err != nil {
		return err
	}
	maker.PromptWeight = float32(j.PromptWeight)
	if j.LossOn == lossOnAll {
		maker.PromptWeight = 1
	}
	if j.MaxLength == 0 {
		j.MaxLength = min(defaultLength, m.Config.TrainCtx)
	}
	if j.MaxLength > m.Config.TrainCtx {
		return ui.Usagef("--max-length %d: the model's context is %d tokens", j.MaxLength, m.Config.TrainCtx)
	}
	maker.MaxLength = j.MaxLength
	if j.examples, err = maker.Make(j.records()); err != nil {
		return err
	}
	j.reportProblems()
	if len(j.examples.Examples) == 0 {
		return fmt.Errorf("%s: %d records, but none can be used", strings.Join(j.Data, ", "), len(j.records())+j.badRecords())
	}
	j.learned = j.form(maker.Template)
	for _, f := range j.files { // frees the records: the examples hold the tokens by now
		j.counts = append(j.counts, len(f.Records))
		f.Records = nil
	}
	j.split()
	s := train.Settings{
		Plan:    plan.Plan{Seed: j.Seed, BatchRows: j.BatchSize, MaxLength: j.MaxLength, Packing: j.Packing, Epochs: j.Epochs, Updates: j.MaxSteps, Tokens: int(j.Tokens)},
		AdamW:   train.AdamW{Beta1: j.Beta1, Beta2: j.Beta2, Eps: j.AdamEps, Decay: j.Decay, Clip: j.Clip},
		Dropout: j.LoRADropout,
	}
	s.Schedule = plan.Schedule{Kind: j.Scheduler, Peak: j.LR, Min: j.MinLR}
	if s.Schedule.Warmup = j.WarmupSteps; j.WarmupSteps == 0 {
		s.Schedule.WarmupRatio = j.Warmup
	}
	if m.Rank == 0 {
		s.Dropout = 0
	}
	if err := j.fits(m); err != nil {
		return err
	}
	j.pool = pool.New(load.Threads(j.u, j.threads), gguf.Guard)
	j.trainer, err = train.NewTrainer(m, s, j.training, j.pool)
	if err != nil {
		return err
	}
	j.trainer.MicroRows, j.trainer.Checkpointing = j.micro, j.checkpointing
	return nil
}

// split holds out a part of the examples, which is drawn with the seed.
func (j *job) split() {
	list := j.examples.Examples
	n := int(float64(len(list)) * j.EvalSplit)
	if j.EvalBound {
		n = min(n, j.maxHeldOut())
	}
	held := make([]bool, len(list))
	for _, i := range plan.HeldOut(len(list), n, j.Seed) {
		held[i] = true
	}
	for i, e := range list {
		if held[i] {
			j.heldOut = append(j.heldOut, e)
		} else {
			j.training = append(j.training, e)
		}
	}
}

// maxHeldOut returns the largest number of examples to hold out if --eval-split is not given.
// It is a hundredth of the examples that the run trains on; an example counts once for each
// epoch. A run measures the held-out examples about 21 times, without a backward pass. With a
// hundredth, this takes less than a tenth of the run's time. The result is at least
// samplesAtEnds, because the samples at the end of a run are answers to held-out examples.
func (j *job) maxHeldOut() int {
	examples := float64(len(j.examples.Examples))
	mean := float64(j.examples.Tokens) / examples
	seen := examples * float64(j.Epochs)
	if tokens := float64(j.Tokens) / mean; tokens > 0 && (seen == 0 || tokens < seen) {
		seen = tokens
	}
	perRow := 1.0
	if j.Packing {
		perRow = max(1, float64(j.MaxLength)/mean)
	}
	if rows := float64(j.MaxSteps) * float64(j.BatchSize) * perRow; rows > 0 && (seen == 0 || rows < seen) {
		seen = rows
	}
	return max(samplesAtEnds, int(seen/100))
}

// badRecords returns the number of records that were not used.
func (j *job) badRecords() int {
	n := len(j.examples.Problems)
	for _, f := range j.files {
		n += len(f.Bad)
	}
	return n
}

// reportProblems warns about records that are not used or are cut. For each reason, it says how
// many records there are and in which line the first one is.
func (j *job) reportProblems() {
	for _, f := range j.files {
		if f.Pairs > 0 {
			j.u.Notef("%s: the chosen answers of %d preference pairs are learned; the rejected ones are not used", f.Path, f.Pairs)
		}
		for _, c := range f.Bad.Counts() {
			j.u.Warnf("%s: line %d: %s; %s", f.Path, c.First, c.Reason, notUsed(c.Records))
		}
	}
	for _, c := range j.examples.Problems.Counts() {
		j.u.Warnf("%s: line %d: %s; %s", strings.Join(j.Data, ", "), c.First, c.Reason, notUsed(c.Records))
	}
	if e := j.examples; e.Cut > 0 {
		j.u.Warnf("%s: line %d: the record is longer than %d tokens, so its end is cut off; records that are cut: %d", strings.Join(j.Data, ", "), e.FirstCut, j.MaxLength, e.Cut)
	}
}

func notUsed(n int) string {
	if n == 1 {
		return "1 record is not used"
	}
	return fmt.Sprintf("%d records are not used", n)
}

// name returns the name of the base, or of a new model.
func (j *job) name() string {
	if j.base == nil {
		return strings.TrimSuffix(filepath.Base(j.Output), ".gguf")
	}
	return cmp.Or(j.base.Config.Name, filepath.Base(j.Model))
}
