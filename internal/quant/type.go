package quant

import (
	"fmt"
	"strings"
)

// Type is the number format of a tensor. Its values are the codes in GGML and GGUF files.
type Type uint32

// The types of GGUF files. For "size only" types, only the size of a block is known: a file with
// them can be inspected, but not computed with. "Read only" types can be read, but not written.
const (
	F32     Type = 0
	F16     Type = 1
	Q4_0    Type = 2
	Q4_1    Type = 3
	Q4_2    Type = 4 // ggjt v1 of April 2023
	Q4_3    Type = 5 // ggjt v1 of April 2023
	Q5_0    Type = 6
	Q5_1    Type = 7
	Q8_0    Type = 8
	Q8_1    Type = 9 // size only
	Q2_K    Type = 10
	Q3_K    Type = 11
	Q4_K    Type = 12
	Q5_K    Type = 13
	Q6_K    Type = 14
	Q8_K    Type = 15 // size only
	IQ2_XXS Type = 16 // read only
	IQ2_XS  Type = 17 // read only
	IQ3_XXS Type = 18 // read only
	IQ1_S   Type = 19 // read only
	IQ4_NL  Type = 20
	IQ3_S   Type = 21 // read only
	IQ2_S   Type = 22 // read only
	IQ4_XS  Type = 23
	I8      Type = 24 // size only
	I16     Type = 25 // size only
	I32     Type = 26 // size only
	I64     Type = 27 // size only
	F64     Type = 28 // size only
	IQ1_M   Type = 29 // read only
	BF16    Type = 30
	TQ1_0   Type = 34
	TQ2_0   Type = 35
	MXFP4   Type = 39
	NVFP4   Type = 40
	Q1_0    Type = 41
	Q2_0    Type = 42
)

// typeInfo has a type's name and the size of its blocks: blockLen elements in blockBytes bytes.
type typeInfo struct {
	name                 string
	blockLen, blockBytes int
}

// The index of typeInfos is a Type, and entries of unknown types are empty. It is
// an array instead of a map, because kernels look up block sizes very often.
var typeInfos = [...]typeInfo{
	F32:     {"F32", 1, 4},
	F16:     {"F16", 1, 2},
	Q4_0:    {"Q4_0", 32, 18},
	Q4_1:    {"Q4_1", 32, 20},
	Q4_2:    {"Q4_2", 32, 20}, // a pair of blocks, see Format16
	Q4_3:    {"Q4_3", 32, 24},
	Q5_0:    {"Q5_0", 32, 22},
	Q5_1:    {"Q5_1", 32, 24},
	Q8_0:    {"Q8_0", 32, 34},
	Q8_1:    {"Q8_1", 32, 36},
	Q2_K:    {"Q2_K", 256, 84},
	Q3_K:    {"Q3_K", 256, 110},
	Q4_K:    {"Q4_K", 256, 144},
	Q5_K:    {"Q5_K", 256, 176},
	Q6_K:    {"Q6_K", 256, 210},
	Q8_K:    {"Q8_K", 256, 292},
	IQ2_XXS: {"IQ2_XXS", 256, 66},
	IQ2_XS:  {"IQ2_XS", 256, 74},
	IQ3_XXS: {"IQ3_XXS", 256, 98},
	IQ1_S:   {"IQ1_S", 256, 50},
	IQ4_NL:  {"IQ4_NL", 32, 18},
	IQ3_S:   {"IQ3_S", 256, 110},
	IQ2_S:   {"IQ2_S", 256, 82},
	IQ4_XS:  {"IQ4_XS", 256, 136},
	I8:      {"I8", 1, 1},
	I16:     {"I16", 1, 2},
	I32:     {"I32", 1, 4},
	I64:     {"I64", 1, 8},
	F64:     {"F64", 1, 8},
	IQ1_M:   {"IQ1_M", 256, 56},
	BF16:    {"BF16", 1, 2},
	TQ1_0:   {"TQ1_0", 256, 54},
	TQ2_0:   {"TQ2_0", 256, 66},
	MXFP4:   {"MXFP4", 32, 17},
	NVFP4:   {"NVFP4", 64, 36},
	Q1_0:    {"Q1_0", 128, 18},
	Q2_0:    {"Q2_0", 64, 18},
}

// legacyInfos is typeInfos for the types from legacyBase on. A
// single array for all types would have a thousand empty entries.
var legacyInfos = [...]typeInfo{
	Q4_0v1 - legacyBase: {"Q4_0v1", 32, 20},
	Q4_0v2 - legacyBase: {"Q4_0v2", 32, 20},
	Q4_1v1 - legacyBase: {"Q4_1v1", 32, 24},
	Q4_1v2 - legacyBase: {"Q4_1v2", 32, 24},
	Q5_0v1 - legacyBase: {"Q5_0v1", 32, 22},
	Q5_1v1 - legacyBase: {"Q5_1v1", 32, 24},
	Q8_0v1 - legacyBase: {"Q8_0v1", 32, 36},
}

// info returns the name and the block size of t, or zeros if t is unknown.
func (t Type) info() typeInfo {
	if uint64(t) < uint64(len(typeInfos)) {
		return typeInfos[t]
	}
	if i := t - legacyBase; uint64(i) < uint64(len(legacyInfos)) {
		return legacyInfos[i]
	}
	return typeInfo{}
}

// String returns the type's usual name, such as "Q4_0".
func (t Type) String() string {
	if i := t.info(); i.blockLen > 0 {
		return i.name
	}
	return fmt.Sprintf("type %d", uint32(t))
}

// Known reports whether the type's block size is known.
func (t Type) Known() bool { return t.info().blockLen > 0 }

// BlockLen returns the number of elements in a block, 0 for unknown types.
func (t Type) BlockLen() int { return t.info().blockLen }

// BlockBytes returns the number of bytes in a block, 0 for unknown types.
func (t Type) BlockBytes() int { return t.info().blockBytes }

// RowBytes returns the number of bytes in a row of cols
// elements. cols must be a multiple of BlockLen.
func (t Type) RowBytes(cols int) int {
	i := t.info()
	if i.blockLen == 0 || cols%i.blockLen != 0 {
		panic(fmt.Sprintf("quant: a row of %d %v", cols, t))
	}
	return cols / i.blockLen * i.blockBytes
}

// ParseType returns the type with the given name, in upper or lower
// case. It does not accept the names of types from before GGUF.
func ParseType(name string) (Type, error) {
	for t, i := range typeInfos {
		if i.blockLen > 0 && strings.EqualFold(i.name, name) && !IsLegacy(Type(t)) {
			return Type(t), nil
		}
	}
	return 0, fmt.Errorf("quant: unknown type %q", name)
}
