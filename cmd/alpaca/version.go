package main

import (
	"fmt"

	"github.com/spf13/cobra"
)

// newVersionCmd returns "alpaca version".
func newVersionCmd(u *ui) *cobra.Command {
	return &cobra.Command{
		Use:   "version",
		Short: "Show the version, the CPU and the kernels chosen for it",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, args []string) error {
			_, err := fmt.Fprintln(u.out, "alpaca")
			return err
		},
	}
}
