package main

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// noArgs refuses arguments. (cobra.NoArgs takes them for unknown commands.) What
// follows a flag whose value needs a "=" may have been meant for it.
func noArgs(cmd *cobra.Command, args []string) error {
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
		return withHint(err, hint)
	}
	return err
}

// addHelpers adds cobra's help and completion, which would otherwise take any word
// without an error.
func addHelpers(root *cobra.Command) {
	root.InitDefaultHelpCmd()
	root.InitDefaultCompletionCmd()
	for _, cmd := range root.Commands() {
		switch cmd.Name() {
		case "help":
			cmd.Args = func(_ *cobra.Command, args []string) error {
				if _, rest, _ := root.Find(args); len(rest) > 0 {
					return unknownCommand(root, rest[0])
				}
				return nil
			}
		case "completion":
			completeShells(cmd)
		}
	}
}

// completeShells makes the name of a shell that is not known an error.
func completeShells(completion *cobra.Command) {
	var shells []string
	for _, shell := range completion.Commands() {
		shells = append(shells, shell.Name())
		shell.Args = noArgs
		reportUsage(shell)
	}
	completion.Args = cobra.ArbitraryArgs
	completion.RunE = func(cmd *cobra.Command, args []string) error {
		if len(args) == 0 {
			return cmd.Help()
		}
		return withHint(usageErrorf("unknown shell %q", args[0]), "known are "+strings.Join(shells, ", "))
	}
}
