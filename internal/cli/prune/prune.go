// Package prune implements "alpaca prune", which removes what no model
// needs: versions that newer ones have replaced, remains of unfinished
// downloads, and content that no model uses. Downloads in progress stay.
package prune

import (
	"fmt"

	"github.com/spf13/cobra"

	"alpaca/internal/cli/flags"
	"alpaca/internal/cli/models"
	"alpaca/internal/cli/ui"
)

// New returns the command "alpaca prune".
func New(u *ui.UI) *cobra.Command {
	yes, dry := false, false
	cmd := &cobra.Command{
		Use:   "prune",
		Short: "Remove what no model needs",
		Long: `Remove what no model needs: old versions of models, remains of unfinished downloads, and
content that belongs to no model. On a terminal, the command first shows what it would
remove, and asks.`,
		Args: flags.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			lib, err := models.Library()
			if err != nil {
				return err
			}
			waste := lib.Waste()
			if len(waste) == 0 {
				u.Notef("nothing to remove")
				return nil
			}
			ask := u.InTTY && u.ErrTTY && !yes
			if ask || dry {
				for _, w := range waste {
					fmt.Fprintf(u.Out, "%10s  %s\n", ui.ByteCount(w.Size), ui.Printable(w.What))
				}
			}
			if dry || ask && !u.Confirm(fmt.Sprintf("remove these %d?", len(waste))) {
				return nil
			}
			total := int64(0)
			for _, w := range waste {
				n, err := w.Remove()
				if err != nil {
					return models.Hinted(err)
				}
				total += n
			}
			u.Notef("freed %s", ui.ByteCount(total))
			return nil
		},
	}
	cmd.Flags().BoolVarP(&yes, "yes", "y", false, "do not ask")
	cmd.Flags().BoolVar(&dry, "dry-run", false, "show what would be removed")
	return cmd
}
