package train

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"alpaca/internal/gguf"
	"alpaca/internal/logits"
	"alpaca/internal/lora"
	"alpaca/internal/model"
	"alpaca/internal/train"
)

// These are the sizes of the samples. Samples are answers to the first held-out examples or, if
// none are held out, to the first training examples.
const (
	samplesAtEnds = 5  // examples that are answered at the beginning and at the end of a run
	samplesOnWay  = 3  // examples that are answered in between
	sampleTokens  = 48 // the largest number of tokens of an answer
)

// samplePercent lists after which percentages of a run samples are made.
var samplePercent = []int{0, 1, 5, 10, 25, 50, 100}

// sample is the model's answer to one example, generated greedily: each token is the likeliest
// one.
type sample struct {
	Prompt string `json:"prompt"`
	Text   string `json:"text"`
	First  finite `json:"first_token_probability"`
}

// sampled is a line of the journal about samples.
type sampled struct {
	Step    int      `json:"step"`
	Percent int      `json:"percent"`
	Samples []sample `json:"samples"`
}

// sampleDue reports whether samples are due after an update. It also returns how much of the run is
// done, in percent.
func (j *job) sampleDue(update int) (percent int, ok bool) {
	total := j.trainer.Totals.Updates
	for _, p := range slices.Backward(samplePercent) {
		if update == (total*p+99)/100 {
			return p, true
		}
	}
	return 0, false
}

// sample makes samples if they are due, and puts them into the journal and samples.md.
func (j *job) sample(ctx context.Context, p *progress) error {
	step := j.trainer.State.Update
	percent, ok := j.sampleDue(step)
	if !ok {
		return nil
	}
	n := samplesOnWay
	if percent == 0 || percent == 100 {
		n = samplesAtEnds
	}
	line := sampled{Step: step, Percent: percent}
	err := j.withModel(ctx, func(m *model.Model) error {
		for _, e := range j.questions(n) {
			s, err := j.answer(ctx, m, e)
			if err != nil {
				return err
			}
			line.Samples = append(line.Samples, s)
		}
		return nil
	})
	if err != nil {
		return err
	}
	if err := p.journal.add(line); err != nil {
		return err
	}
	return j.writeSamples()
}

// questions returns the first n held-out examples, or training examples if none are held out.
func (j *job) questions(n int) []train.Example {
	if len(j.heldOut) > 0 {
		return j.heldOut[:min(n, len(j.heldOut))]
	}
	return j.training[:min(n, len(j.training))]
}

// withModel calls f with the model as it is now, loaded for inference.
func (j *job) withModel(ctx context.Context, f func(m *model.Model) error) error {
	path := filepath.Join(j.dir, "now.gguf")
	defer os.Remove(path)
	if m := j.trainer.Model; m.Rank > 0 && !m.HasWholeMatrices() {
		if err := j.trainer.Model.WriteAdapter(path, j.name()); err != nil {
			return err
		}
		file, err := gguf.Open(path)
		if err != nil {
			return err
		}
		defer file.Close()
		adapter, err := lora.Read(file)
		if err != nil {
			return err
		}
		m, err := j.base.WithLoRA(adapter, 1)
		if err != nil {
			return err
		}
		return f(m)
	}
	if err := j.trainer.WriteModel(path, j.metadata(), j.extra()); err != nil {
		return err
	}
	file, err := gguf.Open(path)
	if err != nil {
		return err
	}
	defer file.Close()
	m, err := model.Load(file, model.LoadOptions{})
	if err != nil {
		return err
	}
	return f(m)
}

// answer gives m the tokens of e that precede the first answer of e, and lets m continue them. If e
// is a text, or if --loss-on is "all", it lets m continue the first 8 tokens of e.
func (j *job) answer(ctx context.Context, m *model.Model, e train.Example) (sample, error) {
	n := slices.Index(e.Weights, 1)
	if n < 1 || j.LossOn == lossOnAll {
		n = min(8, len(e.Tokens)-1)
	}
	n = max(n, 1)
	s, err := m.NewSession(model.SessionOptions{Ctx: min(n+sampleTokens, m.Config.TrainCtx), Threads: j.pool.Threads()})
	if err != nil {
		return sample{}, err
	}
	defer s.Close()
	row, err := s.Eval(ctx, e.Tokens[:n], nil)
	if err != nil {
		return sample{}, err
	}
	out := sample{Prompt: text(m, e.Tokens[:n])}
	var said []int32
	for s.Pos() < s.Ctx() {
		best := 0
		for i, z := range row {
			if z > row[best] {
				best = i
			}
		}
		if len(said) == 0 {
			out.First = finite(math.Exp(float64(row[best]) - logits.LogSumExp(row)))
		}
		if said = append(said, int32(best)); m.Tokenizer.IsEOG(int32(best)) || len(said) == sampleTokens {
			break
		}
		if row, err = s.Eval(ctx, said[len(said)-1:], nil); err != nil {
			return sample{}, err
		}
	}
	out.Text = text(m, said)
	return out, nil
}

