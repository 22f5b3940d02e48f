package batch

import (
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"alpaca/internal/cli/ui"
	"alpaca/internal/jobs"
)

// newMerge returns the command "alpaca batch merge".
func newMerge(u *ui.UI) *cobra.Command {
	var out string
	cmd := &cobra.Command{
		Use:   "merge INPUT -o OUTPUT RESULTS...",
		Short: "Merge the results of several runs",
		Long: `Merge the results of several runs, each of which answered a part of an input. The output
is byte for byte what one run of the whole input with --order input would write. Each request
must have a result. A result that is in several files must be the same in all of them:
otherwise the files come from different models or versions, or a machine is faulty.

Exit status: 0 all results are there; 1 failure; 2 wrong command line; 3 some results have errors.`,
		Example: `  alpaca batch merge in.jsonl -o out.jsonl out.0.jsonl out.1.jsonl`,
		Args:    cobra.MinimumNArgs(2),
		RunE:    func(_ *cobra.Command, args []string) error { return merge(u, args[0], out, args[1:]) },
	}
	cmd.Flags().StringVarP(&out, "output", "o", "", "`file` for the results; - is stdout")
	return cmd
}

func merge(u *ui.UI, input, out string, results []string) error {
	if out == "" {
		return ui.WithHint(ui.Usagef("-o is missing"), "name the file for the results; - is stdout")
	}
	if out != "-" {
		if err := ui.CheckOutputs([]ui.Output{{Flag: "output", Path: out}}, append(results, input)...); err != nil {
			return err
		}
	}
	in, err := openInput(u, input, input, jobs.All)
	if err != nil {
		return err
	}
	defer in.Close()
	bad := 0
	write := func(w io.Writer) error {
		bad, err = jobs.Merge(in, results, w)
		return err
	}
	if out == "-" {
		err = write(u.Out)
	} else {
		err = ui.WriteOutput(out, write)
	}
	if err == nil && bad > 0 {
		err = ui.WithStatus(fmt.Errorf("%d of %d results have errors", bad, in.Total()), exitErrors)
	}
	return err
}
