// Package template implements "alpaca template", which renders a chat template.
// It renders a conversation to the prompt that a model would get, as text or as
// tokens. With a template's file alone it renders given variables, as Jinja does.
package template

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"alpaca/internal/cli/load"
	"alpaca/internal/cli/ui"
	"alpaca/internal/gguf"
	"alpaca/internal/jinja"
	"alpaca/internal/jinja/value"
	"alpaca/internal/tokenizer"
)

// options are the flags of "alpaca template".
type options struct {
	context string

	model      string
	form       load.TemplateChoice
	messages   string
	tools      string
	noGenerate bool
	tokens     bool
	vocab      tokenizer.Options
}

// New returns the command "alpaca template".
func New(u *ui.UI) *cobra.Command {
	var o options
	cmd := &cobra.Command{
		Use:   "template [FILE.jinja --context FILE.json | [-m MODEL] --messages FILE.json]",
		Short: "Show what a chat template makes of a conversation",
		Long: `Show the prompt that a chat template makes of a conversation. The template is that of a
model, one in FILE.jinja, or a built-in one; the messages are in OpenAI's form. A model
file with only a vocabulary is enough.

Without a model, show what the template in FILE.jinja makes of the variables in a JSON
object. Templates are in Jinja 2, with the functions and filters that transformers
adds.`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error { return o.run(cmd.Context(), u, args) },
	}
	fs := cmd.Flags()
	fs.SortFlags = false
	fs.StringVar(&o.context, "context", "", "JSON `file` with the template's variables; \"-\" is stdin")
	load.AddModel(fs, &o.model)
	fs.StringVar(&o.messages, "messages", "", "JSON `file` with the conversation in OpenAI's form, which may also have tools; \"-\" is stdin")
	fs.StringVar(&o.tools, "tools", "", "JSON `file` with a list of the tools that the model may call, in OpenAI's form")
	o.form.AddFlags(fs)
	fs.StringVar(&o.form.Kwargs, "kwargs", "", "the same as --chat-template-kwargs")
	fs.BoolVar(&o.noGenerate, "no-generation-prompt", false, "end after the last message, instead of where the answer begins")
	fs.BoolVar(&o.tokens, "tokens", false, "print the ids of the prompt's tokens, as [1, 2, 3]")
	load.AddVocab(fs, &o.vocab)
	cmd.MarkFlagsMutuallyExclusive("kwargs", "chat-template-kwargs")
	return cmd
}

func (o *options) run(ctx context.Context, u *ui.UI, args []string) error {
	if o.context != "" {
		return o.variables(ctx, u, args)
	}
	if o.messages == "" {
		return ui.WithHint(ui.Usagef("nothing to render"), "give FILE.jinja --context FILE.json, or -m MODEL --messages FILE.json")
	}
	if len(args) > 0 {
		if o.form.File != "" {
			return ui.Usagef("two templates: %s and %s", args[0], o.form.File)
		}
		o.form.File = args[0]
	}
	return o.conversation(ctx, u)
}

// variables renders a template with given variables.
func (o *options) variables(ctx context.Context, u *ui.UI, args []string) error {
	if len(args) == 0 {
		return ui.WithHint(ui.Usagef("no template for the variables of --context"), "alpaca template FILE.jinja --context FILE.json")
	}
	if o.messages != "" || o.tools != "" || o.model != "" || o.tokens || o.noGenerate || o.form != (load.TemplateChoice{}) {
		return ui.Usagef("--context gives all variables: flags for a conversation cannot be used with it")
	}
	source, err := ui.ReadFile(args[0])
	if err != nil {
		return err
	}
	data, err := u.ReadInput(o.context)
	if err != nil {
		return err
	}
	v, err := value.FromJSON([]byte(data), 1)
	if err != nil {
		return fmt.Errorf("%s: not valid JSON: %w", o.context, err)
	}
	vars, ok := v.(*value.Dict)
	if !ok {
		return fmt.Errorf("%s: the variables must be a JSON object, not %s", o.context, value.TypeName(v))
	}
	t, err := jinja.Compile(source)
	if err != nil {
		return fmt.Errorf("%s: %w", args[0], err)
	}
	text, err := t.Render(ctx, vars, jinja.Options{})
	if err != nil {
		return fmt.Errorf("%s: %w", args[0], err)
	}
	return print(u, text.String())
}

// conversation prints the prompt that a conversation becomes.
func (o *options) conversation(ctx context.Context, u *ui.UI) error {
	request, err := load.Messages(u, o.messages)
	if err != nil {
		return err
	}
	if o.tools != "" {
		tools, err := u.ReadInput(o.tools)
		if err != nil {
			return err
		}
		if !json.Valid([]byte(tools)) {
			return fmt.Errorf("%s: the tools must be JSON", o.tools)
		}
		request.Tools = json.RawMessage(tools)
	}
	f, err := load.OpenFile(load.ModelPath(u, o.model), gguf.Options{HeaderOnly: true})
	if err != nil {
		return err
	}
	defer f.Close()
	tok, err := load.Tokenizer(u, f, o.vocab)
	if err != nil {
		return err
	}
	t, _, err := load.Template(u, f, tok, o.form, request)
	if err != nil {
		return err
	}
	if t == nil {
		return ui.WithHint(errors.New("the model has no chat template"), "choose one with --chat-template")
	}
	text, ids, err := t.Prompt(ctx, tok, request.Messages, !o.noGenerate)
	if err != nil {
		return err
	}
	if o.tokens {
		return ui.PrintIDs(u.Out, ids)
	}
	return print(u, text)
}

// print writes a text unchanged, except that a terminal gets a newline at its end.
func print(u *ui.UI, text string) error {
	if u.OutTTY && !strings.HasSuffix(text, "\n") {
		text += "\n"
	}
	_, err := io.WriteString(u.Out, text)
	return err
}
