// Package show implements "alpaca show", which shows what is known about
// a model on this machine: its licence, its base models, its context,
// whether it has a chat template, its digest, and where its files are.
package show

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"alpaca/internal/chat"
	"alpaca/internal/cli/flags"
	"alpaca/internal/cli/load"
	"alpaca/internal/cli/models"
	"alpaca/internal/cli/ui"
	"alpaca/internal/gguf"
	"alpaca/internal/sampler"
	"alpaca/internal/store"
	"alpaca/internal/store/ollama"
)

// New returns the command "alpaca show".
func New(u *ui.UI) *cobra.Command {
	output, licence := "", false
	cmd := &cobra.Command{
		Use:   "show NAME",
		Short: "Show what is known about a model on this machine",
		Long: `Show what is known about a model of "alpaca list": its licence, its context, its
template, its digest, and where its files are. "alpaca inspect" shows what is in a
file.`,
		Example: `  alpaca show hf:ggml-org/SmolLM2-360M-Instruct-GGUF:Q8_0
  alpaca show --license ollama:llama3.2:1b`,
		Args:              cobra.ExactArgs(1),
		ValidArgsFunction: models.CompleteArgs,
		RunE: func(_ *cobra.Command, args []string) error {
			m, err := models.Known(args[0])
			if err != nil {
				return err
			}
			if licence {
				return printLicence(u, m)
			}
			facts, err := describe(u, m)
			if err != nil {
				return err
			}
			if output == "json" {
				return u.WriteJSON(facts)
			}
			return printFacts(u, facts)
		},
	}
	flags.AddOutput(cmd.Flags(), &output, "text", "json")
	cmd.Flags().BoolVar(&licence, "license", false, "print the text of the licence")
	return cmd
}

// facts are what is known about a model, in JSON.
type facts struct {
	Name     string   `json:"name"`
	Licence  string   `json:"license"`
	Link     string   `json:"license_link,omitempty"`
	Base     []string `json:"base_model,omitempty"`
	Arch     string   `json:"architecture"`
	Params   int64    `json:"parameters"`
	Context  uint64   `json:"context"`
	Template bool     `json:"chat_template"`
	Like     string   `json:"chat_template_like,omitempty"` // the built-in template that is used because the model has none
	Size     int64    `json:"size"`
	Where    string   `json:"where"`
	Commit   string   `json:"commit,omitempty"`
	Newer    string   `json:"newer_commit,omitempty"`
	Digest   string   `json:"digest"`
	Paths    []string `json:"paths"`

	System string                  `json:"system,omitempty"`
	Own    map[string]ollama.Value `json:"settings,omitempty"`
	Left   []string                `json:"not_used,omitempty"` // parts of a model of Ollama that are not used here
}

func describe(u *ui.UI, m *store.Model) (facts, error) {
	f, err := load.OpenFile(m.Path(), gguf.Options{HeaderOnly: true})
	if err != nil {
		return facts{}, err
	}
	defer f.Close()
	fact := facts{Name: m.Name, Size: m.Size(), Where: string(m.Where), Commit: m.Commit, Newer: m.Newer, Digest: m.Digest()}
	fact.Arch, _, _ = f.String("general.architecture")
	fact.Context, _, _ = f.Uint(fact.Arch + ".context_length")
	_, fact.Template, _ = f.String("tokenizer.chat_template")
	own, _, _ := f.String("general.license")
	if m.Record != nil {
		fact.Licence, fact.Link, fact.Base = m.Record.Licence, m.Record.Link, m.Record.Base
	}
	fact.Licence = cmp.Or(fact.Licence, own)
	for i := range f.Tensors {
		fact.Params += int64(f.Tensors[i].Elems())
	}
	for _, b := range m.Blobs {
		fact.Paths = append(fact.Paths, b.Path)
	}
	settings, err := m.Settings()
	if err != nil {
		u.Warnf("some of the settings that came with the model cannot be read, and are left out: %v", err)
	}
	if !fact.Template {
		fact.Like = chat.Guess(settings.Template)
	}
	fact.System, fact.Own, fact.Left = settings.System, settings.Params, notUsed(&settings)
	if settings.Template != "" && fact.Like == "" {
		fact.Left = append(fact.Left, "the template in Go")
	}
	return fact, nil
}

// notUsed returns the settings of a model of Ollama that are not
// used here. All messages together are one entry, with their number.
func notUsed(s *ollama.Settings) (list []string) {
	var p sampler.Params
	known := p.FromModelfile(func(name string) (sampler.FileValue, bool) {
		v, ok := s.Params[name]
		return v, ok
	}, func(string) bool { return true })
	for _, name := range s.Names() {
		if name != "stop" && name != "num_ctx" && !slices.ContainsFunc(known, func(k sampler.FileSetting) bool { return k.Name == name }) {
			list = append(list, name)
		}
	}
	if s.Messages > 0 {
		list = append(list, fmt.Sprintf("%d messages", s.Messages))
	}
	return list
}

func printFacts(u *ui.UI, f facts) error {
	template := "none: it continues texts"
	switch {
	case f.Template:
		template = "its own"
	case f.Like != "":
		template = f.Like + ", similar to Ollama's"
	}
	licence := cmp.Or(f.Licence, "not known")
	if f.Link != "" {
		licence += " (" + f.Link + ")"
	}
	lines := [][2]string{
		{"name", f.Name}, {"licence", licence}, {"made of", strings.Join(f.Base, ", ")}, {"architecture", f.Arch}, {"parameters", ui.Count(f.Params)},
		{"context", fmt.Sprint(f.Context, " tokens")}, {"template", template}, {"size", ui.ByteCount(f.Size)}, {"where", f.Where}, {"commit", f.Commit},
		{"newer commit", f.Newer}, {"digest", f.Digest}, {"system", strings.ReplaceAll(f.System, "\n", " ")},
	}
	settings := ollama.Settings{Params: f.Own}
	for _, l := range settings.Lines() {
		lines = append(lines, [2]string{"setting", l[0] + " " + l[1]})
	}
	lines = append(lines, [2]string{"not used", strings.Join(f.Left, ", ")})
	w := tabwriter.NewWriter(u.Out, 0, 0, 2, ' ', 0)
	for _, l := range lines {
		if l[1] != "" {
			fmt.Fprintf(w, "%s\t%s\n", l[0], ui.Printable(l[1]))
		}
	}
	for _, p := range f.Paths {
		fmt.Fprintf(w, "file\t%s\n", ui.Printable(p))
	}
	return w.Flush()
}

func printLicence(u *ui.UI, m *store.Model) error {
	if text := m.LicenceText(); text != "" {
		_, err := fmt.Fprintln(u.Out, strings.TrimRight(text, "\n"))
		return err
	}
	err := fmt.Errorf("the text of the licence of %s is not on this machine", m.Name)
	if m.Record != nil && (m.Record.Licence != "" || m.Record.Link != "") {
		return ui.WithHint(err, "it is "+strings.TrimSpace(m.Record.Licence+" "+m.Record.Link))
	}
	return err
}
