package flags

import (
	"fmt"
	"slices"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"alpaca/internal/cli/ui"
)

// NoArgs refuses arguments. (cobra.NoArgs calls them unknown commands.) If a given flag takes
// its value only after "=", the hint says so.
func NoArgs(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	err := fmt.Errorf("unexpected argument %q", args[0])
	hint := ""
	cmd.Flags().Visit(func(f *pflag.Flag) {
		if f.NoOptDefVal == f.Value.String() && f.Value.Type() == "string" {
			hint = fmt.Sprintf("did you mean --%s=%s?", f.Name, args[0])
		}
	})
	if hint != "" {
		return ui.WithHint(err, hint)
	}
	return err
}

// CheckNames returns a usage error if the name of a file is empty. This happens when a script uses
// a variable that is not set.
func CheckNames(names ...string) error {
	if slices.Contains(names, "") {
		return ui.Usagef("the name of a file is empty")
	}
	return nil
}

// UnknownCommand is the error for a first argument that is not a command.
func UnknownCommand(root *cobra.Command, name string) error {
	err := ui.Usagef("unknown command %q", name)
	if near := root.SuggestionsFor(name); len(near) > 0 {
		return ui.WithHint(err, "did you mean "+ui.QuoteList(near, "or")+"?")
	}
	return ui.WithHint(err, `"alpaca help" lists the commands`)
}
