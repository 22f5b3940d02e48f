package load

import (
	"bytes"
	"io"
	"os"
	"path/filepath"
	"testing"

	"github.com/spf13/pflag"
	"github.com/stretchr/testify/require"

	"alpaca/internal/arch"
	"alpaca/internal/builtin"
	"alpaca/internal/chat"
	"alpaca/internal/cli/ui"
	"alpaca/internal/gguf"
	"alpaca/internal/model"
	"alpaca/internal/quant"
	"alpaca/internal/testmodel"
)

// start opens a model with the flags in args. It returns what was written to stderr, too.
func start(t *testing.T, args ...string) (*Instance, string) {
	t.Helper()
	var o Generation
	fs := pflag.NewFlagSet("", pflag.ContinueOnError)
	AddModel(fs, &o.Model)
	o.AddFlags(fs)
	require.NoError(t, fs.Parse(args))
	var stderr bytes.Buffer
	e, err := o.Start(&ui.UI{Out: io.Discard, Err: &stderr})
	require.NoError(t, err)
	t.Cleanup(e.Close)
	return e, stderr.String()
}

// TestStart checks that flags take effect in the model, the engine and the sampler.
func TestStart(t *testing.T) {
	path := testmodel.SPM(1).Write(t)
	e, stderr := start(t, "-m", path, "-c", "64", "-t", "1", "--temp", "0", "--seed", "5", "--rope-freq-base", "5000", "--rope-freq-scale", "0.5")
	require.Empty(t, stderr)
	require.Equal(t, path, e.Path)
	require.Equal(t, "model.gguf", e.Name())
	require.Equal(t, 64, e.Engine.Ctx())
	require.Equal(t, 64, e.Text.Ctx())
	require.Equal(t, 1, e.Engine.Threads())
	require.Equal(t, 5000.0, e.Model.Config.Rope.Base)
	require.Equal(t, 2.0, e.Model.Config.Rope.Factor)
	require.EqualValues(t, 5, e.Sampler.Seed())
	require.False(t, e.Random, "at temperature 0, nothing is random")
	require.Positive(t, e.LoadTime)

	t.Setenv(ModelEnv, path)
	e, _ = start(t)
	require.Equal(t, path, e.Path)
	require.True(t, e.Random)
	require.Equal(t, 256, e.Engine.Ctx(), "the model's")

	// A second session replaces the first, as in comparisons.
	require.NoError(t, e.Start((&Options{}).SessionOptions(32)))
	session := e.Session
	require.NoError(t, e.Start((&Options{}).SessionOptions(32)))
	require.NotSame(t, session, e.Session)
	require.Equal(t, 32, e.Session.Ctx())
	e.Stop()
	require.Nil(t, e.Session)
	e.Label = "Q4_0"
	require.Equal(t, "Q4_0", e.Name())
}

func TestCacheTypes(t *testing.T) {
	for _, tt := range []struct {
		args []string
		k, v quant.Type
	}{
		{nil, quant.F16, quant.F16},
		{[]string{"--cache-type-k", "q8_0", "--cache-type-v", "F32"}, quant.Q8_0, quant.F32},
		{[]string{"--memory-f32", "--cache-type-k", "q8_0"}, quant.F32, quant.F32},
	} {
		var o Generation
		fs := pflag.NewFlagSet("", pflag.ContinueOnError)
		o.AddFlags(fs)
		require.NoError(t, fs.Parse(tt.args))
		opt := o.SessionOptions(0)
		require.Equal(t, tt.k, *opt.CacheK)
		require.Equal(t, tt.v, *opt.CacheV)
	}
}

// TestThreads checks that a number of threads above the number of CPUs is used, with a warning.
func TestThreads(t *testing.T) {
	var stderr bytes.Buffer
	u := &ui.UI{Err: &stderr}
	require.Equal(t, DefaultThreads(), Threads(u, 0))
	require.Equal(t, 1, Threads(u, 1))
	require.Empty(t, stderr.String())
	require.Equal(t, 1024, Threads(u, 1024))
	require.Contains(t, stderr.String(), "alpaca: warning: 1024 threads on ")
}

