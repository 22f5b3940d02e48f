// Package ab implements "alpaca ab", which compares two models by blind votes. It lets both
// models answer the same prompts. Then it serves a page where people vote, or lets a model vote.
// It also reports and exports the results. Sessions and statistics are in internal/abtest.
package ab

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"slices"

	"github.com/spf13/cobra"

	"alpaca/internal/abtest"
	"alpaca/internal/cli/flags"
	"alpaca/internal/cli/load"
	"alpaca/internal/cli/ui"
	"alpaca/internal/data"
	"alpaca/internal/server/listen"
)

// options are the flags of "alpaca ab".
type options struct {
	load.Options
	models   []string
	answers  []string
	sampling flags.Sampling

	prompts  string
	db       string
	votes    int
	repeat   float64
	peek     bool
	maxChars int
	parallel int
	judge    string
	terminal bool
	live     bool
	host     string
	port     int

	u       *ui.UI
	changed func(string) bool
}

// New returns the command "alpaca ab".
func New(u *ui.UI) *cobra.Command {
	o := options{u: u}
	cmd := &cobra.Command{
		Use:   "ab -m MODEL -m MODEL --prompts FILE",
		Short: "Compare two models by blind votes",
		Long: `Compare two models. Both answer the same prompts, each in its own chat template, with
the same sampler and seed. Then a page shows the answers in pairs, and people vote
without knowing which is which. Each model stands on the left as often as on the right.
The models' names and the results are shown when all pairs are judged and the session is
closed.

--answers FILE reads answers from a file instead of running a model. With --judge MODEL,
a model votes instead of people. It sees each pair in both orders; if it contradicts
itself, the pair is a tie. Votes of people and of models are never mixed.

With --live, both models stay in memory. Voting can begin at once, and the models answer
the other prompts while people vote. Voters can also send prompts of their own to both
models.

The session is stored in a database. To resume it, run the same command again, or only
"alpaca ab -d FILE".`,
		Example: `  alpaca ab -m base.gguf -m tuned.gguf --prompts eval.jsonl --votes 50
  alpaca ab -m base.gguf -m base.gguf --lora adapter.gguf --prompts eval.jsonl
  alpaca ab -m base.gguf -m tuned.gguf --live
  alpaca ab --answers a.json --answers b.json --judge model.gguf
  alpaca ab report ab.db
  alpaca ab export ab.db -o dpo > pairs.jsonl`,
		Args: flags.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return o.run(cmd.Context()) },
	}
	fs := cmd.Flags()
	fs.SortFlags = false
	o.changed = fs.Changed
	fs.StringArrayVarP(&o.models, "model", "m", nil, "model: a `file`, a name that \"alpaca list\" shows, or builtin; give two models")
	fs.StringArrayVar(&o.answers, "answers", nil, "`file` with the answers of a model, in place of -m: JSON objects with \"instruction\", \"input\" and \"output\"; the flag can be repeated")
	o.AddLoRA(fs)
	fs.Lookup("lora").Usage = "add the adapter `FILE[:SCALE]` to the second model; the flag can be repeated"
	fs.StringVar(&o.prompts, "prompts", "", "`file` of prompts: JSON lines or an array of objects with \"instruction\" (and \"input\"), with \"prompt\", or with \"messages\" (default: the prompts of the first file of answers)")
	fs.StringVarP(&o.db, "database", "d", "ab.db", "`file` of the database with the session")
	flags.AddInt(fs, &o.votes, flags.Int{Name: "votes", Low: 0, High: 1 << 20}, "number of `prompts` to judge, drawn with the seed; 0 means all prompts, but at most 50")
	fs.Float64Var(&o.repeat, "repeat", 0, "`fraction` of the pairs to show again, with the sides swapped, to measure whether judges agree with themselves")
	fs.BoolVar(&o.peek, "peek", false, "show results before the session ends; the interval of the win rate is then wider, because judges may stop at any time")
	flags.AddInt(fs, &o.maxChars, flags.Int{Name: "max-chars", Value: 2000, Low: 1, High: 1 << 24}, "largest number of `characters` in an answer, the same for both models")
	flags.AddInt(fs, &o.parallel, flags.Int{Name: "parallel", Value: 4, Low: 1, High: 256}, "number of `answers` generated at once; this does not change the answers")
	flags.AllowSingleDash(fs, "parallel", "np")
	fs.StringVar(&o.judge, "judge", "", "`model` that votes in place of people")
	fs.BoolVar(&o.terminal, "terminal", false, "vote in the terminal, with the keys 1 (A is better), 2 (B is better), 3 (both good), 4 (both bad) and 0 (skip)")
	fs.BoolVar(&o.live, "live", false, "keep both models in memory: vote while they answer, and send them prompts of your own; --prompts may be left out")
	fs.StringVar(&o.host, "host", "localhost", "local `address` to listen on")
	flags.AddInt(fs, &o.port, flags.Int{Name: "port", Value: 8002, High: math.MaxUint16}, "`port` to listen on; 0 means any free port")
	o.AddSizes(fs, "context in `tokens`; 0 means the context of the model, but at most 4096", "number of prompt `tokens` to evaluate together")
	o.AddCacheTypes(fs)
	o.sampling.AddFlags(fs)
	o.sampling.Params.Seed = 1
	fs.Lookup("seed").DefValue = "1"
	o.AddFile(fs, "read the models into memory instead of mapping them")
	cmd.AddCommand(newReport(u), newExport(u))
	return cmd
}

