package gguf

import (
	"fmt"
	"strconv"
	"strings"

	"alpaca/internal/arch"
	"alpaca/internal/quant"
)

// newName returns the GGUF name and the description of the tensor that a legacy file calls old.
// The description is nil if no LLaMA has such a tensor.
func newName(old string, layers int) (string, *arch.Tensor) {
	rest, ok := strings.CutPrefix(old, "layers.")
	if !ok {
		return findLegacy("", old, arch.Llama.Input, arch.Llama.Output)
	}
	number, name, _ := strings.Cut(rest, ".")
	n, err := strconv.Atoi(number)
	if err != nil || n < 0 || n >= layers || strconv.Itoa(n) != number {
		return "", nil
	}
	return findLegacy(arch.LayerPrefix(n), name, arch.Llama.Layer, arch.Llama.FFN)
}

// findLegacy looks up a name of a legacy file in tables of tensors.
func findLegacy(prefix, old string, tables ...[]arch.Tensor) (string, *arch.Tensor) {
	for _, table := range tables {
		for i := range table {
			if t := &table[i]; t.Meta != "" && t.Meta+".weight" == old {
				return prefix + t.GGUF() + ".weight", t
			}
		}
	}
	return "", nil
}

// maxLegacyName is the longest name of a tensor, as in the programs of 2023.
const maxLegacyName = 1023

// readTensors reads the records from offset pos to the end of the file.
func (l *legacyFile) readTensors(pos int64) error {
	for n := 0; pos < l.im.size; n++ {
		if n == maxTensors {
			return fmt.Errorf("more than %d tensors", maxTensors)
		}
		next, err := l.readTensor(pos)
		if err != nil {
			return fmt.Errorf("tensor %d at offset %d: %w", n, pos, err)
		}
		pos = next
	}
	return nil
}

// readTensor reads the record at offset pos and returns the offset of the next.
func (l *legacyFile) readTensor(pos int64) (next int64, err error) {
	c, err := l.im.cursor(pos, 5*4+maxLegacyName)
	if err != nil {
		return 0, err
	}
	dims, nameLen, code := c.i32(), c.i32(), c.i32()
	if c.err != nil {
		return 0, c.err
	}
	if dims < 1 || dims > 2 {
		return 0, fmt.Errorf("%d dimensions, want 1 or 2", dims)
	}
	if nameLen < 1 || nameLen > maxLegacyName {
		return 0, fmt.Errorf("name of %d bytes, want 1 to %d", nameLen, maxLegacyName)
	}
	ne := [2]int32{1, 1} // innermost first, as in the file
	for d := range dims {
		ne[d] = c.i32()
	}
	old := string(c.bytes(uint64(nameLen)))
	if c.err != nil {
		return 0, c.err
	}
	if ne[0] < 1 || ne[1] < 1 {
		return 0, fmt.Errorf("%q: dimensions %d: all must be positive", old, ne[:dims])
	}
	typ, err := l.tensorType(code)
	if err != nil {
		return 0, fmt.Errorf("%q: %w", old, err)
	}
	size, err := dataBytes(typ, []uint64{uint64(ne[0]), uint64(ne[1])})
	if err != nil {
		return 0, fmt.Errorf("%q: %w", old, err)
	}
	data := pos + int64(c.pos)
	if l.format == "ggjt" {
		data = int64(alignUp(uint64(data), 32))
	}
	if data > l.im.size || int64(size) > l.im.size-data {
		return 0, fmt.Errorf("%q: %d bytes of data at offset %d run %w (%d bytes)", old, size, data, ErrTruncated, l.im.size)
	}
	if strings.HasSuffix(old, "rope.freqs") {
		return data + int64(size), nil // skip it, because its values follow from the sizes
	}
	name, kind := newName(old, int(l.hparams.Layers))
	switch _, dup := l.tensors[name]; {
	case kind == nil:
		return 0, fmt.Errorf("%q is not a tensor of a LLaMA of %d layers", old, l.hparams.Layers)
	case dup:
		return 0, fmt.Errorf("%q occurs twice", old)
	}
	l.order = append(l.order, name)
	l.tensors[name] = legacyTensor{
		kind: kind, typ: typ, rows: int(ne[1]), cols: int(ne[0]), dims: int(dims),
		at: span{l.im, data, int64(size)},
	}
	return data + int64(size), nil
}

// legacyTypes maps a code to the type that it stands for
// in each of the three generations of block layouts.
var legacyTypes = map[int32][3]quant.Type{
	0: {quant.F32, quant.F32, quant.F32},
	1: {quant.F16, quant.F16, quant.F16},
	2: {quant.Q4_0v1, quant.Q4_0v2, quant.Q4_0},
	3: {quant.Q4_1v1, quant.Q4_1v2, quant.Q4_1},
	6: {quant.Q5_0v1, quant.Q5_0, quant.Q5_0},
	7: {quant.Q5_1v1, quant.Q5_1, quant.Q5_1},
	8: {quant.Q8_0v1, quant.Q8_0v1, quant.Q8_0},
}

// generation returns the generation of the file's block layouts, from 0 to 2.
func (l *legacyFile) generation() int {
	if l.format == "ggjt" {
		return int(l.version) - 1
	}
	// In files of other models, ftype/1000 is the generation. In LLaMA's files,
	// ftype/1000 is 0. If it is not 0, it probably has the same meaning.
	return min(2, int(max(0, l.hparams.FType/1000)))
}

// tensorType returns the type that a record's code stands for in this file.
func (l *legacyFile) tensorType(code int32) (quant.Type, error) {
	gen := l.generation()
	ggjt := l.format == "ggjt"
	switch types, ok := legacyTypes[code]; {
	case ok && code >= 6 && !ggjt:
		// No program wrote these types into the older containers.
	case code == 6 && gen == 0 && l.hparams.FType == int32(MostlyQ8_0):
		return quant.Q8_0v1, nil // on 25 April 2023 the code of Q8_0 was 6
	case ok:
		return types[gen], nil
	case (code == int32(quant.Q4_2) || code == int32(quant.Q4_3)) && ggjt && gen == 0:
		return quant.Type(code), nil
	case code >= int32(quant.Q2_K) && code <= int32(quant.Q6_K) && ggjt && gen == 2:
		return quant.Type(code), nil
	}
	if ggjt {
		return 0, fmt.Errorf("type code %d, which %s version %d does not have", code, l.format, l.version)
	}
	return 0, fmt.Errorf("type code %d, which %s does not have", code, l.format)
}