// TestHints checks the advice about files that cannot be opened.
func TestHints(t *testing.T) {
	dir := t.TempDir()
	require.NoError(t, testmodel.SPM(1).WriteTo(filepath.Join(dir, "llama.gguf")))
	write := func(name, text string) {
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644))
	}
	write("model.zip", "PK\x03\x04"+string(make([]byte, 100)))
	write("cut.gguf", "GGUF\x03\x00\x00\x00")
	for name, want := range map[string]string{
		"llama":      `did you mean "` + filepath.Join(dir, "llama.gguf") + `"?`,
		"lama.gguf":  `did you mean "` + filepath.Join(dir, "llama.gguf") + `"?`,
		"other.gguf": "",
		"model.zip":  "unpack it first",
		"cut.gguf":   "the file is cut short: copy or download it again",
		"":           `it holds "`,
	} {
		_, err := OpenFile(filepath.Join(dir, name), gguf.Options{})
		require.Error(t, err, name)
		var stderr bytes.Buffer
		require.Equal(t, ui.ExitFailure, (&ui.UI{Err: &stderr}).ExitStatus(err))
		if want == "" {
			require.NotContains(t, stderr.String(), "hint", name)
		} else {
			require.Contains(t, stderr.String(), "alpaca: hint: "+want, name)
		}
	}
	t.Setenv(ModelEnv, "")
	var stderr bytes.Buffer
	require.Equal(t, builtin.Name, ModelPath(&ui.UI{Err: &stderr}, ""))
	require.Regexp(t, `^alpaca: no model is given, .*built-in.* -m FILE or ALPACA_MODEL .*\n$`, stderr.String())
	stderr.Reset()
	require.Equal(t, builtin.Name, ModelPath(&ui.UI{Err: &stderr}, builtin.Name))
	require.Empty(t, stderr.String(), "if the user names the built-in model, there is no message about it")
}

// TestIsAlpaca checks how an Alpaca model without a template is recognized, and which names choose
// a template.
func TestIsAlpaca(t *testing.T) {
	dir := t.TempDir()
	for name, want := range map[string]bool{"ggml-alpaca-7b.gguf": true, "llama.gguf": false} {
		path := filepath.Join(dir, name)
		require.NoError(t, testmodel.SPM(1).WriteTo(path))
		e, _ := start(t, "-m", path)
		require.Equal(t, want, IsAlpaca(e.Model.File), name)
	}
	e, _ := start(t, "-m", testmodel.SPM(1).Write(t))
	u := &ui.UI{Err: io.Discard}
	named := func(name string) (*chat.Template, string, error) {
		return Template(u, e.Model.File, e.Model.Tokenizer, TemplateChoice{Name: name}, chat.Request{})
	}
	tmpl, why, err := named("NONE")
	require.NoError(t, err)
	require.Nil(t, tmpl)
	require.Equal(t, "no chat template", why)
	tmpl, why, err = named("ChatML")
	require.NoError(t, err)
	require.NotNil(t, tmpl)
	require.Equal(t, "chat template chatml", why)
	_, _, err = named("Nobody")
	require.ErrorContains(t, err, `unknown chat template "Nobody"`)
}

// TestIgnored checks that a model with tensors for images loads, with a warning that they are
// ignored.
func TestIgnored(t *testing.T) {
	made := testmodel.Spec{Arch: &arch.Gemma3, Seed: 1, Window: 20}.Make()
	for _, name := range []string{"v.blk.0.attn_q.weight", "mm.input_projection.weight"} {
		made.Tensors = append(made.Tensors, &testmodel.Tensor{Name: name, Shape: []int{2}, Data: make([]float32, 2)})
	}
	var stderr bytes.Buffer
	m, err := loadModel(&ui.UI{Err: &stderr}, made.Write(t), gguf.Options{}, model.LoadOptions{})
	require.NoError(t, err)
	defer m.Close()
	require.Contains(t, stderr.String(), "2 tensors for images and sounds are ignored")
}
