package open

import (
	"fmt"
	"strings"

	"alpaca/internal/checkpoint/config"
	"alpaca/internal/checkpoint/rows"
	"alpaca/internal/checkpoint/weights"
	"alpaca/internal/quant"
)

// quantized says how a checkpoint stores its matrices.
// The information comes from quantization_config.
type quantized struct {
	method  string        // "": not quantized
	format  string        // format of compressed-tensors
	config  config.Object // quantization_config
	weights config.Object // settings of compressed-tensors for weights
	cache   rows.Cache
}

// read reads quantization_config.
func (q *quantized) read(b *builder) error {
	o := b.Config.Sub("quantization_config")
	if !b.Config.Has("quantization_config") {
		o = b.Config.Sub("compression_config")
	}
	q.config, q.method, q.format = o, o.Text("quant_method"), o.Text("format")
	switch q.method {
	case "", "mxfp4", "fp8", "fbgemm_fp8":
	case "bitsandbytes":
		if !o.Bool("load_in_4bit", o.Bool("_load_in_4bit", false)) && !o.Bool("load_in_8bit", o.Bool("_load_in_8bit", false)) {
			return fmt.Errorf("%s: bitsandbytes needs load_in_4bit or load_in_8bit", o.Name)
		}
	case "gptq", "awq":
		bits := o.Int("bits", o.Int("w_bit", 4))
		if bits != 4 && (q.method == "awq" || bits != 2 && bits != 8) {
			return fmt.Errorf("%s: %s with %d bits is not supported", o.Name, q.method, bits)
		}
		if v := o.Text("version"); q.method == "awq" && v != "" && !strings.EqualFold(v, "gemm") {
			return fmt.Errorf("%s: awq in the layout %q is not supported, only \"gemm\"", o.Name, v)
		}
	case "compressed-tensors":
		return q.readCompressed(o)
	default:
		return fmt.Errorf("%s: weights quantized by %q are not supported", o.Name, q.method)
	}
	return o.Err()
}

// readCompressed reads the settings of compressed-tensors.
func (q *quantized) readCompressed(o config.Object) error {
	switch q.format {
	case "float-quantized", "naive-quantized", "int-quantized", "pack-quantized":
	default:
		return fmt.Errorf("%s: compressed-tensors' format %q is not supported", o.Name, q.format)
	}
	groups := o.Sub("config_groups")
	if len(groups.Keys()) != 1 {
		return fmt.Errorf("%s: compressed-tensors with %d groups of modules are not supported, only one", o.Name, len(groups.Keys()))
	}
	q.weights = groups.Sub(groups.Keys()[0]).Sub("weights")
	if bits := q.weights.Int("num_bits", 0); q.format == "pack-quantized" && bits != 4 && bits != 8 {
		return fmt.Errorf("%s: compressed-tensors with %d bits is not supported", o.Name, bits)
	}
	return o.Err()
}

// matrix returns the tensor with the given name, and dequantizes it if necessary.
// name lacks the model's prefix. matrix returns nil if there is no such tensor.
func (b *builder) matrix(name string) (*stored, error) {
	t := b.tensor(name)
	base, isWeight := strings.CutSuffix(name, ".weight")
	switch {
	case t == nil && !isWeight || t == nil && b.quant.method == "":
		return nil, nil
	case t == nil:
		return b.packed(base)
	case t.Type.Float() && t.Type.Bits() > 8:
		return plain(t)
	}
	x, err := b.scaled(name, t)
	if x != nil || err != nil {
		return x, err
	}
	if !t.Type.Float() {
		return nil, fmt.Errorf("tensor %q has the type %s, want floating point numbers", t.Name, t.Type)
	}
	return plain(t)
}

// plain returns a tensor that is not quantized.
func plain(t *weights.Tensor) (*stored, error) {
	r, err := rows.Of(t)
	if err != nil {
		return nil, err
	}
	return &stored{t.Name, string(t.Type), t.Shape, r}, nil
}

// scaled returns a tensor of 8-bit numbers with scales, or of bitsandbytes' 4-bit codes.
// It returns nil if t is neither.
func (b *builder) scaled(name string, t *weights.Tensor) (*stored, error) {
	if s := b.tensor(strings.TrimSuffix(name, "weight") + "SCB"); s != nil && t.Type == weights.I8 {
		b.tensor(strings.TrimSuffix(name, "weight") + "weight_format")
		return b.byScales(t, s, 1.0/127)
	}
	if t.Type == weights.U8 {
		return b.codes(name, t)
	}
	for _, end := range []string{"_scale_inv", "_scale"} { // both have factors, although _scale_inv sounds like their inverses
		if s := b.tensor(name + end); s != nil {
			return b.byScales(t, s, 1)
		}
	}
	return nil, nil
}

// byScales returns the tensor t, multiplied by its scales s and by factor. There is one scale for
// all elements, one for each row, or one for each block.
func (b *builder) byScales(t, s *weights.Tensor, factor float32) (*stored, error) {
	if !s.Type.Float() && s.Type != weights.F8E8M0 {
		return nil, fmt.Errorf("tensor %q has the type %s, want floating point numbers", s.Name, s.Type)
	}
	values, err := s.Float32s()
	if err != nil {
		return nil, err
	}
	for i := range values {
		values[i] *= factor
	}
	n, cols := t.Rows(), t.Cols()
	x := rows.Scales{Rows: max(1, n), Cols: max(1, cols), PerRow: 1, Values: values}
	blocks := b.quant.config.Floats("weight_block_size")
	if len(blocks) == 0 && b.quant.weights.Has("block_structure") {
		blocks = b.quant.weights.Floats("block_structure")
	}
	bad := fmt.Errorf("tensor %q has the shape %d, which does not fit %q with %d", s.Name, s.Shape, t.Name, t.Shape)
	switch {
	case s.Elems() == 1:
	case len(t.Shape) == 2 && s.Elems() == n && s.Rows()*s.Cols() == n && (len(s.Shape) == 1 || s.Cols() == 1):
		x.Rows = 1
	case len(t.Shape) == 2 && len(s.Shape) == 2 && len(blocks) == 2:
		x.Rows, x.Cols = int(blocks[0]), int(blocks[1])
		if x.Rows < 1 || x.Cols < 1 || s.Shape[0] != (n+x.Rows-1)/x.Rows || s.Shape[1] != (cols+x.Cols-1)/x.Cols {
			return nil, bad
		}
		x.PerRow = s.Shape[1]
	default:
		return nil, bad
	}
	return &stored{t.Name, string(t.Type), t.Shape, rows.Scaled(t, x, b.made())}, nil
}

// made returns the type of dequantized matrices.
func (b *builder) made() quant.Type {
	if b.mapped {
		return quant.BF16
	}
	return quant.F32
}

// blocks returns matrices in MXFP4 from two tensors, NAME_blocks and NAME_scales. It
// returns nil if there are none.
func (b *builder) blocks(name string) (*stored, error) {
	codes, scales := b.tensor(name+"_blocks"), b.tensor(name+"_scales")
	if codes == nil {
		return nil, nil
	}
	switch {
	case scales == nil:
		return nil, fmt.Errorf("tensor %q is missing, although %q is there", name+"_scales", codes.Name)
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

// byRows returns a function that reads rows of size bytes of a tensor.
func byRows(t *weights.Tensor, size int) func(dst []byte, lo, hi int) error {
	return func(dst []byte, lo, hi int) error {
		return t.ReadAt(dst[:(hi-lo)*size], int64(lo)*int64(size))
	}
}
