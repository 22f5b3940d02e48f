package load

import (
	"encoding/json"
	"strings"

	"alpaca/internal/chat"
	"alpaca/internal/cli/ui"
	"alpaca/internal/server"
)

// ServerOptions returns the options of a server for m, from the flags and the model's own settings.
// A model without a chat template gets ChatML, with a warning. If strict is true, such a model gets
// no template; if c names NoTemplate, no model gets one. In both cases the server refuses
// conversations.
func (o *Generation) ServerOptions(u *ui.UI, m *Instance, c TemplateChoice, strict bool) (server.Options, error) {
	sampling, _ := o.SamplingFor(u, m)
	opt := server.Options{
		Path: m.Path, Aliases: []string{m.Name()}, Build: ui.ReadBuild().Short(), Sampling: sampling.Params,
		System: m.Settings.System, Stop: m.Settings.Stop(), Settings: m.Settings.Text(),
	}
	if c.Kwargs != "" {
		opt.Kwargs = json.RawMessage(c.Kwargs)
	}
	c.Like = m.Settings.Template
	t, _, err := Template(u, m.Model.File, m.Model.Tokenizer, c, chat.Request{})
	if err != nil {
		return opt, err
	}
	if t == nil && !strings.EqualFold(c.Name, NoTemplate) {
		warning := "the model has no chat template: ChatML is used for conversations"
		if strict {
			warning = "the model has no chat template: conversations are refused"
		} else if t, err = chat.Builtin("chatml", m.Model.Tokenizer); err != nil {
			return opt, err
		}
		u.Warnf("%s", warning)
		opt.Warnings = append(opt.Warnings, warning)
	}
	opt.Template = t
	return opt, nil
}
