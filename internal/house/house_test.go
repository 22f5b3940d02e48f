// Package house checks the structure of this program: which packages may import which, where
// libraries may be used, and that every package has a comment. Its tests parse the tree
// themselves, so they run wherever the tests of other packages run.
package house

import (
	"fmt"
	"os"
	"testing"

	"github.com/stretchr/testify/require"
)

// order lists all packages of the program, from the top to the bottom. A package may import only
// packages below it in this list. A new package gets a line below all packages that import it and
// above all packages that it imports. Some planned packages already have a line.
var order = []string{
	"cmd/alpaca",

	// The command line. All commands share a line, because they never import each other.
	"internal/cli", // root
	aCommand,
	"internal/cli/load",
	"internal/cli/models",
	"internal/cli/flags",
	"internal/cli/ui",

	// Programs for work on the built-in model.
	"internal/tinydata/score",
	"internal/tinydata/make",
	"internal/tinydata/curve",

	// Services.
	"internal/server/ab",
	"internal/selfinstruct",
	"internal/abtest",
	"internal/abtest/stats",
	"internal/server/remote",
	"internal/queue",
	"internal/jobs",
	"internal/server",
	"internal/server/browse",
	"internal/server/guard",
	"internal/server/keeper",
	"internal/server/probe",
	"internal/server/listen",
	"internal/server/metrics",
	"internal/server/page",
	"internal/oneshot",
	"internal/server/repeat",
	"internal/server/thinking",
	"internal/openai",
	"internal/structured",
	"internal/toolcall",

	// Rows that models are trained on.
	"internal/data/formats",
	"internal/data/derive", "internal/data/lint",
	"internal/data/query",
	"internal/data/table",
	"internal/data",
	"internal/diversity",
	"internal/rouge",

	// Chats, and the evaluation of many texts at a time on one model.
	"internal/train/rows",
	"internal/chat",
	"internal/jinja",
	"internal/jinja/builtin",
	"internal/jinja/strftime",
	"internal/jinja/value",
	"internal/jinja/syntax",
	"internal/jinja/text",
	"internal/engine",
	"internal/engine/drafter",
	"internal/engine/lookup",
	"internal/engine/speculate",

	// Models on this machine, and their downloads.
	"internal/store/pull",
	"internal/store/hub",
	"internal/store/registry",
	"internal/store",
	"internal/store/fetch",
	"internal/store/web",
	"internal/store/hubcache",
	"internal/store/ollama",
	"internal/store/pick",
	"internal/store/place",
	"internal/store/ref",
	"internal/store/advice",

	// Operations on models and their files.
	"internal/train",
	"internal/train/plan",
	"internal/train/random",
	"internal/bench/turns",
	"internal/bench",
	"internal/eval",
	"internal/convert",
	"internal/quantize",

	// A model.
	"internal/model",
	"internal/lora/peft",
	"internal/grammar/jsonschema",
	"internal/grammar/gbnf",
	"internal/grammar",
	"internal/grammar/ecma",
	"internal/grammar/fsa",
	"internal/checkpoint/open",
	"internal/checkpoint/card",
	"internal/checkpoint/vocab",
	"internal/checkpoint",
	"internal/checkpoint/config",
	"internal/checkpoint/ggjt",
	"internal/checkpoint/llama2c",
	"internal/checkpoint/safetensors",
	"internal/checkpoint/pth",
	"internal/checkpoint/rows",
	"internal/checkpoint/weights",
	"internal/builtin",
	"internal/tokenizer",
	"internal/tokenizer/pretokenizer",

	// Operations, kernels, formats.
	"internal/ggml/sgemm",
	"internal/ggml/grad",
	"internal/ggml",
	"internal/ggml/vec",
	"internal/lora",
	"internal/gguf",
	"internal/quant/matmul",
	"internal/quant/kernel/amd64",
	"internal/quant/kernel/arm64",
	"internal/quant/kernel",
	"internal/quant",
	"internal/sampler",
	"internal/logits",
	"internal/ggml/exps",

	// The ground floor.
	"internal/arch",
	"internal/dataset",
	"internal/tinydata/write",
	"internal/tinydata",
	"internal/fmath",
	"internal/lazyregexp",
	"internal/quant/fit",
	"internal/quant/codec",
	"internal/quant/codebook",
	"internal/pool",
	"internal/machine",
	"internal/machine/start",
	"internal/mmap",
	"internal/atomicfile",
	"internal/lineedit",
	"internal/report", "internal/report/shorten",

	// Tools for developers of this program.
	"internal/mca",
	"internal/server/loadgen",
	"internal/quant/gen",
}

