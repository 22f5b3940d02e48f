package load

import (
	"math"
	"strconv"
	"strings"

	"github.com/spf13/pflag"

	"alpaca/internal/arch"
	"alpaca/internal/cli/ui"
	"alpaca/internal/gguf"
	"alpaca/internal/lora"
	"alpaca/internal/lora/peft"
	"alpaca/internal/model"
)

// AddLoRA adds --lora.
func (o *Options) AddLoRA(fs *pflag.FlagSet) {
	fs.StringArrayVar(&o.loras, "lora", nil, "add the adapter `FILE[:SCALE]`, a GGUF file or a PEFT folder, to the model; the flag can be repeated")
}

// AddUnappliedLoRA adds --lora-init-without-apply, which leaves adapters off until a request
// switches them on.
func (o *Options) AddUnappliedLoRA(fs *pflag.FlagSet) {
	fs.BoolVar(&o.unapplied, "lora-init-without-apply", false, "begin with adapters switched off; POST /lora-adapters, or \"lora\" in a request, switches them on")
}

// WithoutLoRA returns a copy of the options without adapters, for another model.
func (o *Options) WithoutLoRA() *Options {
	plain := *o
	plain.loras = nil
	return &plain
}

// addLoRAs returns the model with all adapters of --lora. On an error it closes the model.
func (o *Options) addLoRAs(u *ui.UI, m *model.Model) (*model.Model, error) {
	for _, text := range o.loras {
		with, err := addLoRA(u, m, text, o.unapplied)
		if err != nil {
			m.Close()
			return nil, err
		}
		m = with
	}
	return m, nil
}

// addLoRA returns the model with the adapter in text, FILE[:SCALE]. If unapplied is true, the
// adapter's scale is 0.
func addLoRA(u *ui.UI, m *model.Model, text string, unapplied bool) (*model.Model, error) {
	path, scale, err := SplitLoRA(text)
	if err != nil {
		return nil, err
	}
	if unapplied {
		scale = 0
	}
	a, err := ReadAdapter(u, path, m)
	if err != nil {
		return nil, err
	}
	return m.WithLoRA(a, scale)
}

// SplitLoRA splits FILE[:SCALE]; the default scale is 1. The text after the last colon
// belongs to the file's name unless it is a number.
func SplitLoRA(text string) (path string, scale float32, err error) {
	path, number := text, 1.0
	if i := strings.LastIndexByte(text, ':'); i >= 0 {
		if x, err := strconv.ParseFloat(text[i+1:], 64); err == nil {
			path, number = text[:i], x
		}
	}
	if path == "" || math.IsNaN(number) || math.Abs(number) > 1e6 {
		return "", 0, ui.Usagef("--lora %q: must be a file, or FILE:SCALE with a scale between -1e6 and 1e6", text)
	}
	return path, float32(number), nil
}

// IsAdapter reports whether path is an adapter: a folder of PEFT, or a GGUF file whose metadata
// says that it is an adapter.
func IsAdapter(path string) bool {
	if _, ok := peft.FolderOf(path); ok {
		return true
	}
	f, err := gguf.OpenWith(path, gguf.Options{HeaderOnly: true})
	if err != nil {
		return false
	}
	defer f.Close()
	kind, _, _ := f.String("general.type")
	return kind == "adapter"
}

// ReadAdapter reads an adapter of m, a GGUF file or a folder of PEFT. It tells the user if
// something about the adapter is odd.
func ReadAdapter(u *ui.UI, path string, m *model.Model) (*lora.Adapter, error) {
	a, err := readAdapter(path, m)
	if err != nil {
		return nil, err
	}
	for _, note := range a.Notes {
		u.Notef("%s: %s", path, note)
	}
	return a, nil
}

func readAdapter(path string, m *model.Model) (*lora.Adapter, error) {
	if dir, ok := peft.FolderOf(path); ok {
		base := &peft.Base{Arch: arch.Find(m.Config.Arch), Tied: m.File.Tensor(arch.Output.Weight()) == nil}
		for i := range m.Config.Layers {
			base.Layers = append(base.Layers, m.Config.Sizes(i))
		}
		return peft.Read(dir, base)
	}
	f, err := OpenFile(path, gguf.Options{})
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return lora.Read(f)
}

// LoRAs returns the adapters that --lora names.
func (o *Options) LoRAs() []string { return o.loras }
