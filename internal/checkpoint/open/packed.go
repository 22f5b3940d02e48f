package open

import (
	"fmt"

	"alpaca/internal/checkpoint/config"
	"alpaca/internal/checkpoint/rows"
	"alpaca/internal/checkpoint/weights"
)

// maxPacked bounds the number of rows and of columns in a packed matrix.
const maxPacked = 1 << 24

// packed returns a matrix that is packed in several tensors. Their names are
// base with different suffixes. It returns nil if there are no such tensors.
func (b *builder) packed(base string) (*stored, error) {
	switch b.quant.method {
	case "gptq", "awq":
		return b.columns(base)
	case "compressed-tensors":
		return b.grouped(base)
	}
	return nil, nil
}

// parts returns the tensors of one matrix. Their names are base with each of
// ends, in order. parts returns an error if one of the tensors is missing.
func (b *builder) parts(base string, ends ...string) ([]*weights.Tensor, error) {
	list := make([]*weights.Tensor, len(ends))
	for i, end := range ends {
		if list[i] = b.tensor(base + end); list[i] == nil {
			return nil, fmt.Errorf("tensor %q is missing, although other tensors of %q are there", base+end, base)
		}
	}
	return list, nil
}

// columns returns a matrix of GPTQ or AWQ, or nil if there is none.
func (b *builder) columns(base string) (*stored, error) {
	if b.tensor(base+".qweight") == nil {
		return nil, nil
	}
	p, err := b.parts(base, ".qweight", ".qzeros", ".scales")
	if err != nil {
		return nil, err
	}
	words, zeros, scales := p[0], p[1], p[2]
	o := b.quant.config
	c := &rows.Columns{
		Words: words, Zeros: zeros, Scales: scales, Groups: b.tensor(base + ".g_idx"), Cache: &b.quant.cache,
		Bits: o.Int("bits", o.Int("w_bit", 4)), AWQ: b.quant.method == "awq",
	}
	c.PlusOne = !c.AWQ && o.Text("checkpoint_format") != "gptq_v2"
	if words.Type != weights.I32 || zeros.Type != weights.I32 || len(words.Shape) != 2 || len(zeros.Shape) != 2 || len(scales.Shape) != 2 || !scales.Type.Float() {
		return nil, fmt.Errorf("tensors %q, %q and %q: want two matrices of I32 and one of scales", words.Name, zeros.Name, scales.Name)
	}
	perWord := 32 / c.Bits
	c.Rows = scales.Shape[1]
	groups := scales.Shape[0]
	packedRows := (c.Rows + perWord - 1) / perWord
	c.Cols = words.Shape[0]
	wide := c.Rows
	if c.AWQ {
		wide = packedRows
	} else {
		c.Cols *= perWord
	}
	if words.Shape[1] != wide || zeros.Shape[0] != groups || zeros.Shape[1] != packedRows || groups < 1 || c.Rows < 1 || c.Cols < 1 || c.Cols > maxPacked {
		return nil, fmt.Errorf("tensors %q, %q and %q have shapes that do not match: %d, %d and %d", words.Name, zeros.Name, scales.Name, words.Shape, zeros.Shape, scales.Shape)
	}
	if c.Group = o.Int("group_size", o.Int("q_group_size", 128)); o.Float("group_size", 1) < 0 {
		c.Group = c.Cols // -1: one group
	}
	if c.Group < 1 || (c.Cols+c.Group-1)/c.Group != groups {
		return nil, fmt.Errorf("tensor %q has %d groups, want %d of %d columns", scales.Name, groups, (c.Cols+max(1, c.Group)-1)/max(1, c.Group), c.Group)
	}
	if g := c.Groups; g != nil && (g.Elems() != c.Cols || !g.Type.Plain()) {
		return nil, fmt.Errorf("tensor %q has %d elements, want %d", g.Name, g.Elems(), c.Cols)
	}
	return &stored{words.Name, b.quant.method, []int{c.Rows, c.Cols}, c.Unpack(b.made())}, nil
}

// grouped returns a matrix in the format "pack-quantized" of compressed-tensors, or nil if there is
// none.
func (b *builder) grouped(base string) (*stored, error) {
	if b.tensor(base+".weight_packed") == nil {
		return nil, nil
	}
	p, err := b.parts(base, ".weight_packed", ".weight_scale", ".weight_shape")
	if err != nil {
		return nil, err
	}
	words, scales := p[0], p[1]
	shape, err := p[2].Float32s()
	if err != nil {
		return nil, err
	}
	g := &rows.Grouped{Words: words, Bits: b.quant.weights.Int("num_bits", 4)}
	if len(shape) != 2 || words.Type != weights.I32 || len(words.Shape) != 2 || len(scales.Shape) != 2 || !(shape[0] >= 1 && shape[0] < maxPacked && shape[1] >= 1 && shape[1] < maxPacked) {
		return nil, fmt.Errorf("tensors %q, %q and %q: want matrices of I32 and of scales, and a shape", words.Name, scales.Name, p[2].Name)
	}
	g.Rows, g.Cols = int(shape[0]), int(shape[1])
	if g.Group = b.quant.weights.Int("group_size", 0); g.Group == 0 {
		g.Group = g.Cols
	}
	perWord, groups := 32/g.Bits, (g.Cols+g.Group-1)/g.Group
	if words.Shape[0] != g.Rows || words.Shape[1] != (g.Cols+perWord-1)/perWord || scales.Shape[0] != g.Rows || scales.Shape[1] != groups {
		return nil, fmt.Errorf("tensors %q and %q have the shapes %d and %d, which do not match %d", words.Name, scales.Name, words.Shape, scales.Shape, []int{g.Rows, g.Cols})
	}
	if g.Scales, err = scales.Float32s(); err != nil {
		return nil, err
	}
	if z := b.tensor(base + ".weight_zero_point"); z != nil && z.Type == weights.I32 {
		if g.Zeros, err = zeros(z, g.Rows, groups, g.Bits); err != nil {
			return nil, err
		}
	}
	b.tensor(base + ".weight_g_idx")
	return &stored{words.Name, "packed", []int{g.Rows, g.Cols}, g.Unpack(b.made())}, nil
}