// check returns a usage error if flags are wrong or conflict.
func (o *options) check() error {
	n := len(o.models) + len(o.answers)
	switch {
	case n != 0 && n != 2:
		return ui.Usagef("a comparison needs two models or files of answers, not %d", n)
	case n == 0 && (o.prompts != "" || len(o.LoRAs()) > 0):
		return ui.WithHint(ui.Usagef("no models are given"), "give -m twice, or --answers; without models and answers, the command resumes the last session of the database")
	case o.live && (len(o.models) != 2 || o.terminal || o.judge != ""):
		return ui.Usagef("--live needs -m twice, and cannot be used with --answers, --terminal or --judge")
	case o.live && o.prompts == "" && (o.votes > 0 || o.repeat > 0):
		return ui.Usagef("--votes and --repeat need --prompts, because they choose from the prompts of its file")
	case len(o.models) > 0 && o.prompts == "" && len(o.answers) == 0 && !o.live:
		return ui.Usagef("--prompts is missing: name the file with the prompts for the models")
	case len(o.LoRAs()) > 0 && len(o.models) == 0:
		return ui.Usagef("--lora needs a second model: give -m twice")
	case o.repeat < 0 || o.repeat > 1 || o.repeat != o.repeat:
		return ui.Usagef("--repeat %v: must be between 0 and 1", o.repeat)
	case o.judge != "" && o.terminal:
		return ui.Usagef("--judge and --terminal cannot be used together")
	}
	if !o.terminal && o.judge == "" && !listen.IsLocal(o.host) {
		return ui.Usagef("--host %s: the page is only for this machine: use localhost, or an address of the loopback interface", o.host)
	}
	return o.sampling.Check()
}

// checkJudge is called before any answers are generated. It
// returns an error if the judging model cannot be opened.
func (o *options) checkJudge() error {
	if o.judge == "" {
		return nil
	}
	m, err := o.Options.WithoutLoRA().Open(o.u, path(o.judge))
	if err != nil {
		return fmt.Errorf("--judge: %w", err)
	}
	m.Close()
	return nil
}

