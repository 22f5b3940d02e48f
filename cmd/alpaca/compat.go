package main

import (
	"strings"

	"github.com/spf13/pflag"
)

// compat accepts the flags of llama.cpp and alpaca.cpp that have no meaning
// here, so that old command lines work.
type compat struct {
	used      []string // flags given, to be told of
	memoryF32 bool
}

// ignoredFlags are without effect: true for those that take a value.
var ignoredFlags = map[string]bool{
	"color":             false,
	"flash-attn":        false,
	"gqa":               true, // read from the tensors' shapes
	"gpu-layers":        true,
	"log-disable":       false,
	"low-vram":          false,
	"main-gpu":          true,
	"memory-f16":        false, // the default
	"mlock":             false,
	"mtest":             false,
	"n-parts":           true,  // found out from the files
	"no-display-prompt": false, // the default
	"no-mul-mat-q":      false,
	"no-warmup":         false,
	"numa":              false,
	"random-prompt":     false,
	"simple-io":         false,
	"tensor-split":      true,
	"threads-batch":     true,
	"ubatch-size":       true,
}

// ignoredShort are their spellings with one dash.
var ignoredShort = map[string]string{
	"flash-attn": "fa", "gqa": "gqa", "gpu-layers": "ngl", "main-gpu": "mg", "tensor-split": "ts",
	"threads-batch": "tb", "ubatch-size": "ub",
}

// refusedFlags asked for something that is done in another way, or not at all.
var refusedFlags = map[string]string{
	"embedding":  "embeddings are not supported",
	"grammar":    "grammars are not supported",
	"lora":       "LoRA adapters are not supported; merge the adapter into the model first",
	"lora-base":  "LoRA adapters are not supported; merge the adapter into the model first",
	"perplexity": "use the command: alpaca perplexity",
	"tfs":        "tail-free sampling is not supported; llama.cpp has dropped it too",
}

// addFlags adds them all, hidden.
func (c *compat) addFlags(flags *pflag.FlagSet) {
	for name, takesValue := range ignoredFlags {
		v := &ignoredValue{c: c, name: name}
		f := flags.VarPF(v, name, "", "ignored")
		if !takesValue {
			f.NoOptDefVal = "true"
		}
		f.Hidden = true
		if short := ignoredShort[name]; short != "" {
			allowSingleDash(flags, name, short)
		}
	}
	for name, why := range refusedFlags {
		f := flags.VarPF(refusedValue(why), name, "", "refused")
		f.Hidden = true
		if name == "embedding" || name == "perplexity" {
			f.NoOptDefVal = "true"
		}
	}
	flags.BoolVar(&c.memoryF32, "memory-f32", false, "keep the KV cache in f32")
	flags.Lookup("memory-f32").Hidden = true
}

// report tells which flags were ignored.
func (c *compat) report(u *ui) {
	if len(c.used) > 0 {
		u.notef("ignored, because it has no meaning here: %s", strings.Join(c.used, ", "))
	}
}

// ignoredValue is a flag without effect.
type ignoredValue struct {
	c    *compat
	name string
}

func (v *ignoredValue) Type() string   { return "" }
func (v *ignoredValue) String() string { return "" }
func (v *ignoredValue) Set(string) error {
	v.c.used = append(v.c.used, "--"+v.name)
	return nil
}

// refusedValue is a flag that always fails, for the reason that it is.
type refusedValue string

func (v refusedValue) Type() string     { return "" }
func (v refusedValue) String() string   { return "" }
func (v refusedValue) Set(string) error { return usageErrorf("%s", string(v)) }