// text returns the text of tokens.
func text(m *model.Model, ids []int32) string {
	var b strings.Builder
	for _, id := range ids {
		b.WriteString(m.Tokenizer.Piece(id, false))
	}
	return strings.ToValidUTF8(b.String(), "�")
}

// readSamples returns the samples of the journal.
func (j *job) readSamples() (list []sampled, err error) {
	data, err := os.ReadFile(filepath.Join(j.dir, logName))
	if err != nil {
		return nil, err
	}
	lines := bufio.NewScanner(bytes.NewReader(data))
	lines.Buffer(nil, 1<<24)
	for lines.Scan() {
		var s sampled
		if json.Unmarshal(lines.Bytes(), &s) == nil && len(s.Samples) > 0 {
			list = append(list, s)
		}
	}
	return list, lines.Err()
}

// writeSamples writes samples.md.
func (j *job) writeSamples() error {
	list, err := j.readSamples()
	if err != nil {
		return err
	}
	var b strings.Builder
	b.WriteString("# What the model says during the training\n")
	for _, s := range list {
		fmt.Fprintf(&b, "\n## After %d updates, %d %%\n", s.Step, s.Percent)
		for _, x := range s.Samples {
			fmt.Fprintf(&b, "\n%s\n\n%s\n\nFirst token: %.3f\n", quote(x.Prompt), code(x.Text), x.First)
		}
	}
	return writeText(filepath.Join(j.dir, "samples.md"), b.String())
}

// comparison returns the samples before and after the training, for README.md.
func (j *job) comparison() (string, error) {
	list, err := j.readSamples()
	if err != nil || len(list) < 2 || list[0].Percent != 0 || list[len(list)-1].Percent != 100 {
		return "", err
	}
	var b strings.Builder
	b.WriteString("\n## Before and after\n")
	for i, after := range list[len(list)-1].Samples {
		if i < len(list[0].Samples) {
			fmt.Fprintf(&b, "\n%s\n\nbefore:\n\n%s\n\nafter:\n\n%s\n", quote(after.Prompt), code(list[0].Samples[i].Text), code(after.Text))
		}
	}
	return b.String(), nil
}

// quote returns text as a quotation in Markdown.
func quote(text string) string {
	return "> " + strings.ReplaceAll(strings.TrimSpace(text), "\n", "\n> ")
}

// code returns text as a block of code in Markdown.
func code(text string) string {
	return "    " + strings.ReplaceAll(strings.Trim(text, "\n"), "\n", "\n    ")
}

// measuredRows is the number of held-out examples that inferenceLoss measures.
const measuredRows = 20

// inferenceLoss returns the mean loss of the first held-out examples. theirs is the loss as
// inference computes it, ours is the loss as training computes it. Inference rounds activations as
// the type of the weights requires, but training does not.
func (j *job) inferenceLoss(ctx context.Context) (theirs, ours float64, err error) {
	docs := j.heldOut[:min(measuredRows, len(j.heldOut))]
	if ours, _, err = j.trainer.Evaluate(docs); err != nil {
		return 0, 0, err
	}
	var sum, weight float64
	err = j.withModel(ctx, func(m *model.Model) error {
		for _, e := range docs {
			s, err := m.NewSession(model.SessionOptions{Ctx: len(e.Tokens), Threads: j.pool.Threads()})
			if err != nil {
				return err
			}
			err = s.EvalEach(ctx, e.Tokens, 0, func(i int, row []float32) error {
				if i+1 < len(e.Tokens) && e.Weights[i+1] > 0 {
					w := float64(e.Weights[i+1])
					sum += w * (logits.LogSumExp(row) - float64(row[e.Tokens[i+1]]))
					weight += w
				}
				return nil
			})
			s.Close()
			if err != nil {
				return err
			}
		}
		return nil
	})
	return sum / weight, ours, err
}
