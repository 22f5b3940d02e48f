package cli

import (
	"strings"

	"github.com/spf13/cobra"

	"alpaca/internal/cli/flags"
	"alpaca/internal/cli/ui"
)

// addHelpers adds cobra's commands help and completion, and makes them refuse unknown
// arguments.
func addHelpers(root *cobra.Command) {
	root.InitDefaultHelpCmd()
	root.InitDefaultCompletionCmd()
	for _, cmd := range root.Commands() {
		switch cmd.Name() {
		case "help":
			cmd.Args = func(_ *cobra.Command, args []string) error {
				if _, rest, _ := root.Find(args); len(rest) > 0 {
					return flags.UnknownCommand(root, rest[0])
				}
				return nil
			}
		case "completion":
			completeShells(cmd)
		}
	}
}

// completeShells makes completion refuse the name of an unknown shell.
func completeShells(completion *cobra.Command) {
	var shells []string
	for _, shell := range completion.Commands() {
		shells = append(shells, shell.Name())
		shell.Args = flags.NoArgs
		reportUsage(shell)
	}
	completion.Args = cobra.ArbitraryArgs
	completion.RunE = func(cmd *cobra.Command, args []string) error {
		if len(args) == 0 {
			return cmd.Help()
		}
		return ui.WithHint(ui.Usagef("unknown shell %q", args[0]), "the shells are "+strings.Join(shells, ", "))
	}
}
