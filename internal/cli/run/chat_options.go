package run

import (
	"github.com/spf13/pflag"

	"alpaca/internal/cli/flags"
	"alpaca/internal/cli/load"
	"alpaca/internal/cli/ui"
	"alpaca/internal/sampler"
)

// chatOptions are the flags of "alpaca run" that are about conversations.
type chatOptions struct {
	interactive bool
	instruct    bool
	single      bool
	system      string
	template    load.TemplateChoice
	input       string
	messages    string
	keep        int
	noShift     bool
	noHistory   bool
}

func (o *chatOptions) addFlags(fs *pflag.FlagSet) {
	fs.BoolVarP(&o.interactive, "interactive", "i", false, "have a conversation, with -p as the first message (this is the default on a terminal if no text is given)")
	flags.AllowSingleDash(fs, "interactive", "cnv")
	fs.BoolVar(&o.instruct, "instruct", false, "answer instructions, one per line; the model does not remember earlier ones")
	flags.AllowSingleDash(fs, "instruct", "ins")
	fs.BoolVar(&o.single, "single-turn", false, "answer one message and end")
	flags.AllowSingleDash(fs, "single-turn", "st")
	fs.StringVar(&o.system, "system", "", "system message, a `text` that says how the model should answer")
	flags.AllowSingleDash(fs, "system", "sys")
	o.template.AddFlags(fs)
	fs.StringVar(&o.input, "input", "", "`text` that the instruction is about (Alpaca's \"### Input:\")")
	fs.StringVar(&o.messages, "messages", "", "answer the conversation in a JSON `file` (OpenAI's form); \"-\" is stdin")
	flags.AddInt(fs, &o.keep, flags.Int{Name: "keep", Low: -1, High: 1 << 24}, "number of `tokens` at the beginning that stay when the context is full, besides the system message; -1 means those of the first turn")
	fs.BoolVar(&o.noShift, "no-context-shift", false, "end the answer when the context is full, instead of dropping the oldest turns")
	fs.BoolVar(&o.noHistory, "no-history", false, "do not read or write the history of what was typed")
}

// wantsChat reports whether the command line asks for a conversation. single says that the
// conversation has only one message. A flag that says how to answer, such as --system, turns
// a text into a message.
func (o *runOptions) wantsChat(u *ui.UI, args []string) (chat, single bool) {
	c := &o.chat
	if c.interactive || c.instruct || c.single || c.messages != "" {
		return true, c.single
	}
	given := len(args) > 0 || o.prompt.File != "" || o.prompt.Flags.Changed("prompt")
	if !given && u.InTTY {
		return true, false
	}
	single = c.template.Asked() || c.system != "" || c.input != "" || o.tools.file != "" || o.instructs(u, given)
	return single, single
}

// instructs reports whether a text on the command line becomes a message
// because of the model. The built-in model was trained on instructions, so a
// text for it is an instruction. given says that the command line has a text.
func (o *runOptions) instructs(u *ui.UI, given bool) bool {
	text := given || u.InPiped
	return text && load.IsBuiltin(o.engine.Model) && o.chat.template.Name == "" && !o.echo
}

// alpacaDefaults gives flags that are not given the values that alpaca.cpp uses.
func (o *runOptions) alpacaDefaults(p *sampler.Params) {
	set := func(flag string, target *float32, value float32) {
		if !o.prompt.Flags.Changed(flag) {
			*target = value
		}
	}
	set("temp", &p.Temp, 0.1)
	set("repeat-penalty", &p.RepeatPenalty, 1.3)
	set("min-p", &p.MinP, 0)
}
