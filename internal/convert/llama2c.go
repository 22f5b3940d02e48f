package convert

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"alpaca/internal/arch"
	"alpaca/internal/gguf"
	"alpaca/internal/quant"
)

// llama2cTensor is a tensor of all layers, or of the whole model.
type llama2cTensor struct {
	name       string // name in GGUF, without the prefix "blk.N."
	rows, cols int    // dimensions in one layer; rows is 0 for a vector
	perLayer   bool
	skip       bool // not converted
}

// layout returns the tensors in the order of the file.
func (c *llama2cFile) layout() []llama2cTensor {
	sizes := c.hparams().Sizes
	var list []llama2cTensor
	add := func(perLayer bool, roles ...arch.Role) {
		for _, role := range roles {
			t := arch.Llama.Tensor(role)
			x := llama2cTensor{name: role.Weight(), cols: sizes.Of(t.Cols), perLayer: perLayer}
			if !t.IsVector() {
				x.rows = sizes.Of(t.Rows)
			}
			list = append(list, x)
		}
	}
	attn := []arch.Role{arch.AttnQ, arch.AttnK, arch.AttnV, arch.AttnOut}
	ffn := []arch.Role{arch.FFNGate, arch.FFNDown, arch.FFNUp}
	if c.version == 0 {
		add(false, arch.TokenEmbed)
		add(true, arch.AttnNorm)
		add(true, attn...)
		add(true, arch.FFNNorm)
		add(true, ffn...)
		add(false, arch.OutputNorm)
		// The conversion skips the cosines and sines of the
		// positions, because they follow from the dimensions.
		list = append(list, llama2cTensor{rows: c.ctx, cols: 2 * sizes.Of(arch.RopePairs), skip: true})
	} else {
		add(true, arch.AttnNorm, arch.FFNNorm)
		add(false, arch.OutputNorm, arch.TokenEmbed)
		add(true, attn...)
		add(true, ffn...)
	}
	if !c.shared {
		add(false, arch.Output)
	}
	return list
}

// count returns the number of layers that have the tensor t. It returns 1 if t belongs to no layer.
func (c *llama2cFile) count(t llama2cTensor) int64 {
	if t.perLayer {
		return int64(c.layers)
	}
	return 1
}

// bytes returns the number of bytes of t in one layer. check limits the dimensions, so
// nothing overflows.
func (c *llama2cFile) bytes(t llama2cTensor) int64 {
	n := int64(max(t.rows, 1)) * int64(t.cols)
	if c.version == 2 && t.rows > 0 {
		return n + 4*(n/int64(c.group))
	}
	return 4 * n
}

// size returns the bytes of the file.
func (c *llama2cFile) size() int64 {
	n := c.start
	for _, t := range c.layout() {
		n += c.count(t) * c.bytes(t)
	}
	return n
}

// openLlama2C opens the checkpoint at path, with the vocabulary at opt.Vocab.
func openLlama2C(path string, opt Options) (*model, error) {
	f, c, err := openLlama2CFile(path)
	if err != nil {
		return nil, err
	}
	kv, err := c.metadata(path, opt)
	if err != nil {
		f.Close()
		return nil, err
	}
	m := &model{format: c.container(), paths: []string{path, opt.Vocab}, kv: kv, close: f.Close}
	at := c.start
	var embedding tensor
	for _, t := range c.layout() {
		for n := range c.count(t) {
			if !t.skip {
				name := t.name
				if t.perLayer {
					name = arch.LayerPrefix(int(n)) + t.name
				}
				x := c.tensor(f, name, t, at)
				if name == arch.TokenEmbed.Weight() {
					embedding = x
				}
				m.tensors = append(m.tensors, x)
			}
			at += c.bytes(t)
		}
	}
	if c.shared { // older programs do not support an output matrix that is shared with the embedding
		embedding.name = arch.Output.Weight()
		m.tensors = append(m.tensors, embedding)
	}
	return m, nil
}

// openLlama2CFile opens the file and reads its header.
func openLlama2CFile(path string) (*os.File, *llama2cFile, error) {
	st, err := os.Stat(path) // check this first, because os.Open would block on a named pipe
	if err != nil {
		return nil, nil, err
	}
	if !st.Mode().IsRegular() {
		return nil, nil, fmt.Errorf("%s: is not a regular file", path)
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, nil, err
	}
	head := make([]byte, llama2cHeader)
	n, err := f.ReadAt(head, 0)
	if err != nil && !errors.Is(err, io.EOF) {
		f.Close()
		return nil, nil, err
	}
	c, err := readLlama2CHeader(head[:n], st.Size())
	if err != nil {
		f.Close()
		return nil, nil, fmt.Errorf("%s: %w", path, err)
	}
	return f, c, nil
}

// tensor returns the tensor t of one layer. The tensor begins at the offset at in f.
func (c *llama2cFile) tensor(f *os.File, name string, t llama2cTensor, at int64) tensor {
	x := tensor{name: name, shape: []int{t.rows, t.cols}}
	if t.rows == 0 {
		x.shape = x.shape[1:]
	}
	if c.version == 2 && t.rows > 0 {
		c.groups(&x, f, at)
		return x
	}
	x.from, x.rowBytes = formatOf(quant.F32), 4*t.cols
	x.read = func(dst []byte, lo, hi int) error {
		_, err := f.ReadAt(dst, at+int64(lo)*int64(x.rowBytes))
		return err
	}
	return x
}

// container names the container and its version.
func (c *llama2cFile) container() string { return fmt.Sprintf("llama2.c %d", c.version) }

// metadata returns the GGUF metadata of the model.
func (c *llama2cFile) metadata(path string, opt Options) ([]gguf.KV, error) {
	vocab, err := readVocab(opt.Vocab, c.vocab)
	if err != nil {
		return nil, err
	}
	h := c.hparams()
	if opt.Eps != 0 {
		h.NormEps = opt.Eps
	}
	fileType := gguf.AllF32
	if c.version == 2 {
		fileType = gguf.MostlyQ8_0
	}
	kv := []gguf.KV{
		{Key: "general.architecture", Value: gguf.Str(arch.Llama.Name)},
		{Key: keyName, Value: gguf.Str(strings.TrimSuffix(filepath.Base(path), filepath.Ext(path)))},
		{Key: gguf.KeyFileType, Value: gguf.U32(uint32(fileType))},
		{Key: "general.source.format", Value: gguf.Str(c.container())},
		{Key: "general.source.file", Value: gguf.Str(filepath.Base(path))},
	}
	kv = append(kv, gguf.Hparams(&arch.Llama, &h)...)
	return append(kv, vocab...), nil
}

// hparams returns the hyperparameters of the model.
func (c *llama2cFile) hparams() arch.Hparams {
	head := c.dim / c.heads
	return arch.Hparams{
		Sizes: arch.Sizes{
			VocabSize: c.vocab, Dim: c.dim, FFNDim: c.hidden, NumHeads: c.heads, NumKVHeads: c.kvHeads,
			KeyDim: head, ValueDim: head, RopeDim: head,
		},
		Context: c.ctx, Layers: c.layers, NormEps: llama2cEps, RopeBase: 10000,
	}
}
