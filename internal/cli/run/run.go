// Package run implements "alpaca run", which continues a text or has a conversation. Each run
// has one load.Instance: the model, its engine and its sampler. A conversation is a session.
// A single text goes through runOptions.complete. Both write their tokens with a writer.
package run

import (
	"context"
	"fmt"
	"math"
	"os"
	"slices"

	"github.com/spf13/cobra"

	"alpaca/internal/cli/flags"
	"alpaca/internal/cli/load"
	"alpaca/internal/cli/ui"
	"alpaca/internal/engine"
)

// runOptions are the flags of "alpaca run".
type runOptions struct {
	engine        load.Generation
	prompt        *flags.Prompt // a pointer, so that copies of runOptions see what the flags write to it
	predict       int
	stop          []string
	echo          bool
	verbosePrompt bool
	logprobs      int
	output        string
	noStats       bool
	chat          chatOptions
	tools         toolOptions
	cache         cacheOptions
}

// New returns the command "alpaca run".
func New(u *ui.UI) *cobra.Command {
	o := runOptions{prompt: &flags.Prompt{Stdin: flags.StdinJoins}}
	cmd := &cobra.Command{
		Use:   "run [-m MODEL] [-p PROMPT | -f FILE | PROMPT]",
		Short: "Have a conversation, or continue a text",
		Long: `Without a text, on a terminal: have a conversation, in the form that the model was
trained on. If stdin is not a terminal, or a text is given, -i, --instruct,
--single-turn or --messages start a conversation; piped input is then one message per
line. /help lists what else may be typed.

With a text: continue it. Stdout gets the continuation token by token, and nothing
else. If --system, --input or --chat-template is also given, the text is a message and
gets one answer, as with --single-turn.

Without -m and $ALPACA_MODEL, a small built-in model is used, which answers simple
tasks and tells stories; -m builtin is its name. It answers a text as a message, unless
--echo or --chat-template none is given.

The text is that of -p, then the file of -f, then piped input, joined unchanged; a
newline at the very end of a file or pipe is dropped. The continuation ends where the
model ends it, after -n tokens, before a --stop text, or when the context is full.
Ctrl-C ends it too. Without a text, the text saved in --prompt-cache FILE is continued.

Exit status: 0 the text is complete, 1 failure, 2 wrong command line, 130 interrupted.`,
		Example: `  alpaca run -p "Tell me a story about a fox"
  alpaca run -m model.gguf
  alpaca run -m model.gguf --single-turn -p "Why is the sky blue?"
  alpaca run -m model.gguf -p "Once upon a time" -n 64
  alpaca run -m model.gguf -p "Q: Why is the sky blue?\nA:" -e --stop "Q:" --temp 0
  git diff | alpaca run -m model.gguf -p "A summary of the change: " -f -`,
		Args: cobra.ArbitraryArgs,
		RunE: func(cmd *cobra.Command, args []string) error { return o.run(cmd.Context(), u, args) },
	}
	fs := cmd.Flags()
	fs.SortFlags = false
	load.AddModel(fs, &o.engine.Model)
	o.prompt.AddFlags(fs)
	flags.AddInt(fs, &o.predict, flags.Int{Name: "predict", Short: "n", Value: -1, Low: -2, High: math.MaxInt32}, "number of `tokens` to generate; 0 only evaluates the prompt; with -1 or -2, the text ends where the model ends it, or when the context is full")
	fs.StringArrayVarP(&o.stop, "stop", "r", nil, "end the answer before this `text`; the flag can be repeated")
	fs.BoolVar(&o.echo, "echo", false, "print the prompt before the text that continues it")
	fs.BoolVar(&o.verbosePrompt, "verbose-prompt", false, "show the tokens of the prompt on stderr; in a conversation, show for each answer the tokens that are new in its prompt")
	flags.AddOutput(fs, &o.output, "text", "json")
	flags.AddInt(fs, &o.logprobs, flags.Int{Name: "logprobs", High: 1000}, "with --output json, include the `N` likeliest tokens of each step")
	fs.BoolVarP(&o.noStats, "no-stats", "q", false, "do not show times and memory at the end")
	o.chat.addFlags(fs)
	o.tools.addFlags(fs)
	o.cache.addFlags(fs)
	o.engine.AddFlags(fs)
	o.engine.MayPull = true
	return cmd
}

func (o *runOptions) run(ctx context.Context, u *ui.UI, args []string) error {
	if err := o.check(args); err != nil {
		return err
	}
	if chat, single := o.wantsChat(u, args); chat {
		if o.echo {
			return ui.WithHint(ui.Usagef("--echo cannot be used in a conversation"), "--verbose-prompt shows what the model reads")
		}
		c := *o
		c.chat.single = single
		return c.converse(ctx, u, args)
	}
	text, given, err := o.readPrompt(u, args)
	if err != nil {
		return err
	}
	if !given && !o.cache.exists() {
		return errNoPrompt()
	}
	e, err := o.engine.Start(u)
	if err != nil {
		return err
	}
	defer e.Close()
	return o.resolved(e).complete(ctx, u, e, text, given)
}

