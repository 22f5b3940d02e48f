package bench

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"

	"alpaca/internal/cli/load"
	"alpaca/internal/cli/ui"
	"alpaca/internal/engine"
	"alpaca/internal/sampler"
)

// A replay measures what drafts save on a given text. The first tokens of the text
// are the prompt. In each repetition, the model is made to write the rest of the
// text twice: without drafts and with them. So every token is known beforehand, and
// the number of right drafts depends only on the text and the source of the drafts.

// replayed is the result of a replay.
type replayed struct {
	Model   string    `json:"model"`
	Text    string    `json:"text"`
	Prompt  int       `json:"n_prompt"`
	Tokens  int       `json:"n_gen"`
	Threads int       `json:"n_threads"`
	Without []float64 `json:"samples_ts_without"` // tokens per second
	With    []float64 `json:"samples_ts"`
	Drafted int       `json:"draft_n"` // tokens in drafts, in the last repetition
	Right   int       `json:"draft_n_accepted"`
	Gain    float64   `json:"gain"` // median of With / median of Without
}

// script allows only the tokens of a text, in order.
type script struct {
	left []int32
	list []uint64 // bit set that contains only the next token
}

func newScript(tokens []int32, vocab int) *script {
	s := &script{left: tokens, list: make([]uint64, (vocab+63)/64)}
	s.mark(tokens)
	return s
}

// mark sets or clears the bit of the first token in tokens.
func (s *script) mark(tokens []int32) {
	if len(tokens) > 0 {
		s.list[tokens[0]/64] ^= 1 << (tokens[0] % 64)
	}
}

func (s *script) Allowed(id int32) bool { return len(s.left) > 0 && s.left[0] == id }

func (s *script) List() []uint64 { return s.list }

func (s *script) Accept(id int32) error {
	if !s.Allowed(id) {
		return fmt.Errorf("token %d is not the next token of the text", id)
	}
	s.mark(s.left)
	s.left = s.left[1:]
	s.mark(s.left)
	return nil
}

// checkReplay returns a usage error if --spec and -f are wrong or conflict with other flags.
func (o *benchOptions) checkReplay() error {
	if !o.flags.Changed("spec") || o.text == "" {
		return ui.Usagef("--spec and -f must be given together: --spec chooses the drafts, and -f the text to reproduce")
	}
	for _, name := range []string{"n-gen", "prompt-gen", "parallel", "n-depth", "membw", "save", "report", "compare", "cache-type-k", "cache-type-v", "synthetic", "train"} {
		if o.flags.Changed(name) {
			return ui.Usagef("--spec: --%s has no meaning, because -f gives the text to write", name)
		}
	}
	if o.output != "md" && o.output != "json" {
		return ui.Usagef("--spec: -o %s: must be md or json", o.output)
	}
	if len(o.threads) > 1 || len(o.batches) > 1 || o.flags.Changed("n-prompt") && len(o.prompts) != 1 {
		return ui.Usagef("--spec: -p, -t and -b must be single numbers")
	}
	return o.drafts.CheckReplay()
}

// replayAll measures the text on all models.
func (o *benchOptions) replayAll(ctx context.Context, u *ui.UI) error {
	text, err := os.ReadFile(o.text)
	if err != nil {
		return err
	}
	var all []replayed
	for _, path := range o.models {
		r, err := o.replayModel(ctx, u, path, string(text))
		u.ClearStatus()
		if err != nil {
			return err
		}
		all = append(all, r)
	}
	if o.output == "json" {
		e := json.NewEncoder(u.Out)
		e.SetIndent("", "  ")
		return e.Encode(all)
	}
	fmt.Fprintln(u.Out, "| model | text | prompt | written | t/s without | t/s with drafts | times as fast | drafted | right |")
	fmt.Fprintln(u.Out, "| --- | --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |")
	for _, r := range all {
		_, err = fmt.Fprintf(u.Out, "| %s | %s | %d | %d | %.2f | %.2f | %.2f | %d | %d |\n",
			r.Model, r.Text, r.Prompt, r.Tokens, middle(r.Without), middle(r.With), r.Gain, r.Drafted, r.Right)
	}
	return err
}

// middle returns the median.
func middle(x []float64) float64 {
	s := slices.Sorted(slices.Values(x))
	return (s[(len(s)-1)/2] + s[len(s)/2]) / 2
}

// replayModel measures one model.
func (o *benchOptions) replayModel(ctx context.Context, u *ui.UI, path, text string) (r replayed, err error) {
	var opt load.Options
	m, err := opt.Open(u, path)
	if err != nil {
		return r, err
	}
	defer m.Close()
	tok := m.Model.Tokenizer
	tokens := tok.Encode(text, true, false)
	r = replayed{Model: m.Name(), Text: filepath.Base(o.text), Prompt: len(tokens) / 2}
	if o.flags.Changed("n-prompt") {
		r.Prompt = o.prompts[0]
	}
	if r.Tokens = len(tokens) - r.Prompt; r.Prompt < 1 || r.Tokens < 2 {
		return r, fmt.Errorf("%s: %d tokens are too few for a prompt of %d tokens and two tokens to write", o.text, len(tokens), r.Prompt)
	}
	if i := slices.IndexFunc(tokens, tok.IsEOG); i >= 0 {
		return r, fmt.Errorf("%s: the token at position %d ends a text of this model", o.text, i)
	}
	run := engine.Options{Ctx: len(tokens) + 8, Parallel: 1, NoCache: true, Threads: load.Threads(u, 0), Batch: o.batches[0]}
	if len(o.threads) == 1 {
		run.Threads = o.threads[0]
	}
	r.Threads = run.Threads
	for i := range o.repetitions {
		for _, drafts := range []engine.Drafts{{Off: true}, o.drafts.Without()} {
			u.Statusf("%s: %d of %d", r.Model, i+1, o.repetitions)
			run.Drafts = drafts
			result, err := replay(ctx, m, run, tokens, r.Prompt)
			if err != nil {
				return r, err
			}
			rate := float64(r.Tokens-1) / result.GenerateTime.Seconds() // the step that evaluated the prompt has given the first token
			if drafts.Off {
				r.Without = append(r.Without, rate)
				continue
			}
			r.With = append(r.With, rate)
			r.Drafted, r.Right = result.DraftTokens, result.DraftAccepted
		}
	}
	r.Gain = middle(r.With) / middle(r.Without)
	return r, nil
}

// replay gives the model the first tokens as a prompt, and makes
// it write the rest. prompt is the number of prompt tokens.
func replay(ctx context.Context, m *load.Instance, opt engine.Options, tokens []int32, prompt int) (engine.Result, error) {
	opt.Target = time.Hour
	e, err := engine.New(m.Model, opt)
	if err != nil {
		return engine.Result{}, err
	}
	defer e.Close()
	p := sampler.DefaultParams()
	p.Temp, p.Seed = 0, 1
	rest := tokens[prompt:]
	return e.Run(ctx, engine.Request{
		Prompt: tokens[:prompt], MaxTokens: len(rest), Sampling: p,
		Grammar: func() sampler.Grammar { return newScript(rest, m.Model.Tokenizer.Len()) },
	}, func(engine.Token) error { return nil })
}
