package engine

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"alpaca/internal/gguf"
	"alpaca/internal/logits"
	"alpaca/internal/model"
	"alpaca/internal/sampler"
	"alpaca/internal/testmodel"
)

// text loads a model, starts an engine and returns a new text of it.
func text(t *testing.T, m *testmodel.Model, opt model.LoadOptions) *Text {
	t.Helper()
	f, err := gguf.Open(m.Write(t))
	require.NoError(t, err)
	loaded, err := model.Load(f, opt)
	require.NoError(t, err)
	t.Cleanup(func() { loaded.Close() })
	return start(t, loaded, Options{Threads: 1, Parallel: 1}).NewText()
}

// eval continues a text with tokens and returns the likeliest next tokens with their logprobs.
func eval(t *testing.T, x *Text, tokens ...int32) (top []logits.TokenLogprob) {
	t.Helper()
	p := sampler.DefaultParams()
	p.Temp = 0
	prompt := append(slices.Clone(x.Tokens()), tokens...)
	_, err := x.Run(context.Background(), Request{Prompt: prompt, MaxTokens: 1, Sampling: p, Top: 9}, func(t Token) error {
		top = t.Top
		return nil
	})
	require.NoError(t, err)
	return top
}

func TestRestoredStateGivesTheSameBits(t *testing.T) {
	s := text(t, testmodel.SPM(1), model.LoadOptions{})
	eval(t, s, 1, 5, 9, 280, 290)
	path := filepath.Join(t.TempDir(), "state")
	require.NoError(t, s.Save(path, s.Len(), []byte("a note")))
	want := eval(t, s, 7, 8)

	other := text(t, testmodel.SPM(1), model.LoadOptions{})
	note, err := other.Load(path)
	require.NoError(t, err)
	require.Equal(t, "a note", string(note))
	require.Equal(t, 5, other.Len())
	require.Equal(t, want, eval(t, other, 7, 8))

	files, err := os.ReadDir(filepath.Dir(path))
	require.NoError(t, err)
	require.Len(t, files, 1, "no other file may be left in the folder")
}

// TestFilesOfBefore checks that models have the same fingerprints as when the current file
// version was introduced. Otherwise files of this version could no longer be loaded.
func TestFilesOfBefore(t *testing.T) {
	for want, m := range map[string]*testmodel.Model{
		"da049c5be39a499554eccb0655aaf4ad57f745653ad54f68b95b8e98d3959939": testmodel.SPM(1),
		"8f993d2186cdc97446f7288266029c6a5a2df9d28785afe55fffdc4966a5549e": testmodel.BPE(1).Set("llama.rope.scaling.type", gguf.Str("yarn")).Set("llama.rope.scaling.factor", gguf.F32(4)).
			Set("llama.rope.scaling.original_context_length", gguf.U32(64)).Set("llama.attention.sliding_window", gguf.U32(20)),
	} {
		require.Equal(t, want, fmt.Sprintf("%x", fingerprint(load(t, m), nil)))
	}
}

// TestFingerprintOfEveryField changes each setting of a model, one after the other. If the
// fingerprint left out a new setting, a saved text could continue with different results.
func TestFingerprintOfEveryField(t *testing.T) {
	m := load(t, testmodel.SPM(1))
	plain, config := fingerprint(m, nil), m.Config
	unused := map[string]bool{"Config.ExpertFFN": true, "Config.SharedFFN": true, "Config.LocalRope": true} // these fields have no effect in a model without experts or windows
	var walk func(name string, v reflect.Value)
	walk = func(name string, v reflect.Value) {
		old := reflect.ValueOf(v.Interface())
		switch v.Kind() {
		case reflect.Struct:
			for i := range v.NumField() {
				if field := name + "." + v.Type().Field(i).Name; !unused[field] {
					walk(field, v.Field(i))
				}
			}
			return
		case reflect.Slice:
			if v.Len() > 0 {
				walk(name+"[0]", v.Index(0))
				return
			}
			v.Set(reflect.MakeSlice(v.Type(), 1, 1))
		case reflect.Int:
			v.SetInt(v.Int() + 3)
		case reflect.Float32, reflect.Float64:
			v.SetFloat(v.Float() + 0.5)
		case reflect.Bool:
			v.SetBool(!v.Bool())
		case reflect.String:
			v.SetString(v.String() + "x")
		default:
			t.Fatalf("%s is of a kind that this test does not know: %v", name, v.Kind())
		}
		require.NotEqual(t, plain, fingerprint(m, nil), name)
		v.Set(old)
	}
	walk("Config", reflect.ValueOf(&m.Config).Elem())
	require.Equal(t, config, m.Config)
	require.Equal(t, plain, fingerprint(m, nil))
}

func TestOtherModels(t *testing.T) {
	s := text(t, testmodel.SPM(1), model.LoadOptions{})
	eval(t, s, 1, 5)
	path := filepath.Join(t.TempDir(), "state")
	require.NoError(t, s.Save(path, s.Len(), []byte("a note")))
	for _, other := range []*Text{
		text(t, testmodel.SPM(2), model.LoadOptions{}),
		text(t, testmodel.SPM(1), model.LoadOptions{Adjust: func(c *model.Config) { c.Rope.Base = 5e5 }}),
		text(t, testmodel.SPM(1), model.LoadOptions{Adjust: func(c *model.Config) { c.Layers[1].Window = 9 }}),
	} {
		note, err := other.Load(path)
		require.ErrorIs(t, err, ErrOtherModel)
		require.Equal(t, "a note", string(note))
		require.Zero(t, other.Len())
	}
}

// TestDamaged changes the file at every byte near its beginning and its end, and cuts it there.
func TestDamaged(t *testing.T) {
	s := text(t, testmodel.SPM(1), model.LoadOptions{})
	eval(t, s, 1, 5, 9)
	path := filepath.Join(t.TempDir(), "state")
	require.NoError(t, s.Save(path, s.Len(), []byte("note")))
	good, err := os.ReadFile(path)
	require.NoError(t, err)
	for at := 0; at < len(good); at++ {
		if at == 120 {
			at = len(good) - 40
		}
		bad := append([]byte{}, good...)
		bad[at] ^= 1
		require.NoError(t, os.WriteFile(path, bad, 0o600))
		_, err := s.Load(path)
		require.Error(t, err, "byte %d", at)
		require.NoError(t, os.WriteFile(path, good[:at], 0o600))
		_, err = s.Load(path)
		require.Error(t, err, "length %d", at)
	}
	_, err = s.Load(filepath.Join(t.TempDir(), "missing"))
	require.True(t, errors.Is(err, os.ErrNotExist))
	require.Error(t, s.Save(filepath.Join(t.TempDir(), "missing", "state"), s.Len(), nil))
}