// aCommand stands, in the list called order, for every package below internal/cli that is not in
// shared.
const aCommand = "internal/cli/*"

// groundFloor are the packages that all packages may import.
var groundFloor = []string{
	"internal/arch", "internal/dataset", "internal/fmath", "internal/quant/fit", "internal/quant/codec", "internal/quant/codebook", "internal/pool", "internal/machine", "internal/machine/start", "internal/mmap",
	"internal/atomicfile", "internal/lineedit", "internal/report",
}

// forTests are packages that only tests import, and that may import anything.
var forTests = []string{"internal/cli/clitest", "internal/house", "internal/quant/quanttest", "internal/server/blackbox", "internal/store/storetest", "internal/testmodel", "internal/testmodel/write", "internal/testshared"}

// shared are the packages below internal/cli that are not commands. Each has a list of the
// shared packages that it may import.
var shared = map[string][]string{
	"internal/cli/load":   {"internal/cli/models", "internal/cli/flags", "internal/cli/ui"},
	"internal/cli/models": {"internal/cli/ui"},
	"internal/cli/flags":  {"internal/cli/ui"},
	"internal/cli/ui":     {},
}

// exceptions are the breaches that are allowed, each with the reason. If an exception is no longer
// needed, the test fails, and the line must be deleted.
var exceptions = map[string]string{
	"internal/cli/run/lines.go writes by os.OpenFile":       "the history of messages: each message is added as soon as it is typed",
	"internal/cli/train/folder.go writes by os.OpenFile":    "the log of a run: each update is added as soon as it is made",
	"internal/cli/run/lines.go writes by os.WriteFile":      "the history of messages: it does no harm if a part of it is lost",
	"internal/cli/ui/output_file.go writes by os.OpenFile":  "a device or FIFO is written directly: it cannot be replaced by a file that is complete",
	"internal/store/fetch/partial.go writes by os.OpenFile": "a partial download grows for days, also after crashes; the file gets its name when it is complete",
	"internal/machine/start has assembly":                   "the program begins there: no Go code can run before the runtime of Go",
	"internal/quant/gen/main.go writes by os.WriteFile":     "a tool for developers, whose output is under version control",
}

// TestHouse checks the packages of this tree.
func TestHouse(t *testing.T) {
	tree, err := readTree(os.DirFS("../.."))
	require.NoError(t, err)
	require.Greater(t, len(tree), 20, "the tree was not found")
	used := map[string]bool{}
	for _, rule := range rules {
		t.Run(rule.name, func(t *testing.T) {
			for _, p := range tree {
				for _, b := range rule.check(p) {
					if exceptions[b.what] != "" {
						used[b.what] = true
						continue
					}
					t.Errorf("%s: %s", b.what, b.why)
				}
			}
		})
	}
	for what := range exceptions {
		if !used[what] {
			t.Errorf("the exception %q is no longer needed: delete its line in house_test.go", what)
		}
	}
}

// breach is a place where a rule is broken. The field what is the key that
// an exception for the breach would have. The field why explains the rule.
type breach struct{ what, why string }

func breachf(what, why string, args ...any) breach { return breach{what, fmt.Sprintf(why, args...)} }
