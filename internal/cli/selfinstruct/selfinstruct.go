// Package selfinstruct implements "alpaca self-instruct", which lets a model write
// instructions and answers into a database. It opens the model or connects to a server,
// and shows the progress. Prompts, parsing and filters are in internal/selfinstruct.
package selfinstruct

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/spf13/cobra"

	"alpaca/internal/cli/flags"
	"alpaca/internal/cli/load"
	"alpaca/internal/cli/ui"
	"alpaca/internal/data"
	"alpaca/internal/engine"
	"alpaca/internal/rouge"
	"alpaca/internal/selfinstruct"
)

// options are the flags of "alpaca self-instruct".
type options struct {
	load.Options
	model    string
	sampling flags.Sampling
	template load.TemplateChoice
	remote   remoteOptions

	db, source string
	seedTasks  string
	n          int
	parallel   int
	preset     string
	perAsk     int
	maxTokens  int
	outTokens  int
	oneStep    bool
	twoStep    bool
	free       bool
	ascii      bool
	above      float64
	idle       int
	dryRun     bool

	changed func(name string) bool
}

// New returns the command "alpaca self-instruct".
func New(u *ui.UI) *cobra.Command {
	var o options
	cmd := &cobra.Command{
		Use:   "self-instruct [-m MODEL] -n N -d DATABASE",
		Short: "Let a model write instructions to train on",
		Long: `Let a model write instructions, inputs and outputs, as Stanford did for Alpaca: each
prompt shows three seed tasks, and the model adds more. A text is rejected, with a
reason, if it is not a usable task or is nearly the same as an earlier task (ROUGE-L
above 0.7). Tasks and rejected texts go into a database, which "alpaca data" searches
and exports, and from which "alpaca train" learns.

The same seed and model give the same rows, with any number of prompts at once. Ctrl-C
ends the run, and keeps the tasks of every complete prompt. To resume the run, give the same
command again; -n may be higher than before.

A model with a chat template first writes the tasks, then answers each in a conversation;
--one-step leaves out the second step. A small model gets brief prompts.`,
		Example: `  alpaca self-instruct -m model.gguf -n 200 -d data.db
  alpaca self-instruct --server http://localhost:8080 -n 1000 -d data.db
  alpaca self-instruct -m model.gguf -n 200 -d data.db --preset stanford
  alpaca self-instruct stats -d data.db --plot-lengths lengths.svg --plot-verbs verbs.svg`,
		Args: flags.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return o.run(cmd.Context(), u) },
	}
	fs := cmd.Flags()
	fs.SortFlags = false
	o.changed = fs.Changed
	load.AddModel(fs, &o.model)
	flags.AddInt(fs, &o.n, flags.Int{Name: "number", Short: "n", Value: 100, Low: 1, High: 10_000_000}, "number of `tasks` that the source has at the end")
	fs.StringVarP(&o.db, "database", "d", "data.db", "`file` of the database, which is created if it does not exist")
	fs.StringVar(&o.source, "source", "self_instruct", "`name` of the rows' source in the database")
	fs.StringVar(&o.seedTasks, "seed-tasks", "", "`file` of seed tasks, in the form of Self-Instruct or Alpaca (default: the 175 built-in tasks)")
	flags.AddInt(fs, &o.parallel, flags.Int{Name: "parallel", Value: 8, Low: 1, High: 256}, "number of `prompts` answered at once; this does not change the result")
	flags.AllowSingleDash(fs, "parallel", "np")
	fs.StringVar(&o.preset, "preset", "", "use the settings of a preset; the only preset is \"stanford\": 20 tasks in a prompt, temperature 1, parsing and filters as in 2023")
	flags.AddInt(fs, &o.perAsk, flags.Int{Name: "tasks-per-prompt", Value: 5, Low: 1, High: 100}, "number of `tasks` that a prompt asks for")
	flags.AddInt(fs, &o.maxTokens, flags.Int{Name: "max-tokens", Low: 0, High: 1 << 20}, "largest number of `tokens` in an answer with tasks; 0 means 200 for each task, or 80 with --two-step")
	flags.AddInt(fs, &o.outTokens, flags.Int{Name: "max-output-tokens", Value: 400, Low: 1, High: 1 << 20}, "largest number of `tokens` in an output of the second step")
	fs.BoolVar(&o.oneStep, "one-step", false, "take outputs from the list of tasks that the model writes, instead of asking for each output")
	fs.BoolVar(&o.twoStep, "two-step", false, "ask for each output in a conversation (default for models with a chat template)")
	fs.BoolVar(&o.free, "free", false, "do not use a grammar to enforce the headings in the list of tasks")
	fs.BoolVar(&o.ascii, "rouge-compat", false, "compare only words of the letters a to z and the digits 0 to 9, as rouge_score does")
	fs.Float64Var(&o.above, "rouge-max", 0.7, "value of ROUGE-L above which an instruction counts as a duplicate")
	flags.AddInt(fs, &o.idle, flags.Int{Name: "give-up", Value: 100, Low: 1, High: 1 << 20}, "end if this number of `prompts` in a row gives no usable task")
	fs.BoolVar(&o.dryRun, "dry-run", false, "only print the first prompt")
	o.remote.addFlags(fs)
	o.template.AddFlags(fs)
	o.AddSizes(fs, "context in `tokens`; 0 means the context of the model, but at most 4096", "number of prompt `tokens` to evaluate together")
	o.AddCacheTypes(fs)
	o.sampling.AddFlags(fs)
	o.sampling.Params.Seed = 1
	fs.Lookup("seed").DefValue = "1"
	o.AddFile(fs, "read the model into memory instead of mapping it")
	cmd.AddCommand(newStats(u))
	return cmd
}

