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
	run              func(t *session, ctx context.Context, arg string) error
}

// errBye ends a conversation.
var errBye = errors.New("bye")

// chatCommands returns all commands, in the order of /help.
func chatCommands() []chatCommand {
	return []chatCommand{
		{"/help", "", "this list", (*session).help},
		{"/clear", "", "forget what was said", (*session).clear},
		{"/regen", "", "another answer", (*session).regenerate},
		{"/undo", "", "take back a message", (*session).undo},
		{"/result", "TEXT", "give the result of a tool call", (*session).result},
		{"/system", "TEXT", "set the system message", (*session).setSystem},
		{"/set", "NAME VALUE", "such as temp 0.5", (*session).set},
		{"/save", "FILE", "save the conversation", (*session).saveTo},
		{"/load", "FILE", "continue a saved conversation", (*session).loadFrom},
		{"/stats", "", "speed and memory", (*session).showStats},
		{"/context", "", "how full the context is", (*session).showContext},
		{"/bye", "", "leave (also Ctrl-D)", func(*session, context.Context, string) error { return errBye }},
	}
}

// command runs a line that begins with a slash.
func (s *session) command(ctx context.Context, line string) (done bool, err error) {
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
		err := c.run(s, ctx, strings.TrimSpace(arg))
		if errors.Is(err, errBye) {
			return true, nil
		}
		return false, err
	}
	s.u.Infof("Unknown command %s: /help lists the commands. Begin with a space to send it as a message.", name)
	return false, nil
}

func (s *session) help(context.Context, string) error {
	for _, c := range chatCommands() {
		name := strings.TrimSpace(c.name + " " + c.arg)
		fmt.Fprintf(s.u.Err, "%-16s %s\n", name, c.about)
	}
	fmt.Fprint(s.u.Err, "Ctrl-C           stop the answer\n\\ at the end     another line follows\n\"\"\"              around several lines\n")
	return nil
}

func (s *session) clear(context.Context, string) error {
	n := len(s.Messages)
	s.Clear()
	if n -= len(s.Messages); n == 0 {
		s.u.Infof("No messages yet.")
	} else {
		s.u.Infof("Forgotten: %s.", messageCount(n))
	}
	return nil
}

func (s *session) regenerate(ctx context.Context, _ string) error {
	switch {
	case s.plain && s.continued != "":
		s.Say(chat.Message{Content: s.continued})
	case !s.Regenerate():
		s.u.Infof("There is no answer yet.")
		return nil
	}
	if s.params.Temp == 0 {
		s.u.Infof("With temp 0 the answer is always the same: /set temp 0.7 changes that.")
	}
	// The same seed would give the same answer.
	last := s.Sampler()
	if s.plain {
		last = s.e.Sampler
	}
	if last != nil {
		s.params.Seed = last.Seed() + 1
	}
	s.Resample()
	return s.answer(ctx)
}