// zeros unpacks zero points. A 32-bit word has the zero points of several rows.
func zeros(t *weights.Tensor, rows, groups, bits int) ([]float32, error) {
	perWord := 32 / bits
	if len(t.Shape) != 2 || t.Shape[0] != (rows+perWord-1)/perWord || t.Shape[1] != groups {
		return nil, fmt.Errorf("tensor %q has the shape %d, want %d", t.Name, t.Shape, []int{(rows + perWord - 1) / perWord, groups})
	}
	raw := make([]byte, t.Bytes())
	if err := t.ReadAt(raw, 0); err != nil {
		return nil, err
	}
	list := make([]float32, rows*groups)
	for r := range rows {
		for g := range groups {
			b := raw[4*(r/perWord*groups+g):]
			w := uint32(b[0]) | uint32(b[1])<<8 | uint32(b[2])<<16 | uint32(b[3])<<24
			list[r*groups+g] = float32(w >> (r % perWord * bits) & (1<<bits - 1))
		}
	}
	return list, nil
}

// codes returns a matrix that bitsandbytes stores as 4-bit codes.
func (b *builder) codes(name string, t *weights.Tensor) (*stored, error) {
	var state *weights.Tensor
	for _, kind := range []string{"nf4", "fp4"} {
		if s := b.tensor(name + ".quant_state.bitsandbytes__" + kind); s != nil {
			state = s
		}
	}
	if state == nil {
		return nil, fmt.Errorf("tensor %q has the type U8, but there is no tensor %q", t.Name, name+".quant_state.bitsandbytes__nf4")
	}
	if state.Type != weights.U8 || state.Bytes() > 1<<20 {
		return nil, fmt.Errorf("tensor %q is not a text", state.Name)
	}
	raw := make([]byte, state.Bytes())
	if err := state.ReadAt(raw, 0); err != nil {
		return nil, err
	}
	o := config.Parse(raw, state.Name)
	shape := o.Floats("shape")
	x := &rows.Blocked{Codes: t, Block: o.Int("blocksize", 64)}
	if o.Err() != nil || len(shape) != 2 || x.Block < 1 || !(shape[0] >= 1 && shape[0] < maxPacked && shape[1] >= 1 && shape[1] < maxPacked) {
		return nil, fmt.Errorf("tensor %q does not give a shape of two dimensions and a block size", state.Name)
	}
	x.Rows, x.Cols = int(shape[0]), int(shape[1])
	p, err := b.parts(name, ".absmax", ".quant_map")
	if err != nil {
		return nil, err
	}
	table, err := p[1].Float32s()
	if err != nil {
		return nil, err
	}
	elems := x.Rows * x.Cols
	if len(table) != 16 || t.Bytes() != int64((elems+1)/2) || p[0].Elems() != (elems+x.Block-1)/x.Block {
		return nil, fmt.Errorf("tensors %q, %q and %q do not fit each other and the shape %d", t.Name, p[0].Name, p[1].Name, []int{x.Rows, x.Cols})
	}
	copy(x.Table[:], table)
	if x.Scales, err = b.absmax(name, p[0], o); err != nil {
		return nil, err
	}
	return &stored{t.Name, "bitsandbytes", []int{x.Rows, x.Cols}, x.Unpack(b.made())}, nil
}

// absmax returns the scales of 4-bit codes. It dequantizes the scales if they are quantized, too.
func (b *builder) absmax(name string, t *weights.Tensor, o config.Object) ([]float32, error) {
	if t.Type != weights.U8 {
		return t.Float32s()
	}
	p, err := b.parts(name, ".nested_absmax", ".nested_quant_map")
	if err != nil {
		return nil, err
	}
	scales, err := p[0].Float32s()
	if err != nil {
		return nil, err
	}
	table, err := p[1].Float32s()
	if err != nil {
		return nil, err
	}
	block := o.Int("nested_blocksize", 256)
	if len(table) != 256 || block < 1 || len(scales) != (t.Elems()+block-1)/block {
		return nil, fmt.Errorf("tensors %q, %q and %q do not fit each other", t.Name, p[0].Name, p[1].Name)
	}
	codes := make([]byte, t.Bytes())
	if err := t.ReadAt(codes, 0); err != nil {
		return nil, err
	}
	offset := float32(o.Float("nested_offset", 0))
	list := make([]float32, len(codes))
	for i, c := range codes {
		list[i] = table[c]*scales[i/block] + offset
	}
	return list, o.Err()
}
