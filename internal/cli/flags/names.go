package flags

import (
	"strings"

	"github.com/spf13/pflag"
)

// aliases maps the names that a flag has in any version of llama.cpp or alpaca.cpp to the name that
// it has here. All names are in normalized spelling.
var aliases = map[string]string{
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
	"lora-scaled":       "lora",

	"spec-type":            "spec",
	"spec-draft-model":     "model-draft",
	"draft-model":          "model-draft",
	"draft":                "draft-max",
	"draft-n":              "draft-max",
	"spec-max":             "draft-max",
	"spec-draft-n-max":     "draft-max",
	"spec-ngram-mod-n-max": "draft-max",
	"draft-n-min":          "draft-min",
	"spec-draft-n-min":     "draft-min",
	"spec-ngram-mod-n-min": "draft-min",
	"spec-draft-p-min":     "draft-p-min",
	"spec-draft-ngl":       "gpu-layers-draft",
	"n-gpu-layers-draft":   "gpu-layers-draft",
	"spec-draft-device":    "device-draft",
}

// Normalize maps every spelling of a flag to its name here. It turns underscores, which were
// usual in 2023, into dashes, and replaces aliases of the flags in fs.
func Normalize(fs *pflag.FlagSet, name string) pflag.NormalizedName {
	name = strings.ReplaceAll(name, "_", "-")
	if to, ok := aliases[name]; ok && has(fs, to) {
		name = to
	}
	return pflag.NormalizedName(name)
}

// has reports whether fs has a flag with exactly this name. Lookup is not used, because it would
// call Normalize again.
func has(fs *pflag.FlagSet, name string) (found bool) {
	fs.VisitAll(func(f *pflag.Flag) { found = found || f.Name == name })
	return found
}