// resolved returns a copy of the flags for e. If --stop or --system is not given, the copy has
// the model's own stop texts or system message. With -e, the texts of --stop are unescaped.
// Nothing changes the copy afterwards.
func (o *runOptions) resolved(e *load.Instance) *runOptions {
	r := *o
	r.stop = slices.Clone(o.stop)
	for i, s := range r.stop {
		if o.prompt.Escape {
			r.stop[i] = flags.Unescape(s)
		}
	}
	if !o.prompt.Flags.Changed("stop") {
		r.stop = e.Settings.Stop()
	}
	if !o.prompt.Flags.Changed("system") {
		r.chat.system = e.Settings.System
	}
	r.chat.template.Like = e.Settings.Template
	return &r
}

func errNoPrompt() error {
	return ui.WithHint(ui.Usagef("no prompt"), "give one with -p or -f, or pipe it in")
}

// check returns a usage error if flags conflict, or if args are more than one text.
func (o *runOptions) check(args []string) error {
	if err := o.cache.check(); err != nil {
		return err
	}
	switch {
	case o.tools.file != "" && o.engine.Grammar.Given():
		return ui.WithHint(ui.Usagef("--tools cannot be used with a grammar"), "calls already follow the schemas of the tools")
	case o.logprobs > 0 && o.output != "json":
		return ui.WithHint(ui.Usagef("--logprobs needs JSON"), "add --output json")
	case len(args) > 0 && o.prompt.Flags.Changed("prompt"):
		hint := "quote a text of several words: -p \"Once upon a time\""
		if _, err := os.Stat(args[0]); err == nil && o.engine.Model == "" {
			hint = fmt.Sprintf("did you mean: alpaca run -m %q -p TEXT?", args[0])
		}
		return ui.WithHint(ui.Usagef("-p cannot be used with a further prompt, %q", args[0]), hint)
	case len(args) == 1 && load.Named(o.engine.Model) == "" && load.IsModelFile(args[0]):
		return ui.WithHint(ui.Usagef("%q is a model, not a text", args[0]), fmt.Sprintf("did you mean: alpaca run -m %q -p TEXT?", args[0]))
	case len(args) > 1:
		return ui.WithHint(ui.Usagef("more than one text: %s", ui.QuoteList(args, "and")), "quote a text of several words")
	}
	if slices.Contains(o.stop, "") {
		return ui.Usagef("--stop needs a text that is not empty")
	}
	return nil
}

// complete continues text, or the saved text if text is empty. given says that the command
// line has a text.
func (o *runOptions) complete(ctx context.Context, u *ui.UI, e *load.Instance, text string, given bool) error {
	cache := promptCache{o: &o.cache, u: u, text: e.Text}
	if err := cache.load(text == ""); err != nil {
		return err
	}
	prompt, err := o.tokens(e, &cache, &text, given)
	if err != nil {
		return err
	}
	if o.verbosePrompt {
		showTokens(u, e.Model.Tokenizer, prompt)
	}
	out := newWriter(u, e, o.output)
	if o.echo {
		if err := out.prompt(text); err != nil {
			return err
		}
	}
	for _, id := range prompt {
		e.Sampler.Accept(id)
	}
	var said []int32
	result, err := e.Text.Run(ctx, engine.Request{
		Prompt:    prompt,
		MaxTokens: o.predict,
		Stop:      o.stop,
		Logprobs:  o.output == "json",
		Top:       o.logprobs,
		Sampler:   e.Sampler,
		Grammar:   e.Grammar,
		Progress:  promptProgress(u, len(prompt)-e.Text.Known(prompt)),
	}, func(t engine.Token) error {
		if !e.Model.Tokenizer.IsEOG(t.ID) {
			said = append(said, t.ID)
		}
		return out.token(t)
	})
	u.ClearStatus()
	if err != nil {
		out.newline()
		return runHint(err, e.Model.Config.TrainCtx)
	}
	stats := newStats(e, result)
	if err := out.end(stats); err != nil {
		return err
	}
	if result.Reason == engine.Context {
		u.Notef("stopped: the context of %d tokens is full (-c makes it larger)", e.Text.Ctx())
	}
	if !o.noStats {
		stats.print(u)
	}
	// The cache is saved after all output, so that a failure to save loses none of it. A
	// prompt that was not read to its end does not replace what is saved.
	if result.PromptTokens > 0 {
		if err := cache.saveText(context.WithoutCancel(ctx), len(prompt), said); err != nil {
			return err
		}
	}
	if result.Reason == engine.Interrupt {
		return ui.ErrInterrupted
	}
	return nil
}
