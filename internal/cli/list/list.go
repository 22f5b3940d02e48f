// Package list implements "alpaca list", which shows the models on this
// machine: those that were pulled, and those in the folders of Hugging
// Face's programs, Ollama and LM Studio. It does not use the network.
package list

import (
	"fmt"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"alpaca/internal/cli/flags"
	"alpaca/internal/cli/models"
	"alpaca/internal/cli/ui"
	"alpaca/internal/store"
)

// New returns the command "alpaca list".
func New(u *ui.UI) *cobra.Command {
	output := ""
	cmd := &cobra.Command{
		Use:     "list",
		Aliases: []string{"ls"},
		Short:   "List the models on this machine",
		Long: `List the models on this machine: those that "alpaca pull" fetched, and those in the
folders of Hugging Face's programs, Ollama and LM Studio, which are used where they are.
Every command takes these names for -m. The network is not used.`,
		Args: flags.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			lib, err := models.Library()
			if err != nil {
				return err
			}
			list := lib.List()
			if output == "json" {
				return u.WriteJSON(records(list))
			}
			return table(u, list, lib)
		},
	}
	flags.AddOutput(cmd.Flags(), &output, "text", "json")
	return cmd
}

// record is a model in JSON.
type record struct {
	Name   string    `json:"name"`
	Quant  string    `json:"quant"`
	Size   int64     `json:"size"`
	Where  string    `json:"where"`
	Path   string    `json:"path"`
	Digest string    `json:"digest"`
	Used   time.Time `json:"used,omitzero"`
	Newer  bool      `json:"newer_known"` // the repository is known to have a newer commit
}

func records(list []*store.Model) []record {
	out := []record{}
	for _, m := range list {
		out = append(out, record{m.Name, m.Quant, m.Size(), string(m.Where), m.Path(), m.Digest(), m.Used, m.Newer != ""})
	}
	return out
}

func table(u *ui.UI, list []*store.Model, lib *store.Library) error {
	if len(list) == 0 {
		u.Notef("no models in %s or in the folders of other programs; \"alpaca pull\" fetches one", lib.Places.Hub)
		return nil
	}
	w := tabwriter.NewWriter(u.Out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "NAME\tQUANT\tSIZE\tWHERE\tUSED\tDIGEST")
	for _, m := range list {
		name := ui.Printable(m.Name)
		if m.Newer != "" {
			name += " (newer known)"
		}
		digest := m.Digest()
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\n", name, m.Quant, ui.ByteCount(m.Size()), m.Where, ago(m.Used, time.Now()), digest[:min(len(digest), 12)])
	}
	return w.Flush()
}

// ago returns a text that says how much time has passed from t to now.
func ago(t, now time.Time) string {
	if t.IsZero() {
		return "-"
	}
	d := now.Sub(t)
	switch {
	case d < time.Minute:
		return "now"
	case d < time.Hour:
		return fmt.Sprintf("%d min ago", int(d.Minutes()))
	case d < 24*time.Hour:
		return fmt.Sprintf("%d h ago", int(d.Hours()))
	}
	return fmt.Sprintf("%d days ago", int(d.Hours()/24))
}