// check returns a usage error if flags are wrong or conflict.
func (o *options) check() error {
	switch {
	case o.oneStep && o.twoStep:
		return ui.Usagef("--one-step and --two-step cannot be used together")
	case o.preset != "" && o.preset != "stanford":
		return ui.Usagef("--preset %q: must be stanford", o.preset)
	case o.preset != "" && (o.twoStep || o.changed("tasks-per-prompt")):
		return ui.Usagef("--preset stanford cannot be combined with --tasks-per-prompt or --two-step: it sets 20 tasks per prompt, and takes the outputs from the list")
	case o.above < 0 || o.above >= 1 || o.above != o.above:
		return ui.Usagef("--rouge-max %v: must be at least 0 and below 1", o.above)
	}
	if err := o.remote.check(o.changed); err != nil {
		return err
	}
	return o.sampling.Check()
}

// seeds reads the seed tasks.
func (o *options) seeds() (selfinstruct.Seeds, error) {
	if o.seedTasks == "" {
		return selfinstruct.OwnSeeds(), nil
	}
	f, err := os.Open(o.seedTasks)
	if err != nil {
		return selfinstruct.Seeds{}, err
	}
	defer f.Close()
	s, err := selfinstruct.ReadSeeds(f)
	if err != nil {
		return s, fmt.Errorf("%s: %w", o.seedTasks, err)
	}
	return s, nil
}

// settings returns the settings of a job with the model m and the given seed tasks.
func (o *options) settings(m *opened, seeds selfinstruct.Seeds) selfinstruct.Settings {
	s := selfinstruct.Settings{
		Model: m.identity, Sampler: m.sampler, Seeds: seeds.SHA256, Seed: uint64(o.sampling.Params.Seed),
		Examples: 3, PerAsk: o.perAsk, MaxLen: o.maxTokens, OutLen: o.outTokens, Above: o.above,
		TwoStep: m.converses && !o.oneStep, Free: o.free || m.remote, Words: selfinstruct.UnicodeWords,
	}
	if o.ascii {
		s.Words = selfinstruct.ASCIIWords
	}
	if o.preset == "stanford" {
		s.Stanford()
		if o.maxTokens > 0 {
			s.MaxLen = o.maxTokens
		}
	}
	if s.MaxLen == 0 {
		const perTask, perQuestion = 200, 80
		if s.MaxLen = s.PerAsk * perTask; s.TwoStep {
			s.MaxLen = s.PerAsk * perQuestion
		}
	}
	return s
}

