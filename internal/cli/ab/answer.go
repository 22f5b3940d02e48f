package ab

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"alpaca/internal/abtest"
	"alpaca/internal/builtin"
	"alpaca/internal/chat"
	"alpaca/internal/cli/load"
	"alpaca/internal/engine"
	"alpaca/internal/oneshot"
	"alpaca/internal/sampler"
)

// identify sets the identity of a side's model: its name and digest, its adapters and its
// template.
func (o *options) identify(s *side) error {
	m, err := s.options.Open(o.u, path(s.model))
	if err != nil {
		return err
	}
	defer m.Close()
	id, err := s.options.Identity(m)
	if err != nil {
		return err
	}
	s.identity = abtest.Model{Name: m.Name(), Path: m.Path, SHA256: id.Model}
	for _, a := range id.Adapters {
		s.identity.Adapter += a.Text + " sha256:" + a.SHA256 + " "
		s.identity.Name += " + " + a.Text
	}
	t, why, err := o.templateOf(m)
	if err != nil {
		return err
	}
	s.identity.Template = why + " sha256:" + load.TextSum(t.Source())
	return nil
}

// path returns the path of a model. "" stands for the built-in model.
func path(model string) string {
	if model == "" {
		return builtin.Name
	}
	return model
}

// templateOf returns a model's own chat template. If the model has none, templateOf
// returns Stanford's, as "alpaca train" does. why says which of the two it is.
func (o *options) templateOf(m *load.Instance) (t *chat.Template, why string, err error) {
	t, why, err = load.Template(o.u, m.Model.File, m.Model.Tokenizer, load.TemplateChoice{}, chat.Request{})
	if err != nil || t != nil {
		return t, why, err
	}
	t, err = chat.Builtin("stanford", m.Model.Tokenizer)
	return t, "chat template stanford", err
}

// open loads a model and makes its engine, so that prompts can be sent to it.
func (o *options) open(model string, opt load.Options, p sampler.Params) (*oneshot.Local, *load.Instance, error) {
	m, err := opt.Open(o.u, path(model))
	if err != nil {
		return nil, nil, err
	}
	t, _, err := o.templateOf(m)
	if err == nil {
		e := opt.EngineOptions(m)
		e.Parallel, e.NoCache, e.Threads = o.parallel, false, load.Threads(o.u, opt.Threads)
		e.Target = time.Hour // a step may take long, because nobody sees an answer before it is complete
		err = m.StartEngine(e)
	}
	if err != nil {
		m.Close()
		return nil, nil, err
	}
	return oneshot.NewLocal(m.Engine, t, p), m, nil
}

// answer lets the model of a side give the answers that are still missing.
func (o *options) answer(ctx context.Context, st abtest.Store, s *abtest.Session, slot abtest.Slot, side *side) error {
	var missing []int
	for n := range s.List {
		if s.Answers[n][slot] == nil {
			missing = append(missing, n)
		}
	}
	if len(missing) == 0 {
		return nil
	}
	if side.answered != nil {
		for _, n := range missing {
			if err := st.AddAnswer(ctx, s.ID, n, slot, abtest.Answer{Text: side.answered.Texts[s.List[n]]}); err != nil {
				return err
			}
		}
		return nil
	}
	local, m, err := o.open(side.model, side.options, o.sampling.Params)
	if err != nil {
		return err
	}
	defer m.Close()
	done := 0
	err = o.each(ctx, len(missing), func(ctx context.Context, i int) error {
		return o.answerOne(ctx, st, s, missing[i], slot, local)
	}, func() {
		done++
		o.u.Statusf("answers of model %d of 2: %d of %d", slot+1, done, len(missing))
	})
	o.u.ClearStatus()
	return err
}

// answerOne lets a model answer prompt n of a session, and stores the answer. The seed is the
// same for both models.
func (o *options) answerOne(ctx context.Context, st abtest.Store, s *abtest.Session, n int, slot abtest.Slot, local *oneshot.Local) error {
	a, err := local.Ask(ctx, oneshot.Query{
		Messages:  []chat.Message{{Role: chat.User, Content: s.List[n].Instruction, Input: s.List[n].Input}},
		MaxTokens: -1, MaxChars: o.maxChars, Seed: (uint32(s.Seed) + uint32(n)) &^ (1 << 31), Logprob: true,
	})
	if err != nil {
		if e, ok := errors.AsType[*engine.PromptError](err); ok {
			return fmt.Errorf("%s: prompt %d: %w", s.Models[slot].Name, n+1, e)
		}
		return err
	}
	return st.AddAnswer(ctx, s.ID, n, slot, abtest.Answer{Text: a.Text, Tokens: a.Tokens, Cut: a.Cut, Millis: a.Took.Milliseconds(), Logprob: a.Logprob})
}

