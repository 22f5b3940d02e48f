package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/spf13/pflag"

	"alpaca/internal/chat"
	"alpaca/internal/generate"
	"alpaca/internal/sampler"
)

// chatOptions are the flags of "alpaca run" that are about conversations.
type chatOptions struct {
	interactive bool
	instruct    bool
	single      bool
	system      string
	template    string
	input       string
	messages    string
	keep        int
	noShift     bool
	noHistory   bool
}

// addFlags adds them all.
func (o *chatOptions) addFlags(flags *pflag.FlagSet) {
	flags.BoolVarP(&o.interactive, "interactive", "i", false, "have a conversation; -p is the first message (without any text: the default on a terminal)")
	allowSingleDash(flags, "interactive", "cnv")
	flags.BoolVar(&o.instruct, "instruct", false, "answer instructions, one a line, each without memory of the others")
	allowSingleDash(flags, "instruct", "ins")
	flags.BoolVar(&o.single, "single-turn", false, "answer one message and end")
	allowSingleDash(flags, "single-turn", "st")
	flags.StringVar(&o.system, "system", "", "system message: `text` that says how the model should answer")
	allowSingleDash(flags, "system", "sys")
	flags.StringVar(&o.template, "chat-template", "", "`name` of the conversation's form: "+strings.Join(chat.Names(), ", ")+"; none: continue texts (default: the model's own)")
	flags.StringVar(&o.input, "input", "", "`text` that the instruction is about (Alpaca's \"### Input:\")")
	flags.StringVar(&o.messages, "messages", "", "answer the conversation in a JSON `file` (OpenAI's form); \"-\" is stdin")
	addBounded(flags, &o.keep, "keep", "", 0, -1, 1<<24, "`tokens` at the beginning that stay when the context is full, besides the system message; -1: the first turn's")
	flags.BoolVar(&o.noShift, "no-context-shift", false, "end the answer where the context is full instead of dropping the oldest turns")
	flags.BoolVar(&o.noHistory, "no-history", false, "do not read or write the history of what was typed")
}

// wantsChat reports whether the command line asks for a conversation. What says how to
// answer makes a text a message.
func (o *runOptions) wantsChat(u *ui, args []string) bool {
	c := &o.chat
	if c.interactive || c.instruct || c.single || c.messages != "" {
		return true
	}
	given := len(args) > 0 || o.prompt.file != "" || o.prompt.flags.Changed("prompt")
	if !given && u.inTTY {
		return true
	}
	c.single = c.template != "" && !strings.EqualFold(c.template, noTemplate) || c.system != "" || c.input != ""
	return c.single
}

// talk is a conversation on its way.
type talk struct {
	*chat.Chat
	u     *ui
	o     *runOptions
	e     *instance
	lines lines
	out   *writer
	// plain: the model has no form for conversations, and texts are continued.
	plain     bool
	continued string // the last of those texts
	endless   bool   // an answer may be longer than the context

	params  sampler.Params
	results []generate.Result // of all answers
	cache   *promptCache
}

// converse is the command for conversations.
func (o *runOptions) converse(ctx context.Context, u *ui, args []string) error {
	// Without a message on the command line, stdin is the conversation.
	if !o.chat.single || o.chat.messages != "" {
		o.prompt.stdin = stdinKept
	}
	first, given, err := o.readPrompt(u, args)
	if err != nil {
		return err
	}
	var messages []chat.Message
	if o.chat.messages != "" {
		if messages, err = readMessages(u, o.chat.messages); err != nil {
			return err
		}
	}
	if o.chat.messages != "" && (o.chat.instruct || o.chat.input != "") {
		return usageErrorf("--messages is a whole conversation: --instruct and --input do not go with it")
	}
	if given && o.chat.messages != "" {
		return withHint(usageErrorf("--messages and a prompt at once"), "put the prompt into the messages")
	}
	if o.chat.single && !given && o.chat.messages == "" && !u.inTTY {
		return withHint(usageErrorf("no message"), "give one with -p or -f, or pipe it in")
	}
	e, err := o.engine.start(u)
	if err != nil {
		return err
	}
	defer e.close()
	t, err := o.newTalk(u, e, given)
	if err != nil {
		return err
	}
	defer t.lines.close()
	if err := t.cache.load(); err != nil {
		return err
	}
	if messages != nil {
		if t.plain {
			return withHint(usageErrorf("the model has no chat template"), "choose one with --chat-template")
		}
		t.SetMessages(messages)
		if t.System() == "" {
			t.SetSystem(o.chat.system)
		}
		err = t.answer(ctx)
	} else {
		err = t.run(ctx, first, given)
	}
	if saveErr := t.cache.save(true, e.session.Pos()); err == nil {
		err = saveErr
	}
	return err
}

