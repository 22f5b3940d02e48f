package load

import (
	"context"
	"os"
	"path/filepath"

	"github.com/spf13/pflag"

	"alpaca/internal/builtin"
	"alpaca/internal/checkpoint"
	hf "alpaca/internal/checkpoint/open"
	"alpaca/internal/cli/models"
	"alpaca/internal/cli/ui"
	"alpaca/internal/gguf"
	"alpaca/internal/model"
	"alpaca/internal/tokenizer"
)

// ModelEnv is the environment variable that stands in for -m.
const ModelEnv = "ALPACA_MODEL"

// Default says in usages which model is taken where no flag names one.
const Default = "$" + ModelEnv + ", or the small built-in one"

// AddModel adds -m/--model.
func AddModel(fs *pflag.FlagSet, target *string) {
	fs.StringVarP(target, "model", "m", "", "model `file`, or the name of one that \"alpaca list\" shows (default: "+Default+")")
}

// Named returns the model that -m names, or the environment; "" for none.
func Named(flag string) string {
	if flag == "" {
		flag = os.Getenv(ModelEnv)
	}
	return flag
}

// IsBuiltin reports whether the model that -m gave, or the environment, is the one inside
// the program.
func IsBuiltin(flag string) bool {
	path := Named(flag)
	return path == "" || path == builtin.Name
}

// ModelPath returns the path that -m gave, or the environment. Where neither did, it is
// the name of the built-in model, and the user is told: once, because a command calls this
// once.
func ModelPath(u *ui.UI, flag string) string {
	if path := Named(flag); path != "" {
		return path
	}
	u.Notef("no model is given, so this is the small built-in one: -m FILE or %s takes a real one", ModelEnv)
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

// OpenFile opens a checkpoint, with advice where that fails. builtin.Name is the one inside
// the program, even where a file has that name: its path is ./builtin. Names of models on
// this machine are taken as well; their digests are compared before more than the header
// is read.
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

// openPath opens the checkpoint at a path.
func openPath(path string, opt gguf.Options) (*gguf.File, error) {
	if path == builtin.Name {
		return builtin.Open(opt)
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

// openFolder opens a checkpoint of Hugging Face or Meta as if it were converted. What GGUF
// wants in another form is made in memory, the rest stays mapped.
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

// loadModel opens a checkpoint and loads its model. What is odd about it is told to the
// user.
func loadModel(u *ui.UI, path string, file gguf.Options, opt model.LoadOptions) (*model.Model, error) {
	f, err := openPath(path, file)
	if err != nil {
		return nil, err
	}
	m, err := model.Load(f, opt)
	if err != nil {
		f.Close()
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