func (o *options) run(ctx context.Context) error {
	if err := o.check(); err != nil {
		return err
	}
	if len(o.models)+len(o.answers) == 0 {
		if _, err := os.Stat(o.db); err != nil {
			return ui.WithHint(fmt.Errorf("%s: no session to resume", o.db), "alpaca ab -m MODEL -m MODEL --prompts FILE begins a session")
		}
	}
	if err := o.checkJudge(); err != nil {
		return err
	}
	var c comparison
	if len(o.models)+len(o.answers) > 0 {
		var err error
		if c, err = o.compare(); err != nil { // before data.Open, which would make an empty database
			return err
		}
	}
	db, err := data.Open(ctx, o.db)
	if err != nil {
		return err
	}
	defer db.Close()
	st := abtest.Store{DB: db}
	id, err := o.begin(ctx, st, c)
	if err != nil {
		return err
	}
	sides := c.sides
	s, err := st.Load(ctx, id)
	if err != nil {
		return err
	}
	if o.live {
		return o.serveLive(ctx, st, s, sides)
	}
	for slot, side := range sides {
		if err := o.answer(ctx, st, s, abtest.Slot(slot), side); err != nil {
			return err
		}
	}
	if s, err = st.Load(ctx, id); err != nil {
		return err
	}
	if !s.Complete() {
		return ui.WithHint(fmt.Errorf("session %d of %s: some answers are missing", id, o.db), "the command that began this session can resume it")
	}
	if err := st.AddEqual(ctx, s); err != nil {
		return err
	}
	switch {
	case o.judge != "":
		err = o.ask(ctx, st, s)
	case o.terminal:
		err = o.vote(ctx, st, s)
	case len(s.Items("")) == 0:
		o.u.Notef("both models gave the same answers to all %d prompts: there is nothing to judge", len(s.List))
		err = st.Close(ctx, id)
	default:
		return o.serve(ctx, st, s, nil)
	}
	if err != nil {
		return err
	}
	if s, err = st.Load(ctx, id); err != nil {
		return err
	}
	if o.terminal && !s.Closed {
		return nil
	}
	r := abtest.NewReport(s)
	if !s.Closed && !s.Peek { // people who still vote must not see results
		isPeople := func(g abtest.Group) bool { return g.Name == abtest.People }
		r.Groups, r.OwnGroups = slices.DeleteFunc(r.Groups, isPeople), slices.DeleteFunc(r.OwnGroups, isPeople)
	}
	return writeReport(o.u.Out, r)
}

// side is one side of a comparison: a model, or a file of answers.
type side struct {
	model    string
	options  load.Options     // if model is given: how to open it, with its adapters
	answered *abtest.Answered // the answers of a file; nil for a model
	identity abtest.Model
}

// comparison has two sides and the prompts to judge, in order. It is empty if the flags name
// neither models nor answers.
type comparison struct {
	sides  []*side
	plan   abtest.Plan
	chosen []abtest.Prompt
}

// compare reads the models' identities, the files of answers and the prompts.
func (o *options) compare() (c comparison, err error) {
	if c.sides, err = o.sides(); err != nil {
		return c, err
	}
	var prompts []abtest.Prompt
	var sum string
	if o.prompts != "" || !o.live {
		if prompts, sum, err = o.readPrompts(c.sides); err != nil {
			return c, err
		}
	}
	const usual = 50
	votes := cmp.Or(o.votes, min(usual, len(prompts)))
	if votes > len(prompts) {
		return c, ui.Usagef("--votes %d: there are %d prompts", votes, len(prompts))
	}
	p := o.sampling.Params
	seed := p.Seed
	p.Seed, p.LogitBias = 0, nil
	params, err := json.Marshal(map[string]any{"sampler": p, "max_chars": o.maxChars})
	if err != nil {
		return c, err
	}
	c.plan = abtest.Plan{
		Seed: uint64(seed), Votes: votes, Repeat: o.repeat, Peek: o.peek, Params: string(params), Prompts: sum, Version: ui.ReadBuild().Version, Live: o.live,
		Models: [2]abtest.Model{c.sides[0].identity, c.sides[1].identity},
	}
	for _, i := range abtest.Order(c.plan.Seed, len(prompts), votes) {
		c.chosen = append(c.chosen, prompts[i])
	}
	return c, nil
}

// begin finds the open session that has the plan of c, or begins a new
// one. If c is empty, begin returns the last session of the database.
func (o *options) begin(ctx context.Context, st abtest.Store, c comparison) (id int64, err error) {
	if c.sides == nil {
		list, err := st.Sessions(ctx)
		if err != nil {
			return 0, err
		}
		return list[len(list)-1], nil
	}
	id, isNew, err := st.Begin(ctx, c.plan, c.chosen)
	if err == nil && !isNew {
		o.u.Notef("resuming session %d of %s", id, o.db)
	}
	return id, err
}
