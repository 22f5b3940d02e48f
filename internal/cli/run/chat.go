package run

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"strings"

	"alpaca/internal/chat"
	"alpaca/internal/cli/flags"
	"alpaca/internal/cli/load"
	"alpaca/internal/cli/ui"
	"alpaca/internal/engine"
	"alpaca/internal/lazyregexp"
	"alpaca/internal/sampler"
)

// session is a conversation in progress.
type session struct {
	*chat.Chat
	u     *ui.UI
	o     *runOptions
	e     *load.Instance
	lines lines
	out   *writer
	// plain says that the model has no chat template, so it continues each text without the
	// earlier ones.
	plain     bool
	tools     *toolbox // nil: there are no tools
	continued string   // if plain: the last text that was continued
	endless   bool     // an answer may be longer than the context

	params  sampler.Params
	predict int             // the largest number of tokens of an answer, see --predict
	results []engine.Result // results of all answers
	cache   *promptCache
}

// converse runs the command for a conversation.
func (o *runOptions) converse(ctx context.Context, u *ui.UI, args []string) error {
	// Stdin is part of the prompt only if the prompt is the only message of the conversation.
	// Otherwise the messages, one on each line, or the file of --messages may come from stdin.
	if !o.chat.single || o.chat.messages != "" {
		o.prompt.Stdin = flags.StdinKept
	}
	first, given, err := o.readPrompt(u, args)
	if err != nil {
		return err
	}
	var request chat.Request
	if o.chat.messages != "" {
		if request, err = load.Messages(u, o.chat.messages); err != nil {
			return err
		}
	}
	if o.chat.messages != "" && (o.chat.instruct || o.chat.input != "") {
		return ui.Usagef("--messages is a whole conversation: --instruct and --input cannot be used with it")
	}
	if given && o.chat.messages != "" {
		return ui.WithHint(ui.Usagef("--messages cannot be used with a prompt"), "put the prompt into the messages")
	}
	if o.chat.single && !given && o.chat.messages == "" && !u.InTTY {
		return ui.WithHint(ui.Usagef("no message"), "give one with -p or -f, or pipe it in")
	}
	tools, err := o.tools.read(u, &request)
	if err != nil {
		return err
	}
	e, err := o.engine.Start(u)
	if err != nil {
		return err
	}
	defer e.Close()
	o = o.resolved(e)
	t, err := o.newSession(u, e, given, request)
	if err == nil {
		t.tools, err = newToolbox(t.Template, e.Model.Tokenizer, tools)
	}
	if err != nil {
		return err
	}
	defer t.lines.close()
	if err := t.cache.load(false); err != nil {
		return err
	}
	if request.Messages != nil {
		if t.plain {
			return ui.WithHint(ui.Usagef("the model has no chat template"), "choose one with --chat-template")
		}
		t.SetMessages(request.Messages)
		if t.System() == "" {
			t.SetSystem(o.chat.system)
		}
		t.describeTools()
		err = t.answer(ctx)
	} else {
		t.describeTools()
		err = t.run(ctx, first, given)
	}
	if len(t.results) == 0 {
		return err // without an answer, the saved state does not change
	}
	if saveErr := t.cache.save(true, e.Text.Len()); err == nil {
		err = saveErr
	}
	return err
}

