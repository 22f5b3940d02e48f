// Package cli is the command line of the program. It lists the commands; each family of commands
// has a package below. Commands never import each other. They share load (opening models),
// models (names of models), flags (spellings and values) and ui (streams, messages, output
// files).
package cli

import (
	"context"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"alpaca/internal/cli/ab"
	"alpaca/internal/cli/batch"
	"alpaca/internal/cli/bench"
	"alpaca/internal/cli/data"
	"alpaca/internal/cli/files"
	"alpaca/internal/cli/flags"
	"alpaca/internal/cli/grammar"
	"alpaca/internal/cli/list"
	"alpaca/internal/cli/measure"
	"alpaca/internal/cli/models"
	"alpaca/internal/cli/prune"
	"alpaca/internal/cli/pull"
	"alpaca/internal/cli/queue"
	"alpaca/internal/cli/remove"
	"alpaca/internal/cli/run"
	"alpaca/internal/cli/selfinstruct"
	"alpaca/internal/cli/serve"
	"alpaca/internal/cli/show"
	"alpaca/internal/cli/template"
	"alpaca/internal/cli/train"
	"alpaca/internal/cli/ui"
	"alpaca/internal/cli/version"
	"alpaca/internal/cli/worker"
	"alpaca/internal/machine"
)

// commands lists the program's commands in the order of its help: the common ones first.
var commands = []struct {
	name string
	make func(*ui.UI) *cobra.Command
}{
	{"run", run.New},
	{"serve", serve.New},
	{"batch", batch.New},
	{"worker", worker.New},
	{"queue", queue.New},
	{"pull", pull.New},
	{"list", list.New},
	{"show", show.New},
	{"rm", remove.New},
	{"prune", prune.New},
	{"bench", bench.New},
	{"inspect", files.NewInspect},
	{"tokenize", files.NewTokenize},
	{"template", template.New},
	{"grammar", grammar.New},
	{"convert", files.NewConvert},
	{"quantize", files.NewQuantize},
	{"merge", files.NewMerge},
	{"split", files.NewSplit},
	{"join", files.NewJoin},
	{"compare-tensors", files.NewCompareTensors},
	{"perplexity", measure.NewPerplexity},
	{"compare", measure.NewCompare},
	{"quality", measure.NewQuality},
	{"self-instruct", selfinstruct.New},
	{"train", train.New},
	{"ab", ab.New},
	{"data", data.New},
	{"version", version.New},
}

// newRoot returns the program's command with all subcommands. If only is not empty, the command
// has just the subcommand with this name.
func newRoot(u *ui.UI, only string) *cobra.Command {
	root := &cobra.Command{
		Use:   "alpaca",
		Short: "Run LLaMA-family language models on ordinary CPUs",
		Long: `Alpaca runs LLaMA-family language models on ordinary CPUs. If no model is given,
a small built-in one answers.

  alpaca run -p "Tell me a story about a fox"
  alpaca run -m model.gguf -p "Once upon a time"
  alpaca pull hf:owner/repo:Q4_K_M
  alpaca inspect model.gguf`,
		Version:       ui.ReadBuild().Version,
		Args:          cobra.ArbitraryArgs,
		SilenceErrors: true,
		SilenceUsage:  true,
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 {
				return cmd.Help()
			}
			return flags.UnknownCommand(cmd, args[0])
		},
	}
	root.SuggestionsMinimumDistance = 2
	cobra.EnableCommandSorting = false
	root.SetIn(u.In)
	root.SetOut(u.Out)
	root.SetErr(u.Err)
	for _, c := range commands {
		if only == "" || c.name == only {
			root.AddCommand(c.make(u))
		}
	}
	root.SetGlobalNormalizationFunc(flags.Normalize)
	root.SetFlagErrorFunc(flags.Error)
	for _, cmd := range withChildren(root.Commands()) {
		reportUsage(cmd)
		showZeros(cmd.Flags())
		models.CompleteFlag(cmd)
	}
	addHelpers(root)
	return root
}

// withChildren returns the commands of list and their subcommands, at any depth.
func withChildren(list []*cobra.Command) []*cobra.Command {
	all := slices.Clone(list)
	for _, cmd := range list {
		all = append(all, withChildren(cmd.Commands())...)
	}
	return all
}

// Execute runs the command line args and returns the exit status.
func Execute(ctx context.Context, u *ui.UI, args []string) int {
	if err := machine.CheckCeiling(); err != nil {
		return u.ExitStatus(ui.Usage(err))
	}
	root := newRoot(u, firstCommand(args))
	root.SetArgs(flags.ExpandSingleDash(root, args))
	return u.ExitStatus(root.ExecuteContext(ctx))
}

// firstCommand returns the name of the command that args begin with, or "" if they begin with
// anything else, such as a flag or a misspelt name. Only this command is made, because making
// all commands with their flags would delay the first token by more than a millisecond.
func firstCommand(args []string) string {
	for _, c := range commands {
		if len(args) > 0 && c.name == args[0] {
			return c.name
		}
	}
	return ""
}

// reportUsage makes a wrong number of arguments to cmd a usage error.
func reportUsage(cmd *cobra.Command) {
	check := cmd.Args
	if check == nil {
		check = flags.NoArgs
	}
	cmd.Args = func(cmd *cobra.Command, args []string) error {
		if err := check(cmd, args); err != nil {
			return ui.Usage(ui.WithHint(err, "usage: "+cmd.UseLine()))
		}
		return nil
	}
}

// showZeros adds the default to the usage of flags whose default is 0, because pflag leaves out a
// default of 0.
func showZeros(fs *pflag.FlagSet) {
	fs.VisitAll(func(f *pflag.Flag) {
		if f.DefValue == "0" && !strings.Contains(f.Usage, "(default") {
			f.Usage += " (default 0)"
		}
	})
}
