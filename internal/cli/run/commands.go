package run

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/pflag"

	"alpaca/internal/chat"
	"alpaca/internal/cli/flags"
	"alpaca/internal/cli/ui"
	"alpaca/internal/engine"
)

// chatCommand is a command that the user may type instead of a message.
type chatCommand struct {
	name, arg, about string
	run              func(t *talk, ctx context.Context, arg string) error
}

// errBye ends a conversation.
var errBye = errors.New("bye")

// chatCommands returns all commands, in the order of /help.
func chatCommands() []chatCommand {
	return []chatCommand{
		{"/help", "", "this list", (*talk).help},
		{"/clear", "", "forget what was said", (*talk).clear},
		{"/regen", "", "another answer", (*talk).regenerate},
		{"/undo", "", "take back a message", (*talk).undo},
		{"/result", "TEXT", "what a tool that was called answered", (*talk).result},
		{"/system", "TEXT", "set the system message", (*talk).setSystem},
		{"/set", "NAME VALUE", "such as temp 0.5", (*talk).set},
		{"/save", "FILE", "save the conversation", (*talk).saveTo},
		{"/load", "FILE", "go on with a saved one", (*talk).loadFrom},
		{"/stats", "", "speed and memory", (*talk).showStats},
		{"/context", "", "how full the context is", (*talk).showContext},
		{"/bye", "", "leave (also Ctrl-D)", func(*talk, context.Context, string) error { return errBye }},
	}
}

// command runs a line that begins with a slash.
func (t *talk) command(ctx context.Context, line string) (done bool, err error) {
	name, arg, _ := strings.Cut(strings.TrimSpace(line), " ")
	switch name {
	case "/exit", "/quit":
		name = "/bye"
	case "/?":
		name = "/help"
	}
	for _, c := range chatCommands() {
		if c.name != name {
			continue
		}
		err := c.run(t, ctx, strings.TrimSpace(arg))
		if errors.Is(err, errBye) {
			return true, nil
		}
		return false, err
	}
	t.u.Infof("There is no command %s: /help lists them. A space in front makes it a message.", name)
	return false, nil
}

func (t *talk) help(context.Context, string) error {
	for _, c := range chatCommands() {
		name := strings.TrimSpace(c.name + " " + c.arg)
		fmt.Fprintf(t.u.Err, "%-16s %s\n", name, c.about)
	}
	fmt.Fprint(t.u.Err, "Ctrl-C           stop the answer\n\\ at the end     another line follows\n\"\"\"              around several lines\n")
	return nil
}

func (t *talk) clear(context.Context, string) error {
	n := len(t.Messages)
	t.Clear()
	if n -= len(t.Messages); n == 0 {
		t.u.Infof("Nothing was said.")
	} else {
		t.u.Infof("Forgotten: %s.", messageCount(n))
	}
	return nil
}

func (t *talk) regenerate(ctx context.Context, _ string) error {
	switch {
	case t.plain && t.continued != "":
		t.Say(chat.Message{Content: t.continued})
	case !t.Regenerate():
		t.u.Infof("There is no answer yet.")
		return nil
	}
	if t.params.Temp == 0 {
		t.u.Infof("With temp 0 the answer is always the same: /set temp 0.7 changes that.")
	}
	// The same seed would give the same answer.
	s := t.Sampler()
	if t.plain {
		s = t.e.Sampler
	}
	if s != nil {
		t.params.Seed = s.Seed() + 1
	}
	t.Resample()
	return t.answer(ctx)
}

func (t *talk) undo(context.Context, string) error {
	m, ok := t.Undo()
	switch {
	case t.plain:
		t.u.Infof("There is nothing to take back: each text is continued on its own.")
		return nil
	case !ok:
		t.u.Infof("Nothing was said.")
		return nil
	}
	t.u.Infof("Taken back: %s", shorten(m.Content, 60))
	return nil
}

func messageCount(n int) string {
	if n == 1 {
		return "1 message"
	}
	return fmt.Sprintf("%d messages", n)
}

// shorten puts text on one line and cuts it to n characters.
func shorten(text string, n int) string {
	text = strings.Join(strings.Fields(text), " ")
	if r := []rune(text); len(r) > n {
		return string(r[:n-1]) + "…"
	}
	return text
}

func (t *talk) setSystem(_ context.Context, text string) error {
	if text == "" {
		if t.System() == "" {
			t.u.Infof("There is no system message. /system TEXT sets one, /system none removes it.")
		} else {
			t.u.Infof("System message: %s", t.System())
		}
		return nil
	}
	if text == "none" {
		text = ""
	}
	t.SetSystem(text)
	t.u.Infof("The system message is changed.")
	return nil
}

