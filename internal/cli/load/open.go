package load

import (
	"errors"
	"os"

	"github.com/spf13/pflag"

	"alpaca/internal/cli/ui"
	"alpaca/internal/gguf"
	"alpaca/internal/model"
	"alpaca/internal/tokenizer"
)

// ModelEnv is the environment variable that stands in for -m.
const ModelEnv = "ALPACA_MODEL"

// AddModel adds -m/--model.
func AddModel(fs *pflag.FlagSet, target *string) {
	fs.StringVarP(target, "model", "m", "", "model `file` (default: $"+ModelEnv+")")
}

// ErrNoModel says that neither -m nor the environment names a model.
var ErrNoModel = errors.New("no model")

// ModelPath returns the path that -m gave, or the environment.
func ModelPath(flag string) (string, error) {
	if flag == "" {
		flag = os.Getenv(ModelEnv)
	}
	if flag == "" {
		return "", ui.WithHint(ui.Usage(ErrNoModel), "give one with -m FILE, or set "+ModelEnv)
	}
	return flag, nil
}

// OpenFile opens a checkpoint, with advice where that fails.
func OpenFile(path string, opt gguf.Options) (*gguf.File, error) {
	f, err := gguf.OpenWith(path, opt)
	if err == nil {
		return f, nil
	}
	if hint := OpenHint(path, err); hint != "" {
		err = ui.WithHint(err, hint)
	}
	return nil, err
}

// loadModel opens a checkpoint and loads its model. What is odd about it is told to the
// user.
func loadModel(u *ui.UI, path string, file gguf.Options, opt model.LoadOptions) (*model.Model, error) {
	f, err := OpenFile(path, file)
	if err != nil {
		return nil, err
	}
	m, err := model.Load(f, opt)
	if err != nil {
		f.Close()
		return nil, vocabHint(err)
	}
	for _, w := range m.Tokenizer.Warnings() {
		u.Warnf("%s", w)
	}
	return m, nil
}

// Tokenizer makes a file's vocabulary ready and passes its warnings on.
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
