// Package open presents the folder of a checkpoint as a GGUF file. The file has the metadata, the
// vocabulary, and the tensors, with the names, the shapes and the order of rows of GGUF. Tensors
// are converted while they are read, a few rows at a time, so models of any size can be converted.
//
// To run a model, all tensors must be in memory. Options.Map maps the tensors that need no
// conversion, and Fetch reads the others.
package open

import (
	"fmt"
	"path/filepath"
	"strings"

	"alpaca/internal/arch"
	"alpaca/internal/checkpoint"
	"alpaca/internal/checkpoint/card"
	"alpaca/internal/checkpoint/config"
	"alpaca/internal/checkpoint/rows"
	"alpaca/internal/checkpoint/vocab"
	"alpaca/internal/checkpoint/weights"
	"alpaca/internal/gguf"
	"alpaca/internal/quant"
)

// Options change how a folder is opened.
type Options struct {
	// Map maps the files into memory. It is for running the model, not for converting it.
	Map bool
	// Pre is the name of the pre-tokenizer. It is needed if this program
	// cannot tell from the checkpoint how text is split into words.
	Pre string
}

// Model is an open checkpoint.
type Model struct {
	File   *gguf.File // the contents as a GGUF file, whose Path is the folder
	Arch   *arch.Arch
	Class  string     // architecture class in config.json; "" for Meta's checkpoints
	Format string     // such as "safetensors, 2 files"
	Main   quant.Type // GGUF type of most elements of matrices: F32, F16 or BF16
	Stored string     // the checkpoint's type of most elements of matrices, such as "BF16"
	Files  []string   // all files of weights
	Notes  []string   // differences from the reference converter, and properties that GGUF cannot hold

	folder *checkpoint.Folder
}

// Counts returns how many weights the model has.
func (m *Model) Counts() (c card.Counts) {
	var stacks, experts int64
	for i := range m.File.Tensors {
		t := &m.File.Tensors[i]
		n := int64(t.Elems())
		c.Total += n
		if !strings.Contains(t.Name, "_exps.") || len(t.Shape) < 2 {
			c.Shared += n
			continue
		}
		c.Expert += n / max(1, int64(t.Shape[0]))
		experts += int64(t.Shape[0])
		stacks++
	}
	if stacks > 0 {
		c.Experts = int(experts / stacks)
	}
	return c
}

const keyArch = "general.architecture"

// Close closes the files.
func (m *Model) Close() error { return m.File.Close() }

// Open opens the checkpoint in a folder.
func Open(dir string, opt Options) (*Model, error) {
	folder, err := checkpoint.Open(dir, checkpoint.Options{Map: opt.Map})
	if err != nil {
		return nil, fmt.Errorf("checkpoint: %w", err)
	}
	m := &Model{folder: folder, Files: folder.Files, Format: folder.Format}
	if n := len(folder.Files); n > 1 {
		m.Format = fmt.Sprintf("%s, %d files", folder.Format, n)
	}
	if err := m.build(dir, opt); err != nil {
		folder.Close()
		return nil, fmt.Errorf("checkpoint: %w", err)
	}
	return m, nil
}

// build sets File and the other fields of m.
func (m *Model) build(dir string, opt Options) error {
	read := config.Read
	if m.folder.Meta {
		read = m.readMeta
	}
	model, err := read(m.folder.Config)
	if err != nil {
		return fmt.Errorf("%s: %w", dir, err)
	}
	m.Arch, m.Class = model.Arch, model.Class
	b := &builder{Model: model, folder: m.folder, used: map[string]bool{}, mapped: opt.Map}
	if err := b.start(); err != nil {
		return fmt.Errorf("%s: %w", dir, err)
	}
	v, err := vocab.Read(vocab.Options{Dir: dir, Config: model.Config, Size: b.vocabSize(), Pre: opt.Pre, Gemma4: m.Arch == &arch.Gemma4})
	if err != nil {
		return err
	}
	if err := b.cutVocab(v.Size); err != nil {
		return fmt.Errorf("%s: %w", dir, err)
	}
	if err := b.all(); err != nil {
		return fmt.Errorf("%s: %w", dir, err)
	}
	m.Notes = append(append(append(m.Notes, model.Notes...), b.notes...), v.Notes...)
	m.Main, m.Stored = b.main()
	kv := []gguf.KV{{Key: keyArch, Value: gguf.Str(m.Arch.Name)}, {Key: "general.type", Value: gguf.Str("model")}}
	if m.folder.Meta {
		kv = append(kv, gguf.KV{Key: m.Arch.Name + "." + arch.KeyVocabSize, Value: gguf.U32(uint32(v.Size))})
	}
	kv = append(append(kv, model.KV...), v.KV...)
	if m.File, err = gguf.FromRows(filepath.Clean(dir), "checkpoint", kv, b.tensors, b.reads); err == nil {
		m.File.OnClose(m.folder.Close)
	}
	return err
}

// builder builds the tensors of a model.
type builder struct {
	*config.Model
	folder *checkpoint.Folder
	used   map[string]bool // names of the checkpoint's tensors that were used
	notes  []string
	quant  quantized // how the checkpoint stores matrices
	mapped bool      // the model will be run, so dequantized tensors stay in memory, as BF16

	embed   *rows.Rows // the embedding's rows
	tensors []gguf.Tensor
	reads   []func(dst []byte, lo, hi int) error
	stored  map[string]int64 // number of elements of all matrices, by the matrix's type in the checkpoint
	kinds   map[quant.Type]int64
}

// add adds a tensor, and the function that reads its rows.
func (b *builder) add(name string, shape []int, r *rows.Rows) {
	b.tensors = append(b.tensors, gguf.Tensor{Name: name, Type: r.Type, Shape: shape, Data: r.Data})
	b.reads = append(b.reads, r.Read)
}

// lastIs reports whether the last tensor that was added has this name.
func (b *builder) lastIs(name string) bool {
	return len(b.tensors) > 0 && b.tensors[len(b.tensors)-1].Name == name
}

// count counts the elements of a matrix. The method main uses the counts.
func (b *builder) count(stored string, r *rows.Rows) {
	if b.stored == nil {
		b.stored, b.kinds = map[string]int64{}, map[quant.Type]int64{}
	}
	n := int64(r.N) * int64(r.Cols)
	b.stored[stored] += n
	typ := r.Type
	switch weights.Type(stored) {
	case weights.F32, weights.F16, weights.BF16, weights.F64:
	default: // dequantized
		typ = quant.BF16
	}
	b.kinds[typ] += n
}

// main returns the GGUF type and the checkpoint's type of most elements of matrices.
func (b *builder) main() (quant.Type, string) {
	best, largest := quant.F32, int64(-1)
	for _, t := range []quant.Type{quant.BF16, quant.F16, quant.F32} {
		if n := b.kinds[t]; n > largest {
			best, largest = t, n
		}
	}
	name, largest := "", int64(-1)
	for t, n := range b.stored {
		if n > largest || n == largest && t < name {
			name, largest = t, n
		}
	}
	return best, name
}

// Describe adds the general.* keys that describe the model, and notes about files that could not be
// read. If name is not "", it replaces the model's name.
func (m *Model) Describe(dir, name string) error {
	general, notes := card.Read(dir, card.Options{Name: name, Counts: m.Counts()})
	m.Notes = append(m.Notes, notes...)
	return m.File.Insert(2, general)
}

// Fetch reads the tensors that are not mapped. It is for running the model.
func (m *Model) Fetch() error { return m.File.Fetch() }