// set changes a setting of the sampler by the name of its flag.
func (t *talk) set(_ context.Context, arg string) error {
	o := flags.Sampling{}
	fs := pflag.NewFlagSet("set", pflag.ContinueOnError)
	fs.SetNormalizeFunc(flags.Normalize)
	o.AddFlags(fs)
	o.Params = t.params // AddFlags has set them to the defaults
	predict := t.predict
	flags.AddInt(fs, &predict, flags.Int{Name: "predict", Short: "n", Value: t.predict, Low: -2, High: 1 << 30}, "")
	name, value, ok := strings.Cut(strings.Replace(arg, "=", " ", 1), " ")
	if !ok {
		t.u.Infof("/set NAME VALUE, with the name of a flag: temp, top-k, top-p, min-p, repeat-penalty, seed, predict, …")
		t.u.Infof("temp %v, top-k %d, top-p %v, min-p %v, repeat-penalty %v", o.Params.Temp, o.Params.TopK, o.Params.TopP, o.Params.MinP, o.Params.RepeatPenalty)
		return nil
	}
	if fs.Lookup(name) == nil {
		hint := ""
		if near := flags.Nearest(fs, name); near != "" {
			hint = " Did you mean " + near + "?"
		}
		t.u.Infof("There is no setting %q.%s", name, hint)
		return nil
	}
	err := fs.Set(name, strings.TrimSpace(value))
	if err == nil {
		err = o.Check()
	}
	if errors.Is(err, strconv.ErrSyntax) || errors.Is(err, strconv.ErrRange) {
		err = fmt.Errorf("%s must be a number, not %q", fs.Lookup(name).Name, strings.TrimSpace(value))
	}
	if err != nil {
		t.u.Infof("%v", err)
		return nil
	}
	t.endless = t.endless || fs.Changed("predict")
	t.params, t.predict = o.Params, predict
	t.Resample()
	t.u.Infof("%s is %s", fs.Lookup(name).Name, fs.Lookup(name).Value)
	return nil
}

func (t *talk) showStats(context.Context, string) error {
	if len(t.results) == 0 {
		t.u.Infof("There is no answer yet.")
		return nil
	}
	newStats(t.e, t.results[len(t.results)-1]).print(t.u)
	return nil
}

func (t *talk) showContext(context.Context, string) error {
	n, ctx := t.e.Text.Len(), t.e.Text.Ctx()
	t.u.Infof("%d of %d tokens (%d %%)", n, ctx, 100*int64(n)/int64(ctx))
	if n := t.Forgotten(); n > 0 {
		t.u.Infof("%s, %d of them no longer in the context", messageCount(len(t.Messages)), n)
	} else if !t.plain {
		t.u.Infof("%s", messageCount(len(t.Messages)))
	}
	t.u.Infof("cache: %s", ui.ByteCount(t.e.Engine.MemoryStats().Cache))
	return nil
}

func (t *talk) saveTo(_ context.Context, path string) error {
	if path == "" {
		t.u.Infof("Which file? /save FILE")
		return nil
	}
	if t.plain {
		t.u.Infof("There is no conversation to save: each text is continued on its own.")
		return nil
	}
	note, err := encodeSnapshot(t.Snapshot())
	if err == nil {
		err = t.e.Text.Save(path, t.e.Text.Len(), note)
	}
	if err != nil {
		t.u.Infof("Not saved: %s", ui.Reason(err))
		return nil
	}
	size := int64(0)
	if st, err := os.Stat(path); err == nil {
		size = st.Size()
	}
	t.u.Infof("Saved, %s.", ui.ByteCount(size))
	return nil
}

func (t *talk) loadFrom(_ context.Context, path string) error {
	if path == "" {
		t.u.Infof("Which file? /load FILE")
		return nil
	}
	if t.plain {
		t.u.Infof("The model has no chat template, and cannot go on with a conversation.")
		return nil
	}
	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
		t.u.Infof("There is no file %s.", path)
		return nil
	}
	note, err := t.e.Text.Load(path)
	if err != nil && len(note) == 0 {
		t.u.Infof("Not loaded: %s", ui.Reason(err))
		return nil
	}
	snapshot, decodeErr := decodeSnapshot(note)
	if decodeErr == nil {
		decodeErr = t.Restore(snapshot, err == nil)
	}
	if decodeErr != nil {
		t.u.Infof("Not loaded: %v", decodeErr)
		return nil
	}
	if err != nil {
		why := "It was saved with another model"
		if !errors.Is(err, engine.ErrOtherModel) {
			why = ui.Reason(err)
		}
		t.u.Infof("%s; it will be read again at the next message.", why)
	}
	t.u.Infof("%s.", messageCount(len(t.Messages)))
	if i := slices.IndexFunc(t.Messages, func(m chat.Message) bool { return m.Role == chat.User }); i >= 0 {
		last := t.Messages[len(t.Messages)-1]
		t.u.Infof("The last: %s", shorten(last.Content, 200))
	}
	return nil
}
