package main

import (
	"context"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"alpaca/internal/machine"
)

// newRootCmd returns the program's command. Each subcommand has a file of its
// own.
func newRootCmd(u *ui) *cobra.Command {
	root := &cobra.Command{
		Use:   "alpaca",
		Short: "Run LLaMA-family language models on ordinary CPUs",
		Long: `Alpaca runs LLaMA-family language models on ordinary CPUs.

  alpaca run -m model.gguf -p "Once upon a time"
  alpaca inspect model.gguf`,
		Version:       buildVersion(),
		Args:          cobra.ArbitraryArgs,
		SilenceErrors: true,
		SilenceUsage:  true,
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 {
				return cmd.Help()
			}
			return unknownCommand(cmd, args[0])
		},
	}
	root.SuggestionsMinimumDistance = 2
	cobra.EnableCommandSorting = false // in the order below: the common ones first
	root.SetIn(u.in)
	root.SetOut(u.out)
	root.SetErr(u.err)
	root.AddCommand(
		newRunCmd(u),
		newBenchCmd(u),
		newInspectCmd(u),
		newTokenizeCmd(u),
		newConvertCmd(u),
		newQuantizeCmd(u),
		newCompareTensorsCmd(u),
		newPerplexityCmd(u),
		newCompareCmd(u),
		newQualityCmd(u),
		newVersionCmd(u),
		newTemplateCmd(u),
	)
	root.SetGlobalNormalizationFunc(normalizeFlag)
	root.SetFlagErrorFunc(flagError)
	for _, cmd := range root.Commands() {
		reportUsage(cmd)
		showZeros(cmd.Flags())
	}
	addHelpers(root)
	return root
}

// execute runs the command line args and returns the exit status.
func (u *ui) execute(ctx context.Context, args []string) int {
	if err := machine.CheckCeiling(); err != nil {
		return u.exitStatus(usageError{err})
	}
	root := newRootCmd(u)
	root.SetArgs(expandSingleDash(root, args))
	return u.exitStatus(root.ExecuteContext(ctx))
}

// reportUsage makes a wrong number of arguments to cmd a usage error.
func reportUsage(cmd *cobra.Command) {
	check := cmd.Args
	if check == nil {
		check = noArgs
	}
	cmd.Args = func(cmd *cobra.Command, args []string) error {
		if err := check(cmd, args); err != nil {
			return usageError{withHint(err, "usage: "+cmd.UseLine())}
		}
		return nil
	}
}

// showZeros adds the default to the usage of flags where pflag leaves it out
// because it is 0.
func showZeros(flags *pflag.FlagSet) {
	flags.VisitAll(func(f *pflag.Flag) {
		if f.DefValue == "0" && !strings.Contains(f.Usage, "(default") {
			f.Usage += " (default 0)"
		}
	})
}

// unknownCommand is the error for a first argument that is no command.
func unknownCommand(root *cobra.Command, name string) error {
	err := usageErrorf("unknown command %q", name)
	if near := root.SuggestionsFor(name); len(near) > 0 {
		return withHint(err, "did you mean "+quoteList(near, "or")+"?")
	}
	return withHint(err, `"alpaca help" lists the commands`)
}

// flagAliases are other names of flags, in their normalized spelling: those
// that llama.cpp or alpaca.cpp gave them at some time.
var flagAliases = map[string]string{
	"n-predict":         "predict",
	"reverse-prompt":    "stop",
	"temperature":       "temp",
	"typical":           "typical-p",
	"top-nsigma":        "top-n-sigma",
	"rms-norm-eps":      "eps",
	"n-ctx":             "ctx-size",
	"ppl-stride":        "stride",
	"save-all-logits":   "kl-divergence-base",
	"conversation":      "interactive",
	"interactive-first": "interactive",
	"interactive-start": "interactive",
	"system-prompt":     "system",
	"sampling-seq":      "sampler-seq",
	"n-gpu-layers":      "gpu-layers",
	"session":           "prompt-cache",
}

// normalizeFlag maps every spelling of a flag to its name here: underscores,
// as in 2023, to dashes, and aliases to what they stand for.
func normalizeFlag(_ *pflag.FlagSet, name string) pflag.NormalizedName {
	name = strings.ReplaceAll(name, "_", "-")
	if to, ok := flagAliases[name]; ok {
		name = to
	}
	return pflag.NormalizedName(name)
}