// newTalk prepares a conversation, of which the first message may be given.
func (o *runOptions) newTalk(u *ui, e *instance, given bool) (*talk, error) {
	tmpl, why, err := chooseTemplate(u, e, o.chat.template)
	if err != nil {
		return nil, err
	}
	if tmpl == nil && (o.chat.system != "" || o.chat.input != "") {
		u.warnf("the model has no chat template, and no place for --system or --input")
	}
	t := &talk{u: u, o: o, e: e, params: o.engine.sampling.params, out: newWriter(u, e.model.Tokenizer, o.output), plain: tmpl == nil}
	if isAlpacaFile(e.model.File) && !t.plain {
		o.alpacaDefaults(&t.params)
	}
	t.cache = &promptCache{o: &o.cache, u: u, session: e.session}
	t.Chat = &chat.Chat{Session: e.session, Keep: o.chat.keep, NoShift: o.chat.noShift, Dropped: t.dropped}
	if o.verbosePrompt {
		t.Chat.Session = verboseSession{e.session, func(ids []int32) { u.showTokens(e.model.Tokenizer, ids) }}
	}
	t.Chat.Conversation = chat.NewConversation(tmpl, e.model.Tokenizer, o.chat.system)
	t.NewSampler = func() (*sampler.Sampler, error) { return e.newSampler(t.params) }
	if u.outTTY {
		t.out.wrap = &wrapper{out: u.out, width: u.outWidth}
	}
	if o.chat.messages != "" || o.chat.single && (given || !u.inTTY) {
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

// warnPlain tells those who asked for answers that the model gives none.
func (t *talk) warnPlain() {
	if t.o.chat.template == "" {
		t.u.warnf("the model has no chat template: it continues texts (--chat-template NAME makes it answer)")
	}
}

// greet tells what the user is talking to.
func (t *talk) greet(why string) {
	name, _, _ := t.e.model.File.String("general.name")
	if name == "" {
		name = filepath.Base(t.e.model.File.Path)
	}
	t.u.infof("%s, %s", name, why)
	if t.plain {
		t.u.infof("It has no chat template: it continues your texts (--chat-template NAME makes it answer).")
	}
	t.u.infof("/help lists commands, /bye leaves.")
}

// run reads messages and answers them until they end.
func (t *talk) run(ctx context.Context, text string, given bool) error {
	interrupted := false
	for {
		if !given {
			var err error
			text, err = t.read(ctx)
			switch {
			case errors.Is(err, errLineInterrupt) && text != "":
				interrupted = false // only the text is given up
				continue
			case errors.Is(err, errLineInterrupt):
				if interrupted {
					return errInterrupted
				}
				interrupted = true
				t.u.infof("Ctrl-C again leaves, and so does /bye.")
				continue
			case errors.Is(err, io.EOF):
				return ctx.Err()
			case err != nil:
				return err
			}
		}
		given, interrupted = false, false
		done, err := t.handle(ctx, text)
		switch {
		case errors.Is(err, errStopped) && ctx.Err() == nil && !t.o.chat.single:
			interrupted = true
		case err != nil:
			return err
		}
		if done || t.o.chat.single {
			return nil
		}
	}
}

// errStopped says that Ctrl-C ended an answer.
var errStopped = fmt.Errorf("answer stopped: %w", errInterrupted)

// commandLine is how a command begins; a path, or a comment of code, is a message.
var commandLine = regexp.MustCompile(`^/(\?|[A-Za-z]+)?(\s|$)`)

// handle does what a line says: a command, or a message.
func (t *talk) handle(ctx context.Context, text string) (done bool, err error) {
	if t.lines.commands() && commandLine.MatchString(text) {
		return t.command(ctx, text)
	}
	if strings.TrimSpace(text) == "" {
		return false, nil
	}
	if t.o.chat.instruct {
		t.Clear()
	}
	t.Say(chat.Message{Content: text, Input: t.o.chat.input})
	return false, t.answer(ctx)
}
