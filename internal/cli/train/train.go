// Package train implements "alpaca train", which trains models and adapters. It reads the
// data, opens or makes the model, says what is going to happen, and keeps the folder of the
// run: checkpoints, a log, drawings, samples. The training itself is in internal/train.
package train

import (
	"context"
	"errors"
	"syscall"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"alpaca/internal/cli/flags"
	"alpaca/internal/cli/load"
	"alpaca/internal/cli/ui"
	"alpaca/internal/train"
)

// options are the flags of "alpaca train".
type options struct {
	settings // what the result depends on

	preset  string
	threads int
	micro   int
	// checkpointing is --gradient-checkpointing.
	checkpointing bool

	saveEvery int
	stopAfter int
	runDir    string
	// templateFile is --chat-template-file.
	templateFile string
	resume       string
	dryRun       bool

	flags *pflag.FlagSet
}

// New returns the command "alpaca train".
func New(u *ui.UI) *cobra.Command {
	var o options
	cmd := &cobra.Command{
		Use:   "train [-m MODEL] --data FILE -o OUTPUT",
		Short: "Train a model, or an adapter for one",
		Long: `Train on instructions, conversations or texts: an adapter (LoRA) for a model of any
type, all weights of a model, or a new model.

The file of --data is a plain text, a JSON array, or JSON lines. Each JSON record has
the keys "instruction", "input" and "output"; or "messages"; or "prompt" and
"completion"; or "text". The model learns the answers, not the questions (--loss-on,
--prompt-weight).

If OUTPUT ends in .gguf, it is a file with the adapter, for "alpaca run --lora" and
llama.cpp; otherwise, it is a folder for PEFT. With --merge, --full or --init, it is a
model. Ctrl-C saves a checkpoint in the run's folder; --resume continues from it, and
the result is the same bit for bit, with any number of threads.`,
		Example: `  alpaca train -m base.gguf --data alpaca_data.json -o adapter.gguf
  alpaca train -m base.gguf --data chat.jsonl --full -o tuned.gguf --outtype q8_0
  alpaca train --init 192x6 --vocab 2048 --data texts.jsonl --tokens 60M -o tiny.gguf
  alpaca train --resume adapter.run
  alpaca train -m base.gguf --data alpaca_data.json -o adapter.gguf --dry-run`,
		Args: flags.NoArgs,
		RunE: func(cmd *cobra.Command, args []string) error { return o.run(cmd.Context(), u) },
	}
	fs := cmd.Flags()
	fs.SortFlags = false
	o.flags = fs
	load.AddModel(fs, &o.Model)
	fs.StringArrayVar(&o.Data, "data", nil, "`file` to learn from, or a database of \"alpaca data\", or FILE#SOURCE for one source in it; the flag can be repeated")
	fs.StringVarP(&o.Output, "output", "o", "", "`file` or folder to write")
	fs.StringVar(&o.OutType, "outtype", "f16", "`type` in which a model is written: one of the types of \"alpaca quantize\"")
	fs.BoolVar(&o.Merge, "merge", false, "instead of the adapter, write the model with the adapter merged into it")
	fs.BoolVar(&o.Full, "full", false, "train all weights, not an adapter")
	fs.StringVar(&o.Init, "init", "", "train a new model of this size, `WIDTHxLAYERS` such as 192x6")
	fs.IntVar(&o.Vocab, "vocab", 2048, "number of `tokens` in the vocabulary that --init trains on the data")
	fs.StringVar(&o.Tokenizer, "tokenizer", "", "take the vocabulary of this GGUF `file` for --init")
	fs.StringVar(&o.preset, "preset", "", "take the defaults of a preset, by its `name`: "+ui.QuoteList(presetNames(), "or"))
	o.addLoRA(fs)
	o.addTraining(fs)
	flags.AddThreads(fs, &o.threads)
	flags.AddInt(fs, &o.micro, flags.Int{Name: "micro-batch", Value: 0, Low: 0, High: 1 << 20}, "number of `rows` that go through the model at once; with 0, their tokens add up to about 512 (1024 for small models); this does not change the result")
	fs.BoolVar(&o.checkpointing, "gradient-checkpointing", false, "keep only the inputs of layers, and compute each layer twice: this needs less memory and a third more time, and does not change the result")
	flags.AddInt(fs, &o.stopAfter, flags.Int{Name: "stop-after", Value: 0, Low: 0, High: 1 << 30}, "stop after this number of `updates` and write the output; --resume can then continue the run; 0 means all updates")
	flags.AddInt(fs, &o.saveEvery, flags.Int{Name: "save-every", Value: 0, Low: 0, High: 1 << 30}, "number of `updates` between checkpoints; 0 means a checkpoint every 5 minutes")
	fs.StringVar(&o.runDir, "run-dir", "", "`folder` for checkpoints and logs (default: the name of the output, but with .run at the end)")
	fs.StringVar(&o.resume, "resume", "", "resume the run in this `folder`")
	fs.BoolVar(&o.dryRun, "dry-run", false, "only say what would be done, and how much memory and time it would take")
	return cmd
}

