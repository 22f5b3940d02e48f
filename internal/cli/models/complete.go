package models

import (
	"github.com/spf13/cobra"
)

// CompleteFlag makes the shell complete names of models and files after the flag -m of cmd. It does
// nothing if cmd has no -m.
func CompleteFlag(cmd *cobra.Command) {
	if cmd.Flags().Lookup("model") != nil {
		cmd.RegisterFlagCompletionFunc("model", func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
			return names(), cobra.ShellCompDirectiveDefault
		})
	}
}

// CompleteArgs completes the names of models as arguments.
func CompleteArgs(_ *cobra.Command, _ []string, _ string) ([]string, cobra.ShellCompDirective) {
	return names(), cobra.ShellCompDirectiveNoFileComp
}

func names() []string {
	lib, err := Library()
	if err != nil {
		return nil
	}
	return lib.Names()
}
