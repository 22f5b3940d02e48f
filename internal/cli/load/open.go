package load

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/spf13/pflag"

	"alpaca/internal/builtin"
	"alpaca/internal/checkpoint"
	hf "alpaca/internal/checkpoint/open"
	"alpaca/internal/cli/models"
	"alpaca/internal/cli/ui"
	"alpaca/internal/gguf"
	"alpaca/internal/lora/peft"
	"alpaca/internal/model"
	"alpaca/internal/tokenizer"
)

// ModelEnv is the environment variable that stands in for -m.
const ModelEnv = "ALPACA_MODEL"

// Default describes the model that is used without -m, for the help of flags.
const Default = "$" + ModelEnv + ", or the small built-in one"

// AddModel adds -m/--model.
func AddModel(fs *pflag.FlagSet, target *string) {
	fs.StringVarP(target, "model", "m", "", "model: a `file`, or a name that \"alpaca list\" shows (default: "+Default+")")
}

// Named returns the model that -m names or, without -m, the one that the environment names. If
// neither names one, it returns "". flag is the value of -m, here and below.
func Named(flag string) string {
	if flag == "" {
		flag = os.Getenv(ModelEnv)
	}
	return flag
}

// IsBuiltin reports whether the model is the built-in one: -m or the environment names it,
// or neither names a model.
func IsBuiltin(flag string) bool {
	path := Named(flag)
	return path == "" || path == builtin.Name
}

// ModelPath returns the model that -m or the environment names. If neither
// names one, it returns the name of the built-in model, and a note tells
// the user. A command calls it only once, so that the note appears once.
func ModelPath(u *ui.UI, flag string) string {
	if path := Named(flag); path != "" {
		return path
	}
	u.Notef("no model is given, so the small built-in one is used: -m FILE or %s names another", ModelEnv)
	return builtin.Name
}

// IsModelFile reports whether path is a file that looks like a model.
func IsModelFile(path string) bool {
	st, err := os.Stat(path)
	if err != nil || !st.Mode().IsRegular() {
		return false
	}
	if ext := filepath.Ext(path); ext == ".gguf" || ext == ".bin" {
		return true
	}
	f, err := gguf.OpenWith(path, gguf.Options{HeaderOnly: true})
	if err != nil {
		return false
	}
	f.Close()
	return true
}

// OpenFile opens a checkpoint. path may also be the name of a model on this machine. In that case
// the model's digest is checked first, unless only the header is read. builtin.Name stands for
// the built-in model. A file that has this name must be written as ./builtin. Errors have hints.
func OpenFile(path string, opt gguf.Options) (*gguf.File, error) {
	if path == builtin.Name {
		return builtin.Open(opt)
	}
	m, err := models.Find(path)
	if err == nil && m != nil && !opt.HeaderOnly {
		err = models.Check(context.Background(), nil, m)
	}
	if err != nil {
		return nil, err
	}
	if m != nil {
		path = m.Path()
	}
	return openPath(path, opt)
}

// openPath opens the checkpoint at path. path may be builtin.Name, but not the name of another
// model.
func openPath(path string, opt gguf.Options) (*gguf.File, error) {
	if path == builtin.Name {
		return builtin.Open(opt)
	}
	if peft.IsFolder(path) && !checkpoint.Is(path) {
		return nil, ui.WithHint(fmt.Errorf("%s: %w", path, model.ErrAdapter), adapterHint(path))
	}
	if checkpoint.Is(path) {
		return openFolder(path, opt)
	}
	f, err := gguf.OpenWith(path, opt)
	if err == nil {
		return f, nil
	}
	if hint := OpenHint(path, err); hint != "" {
		err = ui.WithHint(err, hint)
	}
	return nil, err
}

// openFolder opens a checkpoint of Hugging Face or Meta as if it were converted to GGUF.
// Tensors that GGUF has in another form are converted in memory; the others stay mapped.
func openFolder(dir string, opt gguf.Options) (*gguf.File, error) {
	m, err := hf.Open(dir, hf.Options{Map: !opt.NoMap})
	if err != nil {
		return nil, err
	}
	if err = m.Describe(dir, ""); err == nil && !opt.HeaderOnly {
		err = m.Fetch()
	}
	if err == nil && opt.Eps != 0 {
		err = m.File.SetEps(opt.Eps)
	}
	if err != nil {
		m.Close()
		return nil, err
	}
	return m.File, nil
}

// adapterHint says how to use an adapter.
func adapterHint(path string) string {
	return fmt.Sprintf("\"-m MODEL --lora %s\" uses the adapter; \"alpaca merge\" makes one model of both", path)
}

// loadModel opens a checkpoint and loads its model. It warns the user if something about the
// model is odd.
func loadModel(u *ui.UI, path string, file gguf.Options, opt model.LoadOptions) (*model.Model, error) {
	f, err := openPath(path, file)
	if err != nil {
		return nil, err
	}
	m, err := model.Load(f, opt)
	if err != nil {
		f.Close()
		if errors.Is(err, model.ErrAdapter) {
			return nil, ui.WithHint(err, adapterHint(path))
		}
		return nil, vocabHint(err)
	}
	if n := m.Ignored(); n > 0 {
		u.Warnf("%d tensors for images and sounds are ignored: only text is understood", n)
	}
	for _, w := range m.Tokenizer.Warnings() {
		u.Warnf("%s", w)
	}
	return m, nil
}

// Tokenizer returns the tokenizer of a file, and passes its warnings on to the user.
func Tokenizer(u *ui.UI, f *gguf.File, opt tokenizer.Options) (*tokenizer.Tokenizer, error) {
	tok, err := tokenizer.FromGGUF(f, opt)
	if err != nil {
		return nil, vocabHint(err)
	}
	for _, w := range tok.Warnings() {
		u.Warnf("%s", w)
	}
	return tok, nil
}
