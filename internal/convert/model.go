package convert

import (
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"strings"

	"alpaca/internal/gguf"
	"alpaca/internal/quant"
)

// model is a checkpoint of any format.
type model struct {
	format  string   // the format with its version, such as "ggjt 3"
	paths   []string // paths of all files read
	kv      []gguf.KV
	tensors []tensor
	close   func() error
}

// tensor is a tensor of a model.
type tensor struct {
	name     string
	shape    []int // outermost first
	from     format
	rowBytes int
	// read sets dst to rows lo to hi-1, in the input's format.
	read func(dst []byte, lo, hi int) error
}

func (t *tensor) cols() int { return t.shape[len(t.shape)-1] }

func (t *tensor) rows() int {
	n := min(1, t.cols())
	for _, d := range t.shape[:len(t.shape)-1] {
		n *= d
	}
	return n
}

// bytes returns the number of bytes that read returns for all rows.
func (t *tensor) bytes() int64 { return int64(t.rows()) * int64(t.rowBytes) }

// open opens the checkpoint at path.
func open(path string, opt Options) (*model, error) {
	if opt.Vocab != "" {
		return openLlama2C(path, opt)
	}
	// The data are read, not mapped, because pages of a mapping would
	// count as this process's memory. Another reason is that reading
	// returns an ordinary error if the file is truncated meanwhile.
	f, err := gguf.OpenWith(path, gguf.Options{NoMap: true, HeaderOnly: true, Eps: opt.Eps})
	var foreign *gguf.ForeignError
	if errors.As(err, &foreign) && isLlama2C(path) {
		return nil, fmt.Errorf("%s: is a llama2.c checkpoint, which %w", path, ErrNeedsVocab)
	}
	if err != nil {
		return nil, err
	}
	m := &model{format: f.Container(), paths: f.Parts, kv: f.KV, close: f.Close}
	for i := range f.Tensors {
		t := &f.Tensors[i]
		m.tensors = append(m.tensors, tensor{
			name: t.Name, shape: t.Shape, from: formatOf(t.Type), rowBytes: t.Type.RowBytes(t.Cols()), read: t.Read,
		})
	}
	return m, nil
}

// isLlama2C reports whether the file at path looks like a llama2.c checkpoint.
func isLlama2C(path string) bool {
	f, err := os.Open(path)
	if err != nil {
		return false
	}
	defer f.Close()
	st, err := f.Stat()
	if err != nil {
		return false
	}
	head := make([]byte, llama2cHeader)
	n, _ := f.ReadAt(head, 0)
	if n >= 4 && binary.LittleEndian.Uint32(head) == llama2cMagic {
		return true
	}
	_, err = readLlama2CHeader(head[:n], st.Size())
	return err == nil
}

// These are the keys that convert writes or changes.
const (
	keyName         = "general.name"
	keyQuantVersion = "general.quantization_version"

	quantVersion = 2 // version of the block layouts since the beginning of GGUF
)

// metadata returns the metadata of the output that steps make.
func metadata(m *model, steps []step, opt Options) []gguf.KV {
	kv := m.kv[:len(m.kv):len(m.kv)]
	if !strings.HasPrefix(m.format, "gguf") {
		if changed(steps) {
			kv = set(kv, gguf.KeyFileType, gguf.U32(uint32(fileType(steps))))
		}
		for _, s := range steps {
			if s.to.BlockLen() > 1 {
				kv = set(kv, keyQuantVersion, gguf.U32(quantVersion))
			}
		}
	}
	if opt.Name != "" {
		kv = set(kv, keyName, gguf.Str(opt.Name))
	}
	return kv
}

// set replaces or inserts a key of the group "general.". A new key goes after the last key of the
// group.
func set(kv []gguf.KV, key string, value gguf.Value) []gguf.KV {
	at := len(kv)
	for i, e := range kv {
		if e.Key == key {
			kv = append([]gguf.KV{}, kv...)
			kv[i].Value = value
			return kv
		}
		if strings.HasPrefix(e.Key, "general.") {
			at = i + 1
		}
	}
	return append(append(append([]gguf.KV{}, kv[:at]...), gguf.KV{Key: key, Value: value}), kv[at:]...)
}

// changed reports whether the input's general.file_type may be wrong for the output.
func changed(steps []step) bool {
	for _, s := range steps {
		if !s.same() && !s.from.sameKind(s.to) {
			return true
		}
	}
	return false
}

// fileType returns the file type for the type of most matrices.
func fileType(steps []step) gguf.FileType {
	count := map[quant.Type]int{}
	best := quant.F32
	for _, s := range steps {
		if len(s.tensor.shape) > 1 {
			count[s.to]++
			if count[s.to] > count[best] {
				best = s.to
			}
		}
	}
	// best is never a type from before GGUF, for which FileTypeOf would return AllF32.
	f, _ := gguf.FileTypeOf(best)
	return f
}
