package load

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"alpaca/internal/lora/peft"
)

// Identity identifies a model with its adapters. Models whose answers could differ have
// different identities.
type Identity struct {
	Model    string // SHA-256 of the model's file, see FileSum
	Adapters []AdapterSum
}

// AdapterSum identifies an adapter of --lora.
type AdapterSum struct {
	Text   string // FILE[:SCALE], as --lora has it
	Scale  float32
	SHA256 string // SHA-256 of the file, or of a PEFT folder's files adapter_* in the order of their names
}

// Identity returns the identity of an opened model with the adapters of --lora.
func (o *Options) Identity(m *Instance) (id Identity, err error) {
	if id.Model, err = FileSum(m.Model.File); err != nil {
		return id, fmt.Errorf("%s: %w", m.Path, err)
	}
	for _, text := range o.loras {
		path, scale, err := SplitLoRA(text)
		if err != nil {
			return id, err
		}
		sum, err := adapterSum(path)
		if err != nil {
			return id, err
		}
		id.Adapters = append(id.Adapters, AdapterSum{text, scale, sum})
	}
	return id, nil
}

// Digest returns one SHA-256, in hexadecimal, for the model and its adapters. Without adapters, it
// is the SHA-256 of the model.
func (id Identity) Digest() string {
	digest := id.Model
	for _, a := range id.Adapters {
		h := sha256.Sum256(fmt.Appendf(nil, "%s %v %s", digest, a.Scale, a.SHA256))
		digest = hex.EncodeToString(h[:])
	}
	return digest
}

// FileSum returns the SHA-256 of a model's file in hexadecimal. A model in several parts counts as
// one file, with the parts one after the other.
func FileSum(f io.WriterTo) (string, error) {
	h := sha256.New()
	_, err := f.WriteTo(h)
	return hex.EncodeToString(h.Sum(nil)), err
}

// TextSum returns the first 8 bytes of the SHA-256 of text, in hexadecimal.
func TextSum(text string) string {
	h := sha256.Sum256([]byte(text))
	return hex.EncodeToString(h[:8])
}

func adapterSum(path string) (string, error) {
	files := []string{path}
	if peft.IsFolder(path) {
		var err error
		if files, err = filepath.Glob(filepath.Join(path, "adapter_*")); err != nil {
			return "", err
		}
	}
	h := sha256.New()
	for _, name := range files {
		f, err := os.Open(name)
		if err != nil {
			return "", err
		}
		_, err = io.Copy(h, f)
		f.Close()
		if err != nil {
			return "", err
		}
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}