// newSession prepares a conversation. given says that the command line has the first message.
// request is the conversation of --messages.
func (o *runOptions) newSession(u *ui.UI, e *load.Instance, given bool, request chat.Request) (*session, error) {
	tmpl, why, err := load.Template(u, e.Model.File, e.Model.Tokenizer, o.chat.template, request)
	if err != nil {
		return nil, err
	}
	if tmpl == nil && (o.prompt.Flags.Changed("system") || o.chat.input != "") {
		u.Warnf("the model has no chat template, and no place for --system or --input")
	}
	t := &session{u: u, o: o, e: e, params: e.Params, predict: o.predict, out: newWriter(u, e, o.output), plain: tmpl == nil}
	if load.IsAlpaca(e.Model.File) && !t.plain {
		o.alpacaDefaults(&t.params)
	}
	t.cache = &promptCache{o: &o.cache, u: u, text: e.Text}
	t.Chat = &chat.Chat{Text: e.Text, Keep: o.chat.keep, NoShift: o.chat.noShift || e.Model.Config.Recurrent(), Dropped: t.dropped}
	if o.verbosePrompt {
		t.Prompt = func(ids []int32) { showTokens(u, e.Model.Tokenizer, ids) }
	}
	t.Chat.Conversation = chat.NewConversation(tmpl, e.Model.Tokenizer, o.chat.system)
	t.Warn = func(s string) { u.Warnf("%s", s) }
	t.NewSampler = func() (*sampler.Sampler, error) { return e.NewSampler(t.params) }
	if u.OutTTY {
		t.out.wrap = &ui.Wrapper{Out: u.Out, Width: u.OutWidth}
	}
	if o.chat.messages != "" || o.chat.single && (given || !u.InTTY) {
		t.lines = noLines{}
		if t.plain && o.chat.messages == "" {
			t.warnPlain()
		}
		return t, nil
	}
	t.lines = newLines(u, !o.chat.noHistory)
	if t.plain && !t.lines.terminal() {
		t.warnPlain()
	}
	if t.lines.terminal() {
		t.greet(why)
	}
	return t, nil
}

// describeTools describes the tools in the messages if the template leaves them out.
func (s *session) describeTools() {
	if s.tools != nil {
		s.SetMessages(s.tools.plan.Messages(s.Messages, s.tools.reads))
	}
}

// warnPlain warns users who expect answers that the model only continues texts.
func (s *session) warnPlain() {
	if s.o.chat.template.Name == "" {
		s.u.Warnf("the model has no chat template: it continues texts (--chat-template NAME makes it answer)")
	}
}

// greet says which model the user is talking to. why says where its template comes from.
func (s *session) greet(why string) {
	name, _, _ := s.e.Model.File.String("general.name")
	if name == "" {
		name = filepath.Base(s.e.Model.File.Path)
	}
	s.u.Infof("%s, %s", name, why)
	if s.plain {
		s.u.Infof("It has no chat template: it continues your texts (--chat-template NAME makes it answer).")
	}
	s.u.Infof("/help lists commands, /bye leaves.")
}

// run reads messages and answers them until the input ends. If given is true, text is the first
// message.
func (s *session) run(ctx context.Context, text string, given bool) error {
	interrupted := false
	for {
		if !given {
			var err error
			text, err = s.read(ctx)
			switch {
			case errors.Is(err, errLineInterrupt) && text != "":
				interrupted = false // this Ctrl-C discards only the typed text
				continue
			case errors.Is(err, errLineInterrupt):
				if interrupted {
					return ui.ErrInterrupted
				}
				interrupted = true
				s.u.Infof("Ctrl-C again leaves, and so does /bye.")
				continue
			case errors.Is(err, io.EOF):
				return ctx.Err()
			case err != nil:
				return err
			}
		}
		given, interrupted = false, false
		done, err := s.handle(ctx, text)
		switch {
		case errors.Is(err, errStopped) && ctx.Err() == nil && !s.o.chat.single:
			interrupted = true
		case err != nil:
			return err
		}
		if done || s.o.chat.single {
			return nil
		}
	}
}

// errStopped says that Ctrl-C ended an answer.
var errStopped = fmt.Errorf("answer stopped: %w", ui.ErrInterrupted)

// commandLine matches lines that are commands. A path, or a line that begins with //, is a
// message.
var commandLine = lazyregexp.New(`^/(\?|[A-Za-z]+)?(\s|$)`)

// handle runs text as a command, or else answers it as a message. done says that the
// conversation ends.
func (s *session) handle(ctx context.Context, text string) (done bool, err error) {
	if s.lines.commands() && commandLine().MatchString(text) {
		return s.command(ctx, text)
	}
	if strings.TrimSpace(text) == "" {
		return false, nil
	}
	if s.o.chat.instruct {
		s.Clear()
	}
	s.Say(chat.Message{Content: text, Input: s.o.chat.input})
	return false, s.answer(ctx)
}
