package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"alpaca/internal/builtin"
	"alpaca/internal/chat"
	"alpaca/internal/engine"
	"alpaca/internal/gguf"
	"alpaca/internal/model"
	"alpaca/internal/sampler"
	"alpaca/internal/tinydata"
)

// together is the number of questions that the engine answers at the same time. maxTokens is
// the largest number of tokens in an answer: twice as many as in the longest right answer.
const (
	together  = 64
	maxTokens = 96
)

// asker asks a model questions.
type asker struct {
	model    *model.Model
	template *chat.Template // nil: a question is a plain text that ends in "\n"
	threads  int
}

// open loads the model at path. If plain is true, questions are asked without a template.
func open(path string, plain bool, threads int) (*asker, error) {
	var f *gguf.File
	var err error
	if path == builtin.Name {
		f, err = builtin.Open(gguf.Options{})
	} else {
		f, err = gguf.Open(path)
	}
	if err != nil {
		return nil, err
	}
	a := &asker{threads: threads}
	if a.model, err = model.Load(f, model.LoadOptions{}); err != nil {
		f.Close()
		return nil, err
	}
	if plain {
		return a, nil
	}
	text, found, err := f.String("tokenizer.chat_template")
	if err == nil && !found {
		err = errors.New("the model has no chat template: -plain asks without one")
	}
	if err == nil {
		a.template, err = chat.FromModel(text, a.model.Tokenizer)
	}
	if err != nil {
		a.model.Close()
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return a, nil
}

// ask returns the model's answer to each question: the most likely
// tokens, up to the token that ends the text. If an answer reaches
// maxTokens, ask appends " …" to it, so that it equals no right answer.
func (a *asker) ask(ctx context.Context, questions []tinydata.Example) ([]string, error) {
	prompts := make([][]int32, len(questions))
	longest := 0
	for i, q := range questions {
		var err error
		if prompts[i], err = a.prompt(ctx, q.Prompt); err != nil {
			return nil, err
		}
		longest = max(longest, len(prompts[i]))
	}
	e, err := engine.New(a.model, engine.Options{
		Ctx: min(longest+maxTokens, a.model.Config.TrainCtx), Parallel: together, Queue: len(questions), NoCache: true, Threads: a.threads,
	})
	if err != nil {
		return nil, err
	}
	defer e.Close()
	greedy := sampler.DefaultParams()
	greedy.Temp = 0
	streams := make([]*engine.Stream, len(questions))
	for i, prompt := range prompts {
		if streams[i], err = e.Submit(ctx, engine.Request{Prompt: prompt, MaxTokens: maxTokens, Sampling: greedy}); err != nil {
			return nil, fmt.Errorf("%q: %w", questions[i].Prompt, err)
		}
	}
	answers := make([]string, len(questions))
	for i, s := range streams {
		var b strings.Builder
		for t, ok := s.Next(); ok; t, ok = s.Next() {
			b.WriteString(t.Text)
		}
		if err := s.Err(); err != nil {
			return nil, err
		}
		switch s.Results()[0].Reason {
		case engine.EOS:
		case engine.Interrupt:
			return nil, context.Cause(ctx)
		default:
			b.WriteString(" …")
		}
		answers[i] = b.String()
	}
	return answers, nil
}

// prompt returns the tokens of a question.
func (a *asker) prompt(ctx context.Context, question string) ([]int32, error) {
	if a.template == nil {
		return a.model.Tokenizer.Encode(question+"\n", true, false), nil
	}
	_, ids, err := a.template.Prompt(ctx, a.model.Tokenizer, []chat.Message{{Role: chat.User, Content: question}}, true)
	return ids, err
}