// each calls f for every i from 0 to n-1, with up to o.parallel calls at once, until one call
// fails. After each success it calls the function named told. Calls of told never overlap.
func (o *options) each(ctx context.Context, n int, f func(ctx context.Context, i int) error, told func()) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	places := make(chan struct{}, o.parallel)
	var wait sync.WaitGroup
	var mu sync.Mutex
	for i := range n {
		select {
		case places <- struct{}{}:
		case <-ctx.Done():
		}
		if ctx.Err() != nil {
			break
		}
		wait.Go(func() {
			defer func() { <-places }()
			if err := f(ctx, i); err != nil {
				cancel(err)
				return
			}
			mu.Lock()
			defer mu.Unlock()
			told()
		})
	}
	wait.Wait()
	return context.Cause(ctx)
}

// judgePrompt is the prompt for a model that votes.
const judgePrompt = `Two assistants were given the same task. Say whose answer is better: which one does what the task asks, correctly and completely, without saying more than is useful. The order of the answers means nothing.

[Task]
%s

[Answer A]
%s

[Answer B]
%s

[End]
Reply with one letter: A if answer A is better, B if answer B is better, C if they are equally good or equally bad.`

// verdicts is the grammar of a judge's reply.
const verdicts = `root ::= " "? [ABC]`

// ask lets the model of --judge judge all pairs in both orders.
func (o *options) ask(ctx context.Context, st abtest.Store, s *abtest.Session) error {
	p := sampler.DefaultParams()
	p.Temp = 0
	local, m, err := o.open(o.judge, *o.Options.WithoutLoRA(), p)
	if err != nil {
		return err
	}
	defer m.Close()
	name := abtest.ModelJudge + m.Name()
	judged := map[abtest.Item]bool{}
	for i := range s.Votes {
		if v := &s.Votes[i]; v.Judge == name && !v.Undone {
			judged[abtest.Item{N: v.N, Repeat: v.Repeat, Left: v.Left}] = true
		}
	}
	var list []abtest.Item
	for n := range s.List {
		for repeat, left := range []abtest.Slot{abtest.X, abtest.Y} {
			item := abtest.Item{N: n, Repeat: repeat, Left: left}
			if !s.Equal(n) && !judged[item] {
				list = append(list, item)
			}
		}
	}
	done := 0
	err = o.each(ctx, len(list), func(ctx context.Context, i int) error {
		v, err := judge(ctx, local, s, list[i])
		if err != nil {
			return err
		}
		v.Judge = name
		_, err = st.AddVote(ctx, s, v)
		return err
	}, func() {
		done++
		o.u.Statusf("%d of %d verdicts", done, len(list))
	})
	o.u.ClearStatus()
	return err
}

// judge asks for one verdict. A pair that does not fit into the judge's context is skipped.
func judge(ctx context.Context, local *oneshot.Local, s *abtest.Session, item abtest.Item) (v abtest.Vote, err error) {
	p, pair := s.List[item.N], s.Answers[item.N]
	task := p.Instruction
	if p.Input != "" {
		task += "\n\n" + p.Input
	}
	text := fmt.Sprintf(judgePrompt, task, pair[item.Left].Text, pair[item.Left.Other()].Text)
	v = abtest.Vote{N: item.N, Repeat: item.Repeat, Left: item.Left}
	a, err := local.Ask(ctx, oneshot.Query{Messages: []chat.Message{{Role: chat.User, Content: text}}, MaxTokens: 8, Grammar: verdicts})
	if _, ok := errors.AsType[*engine.PromptError](err); ok {
		v.Choice, v.Note = abtest.Skip, err.Error()
		return v, nil
	}
	if err != nil {
		return v, err
	}
	v.Millis = a.Took.Milliseconds()
	switch last(a.Text) {
	case 'A':
		v.Choice = abtest.Left
	case 'B':
		v.Choice = abtest.Right
	case 'C':
		v.Choice = abtest.Tie
	default:
		v.Choice, v.Note = abtest.Skip, "no verdict"
	}
	return v, nil
}

// last returns the last byte of text, or 0 if text is empty.
func last(text string) byte {
	if text == "" {
		return 0
	}
	return text[len(text)-1]
}
