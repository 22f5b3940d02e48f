package run

import (
	"github.com/spf13/cobra"

	"alpaca/internal/chat"
	"alpaca/internal/cli/load"
	"alpaca/internal/cli/ui"
)

func NewTemplate(u *ui.UI) *cobra.Command {
	return &cobra.Command{
		Use:    load.TemplateCommand,
		Hidden: true,
		RunE:   func(*cobra.Command, []string) error { return chat.ServeTemplate(u.In, u.Out) },
	}
}