func (s *session) undo(context.Context, string) error {
	m, ok := s.Undo()
	switch {
	case s.plain:
		s.u.Infof("Nothing to take back: each text is continued on its own.")
		return nil
	case !ok:
		s.u.Infof("No messages yet.")
		return nil
	}
	s.u.Infof("Taken back: %s", shorten(m.Content, 60))
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

func (s *session) setSystem(_ context.Context, text string) error {
	if text == "" {
		if s.System() == "" {
			s.u.Infof("There is no system message. /system TEXT sets one, /system none removes it.")
		} else {
			s.u.Infof("System message: %s", s.System())
		}
		return nil
	}
	if text == "none" {
		text = ""
	}
	s.SetSystem(text)
	s.u.Infof("The system message is changed.")
	return nil
}

// set changes a setting of the sampler by the name of its flag.
func (s *session) set(_ context.Context, arg string) error {
	o := flags.Sampling{}
	fs := pflag.NewFlagSet("set", pflag.ContinueOnError)
	fs.SetNormalizeFunc(flags.Normalize)
	o.AddFlags(fs)
	o.Params = s.params // AddFlags has reset them to the defaults
	predict := s.predict
	flags.AddInt(fs, &predict, flags.Int{Name: "predict", Short: "n", Value: s.predict, Low: -2, High: 1 << 30}, "")
	name, value, ok := strings.Cut(strings.Replace(arg, "=", " ", 1), " ")
	if !ok {
		s.u.Infof("/set NAME VALUE, with the name of a flag: temp, top-k, top-p, min-p, repeat-penalty, seed, predict, …")
		s.u.Infof("temp %v, top-k %d, top-p %v, min-p %v, repeat-penalty %v", o.Params.Temp, o.Params.TopK, o.Params.TopP, o.Params.MinP, o.Params.RepeatPenalty)
		return nil
	}
	if fs.Lookup(name) == nil {
		hint := ""
		if near := flags.Nearest(fs, name); near != "" {
			hint = " Did you mean " + near + "?"
		}
		s.u.Infof("Unknown setting %q.%s", name, hint)
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
		s.u.Infof("%v", err)
		return nil
	}
	s.endless = s.endless || fs.Changed("predict")
	s.params, s.predict = o.Params, predict
	s.Resample()
	s.u.Infof("%s is %s", fs.Lookup(name).Name, fs.Lookup(name).Value)
	return nil
}

func (s *session) showStats(context.Context, string) error {
	if len(s.results) == 0 {
		s.u.Infof("There is no answer yet.")
		return nil
	}
	newStats(s.e, s.results[len(s.results)-1]).print(s.u)
	return nil
}

func (s *session) showContext(context.Context, string) error {
	n, ctx := s.e.Text.Len(), s.e.Text.Ctx()
	s.u.Infof("%d of %d tokens (%d %%)", n, ctx, 100*int64(n)/int64(ctx))
	if n := s.Forgotten(); n > 0 {
		s.u.Infof("%s, %d of them no longer in the context", messageCount(len(s.Messages)), n)
	} else if !s.plain {
		s.u.Infof("%s", messageCount(len(s.Messages)))
	}
	s.u.Infof("cache: %s", ui.ByteCount(s.e.Engine.MemoryStats().Cache))
	return nil
}

func (s *session) saveTo(_ context.Context, path string) error {
	if path == "" {
		s.u.Infof("Which file? /save FILE")
		return nil
	}
	if s.plain {
		s.u.Infof("No conversation to save: each text is continued on its own.")
		return nil
	}
	note, err := encodeSnapshot(s.Snapshot())
	if err == nil {
		err = s.e.Text.Save(path, s.e.Text.Len(), note)
	}
	if err != nil {
		s.u.Infof("Not saved: %s", ui.Reason(err))
		return nil
	}
	size := int64(0)
	if st, err := os.Stat(path); err == nil {
		size = st.Size()
	}
	s.u.Infof("Saved, %s.", ui.ByteCount(size))
	return nil
}

func (s *session) loadFrom(_ context.Context, path string) error {
	if path == "" {
		s.u.Infof("Which file? /load FILE")
		return nil
	}
	if s.plain {
		s.u.Infof("The model has no chat template, so it cannot continue a conversation.")
		return nil
	}
	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
		s.u.Infof("The file %s does not exist.", path)
		return nil
	}
	note, err := s.e.Text.Load(path)
	if err != nil && len(note) == 0 {
		s.u.Infof("Not loaded: %s", ui.Reason(err))
		return nil
	}
	snapshot, decodeErr := decodeSnapshot(note)
	if decodeErr == nil {
		decodeErr = s.Restore(snapshot, err == nil)
	}
	if decodeErr != nil {
		s.u.Infof("Not loaded: %v", decodeErr)
		return nil
	}
	if err != nil {
		why := "It was saved with another model"
		if !errors.Is(err, engine.ErrOtherModel) {
			why = ui.Reason(err)
		}
		s.u.Infof("%s; it will be read again at the next message.", why)
	}
	s.u.Infof("%s.", messageCount(len(s.Messages)))
	if i := slices.IndexFunc(s.Messages, func(m chat.Message) bool { return m.Role == chat.User }); i >= 0 {
		last := s.Messages[len(s.Messages)-1]
		s.u.Infof("The last: %s", shorten(last.Content, 200))
	}
	return nil
}
