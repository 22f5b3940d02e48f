package run

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"

	"alpaca/internal/chat"
	"alpaca/internal/cli/ui"
	"alpaca/internal/engine"
)

// answer lets the model answer the last message. If that fails, the message is removed from
// the conversation.
func (s *session) answer(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	stopped := false
	if s.lines.terminal() {
		restore := s.u.OnInterrupt(func() {
			if stopped {
				os.Exit(ui.ExitInterrupted)
			}
			stopped = true
			cancel()
		})
		defer restore()
	}
	emit := s.out.token
	if goesOn := s.Messages[len(s.Messages)-1].Role == chat.Assistant; !s.out.json && !goesOn && s.e.Grammar == nil {
		emit = trimStart(emit)
	}
	req := engine.Request{
		MaxTokens: s.limit(), Stop: s.o.stop, Progress: promptProgress(s.u, 0),
		Logprobs: s.out.json, Top: s.o.logprobs, Grammar: s.e.Grammar,
	}
	var result engine.Result
	var err error
	if s.tools != nil {
		if emit, err = s.withTools(&req, emit); err != nil {
			return err
		}
	}
	if s.plain {
		result, err = s.complete(ctx, req, emit)
	} else {
		result, err = s.Answer(ctx, req, emit)
	}
	s.u.ClearStatus()
	if err != nil {
		s.Undo()
		s.out.endAnswer()
		return s.answerError(err)
	}
	unread := result.PromptTokens == 0 && result.Reason == engine.Interrupt
	if unread {
		s.Undo()
	}
	if s.tools != nil {
		if err := s.endTools(); err != nil {
			return err
		}
	}
	s.results = append(s.results, result)
	if err := s.end(result); err != nil {
		return err
	}
	if unread {
		s.u.Infof("The message was not read completely and has been removed.")
	}
	if err := s.cache.save(false, result.PromptTokens); err != nil {
		return err
	}
	if result.Reason == engine.Interrupt {
		return errStopped
	}
	return nil
}

// withTools prepares an answer that may call tools. It returns a function that takes the tokens of
// the answer, and calls emit with the text to show.
func (s *session) withTools(req *engine.Request, emit func(engine.Token) error) (func(engine.Token) error, error) {
	prompt, err := s.Template.Text(s.Messages)
	if err != nil {
		return nil, err
	}
	if req.Grammar, err = s.tools.grammar(s.u, prompt); err != nil {
		return nil, err
	}
	return func(tok engine.Token) error {
		text := s.tools.text(tok)
		if !s.out.json {
			tok.Text = text
		}
		return emit(tok)
	}, nil
}

// endTools shows the tool calls of an answer. In the conversation it replaces the answer by
// a message with the calls, if the template reads them.
func (s *session) endTools() error {
	text := s.tools.end(s.out.open)
	if !s.out.json {
		if err := s.out.text(text); err != nil {
			return err
		}
	}
	if m := s.tools.message(); m != nil && s.Last(chat.Assistant) == len(s.Messages)-1 {
		s.SetMessages(append(s.Messages[:len(s.Messages)-1:len(s.Messages)-1], *m))
	}
	return nil
}

// limit returns the largest number of tokens in an answer. Without -n, it is the size of the
// context. Without any limit, a model that never ends its turn would run forever if the context is
// shifted.
func (s *session) limit() int {
	if s.predict < 0 && !s.endless && !s.o.prompt.Flags.Changed("predict") {
		return s.e.Text.Ctx()
	}
	return s.predict
}

// end finishes the output of an answer.
func (s *session) end(result engine.Result) error {
	st := newStats(s.e, result)
	if s.out.json {
		var answer *chat.Message
		if i := s.Last(chat.Assistant); i >= 0 && !s.plain {
			answer = &s.Messages[i]
		}
		line := chatLine{s.out.done(st), s.Reused, answer, nil}
		if s.tools != nil {
			line.Calls = s.tools.calls
		}
		return s.u.WriteJSON(line)
	}
	s.out.endAnswer()
	switch {
	case result.Reason == engine.Context && s.lines.terminal() && s.NoShift && !s.plain:
		s.u.Infof("The context of %d tokens is full. /clear starts a new conversation.", s.e.Text.Ctx())
	case result.Reason == engine.Context:
		s.u.Infof("The context of %d tokens is full.", s.e.Text.Ctx())
	case result.Reason == engine.Length && s.limit() != s.predict:
		s.out.asidef("the answer was ended after %d tokens, the size of the context: with -n -1, answers can be longer", result.GeneratedTokens)
	}
	if s.o.chat.single && !s.o.noStats {
		st.print(s.u)
	}
	return nil
}

// answerError adds advice to the error of an answer. On a terminal it shows the error and
// returns nil if a message is too long or if the template refuses it, so that the
// conversation continues.
func (s *session) answerError(err error) error {
	var refused *chat.TemplateError
	if errors.As(err, &refused) && s.lines.terminal() {
		s.u.Infof("%s", ui.Reason(err))
		return nil
	}
	var full *chat.FullError
	if !errors.As(err, &full) {
		return err
	}
	hint := fmt.Sprintf("-c %d or more makes room for it", full.Tokens+full.Tokens/4+1)
	switch {
	case s.e.Model.Config.Recurrent():
		hint += "; this model cannot drop the oldest messages from its state: /clear starts a new conversation"
	case !full.Shift:
		hint = "/clear begins a new conversation; without --no-context-shift, the oldest turns are dropped"
	case full.Tokens >= s.e.Model.Config.TrainCtx:
		hint = "the message is longer than the context: make it shorter"
	}
	if s.lines.terminal() {
		s.u.Infof("%s", ui.Reason(err))
		s.u.Infof("%s", hint)
		return nil
	}
	return ui.WithHint(err, hint)
}

// dropped tells the user what was dropped from the full context.
func (s *session) dropped(d chat.Drop) {
	s.u.ClearStatus()
	switch {
	case d.Turns == 1:
		s.out.asidef("the context is full: the oldest turn (%d tokens) is dropped", d.Tokens)
	case d.Turns > 1:
		s.out.asidef("the context is full: the oldest %d turns (%d tokens) are dropped", d.Turns, d.Tokens)
	case d.Message:
		s.out.asidef("the context is full: %d tokens of the message and of this answer are dropped", d.Tokens)
	default:
		s.out.asidef("the context is full: %d tokens of this answer are dropped", d.Tokens)
	}
}

// complete continues the last message as a text, for models without a chat template.
func (s *session) complete(ctx context.Context, req engine.Request, emit func(engine.Token) error) (engine.Result, error) {
	text := s.Messages[len(s.Messages)-1].Content
	s.continued = text
	s.Clear()
	var err error
	if req.Prompt, err = encodePrompt(s.e.Model.Tokenizer, text, false); err != nil {
		return engine.Result{}, err
	}
	if req.Sampler, err = s.NewSampler(); err != nil {
		return engine.Result{}, err
	}
	for _, id := range req.Prompt {
		req.Sampler.Accept(id)
	}
	if s.Prompt != nil {
		s.Prompt(req.Prompt)
	}
	s.e.Text.Truncate(0)
	return s.e.Text.Run(ctx, req, emit)
}

// trimStart returns a function that calls emit without the spaces and newlines at the
// beginning of an answer.
func trimStart(emit func(engine.Token) error) func(engine.Token) error {
	begun := false
	return func(t engine.Token) error {
		if !begun {
			t.Text = strings.TrimLeft(t.Text, " \n")
			begun = t.Text != ""
		}
		return emit(t)
	}
}
