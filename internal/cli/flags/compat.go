package flags

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/spf13/pflag"

	"alpaca/internal/cli/ui"
)

// Compat accepts the flags of llama.cpp and alpaca.cpp that have no meaning
// here, so that old command lines work.
type Compat struct {
	used []string // the ignored flags that were given, for Report
}

// ignored is a flag without effect.
type ignored struct {
	short string   // its spelling with one dash
	value bool     // it takes a value
	words []string // words that count as the flag's value if they follow the flag
}

var ignoredFlags = map[string]ignored{
	"color":             {words: onOff},
	"context-shift":     {}, // the default
	"device-draft":      {short: "devd", value: true},
	"flash-attn":        {short: "fa", words: onOff}, // takes a value in llama.cpp since 2025
	"gpu-layers":        {short: "ngl", value: true},
	"gpu-layers-draft":  {short: "ngld", value: true},
	"gqa":               {short: "gqa", value: true}, // alpaca derives the value from the tensors' shapes
	"in-prefix":         {value: true},               // templates say what surrounds a message
	"in-prefix-bos":     {},
	"in-suffix":         {value: true},
	"jinja":             {}, // the default
	"log-disable":       {},
	"low-vram":          {},
	"main-gpu":          {short: "mg", value: true},
	"memory-f16":        {}, // the default
	"mlock":             {},
	"mmap":              {}, // the default
	"mtest":             {},
	"n-parts":           {value: true},     // alpaca counts the files
	"no-conversation":   {short: "no-cnv"}, // the default if the command line has a text
	"no-display-prompt": {},                // the default
	"no-kv-offload":     {short: "nkvo"},
	"no-mul-mat-q":      {},
	"no-perf":           {},
	"no-warmup":         {},
	"numa":              {words: []string{"distribute", "isolate", "numactl"}}, // takes a value in llama.cpp since 2024
	"random-prompt":     {},
	"simple-io":         {},
	"spec-default":      {}, // the default
	"split-mode":        {short: "sm", value: true},
	"tensor-split":      {short: "ts", value: true},
	"threads-batch":     {short: "tb", value: true},
	"ubatch-size":       {short: "ub", value: true},
}

var onOff = []string{"on", "off", "auto", "0", "1"}

// ignoredByBench are the ignored flags that take lists of values in llama-bench.
var ignoredByBench = map[string]ignored{
	"flash-attn":    {short: "fa", value: true},
	"mmap":          {short: "mmp", value: true},
	"no-kv-offload": {short: "nkvo", value: true},
	"numa":          {value: true},
}

// refused is a flag that this program reports as an error. The program
// cannot do what the flag asks for, or does it in another way.
type refused struct {
	short string
	value bool
	off   string // a value that is accepted, because it switches the feature off; "": none
	why   string
	hint  string
}

var refusedFlags = map[string]refused{
	"embedding":          {why: "embeddings are not supported"},
	"grammar":            {value: true, why: "grammars are not supported"},
	"hf-file":            {short: "hff", value: true, why: noDownloads, hint: downloadHint},
	"hf-repo":            {short: "hf", value: true, why: noDownloads, hint: downloadHint},
	"lora-base":          {value: true, why: "adapters are added to the model of -m", hint: "--lora FILE adds one"},
	"perplexity":         {why: "use the command: alpaca perplexity"},
	"system-prompt-file": {short: "sysf", value: true, why: "system messages are not read from files", hint: "--system \"$(cat FILE)\" gives one"},
	"tfs":                {value: true, off: "1", why: "tail-free sampling is not supported; llama.cpp has dropped it too"},
	"verbosity":          {short: "lv", value: true, why: "messages have no levels of verbosity", hint: "-q leaves out the statistics"},
}

const (
	noDownloads  = "models of Hugging Face are named with -m"
	downloadHint = "\"alpaca pull hf:OWNER/REPO:QUANT\" fetches a model, and -m with the same name uses it"
)

// AddFlags adds the ignored and the refused flags as hidden
// flags. It leaves out flags that the command has itself.
func (c *Compat) AddFlags(fs *pflag.FlagSet) {
	for name, i := range ignoredFlags {
		c.ignore(fs, name, i)
	}
	for name, r := range refusedFlags {
		if fs.Lookup(name) != nil {
			continue
		}
		f := fs.VarPF(refusedValue{name, r}, name, "", "refused")
		f.Hidden = true
		if !r.value {
			f.NoOptDefVal = "true"
		}
		if r.short != "" {
			AllowSingleDash(fs, name, r.short)
		}
	}
}

// AddBenchFlags does what AddFlags does, for "alpaca bench".
func (c *Compat) AddBenchFlags(fs *pflag.FlagSet) {
	for name, i := range ignoredByBench {
		c.ignore(fs, name, i)
	}
	c.AddFlags(fs)
}

// ignore adds the ignored flag i as a hidden flag, unless the command has a flag of that name.
func (c *Compat) ignore(fs *pflag.FlagSet, name string, i ignored) {
	if fs.Lookup(name) != nil {
		return
	}
	f := fs.VarPF(&ignoredValue{c: c, name: name}, name, "", "ignored")
	f.Hidden = true
	if !i.value {
		f.NoOptDefVal = "true"
	}
	if i.short != "" {
		AllowSingleDash(fs, name, i.short)
	}
	if i.words != nil {
		allowWords(fs, name, i.words)
	}
}

// Report tells the user which flags were ignored.
func (c *Compat) Report(u *ui.UI) {
	if len(c.used) > 0 {
		u.Notef("flags without a meaning here are ignored: %s", strings.Join(c.used, ", "))
	}
}

// ignoredValue is a flag without effect.
type ignoredValue struct {
	c    *Compat
	name string
}

func (v *ignoredValue) Type() string   { return "" }
func (v *ignoredValue) String() string { return "" }
func (v *ignoredValue) Set(string) error {
	v.c.used = append(v.c.used, "--"+v.name)
	return nil
}

// refusedValue is a flag that always fails.
type refusedValue struct {
	name string
	refused
}

func (v refusedValue) Type() string   { return "" }
func (v refusedValue) String() string { return "" }

func (v refusedValue) Set(s string) error {
	if off, err := strconv.ParseFloat(v.off, 64); err == nil {
		if x, err := strconv.ParseFloat(s, 64); err == nil && x == off {
			return nil
		}
	}
	return refusedError{v}
}

// refusedError is the error of a refused flag. The function Error reports it without the text
// that pflag puts around it.
type refusedError struct{ refusedValue }

func (e refusedError) Error() string {
	if e.short != "" {
		return fmt.Sprintf("--%s (-%s): %s", e.name, e.short, e.why)
	}
	return fmt.Sprintf("--%s: %s", e.name, e.why)
}
