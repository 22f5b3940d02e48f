package load

import (
	"crypto/sha256"
	"encoding/hex"
	"io"
	"math"
	"os"
	"strconv"
	"strings"

	"github.com/spf13/pflag"

	"alpaca/internal/cli/ui"
	"alpaca/internal/gguf"
	"alpaca/internal/model"
)

// AddLoRA adds --lora.
func (o *Options) AddLoRA(fs *pflag.FlagSet) {
	fs.StringArrayVar(&o.loras, "lora", nil, "adapter `FILE[:SCALE]` added to the model, repeatable")
}

// addLoRAs returns the model with all adapters, or closes it.
func (o *Options) addLoRAs(m *model.Model) (*model.Model, error) {
	for _, text := range o.loras {
		with, err := addLoRA(m, text)
		if err != nil {
			m.Close()
			return nil, err
		}
		m = with
	}
	return m, nil
}

// addLoRA returns the model with one adapter.
func addLoRA(m *model.Model, text string) (*model.Model, error) {
	path, scale := splitLoRA(text)
	if path == "" || math.IsNaN(scale) || math.Abs(scale) > 1e6 {
		return nil, ui.Usagef("--lora %q: must be a file, or FILE:SCALE with a scale between -1e6 and 1e6", text)
	}
	f, err := OpenFile(path, gguf.Options{})
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return m.WithLoRA(f, float32(scale))
}

// splitLoRA divides FILE:SCALE. What follows the last colon of a name is part of it
// unless it is a number.
func splitLoRA(text string) (path string, scale float64) {
	if i := strings.LastIndexByte(text, ':'); i >= 0 {
		if scale, err := strconv.ParseFloat(text[i+1:], 64); err == nil {
			return text[:i], scale
		}
	}
	return text, 1
}

// WithoutLoRA returns the same options without adapters.
func (o Options) WithoutLoRA() Options {
	o.loras = nil
	return o
}

// LoRAs returns the adapters that --lora names.
func (o *Options) LoRAs() []string { return o.loras }

// LoRASum returns the SHA-256 of the file of an adapter, which --lora names so.
func LoRASum(text string) (string, error) {
	path, _ := splitLoRA(text)
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer f.Close()
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		return "", err
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}
