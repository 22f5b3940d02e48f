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
func (t *talk) answer(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	stopped := false
	if t.lines.terminal() {
		restore := t.u.OnInterrupt(func() {
			if stopped {
				os.Exit(ui.ExitInterrupted)
			}
			stopped = true
			cancel()
		})
		defer restore()
	}
	emit := t.out.token
	if goesOn := t.Messages[len(t.Messages)-1].Role == chat.Assistant; !t.out.json && !goesOn && t.e.Grammar == nil {
		emit = trimStart(emit)
	}
	req := engine.Request{
		MaxTokens: t.limit(), Stop: t.o.stop, Progress: promptProgress(t.u, 0),
		Logprobs: t.out.json, Top: t.o.logprobs, Grammar: t.e.Grammar,
	}
	var result engine.Result
	var err error
	if t.tools != nil {
		if emit, err = t.withTools(&req, emit); err != nil {
			return err
		}
	}
	if t.plain {
		result, err = t.complete(ctx, req, emit)
	} else {
		result, err = t.Answer(ctx, req, emit)
	}
	t.u.ClearStatus()
	if err != nil {
		t.Undo()
		t.out.endAnswer()
		return t.answerError(err)
	}
	unread := result.PromptTokens == 0 && result.Reason == engine.Interrupt
	if unread {
		t.Undo()
	}
	if t.tools != nil {
		if err := t.endTools(); err != nil {
			return err
		}
	}
	t.results = append(t.results, result)
	if err := t.end(result); err != nil {
		return err
	}
	if unread {
		t.u.Infof("The message was not read to its end, and is taken back.")
	}
	if err := t.cache.save(false, result.PromptTokens); err != nil {
		return err
	}
	if result.Reason == engine.Interrupt {
		return errStopped
	}
	return nil
}

// withTools prepares an answer that may call tools. It returns a function that takes the
// answer's tokens and passes the text to show on to emit.
func (t *talk) withTools(req *engine.Request, emit func(engine.Token) error) (func(engine.Token) error, error) {
	prompt, err := t.Template.Text(t.Messages)
	if err != nil {
		return nil, err
	}
	if req.Grammar, err = t.tools.grammar(t.u, prompt); err != nil {
		return nil, err
	}
	return func(tok engine.Token) error {
		text := t.tools.text(tok)
		if !t.out.json {
			tok.Text = text
		}
		return emit(tok)
	}, nil
}

// endTools shows the tool calls of an answer. In the conversation it replaces the answer by
// a message with the calls, if the template reads them.
func (t *talk) endTools() error {
	text := t.tools.end(t.out.open)
	if !t.out.json {
		if err := t.out.text(text); err != nil {
			return err
		}
	}
	if m := t.tools.message(); m != nil && t.Last(chat.Assistant) == len(t.Messages)-1 {
		t.SetMessages(append(t.Messages[:len(t.Messages)-1:len(t.Messages)-1], *m))
	}
	return nil
}

// limit returns the largest number of tokens in an answer. Without -n it is the context's
// size: with shifting, a model that never ends its turn would run forever.
func (t *talk) limit() int {
	if t.predict < 0 && !t.endless && !t.o.prompt.Flags.Changed("predict") {
		return t.e.Text.Ctx()
	}
	return t.predict
}

// end finishes the output of an answer.
func (t *talk) end(result engine.Result) error {
	st := newStats(t.e, result)
	if t.out.json {
		var answer *chat.Message
		if i := t.Last(chat.Assistant); i >= 0 && !t.plain {
			answer = &t.Messages[i]
		}
		line := chatLine{t.out.done(st), t.Reused, answer, nil}
		if t.tools != nil {
			line.Calls = t.tools.calls
		}
		return t.u.WriteJSON(line)
	}
	t.out.endAnswer()
	switch {
	case result.Reason == engine.Context && t.lines.terminal() && t.NoShift && !t.plain:
		t.u.Infof("The context of %d tokens is full. /clear begins anew.", t.e.Text.Ctx())
	case result.Reason == engine.Context:
		t.u.Infof("The context of %d tokens is full.", t.e.Text.Ctx())
	case result.Reason == engine.Length && t.limit() != t.predict:
		t.out.asidef("the answer was ended at %d tokens, as many as the context has: -n -1 lets it go on", result.GeneratedTokens)
	}
	if t.o.chat.single && !t.o.noStats {
		st.print(t.u)
	}
	return nil
}

// answerError adds advice to the error of an answer. On a terminal it shows the error and
// returns nil if a message is too long or if the template refuses it, so that the
// conversation continues.
func (t *talk) answerError(err error) error {
	var refused *chat.TemplateError
	if errors.As(err, &refused) && t.lines.terminal() {
		t.u.Infof("%s", ui.Reason(err))
		return nil
	}
	var full *chat.FullError
	if !errors.As(err, &full) {
		return err
	}
	hint := fmt.Sprintf("-c %d or more makes room for it", full.Tokens+full.Tokens/4+1)
	switch {
	case t.e.Model.Config.Recurrent():
		hint += "; this model keeps the conversation in a state of which nothing can be dropped: /clear begins anew"
	case !full.Shift:
		hint = "/clear begins anew; without --no-context-shift the oldest turns are dropped"
	case full.Tokens >= t.e.Model.Config.TrainCtx:
		hint = "the model cannot read as much at once: make the message shorter"
	}
	if t.lines.terminal() {
		t.u.Infof("%s", ui.Reason(err))
		t.u.Infof("%s", hint)
		return nil
	}
	return ui.WithHint(err, hint)
}

// dropped tells the user what was dropped from the full context.
func (t *talk) dropped(d chat.Drop) {
	t.u.ClearStatus()
	switch {
	case d.Turns == 1:
		t.out.asidef("the context is full: the oldest turn (%d tokens) is dropped", d.Tokens)
	case d.Turns > 1:
		t.out.asidef("the context is full: the oldest %d turns (%d tokens) are dropped", d.Turns, d.Tokens)
	case d.Message:
		t.out.asidef("the context is full: %d tokens of the message and of this answer are dropped", d.Tokens)
	default:
		t.out.asidef("the context is full: %d tokens of this answer are dropped", d.Tokens)
	}
}

// complete continues the last message as a text, for models without a chat template.
func (t *talk) complete(ctx context.Context, req engine.Request, emit func(engine.Token) error) (engine.Result, error) {
	text := t.Messages[len(t.Messages)-1].Content
	t.continued = text
	t.Clear()
	var err error
	if req.Prompt, err = encodePrompt(t.e.Model.Tokenizer, text, false); err != nil {
		return engine.Result{}, err
	}
	if req.Sampler, err = t.NewSampler(); err != nil {
		return engine.Result{}, err
	}
	for _, id := range req.Prompt {
		req.Sampler.Accept(id)
	}
	if t.Prompt != nil {
		t.Prompt(req.Prompt)
	}
	t.e.Text.Truncate(0)
	return t.e.Text.Run(ctx, req, emit)
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
