package open

import (
	"fmt"

	"alpaca/internal/checkpoint/rows"
	"alpaca/internal/checkpoint/weights"
)

// quantized says how a checkpoint stores its matrices, as quantization_config tells.
type quantized struct {
	method string // "": they are plain numbers
}

// read reads quantization_config.
func (q *quantized) read(b *builder) error {
	o := b.Config.Sub("quantization_config")
	q.method = o.Text("quant_method")
	switch q.method {
	case "", "mxfp4":
		return o.Err()
	}
	return fmt.Errorf("%s: weights quantized by %q are not supported", o.Name, q.method)
}

// matrix returns a tensor by its name without the model's prefix, nil if there is none.
func (b *builder) matrix(name string) (*stored, error) {
	t := b.tensor(name)
	if t == nil {
		return nil, nil
	}
	if !t.Type.Float() {
		return nil, fmt.Errorf("tensor %q has the type %s, want floating point numbers", t.Name, t.Type)
	}
	r, err := rows.Of(t)
	if err != nil {
		return nil, err
	}
	return &stored{t.Name, string(t.Type), t.Shape, r}, nil
}

// blocks returns matrices in MXFP4, which are two tensors: NAME_blocks and NAME_scales. nil
// if there are none.
func (b *builder) blocks(name string) (*stored, error) {
	codes, scales := b.tensor(name+"_blocks"), b.tensor(name+"_scales")
	if codes == nil {
		return nil, nil
	}
	switch {
	case scales == nil:
		return nil, fmt.Errorf("tensor %q is missing, beside %q", name+"_scales", codes.Name)
	case codes.Type != weights.U8 || scales.Type != weights.U8 && scales.Type != weights.F8E8M0:
		return nil, fmt.Errorf("tensors %q and %q have the types %s and %s, want U8", codes.Name, scales.Name, codes.Type, scales.Type)
	}
	c, s := codes.Shape, scales.Shape
	if len(c) != 4 || len(s) != 3 || c[0] != s[0] || c[1] != s[1] || c[2] != s[2] || c[3] != 16 {
		return nil, fmt.Errorf("tensors %q and %q have the shapes %d and %d, want [n rows blocks 16] and [n rows blocks]", codes.Name, scales.Name, c, s)
	}
	cols := c[2] * 32
	r := rows.MXFP4(c[0]*c[1], cols, byRows(codes, c[2]*16), byRows(scales, c[2]))
	return &stored{codes.Name, "MXFP4", []int{c[0], c[1], cols}, r}, nil
}

// byRows reads a tensor by rows of size bytes.
func byRows(t *weights.Tensor, size int) func(dst []byte, lo, hi int) error {
	return func(dst []byte, lo, hi int) error {
		return t.ReadAt(dst[:(hi-lo)*size], int64(lo)*int64(size))
	}
}
