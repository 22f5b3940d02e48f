package quantize

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	"alpaca/internal/gguf"
	"alpaca/internal/quant"
)

const (
	keyVersion = "general.quantization_version"

	// quantizationVersion is the revision of the block layouts since May 2023.
	quantizationVersion = 2
)

// outputKV returns the metadata of the output. The order is: the input's keys,
// keys about the quantization, overrides, and keys about the importance matrix.
// As in llama-quantize, a key that is set a second time moves to the end.
func outputKV(f *gguf.File, opt *Options) ([]gguf.KV, error) {
	var kv []gguf.KV
	set := func(e gguf.KV) {
		for i := range kv {
			if kv[i].Key == e.Key {
				kv = append(kv[:i], kv[i+1:]...)
				break
			}
		}
		kv = append(kv, e)
	}
	for _, e := range f.KV {
		if !strings.HasPrefix(e.Key, "split.") {
			kv = append(kv, e)
		}
	}
	code := opt.Mix.Code
	if opt.Mix.Copy {
		n, ok, err := f.Uint(gguf.KeyFileType)
		if err != nil || n > math.MaxUint32 {
			return nil, fmt.Errorf("quantize: %s is not a number of 32 bits", gguf.KeyFileType)
		}
		code = gguf.FileType(n)
		if !ok {
			code = guessFileType(f) | gguf.FileTypeGuessed
		}
	}
	set(gguf.KV{Key: keyVersion, Value: gguf.U32(quantizationVersion)})
	set(gguf.KV{Key: gguf.KeyFileType, Value: gguf.U32(uint32(code))})
	for _, e := range opt.Overrides {
		set(e)
	}
	if opt.Importance != nil {
		for _, e := range opt.Importance.kv() {
			set(e)
		}
	}
	return kv, nil
}

// guessFileType returns llama.cpp's guess for a file without a file type. It
// counts all tensors, including vectors, and takes the most frequent type. If
// several types are equally frequent, it takes the type that reaches this
// count first. If several mixes have the chosen type, it takes the medium mix.
func guessFileType(f *gguf.File) (code gguf.FileType) {
	counts := map[quant.Type]int{}
	commonest := quant.F32
	for _, t := range inOrder(f.Tensors) {
		if counts[t.Type]++; counts[t.Type] > counts[commonest] {
			commonest = t.Type
		}
	}
	for _, m := range Mixes {
		if !m.Copy && m.Type == commonest && (code == gguf.AllF32 || strings.HasSuffix(m.Name, "_M")) {
			code = m.Code
		}
	}
	return code
}

// overrideInt returns the value of an override of type int. The value is unsigned unless
// n is negative, because most of a model's numbers are unsigned. llama-quantize turns -1
// into 1, but this function keeps -1 (https://github.com/ggml-org/llama.cpp/pull/14182).
func overrideInt(n int64, err error) (gguf.Value, error) {
	switch {
	case err != nil:
		return gguf.Value{}, err
	case n < math.MinInt32 || n > math.MaxUint32:
		return gguf.Value{}, fmt.Errorf("%d does not fit 32 bits", n)
	case n < 0:
		return gguf.I32(int32(n)), nil
	}
	return gguf.U32(uint32(n)), nil
}

// ParseOverride parses KEY=TYPE:VALUE, where TYPE is int, float, bool or str.
func ParseOverride(s string) (gguf.KV, error) {
	key, rest, ok := strings.Cut(s, "=")
	kind, text, ok2 := strings.Cut(rest, ":")
	if !ok || !ok2 || key == "" {
		return gguf.KV{}, fmt.Errorf("quantize: override %q is not of the form KEY=TYPE:VALUE", s)
	}
	if strings.HasPrefix(key, "split.") {
		return gguf.KV{}, fmt.Errorf("quantize: override %q: keys that begin with \"split.\" cannot be overridden, because they say how the model is divided into files", s)
	}
	var v gguf.Value
	var err error
	switch kind {
	case "int":
		var n int64
		n, err = strconv.ParseInt(text, 10, 64)
		v, err = overrideInt(n, err)
	case "float":
		var f float64
		f, err = strconv.ParseFloat(text, 32)
		v = gguf.F32(float32(f))
	case "bool":
		if text != "true" && text != "false" {
			err = fmt.Errorf("%q is neither true nor false", text)
		}
		v = gguf.Bool(text == "true")
	case "str":
		v = gguf.Str(text)
	default:
		err = fmt.Errorf("type %q must be int, float, bool or str", kind)
	}
	if err != nil {
		return gguf.KV{}, fmt.Errorf("quantize: override %q: %w", s, err)
	}
	return gguf.KV{Key: key, Value: v}, nil
}

// FileTypeNote returns a note if the type of most of a file's matrices differs from the type that
// general.file_type names. Fallbacks can cause this. If the types agree, or the file has no
// general.file_type, it returns "".
func FileTypeNote(file *gguf.File) string {
	code, ok, err := file.Uint(gguf.KeyFileType)
	if !ok || err != nil {
		return ""
	}
	f := gguf.FileType(code)
	want, ok := f.Type()
	if !ok && want == 0 { // the type of its tensors is not known
		return ""
	}
	counts := map[quant.Type]int{}
	commonest := want
	for i := range file.Tensors {
		t := &file.Tensors[i]
		if !quantizable(t) {
			continue
		}
		if counts[t.Type]++; counts[t.Type] > counts[commonest] {
			commonest = t.Type
		}
	}
	if commonest == want {
		return ""
	}
	return fmt.Sprintf("%s %d stands for %s, but most matrices are %v", gguf.KeyFileType, code, f, commonest)
}