func (o *options) run(ctx context.Context, u *ui.UI) error {
	if err := o.check(); err != nil {
		return err
	}
	seeds, err := o.seeds()
	if err != nil {
		return err
	}
	m, err := o.open(u)
	if err != nil {
		return err
	}
	defer m.close()
	if o.twoStep && !m.converses {
		return ui.WithHint(errors.New("--two-step: the model has no chat template"), "--chat-template chooses one")
	}
	s := o.settings(m, seeds)
	tasks, note, err := s.Fit(m.model, seeds.Tasks)
	if err != nil {
		return ui.WithHint(err, "increase -c if the model allows it, or reduce --max-tokens")
	}
	if note != "" {
		u.Notef("%s", note)
	}
	if o.dryRun {
		_, err := fmt.Fprintln(u.Out, s.First(tasks))
		return err
	}
	db, err := data.Open(ctx, o.db)
	if err != nil {
		return err
	}
	defer db.Close()
	st, from, err := selfinstruct.OpenStore(ctx, db, o.source, s)
	if err != nil {
		if errors.Is(err, selfinstruct.ErrOther) {
			return ui.WithHint(err, "--source NAME begins another source; with the earlier settings, this source can be resumed")
		}
		return err
	}
	missing := o.n - int(st.Source.Rows)
	if missing <= 0 {
		u.Notef("%s already has %d tasks in the source %s", o.db, st.Source.Rows, st.Source.Name)
		return nil
	}
	if from.Ask > 0 || from.At > 0 {
		u.Notef("resuming after prompt %d: there are %d tasks", from.Ask, st.Source.Rows)
	}
	p := &progress{u: u, target: o.n, before: int(st.Source.Rows), began: time.Now()}
	j := &selfinstruct.Job{
		Settings: s, Seeds: tasks, All: seeds.Tasks, Model: m.model, Parallel: o.parallel, Sink: st, Idle: o.idle, Progress: p.add,
	}
	err = j.Run(ctx, from, missing)
	u.ClearStatus()
	p.summary()
	if p.asks > 0 {
		u.Notef("%s", effort(j.Busy, m.stats))
	}
	switch {
	case err != nil && ctx.Err() != nil:
		u.Notef("run the same command again to resume from here")
		return err
	case errors.Is(err, selfinstruct.ErrIdle):
		return ui.WithHint(err, "a larger model, or --tasks-per-prompt 1, may do better", "alpaca data sql \"select error, raw from rejected\" shows what was wrong")
	}
	return err
}

// progress shows the user the progress.
type progress struct {
	u              *ui.UI
	target, before int
	began          time.Time

	asks, accepted, refused int
	tokens                  int
	reasons                 map[string]int
	characters              bool // the user knows that some instructions are compared by characters
}

// add counts an answered prompt and shows the progress.
func (p *progress) add(a *selfinstruct.Asked) {
	if p.reasons == nil {
		p.reasons = map[string]int{}
	}
	p.asks++
	p.tokens += a.Tokens
	for i := range a.Pieces {
		k := &a.Pieces[i]
		if k.Problem != "" {
			p.refused++
			p.reasons[selfinstruct.ReasonOf(k.Problem)]++
			continue
		}
		p.accepted++
		if !p.characters && rouge.HasCharacters(k.Instruction) {
			p.characters = true
			p.u.Notef("instructions in scripts without spaces between words are compared by characters")
		}
	}
	seconds := time.Since(p.began).Seconds()
	left := "?"
	if p.accepted > 0 {
		left = time.Duration(seconds / float64(p.accepted) * float64(p.target-p.before-p.accepted) * float64(time.Second)).Round(time.Second).String()
	}
	p.u.Statusf("%d of %d tasks, %.0f %% usable, %d duplicates, %.1f tokens/s, %s left", p.before+p.accepted, p.target,
		100*float64(p.accepted)/float64(max(1, p.accepted+p.refused)), p.reasons["duplicate"], float64(p.tokens)/max(seconds, 1e-9), left)
}

// summary shows the user the results.
func (p *progress) summary() {
	if p.asks == 0 {
		return
	}
	p.u.Notef("%d prompts: %d tasks, %d rejected%s; %.1f tokens/s", p.asks, p.accepted, p.refused, reasonList(p.reasons), float64(p.tokens)/max(time.Since(p.began).Seconds(), 1e-9))
}

// effort returns a text about the work of a run. The text says how many prompts were answered
// at the same time, and how many tokens the engine evaluated, took from its cache and
// generated. busy is the mean number of prompts in progress. stats is nil if a server answered.
func effort(busy float64, stats func() engine.Stats) string {
	text := fmt.Sprintf("%.1f texts at once on average", busy)
	if stats == nil {
		return text
	}
	s := stats()
	return fmt.Sprintf("%s; %d tokens of prompts evaluated, %d taken from the cache; %d generated", text, s.PromptTokens, s.CachedTokens, s.GeneratedTokens)
}
