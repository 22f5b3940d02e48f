package run

import (
	"github.com/spf13/cobra"

	"alpaca/internal/chat"
	"alpaca/internal/cli/load"
	"alpaca/internal/cli/ui"
)

// NewTemplate returns the hidden command that renders a model's chat template: messages
// come from stdin, and the text goes to stdout.
func NewTemplate(u *ui.UI) *cobra.Command {
	return &cobra.Command{
		Use:    load.TemplateCommand,
		Hidden: true,
		RunE:   func(*cobra.Command, []string) error { return chat.ServeTemplate(u.In, u.Out) },
	}
}
