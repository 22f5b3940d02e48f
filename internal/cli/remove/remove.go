// Package remove implements "alpaca rm", which removes models from this machine.
// Content that another model needs stays, and so does a model that a program has
// open. Models of Ollama and LM Studio can be removed only with these programs.
package remove

import (
	"fmt"

	"github.com/spf13/cobra"

	"alpaca/internal/cli/models"
	"alpaca/internal/cli/ui"
)

// New returns the command "alpaca rm".
func New(u *ui.UI) *cobra.Command {
	yes := false
	cmd := &cobra.Command{
		Use:   "rm NAME...",
		Short: "Remove models from this machine",
		Long: `Remove models that "alpaca list" shows. On a terminal, the command asks first. Content
that another model needs stays, and a model that is in use is not removed.`,
		Args:              cobra.MinimumNArgs(1),
		ValidArgsFunction: models.CompleteArgs,
		RunE: func(_ *cobra.Command, args []string) error {
			lib, err := models.Library()
			if err != nil {
				return err
			}
			for _, name := range args {
				m, err := models.Known(name)
				if err != nil {
					return err
				}
				if u.InTTY && u.ErrTTY && !yes && !u.Confirm(fmt.Sprintf("remove %s, %s?", m.Name, ui.ByteCount(m.Size()))) {
					u.Notef("%s stays", m.Name)
					continue
				}
				freed, err := lib.Remove(m)
				if err != nil {
					return models.Hinted(err)
				}
				u.Notef("removed %s: freed %s", m.Name, ui.ByteCount(freed))
			}
			return nil
		},
	}
	cmd.Flags().BoolVarP(&yes, "yes", "y", false, "do not ask")
	return cmd
}
