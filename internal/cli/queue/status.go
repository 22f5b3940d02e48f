package queue

import (
	"fmt"
	"io"
	"strconv"

	"github.com/spf13/cobra"

	"alpaca/internal/cli/flags"
	"alpaca/internal/cli/load"
	"alpaca/internal/cli/ui"
	"alpaca/internal/queue"
	"alpaca/internal/report"
)

func newStatus(u *ui.UI) *cobra.Command {
	var o load.Queue
	output := ""
	cmd := &cobra.Command{
		Use:   "status",
		Short: "Show what is in a queue",
		Long: `Show the models that a queue takes jobs for, with their numbers of waiting jobs and of
jobs in progress, and the batches. "Free slots" is the number of jobs that the
workers could take at once, besides those in progress.`,
		Args: flags.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return connected(cmd.Context(), u, &o, func(c *queue.Conn) error {
				s, err := c.Status(cmd.Context())
				if err != nil {
					return err
				}
				if output == "json" {
					return u.WriteJSON(s)
				}
				return show(u.Out, s)
			})
		},
	}
	fs := cmd.Flags()
	fs.SortFlags = false
	o.AddFlags(fs, "`address` of the queue")
	flags.AddOutput(fs, &output, "text", "json")
	return cmd
}

// show writes a status for people.
func show(w io.Writer, s *queue.Status) error {
	fmt.Fprintf(w, "%s\njobs     %s\nresults  %s\n", s.Server, fill(s.Jobs), fill(s.Results))
	var rows [][]string
	for _, m := range s.Models {
		state := ""
		if m.Unattended() {
			state = "no worker"
		}
		rows = append(rows, []string{ui.Printable(m.Name), m.Key, ui.Printable(m.Quant), num(m.Waiting), num(m.Working), num(m.Redelivered), num(m.Idle), state})
	}
	if len(rows) > 0 {
		fmt.Fprintln(w)
		if err := report.WriteTable(w, []string{"model", "key", "type", "waiting", "working", "again", "free slots", ""}, rows); err != nil {
			return err
		}
	}
	if rows = nil; len(s.Batches) > 0 {
		for _, b := range s.Batches {
			rows = append(rows, []string{b.ID, num(b.Jobs), num(b.Results)})
		}
		fmt.Fprintln(w)
		if err := report.WriteTable(w, []string{"batch", "jobs", "results"}, rows); err != nil {
			return err
		}
	}
	if s.Homeless > 0 {
		fmt.Fprintf(w, "\n%d jobs are for models that the queue has no place for: no worker takes them\n", s.Homeless)
	}
	return nil
}

func num[T int | uint64](n T) string { return strconv.FormatUint(uint64(n), 10) }

// fill returns a text that says how full a stream is.
func fill(s queue.StreamStatus) string {
	text := fmt.Sprintf("%d, %s", s.Messages, ui.ByteCount(int64(s.Bytes)))
	if s.MaxMessages > 0 {
		text += fmt.Sprintf("; at most %d, %s", s.MaxMessages, ui.ByteCount(s.MaxBytes))
	}
	return text
}
