package train

import (
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"alpaca/internal/arch"
	"alpaca/internal/cli/load"
	"alpaca/internal/cli/ui"
	"alpaca/internal/quantize"
	"alpaca/internal/train/plan"
)

// settings are the flags on which the result of a run depends.
// A checkpoint keeps them as JSON under the names of the flags.
type settings struct {
	Model     string   `json:"model"`
	Data      []string `json:"data"`
	Output    string   `json:"output"`
	OutType   string   `json:"outtype"`
	Merge     bool     `json:"merge"`
	Full      bool     `json:"full"`
	Init      string   `json:"init"`
	Vocab     int      `json:"vocab"`
	Tokenizer string   `json:"tokenizer"`

	LoRARank    int      `json:"lora-r"`
	LoRAAlpha   float64  `json:"lora-alpha"`
	LoRADropout float64  `json:"lora-dropout"`
	Targets     []string `json:"target-modules"`
	RsLoRA      bool     `json:"use-rslora"`
	Saved       []string `json:"modules-to-save,omitempty"`

	Epochs       int     `json:"epochs"`
	MaxSteps     int     `json:"max-steps"`
	Tokens       int64   `json:"tokens"`
	BatchSize    int     `json:"batch-size"`
	MaxLength    int     `json:"max-length"`
	Packing      bool    `json:"packing"`
	LR           float64 `json:"lr"`
	MinLR        float64 `json:"min-lr"`
	Scheduler    string  `json:"lr-scheduler"`
	Warmup       float64 `json:"warmup-ratio"`
	WarmupSteps  int     `json:"warmup-steps"`
	Decay        float64 `json:"weight-decay"`
	Beta1        float64 `json:"adam-beta1"`
	Beta2        float64 `json:"adam-beta2"`
	AdamEps      float64 `json:"adam-epsilon"`
	Clip         float64 `json:"max-grad-norm"`
	Seed         uint64  `json:"seed"`
	ChatTemplate string  `json:"chat-template"`
	TemplateText string  `json:"chat-template-text,omitempty"` // the content of --chat-template-file
	LossOn       string  `json:"loss-on"`
	PromptWeight float64 `json:"prompt-weight"`
	EvalSplit    float64 `json:"eval-split"`
	EvalEvery    int     `json:"eval-every"`

	// EvalBound limits the number of held-out examples to maxHeldOut.
	EvalBound bool `json:"eval-bound,omitempty"`
}

const (
	lossOnAnswers = "answers"
	lossOnAll     = "all"
)

// presets are the settings of each --preset, by the names of their flags.
var presets = map[string]map[string]string{
	"stanford": {"epochs": "3", "batch-size": "128", "lr": "2e-5", "warmup-ratio": "0.03", "lr-scheduler": "hf-cosine", "max-length": "512",
		"chat-template": "stanford", "full": "true", "weight-decay": "0", "eval-split": "0"},
	"alpaca-lora": {"epochs": "3", "batch-size": "128", "lr": "3e-4", "warmup-steps": "100", "lr-scheduler": "hf-linear", "max-length": "256",
		"chat-template": "stanford", "lora-r": "8", "lora-alpha": "16", "lora-dropout": "0.05", "target-modules": "q_proj,v_proj", "loss-on": "all"},
	"small": {"epochs": "3", "batch-size": "16", "lr": "2e-4", "lora-r": "16", "lora-alpha": "32", "packing": "true"},
	"scratch": {"batch-size": "16", "lr": "3e-3", "min-lr": "1.5e-4", "warmup-steps": "100", "weight-decay": "0.1", "adam-beta2": "0.95",
		"packing": "true", "max-length": "256"},
}

func presetNames() []string { return slices.Sorted(maps.Keys(presets)) }

// aliases maps alternative names of flags to the flags' names.
var aliases = map[string]string{"learning-rate": "lr", "cutoff-len": "max-length", "val-split": "eval-split"}

// changed reports whether a flag was given under any of its names.
func (o *options) changed(name string) bool {
	if o.flags.Changed(name) {
		return true
	}
	for alias, of := range aliases {
		if of == name && o.flags.Changed(alias) {
			return true
		}
	}
	return false
}

// prepare completes the settings from the preset and the defaults, and checks them. For a resumed
// run, it only reads the file of the template. Later, the method same replaces the settings by the
// stored ones.
func (o *options) prepare(u *ui.UI) (err error) {
	if o.templateFile != "" {
		if o.TemplateText, err = ui.ReadFile(o.templateFile); err != nil {
			return err
		}
		if o.ChatTemplate != "" {
			return ui.Usagef("--chat-template and --chat-template-file cannot be used together")
		}
	}
	if o.resume != "" {
		return nil
	}
	if o.preset != "" {
		list, ok := presets[o.preset]
		if !ok {
			return ui.Usagef("unknown preset %q, must be %s", o.preset, ui.QuoteList(presetNames(), "or"))
		}
		for name, value := range list {
			if o.changed(name) {
				continue
			}
			if err := o.flags.Lookup(name).Value.Set(value); err != nil {
				return fmt.Errorf("preset %s: %s: %w", o.preset, name, err)
			}
		}
	}
	if o.Tokens > 0 && !o.changed("epochs") {
		o.Epochs = 0
	}
	o.EvalBound = !o.changed("eval-split")
	if o.LR == 0 {
		switch {
		case o.Init != "":
			o.LR = 3e-3
		case o.Full:
			o.LR = 2e-5
		default:
			o.LR = 2e-4
		}
	}
	if o.Init == "" && o.Model == "" {
		o.Model = load.ModelPath(u, "")
	}
	return o.check()
}

