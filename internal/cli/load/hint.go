package load

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"alpaca/internal/cli/ui"
	"alpaca/internal/gguf"
	"alpaca/internal/store/ref"
	"alpaca/internal/tokenizer"
)

// OpenHint returns a hint about the checkpoint at path, which cannot be opened because of err.
// It returns "" if there is nothing to advise.
func OpenHint(path string, err error) string {
	var foreign *gguf.ForeignError
	switch {
	case errors.Is(err, fs.ErrNotExist):
		if _, err := os.Stat(path); err == nil {
			return "all parts of a model must be in one folder"
		}
		return missingHint(path)
	case errors.As(err, &foreign):
		return foreignHint(foreign.What)
	case errors.Is(err, gguf.ErrTruncated):
		return "the file is cut short: copy or download it again"
	}
	if st, statErr := os.Stat(path); statErr == nil && st.IsDir() {
		if models := modelsIn(path); len(models) > 0 {
			more := ""
			if len(models) > 1 {
				more = fmt.Sprintf(" and %d more", len(models)-1)
			}
			return fmt.Sprintf("it holds %q%s", filepath.Join(path, models[0]), more)
		}
	}
	return ""
}

// missingHint returns a hint about a path that does not exist: a similar name that exists,
// or how to pull the model, or "".
func missingHint(path string) string {
	if _, err := os.Stat(path + ".gguf"); err == nil {
		return fmt.Sprintf("did you mean %q?", path+".gguf")
	}
	dir := filepath.Dir(path)
	best, bestDistance := "", 1+len(filepath.Base(path))/4
	for _, name := range modelsIn(dir) {
		if d := ui.EditDistance(filepath.Base(path), name); d < bestDistance {
			best, bestDistance = name, d
		}
	}
	if best == "" {
		return pullHint(path)
	}
	return fmt.Sprintf("did you mean %q?", filepath.Join(dir, best))
}

// pullHint returns how to pull a model of Hugging Face, or "" if path does not have the form
// owner/repo.
func pullHint(path string) string {
	if r, err := ref.Parse(path); err != nil || r.Kind != ref.HF || r.File != "" || strings.HasSuffix(r.Repo, ".gguf") || strings.HasSuffix(r.Repo, ".bin") {
		return ""
	}
	if _, err := os.Stat(filepath.Dir(path)); err == nil {
		return "" // path was meant as a file in that folder
	}
	return fmt.Sprintf("to fetch a model with this name from Hugging Face: alpaca pull hf:%s", path)
}

// modelsIn returns the names of the models in a folder.
func modelsIn(dir string) []string {
	entries, _ := os.ReadDir(dir)
	var names []string
	for _, e := range entries {
		if name := e.Name(); !e.IsDir() && strings.HasSuffix(name, ".gguf") {
			names = append(names, name)
		}
	}
	return names
}

// foreignHint returns how to use a file of another format, or "".
func foreignHint(what string) string {
	switch {
	case strings.Contains(what, "safetensors"), strings.Contains(what, "PyTorch"):
		return "-m accepts the folder of this file, if config.json and the tokenizer are there, too; \"alpaca convert\" makes a GGUF file of the folder"
	case strings.Contains(what, "archive"):
		return "unpack it first"
	case strings.Contains(what, "llama2.c"):
		return "\"alpaca convert IN OUT.gguf --vocab tokenizer.bin\" makes a GGUF file of this file"
	case strings.Contains(what, "LoRA"):
		return "an adapter only changes another model; merge it into that model first, with the tools that made it"
	case strings.Contains(what, "Git LFS"):
		return "\"git lfs pull\" fetches the file"
	}
	return ""
}

// vocabHint adds advice to the error of a vocabulary that cannot be used.
func vocabHint(err error) error {
	if errors.Is(err, tokenizer.ErrPreTokenizer) {
		return ui.WithHint(err, "--allow-unknown-pretokenizer uses the default one instead, but then the text may be wrong; a newer version of alpaca may know this pre-tokenizer")
	}
	return err
}
