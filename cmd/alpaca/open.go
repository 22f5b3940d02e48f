package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/pflag"

	"alpaca/internal/gguf"
	"alpaca/internal/model"
	"alpaca/internal/tokenizer"
)

// modelEnv is the environment variable that stands in for -m.
const modelEnv = "ALPACA_MODEL"

// addModel adds -m/--model.
func addModel(flags *pflag.FlagSet, target *string) {
	flags.StringVarP(target, "model", "m", "", "model `file` (default: $"+modelEnv+")")
}

// errNoModel says that neither -m nor the environment names a model.
var errNoModel = errors.New("no model")

// modelPath returns the path that -m gave, or the environment.
func modelPath(flag string) (string, error) {
	if flag == "" {
		flag = os.Getenv(modelEnv)
	}
	if flag == "" {
		return "", withHint(asUsage(errNoModel), "give one with -m FILE, or set "+modelEnv)
	}
	return flag, nil
}

// openModel opens a checkpoint, with advice where that fails.
func openModel(path string, opt gguf.Options) (*gguf.File, error) {
	f, err := gguf.OpenWith(path, opt)
	if err == nil {
		return f, nil
	}
	if hint := openHint(path, err); hint != "" {
		err = withHint(err, hint)
	}
	return nil, err
}

// loadModel opens a checkpoint and loads its model. What is odd about it is told to the
// user.
func loadModel(u *ui, path string, file gguf.Options, opt model.LoadOptions) (*model.Model, error) {
	f, err := openModel(path, file)
	if err != nil {
		return nil, err
	}
	m, err := model.Load(f, opt)
	if err != nil {
		f.Close()
		return nil, vocabHint(err)
	}
	for _, w := range m.Tokenizer.Warnings() {
		u.warnf("%s", w)
	}
	return m, nil
}

// openHint returns what to do about a checkpoint that cannot be opened, or "".
func openHint(path string, err error) string {
	var foreign *gguf.ForeignError
	switch {
	case errors.Is(err, fs.ErrNotExist):
		if _, err := os.Stat(path); err == nil {
			return "all parts of a model lie in one folder"
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

// missingHint returns the name that was probably meant by a path that does not
// exist, or "".
func missingHint(path string) string {
	if _, err := os.Stat(path + ".gguf"); err == nil {
		return fmt.Sprintf("did you mean %q?", path+".gguf")
	}
	dir := filepath.Dir(path)
	best, bestDistance := "", 1+len(filepath.Base(path))/4
	for _, name := range modelsIn(dir) {
		if d := editDistance(filepath.Base(path), name); d < bestDistance {
			best, bestDistance = name, d
		}
	}
	if best == "" {
		return ""
	}
	return fmt.Sprintf("did you mean %q?", filepath.Join(dir, best))
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

// foreignHint returns the way from another format to one that runs, or "".
func foreignHint(what string) string {
	switch {
	case strings.Contains(what, "safetensors"), strings.Contains(what, "PyTorch"):
		return "most models can be had as GGUF files too; look for one with \"GGUF\" in its name"
	case strings.Contains(what, "archive"):
		return "unpack it first"
	case strings.Contains(what, "llama2.c"):
		return "\"alpaca convert IN OUT.gguf --vocab tokenizer.bin\" makes a GGUF file of it"
	case strings.Contains(what, "LoRA"):
		return "an adapter only changes another model; merge the two first, with the tools it was made with"
	case strings.Contains(what, "Git LFS"):
		return "\"git lfs pull\" fetches it"
	}
	return ""
}

// vocabHint adds advice to the error of a vocabulary that cannot be used.
func vocabHint(err error) error {
	if errors.Is(err, tokenizer.ErrPreTokenizer) {
		return withHint(err, "--allow-unknown-pretokenizer takes it for the default one; the text may come out wrong")
	}
	return err
}