// check returns a usage error if settings are out of range or conflict.
func (o *options) check() error {
	if len(o.Data) == 0 {
		return ui.WithHint(ui.Usagef("no data"), "give a file of instructions, conversations or texts with --data FILE")
	}
	if o.Output == "" && !o.dryRun {
		return ui.Usagef("no output: give one with -o FILE")
	}
	switch {
	case o.Init != "" && (o.Model != "" || o.Full):
		return ui.Usagef("--init makes a new model: -m and --full cannot be used with it")
	case o.Init != "" && o.Merge, o.Full && o.Merge:
		return ui.Usagef("--merge needs an adapter, and --full and --init make none")
	case o.LossOn != lossOnAnswers && o.LossOn != lossOnAll:
		return ui.Usagef("--loss-on %q: must be answers or all", o.LossOn)
	case o.Epochs == 0 && o.MaxSteps == 0 && o.Tokens == 0:
		return ui.Usagef("--epochs 0 needs --max-steps or --tokens: the training would never end")
	}
	if err := plan.CheckSchedule(o.Scheduler); err != nil {
		return ui.Usagef("--lr-scheduler: %v", err)
	}
	if _, err := quantize.ParseMix(o.OutType); err != nil {
		return ui.Usagef("--outtype: %v", err)
	}
	for _, x := range []struct {
		name      string
		value     float64
		low, high float64
	}{
		{"lr", o.LR, 0, 10}, {"min-lr", o.MinLR, 0, o.LR}, {"warmup-ratio", o.Warmup, 0, 1}, {"weight-decay", o.Decay, 0, 10},
		{"adam-beta1", o.Beta1, 0, 0.9999999}, {"adam-beta2", o.Beta2, 0, 0.9999999}, {"adam-epsilon", o.AdamEps, 0, 1},
		{"max-grad-norm", o.Clip, 0, math.MaxFloat32}, {"lora-dropout", o.LoRADropout, 0, 0.99}, {"lora-alpha", o.LoRAAlpha, 0, 1e6},
		{"prompt-weight", o.PromptWeight, 0, 1}, {"eval-split", o.EvalSplit, 0, 0.9}, {"epochs", float64(o.Epochs), 0, 1e6},
		{"max-steps", float64(o.MaxSteps), 0, 1e9}, {"warmup-steps", float64(o.WarmupSteps), 0, 1e9}, {"eval-every", float64(o.EvalEvery), 0, 1e9},
		{"max-length", float64(o.MaxLength), 0, 1 << 20}, {"vocab", float64(o.Vocab), 0, 1 << 20},
	} {
		if !(x.value >= x.low && x.value <= x.high) {
			return ui.Usagef("--%s %v: must be between %v and %v", x.name, x.value, x.low, x.high)
		}
	}
	if _, err := o.targets(arch.All()); err != nil {
		return err
	}
	saved, err := o.modules(arch.All())
	if err == nil && len(saved) > 0 && (o.Full || o.Init != "") {
		err = ui.Usagef("--modules-to-save names what is trained together with adapters, but --full and --init train everything")
	}
	return err
}

// free has the settings that may change when a run is resumed.
var free = []string{"output", "outtype", "merge", "model", "data", "eval-every"}

// same returns an error if a given flag differs from the stored settings of
// the run and would change the run's result. Otherwise it sets o.settings
// to the stored ones, except for given flags that are free to change.
func (o *options) same(stored *settings) error {
	before, now := byName(stored), byName(&o.settings)
	for name, want := range before {
		if !o.changed(name) {
			continue
		}
		if !slices.Contains(free, name) && !reflect.DeepEqual(want, now[name]) {
			return ui.WithHint(ui.Usagef("--%s is %v, but the run was begun with %v: its result would change", name, now[name], want),
				"leave the flag out, or begin another run in another --run-dir")
		}
	}
	if o.templateFile != "" && o.TemplateText != stored.TemplateText {
		return ui.WithHint(ui.Usagef("--chat-template-file %s: the run was begun with another template: its result would change", o.templateFile),
			"leave the flag out, or begin another run in another --run-dir")
	}
	next := *stored
	for _, x := range []struct {
		name string
		take func()
	}{
		{"output", func() { next.Output = o.Output }}, {"outtype", func() { next.OutType = o.OutType }}, {"merge", func() { next.Merge = o.Merge }},
		{"model", func() { next.Model = o.Model }}, {"data", func() { next.Data = o.Data }}, {"eval-every", func() { next.EvalEvery = o.EvalEvery }},
	} {
		if o.changed(x.name) {
			x.take()
		}
	}
	o.settings = next
	return nil
}

// byName returns the settings by the names of their flags.
func byName(s *settings) map[string]any {
	text, err := json.Marshal(s)
	if err != nil {
		panic(err) // impossible: JSON can represent all settings
	}
	var m map[string]any
	if err := json.Unmarshal(text, &m); err != nil {
		panic(err)
	}
	return m
}

// amount is a flag that takes a number, which may have a unit, such as 60M.
type amount int64

func (a *amount) Type() string { return "number" }

func (a *amount) String() string { return strconv.FormatInt(int64(*a), 10) }

func (a *amount) Set(text string) error {
	unit := 1.0
	number := strings.TrimRight(text, "kKmMbBgG")
	switch strings.ToLower(text[len(number):]) {
	case "":
	case "k":
		unit = 1e3
	case "m":
		unit = 1e6
	case "b", "g":
		unit = 1e9
	default:
		return fmt.Errorf("must be a number such as 60M")
	}
	n, err := strconv.ParseFloat(number, 64)
	if err != nil || !(n >= 0 && n*unit < 1e15) {
		return fmt.Errorf("must be a number such as 60M")
	}
	*a = amount(n * unit)
	return nil
}