// addLoRA adds the flags of adapters.
func (o *options) addLoRA(fs *pflag.FlagSet) {
	flags.AddInt(fs, &o.LoRARank, flags.Int{Name: "lora-r", Value: 16, Low: 1, High: 4096}, "`rank` of the adapters")
	fs.Float64Var(&o.LoRAAlpha, "lora-alpha", 32, "number that is divided by the rank to give the scale of the adapters")
	fs.Float64Var(&o.LoRADropout, "lora-dropout", 0, "`fraction` of the inputs of adapters that dropout sets to 0")
	fs.StringSliceVar(&o.Targets, "target-modules", []string{allLinear}, "`matrices` that get adapters, such as q_proj,v_proj or attn_q,attn_v")
	fs.StringSliceVar(&o.Saved, "modules-to-save", nil, "`modules` that are trained as a whole, together with the adapters, such as norm,embed_tokens,lm_head")
	fs.BoolVar(&o.RsLoRA, "use-rslora", false, "divide --lora-alpha by the square root of the rank, instead of the rank")
}

// addTraining adds the flags that every training has.
func (o *options) addTraining(fs *pflag.FlagSet) {
	fs.IntVar(&o.Epochs, "epochs", 3, "number of `times` to go through the data")
	fs.IntVar(&o.MaxSteps, "max-steps", 0, "largest number of updates; 0 means no limit")
	fs.Var((*amount)(&o.Tokens), "tokens", "train on this number of `tokens`, such as 60M, in place of --epochs")
	flags.AddInt(fs, &o.BatchSize, flags.Int{Name: "batch-size", Value: 16, Low: 1, High: 1 << 20}, "number of `rows` in an update")
	fs.IntVar(&o.MaxLength, "max-length", 0, "largest number of `tokens` in a row: longer rows are cut (default: 512, or the context of the model if that is less)")
	fs.IntVar(&o.MaxLength, "cutoff-len", 0, "the same as --max-length")
	fs.BoolVar(&o.Packing, "packing", false, "put several examples into a row; they do not see each other")
	fs.Float64Var(&o.LR, "lr", 0, "largest learning `rate`, which is reached after the warm-up (default: 2e-4, with --full 2e-5, with --init 3e-3)")
	fs.Float64Var(&o.LR, "learning-rate", 0, "the same as --lr")
	fs.Float64Var(&o.MinLR, "min-lr", 0, "learning `rate` of the last update")
	fs.StringVar(&o.Scheduler, "lr-scheduler", "cosine", "`schedule` of the learning rate: cosine, linear, constant, hf-cosine, hf-linear")
	fs.Float64Var(&o.Warmup, "warmup-ratio", 0.03, "`fraction` of the updates in which the learning rate rises to its peak")
	fs.IntVar(&o.WarmupSteps, "warmup-steps", 0, "number of `updates` in which the learning rate rises to its peak, in place of --warmup-ratio")
	fs.Float64Var(&o.Decay, "weight-decay", 0, "weight decay of matrices; norms and biases have none")
	fs.Float64Var(&o.Beta1, "adam-beta1", 0.9, "decay rate of the mean of gradients in Adam")
	fs.Float64Var(&o.Beta2, "adam-beta2", 0.999, "decay rate of the mean of squared gradients in Adam")
	fs.Float64Var(&o.AdamEps, "adam-epsilon", 1e-8, "number that Adam adds to the root of the mean of squared gradients")
	fs.Float64Var(&o.Clip, "max-grad-norm", 1, "largest norm of the gradient: a gradient with a larger norm is scaled down; 0 means no limit")
	fs.Uint64Var(&o.Seed, "seed", 42, "seed of the order of the data, of new weights and of dropout")
	fs.StringVar(&o.ChatTemplate, "chat-template", "", "`name` of the chat template (default: the model's own, or else stanford)")
	fs.StringVar(&o.templateFile, "chat-template-file", "", "`file` with a chat template in Jinja")
	fs.StringVar(&o.LossOn, "loss-on", lossOnAnswers, "the `tokens` to learn: \"answers\" or \"all\"")
	fs.Float64Var(&o.PromptWeight, "prompt-weight", 0, "weight that tokens of prompts have in the loss; tokens of answers have the weight 1")
	fs.Float64Var(&o.EvalSplit, "eval-split", 0.02, "`fraction` of the data that is held out to measure progress; in a short run, less is held out by default")
	fs.Float64Var(&o.EvalSplit, "val-split", 0.02, "the same as --eval-split")
	fs.IntVar(&o.EvalEvery, "eval-every", 0, "number of `updates` between two measurements of the held-out data (default: 20 measurements in all)")
	for _, name := range []string{"cutoff-len", "learning-rate", "val-split"} {
		fs.Lookup(name).Hidden = true
	}
}

func (o *options) run(ctx context.Context, u *ui.UI) error {
	if err := o.prepare(u); err != nil {
		return err
	}
	j, err := o.open(ctx, u)
	if err != nil {
		return err
	}
	defer j.close()
	j.describe()
	if o.dryRun {
		return nil
	}
	if err := j.train(ctx); err != nil {
		return j.withHint(ctx, err)
	}
	return nil
}

// withHint adds to an error how to resume the run, if there is a checkpoint. For a run that
// diverged it adds nothing, because the run would diverge again.
func (j *job) withHint(ctx context.Context, err error) error {
	list, listErr := checkpoints(j.dir)
	if ctx.Err() != nil || errors.Is(err, train.ErrDiverged) || listErr != nil || len(list) == 0 {
		return err
	}
	hint := "resume with: alpaca train --resume " + j.dir
	if errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EFBIG) || errors.Is(err, syscall.EDQUOT) {
		hint = "free some space and " + hint
	}
	return ui.WithHint(err, hint)
}
