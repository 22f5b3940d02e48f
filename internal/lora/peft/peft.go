// Package peft reads folders with adapters of Hugging Face's library peft: adapter_config.json,
// and adapter_model.safetensors or adapter_model.bin. The adapters that it returns have GGUF's
// names and order of rows, and the scales of the config. If an adapter's meaning depends on an
// unsupported feature, reading it fails with an error that names the feature.
package peft

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"alpaca/internal/arch"
	"alpaca/internal/checkpoint/pth"
	"alpaca/internal/checkpoint/safetensors"
	"alpaca/internal/checkpoint/weights"
	"alpaca/internal/lora"
)

// Base describes the model that an adapter changes.
type Base struct {
	Arch   *arch.Arch
	Layers []arch.Sizes // the sizes of each layer
	Tied   bool         // the embedding is the output matrix, too
}

// These are the two possible names of the file with the tensors. A folder has one such file.
const (
	tensorsName = "adapter_model.safetensors"
	pickleName  = "adapter_model.bin"
)

// Read reads the adapter in a folder, for a model of base's shape.
func Read(dir string, base *Base) (*lora.Adapter, error) {
	r := reader{base: base, out: &lora.Adapter{Path: dir, Arch: base.Arch.Name, Name: name(dir)}, pairs: map[string]*half{}}
	if err := r.read(dir); err != nil {
		if e, ok := errors.AsType[*fs.PathError](err); ok {
			err = fmt.Errorf("%s: %w", filepath.Base(e.Path), e.Err)
		}
		return nil, fmt.Errorf("peft: %s: %w", dir, err)
	}
	return r.out, nil
}

// name returns the name of an adapter, which is the name of its folder.
func name(dir string) string {
	if abs, err := filepath.Abs(dir); err == nil {
		dir = abs
	}
	return filepath.Base(dir)
}

// read reads both files of a folder.
func (r *reader) read(dir string) (err error) {
	if r.config, err = readConfig(dir); err != nil {
		return err
	}
	list, closeFile, err := open(dir)
	if err != nil {
		return err
	}
	defer closeFile()
	for i := range list {
		if err := r.take(&list[i]); err != nil {
			return err
		}
	}
	if err := r.finish(); err != nil {
		return err
	}
	return r.out.Check()
}

// open returns the tensors in a folder, and a function that closes their file.
func open(dir string) (list []weights.Tensor, closeFile func() error, err error) {
	path := filepath.Join(dir, tensorsName)
	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
		pickle := filepath.Join(dir, pickleName)
		if _, err := os.Stat(pickle); err != nil {
			return nil, nil, fmt.Errorf("neither %s nor %s is there", tensorsName, pickleName)
		}
		f, err := pth.Open(pickle)
		if err != nil {
			return nil, nil, err
		}
		return f.Tensors, f.Close, nil
	}
	f, err := safetensors.Open(path, safetensors.Options{})
	if err != nil {
		return nil, nil, err
	}
	return f.Tensors, f.Close, nil
}

// kind is the kind of an adapter's tensor.
type kind int

const (
	whole   kind = iota // replaces one of the model's tensors
	matrixA             // .lora_A
	matrixB             // .lora_B
	tableA              // .lora_embedding_A
	tableB              // .lora_embedding_B
	copied              // an unchanged copy from the base
)

// split splits the name of an adapter's tensor. module is the name of the module in the model or,
// for a whole tensor, the name of the tensor. If several parameters of a module have adapters,
// peft nests these adapters, and inner is the depth of this adapter. In files that other programs
// than peft have saved, the tensor's name may contain the adapter's name, "default".
func split(name string) (module string, k kind, inner int, err error) {
	rest := name
	for strings.HasPrefix(rest, prefix) {
		rest = rest[len(prefix):]
	}
	rest = strings.Replace(rest, ".default", "", 1)
	switch {
	case strings.Contains(rest, ".lora_magnitude_vector"):
		return "", 0, 0, errors.New("its adapters are DoRA's, which are not supported")
	case strings.HasSuffix(rest, ".lora_A.bias"), strings.HasSuffix(rest, ".lora_B.bias"):
		return "", 0, 0, errors.New("its adapters have biases, which is not supported")
	case strings.Contains(rest, ".token_adapter."):
		return "", 0, 0, errors.New("single rows of the embedding were trained, which is not supported")
	case strings.Contains(rest, ".original_module."):
		return rest, copied, 0, nil
	}
	for _, end := range []struct {
		text string
		kind kind
	}{
		{".lora_A.weight", matrixA}, {".lora_B.weight", matrixB}, {".lora_embedding_A", tableA}, {".lora_embedding_B", tableB},
	} {
		if module, ok := strings.CutSuffix(rest, end.text); ok {
			for strings.HasSuffix(module, innerMark) {
				module = strings.TrimSuffix(module, innerMark)
				inner++
			}
			return module, end.kind, inner, nil
		}
	}
	if strings.Contains(rest, innerMark+".") {
		return rest, copied, 0, nil
	}
	return strings.Replace(rest, ".modules_to_save.", ".", 1), whole, 0, nil
}

const (
	prefix    = "base_model.model." // the beginning of the names of all tensors
	innerMark = ".base_layer"
)

// foreign reports whether a tensor belongs to a part of a multimodal model that does not
// process text.
func foreign(name string) bool {
	for _, part := range []string{"vision_tower", "vision_model", "visual.", "multi_modal_projector", "audio_tower", "embed_vision"} {
		if strings.Contains(name, part) {
			return true
		}
	}
	return false
}
