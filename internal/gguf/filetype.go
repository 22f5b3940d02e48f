package gguf

import (
	"strconv"
	"strings"

	"alpaca/internal/quant"
)

// KeyFileType is the key of a file's FileType.
const KeyFileType = "general.file_type"

// A FileType says which types a file's tensors have. Most tensors have one type, and some may
// have a more precise type. The codes are those of llama.cpp's llama_ftype (include/llama.h).
type FileType uint32

// These are the file types that this program can write.
const (
	AllF32       FileType = 0
	MostlyF16    FileType = 1
	MostlyQ4_0   FileType = 2
	MostlyQ4_1   FileType = 3
	MostlyQ8_0   FileType = 7
	MostlyQ5_0   FileType = 8
	MostlyQ5_1   FileType = 9
	MostlyQ2_K   FileType = 10
	MostlyQ3_K_S FileType = 11
	MostlyQ3_K_M FileType = 12
	MostlyQ3_K_L FileType = 13
	MostlyQ4_K_S FileType = 14
	MostlyQ4_K_M FileType = 15
	MostlyQ5_K_S FileType = 16
	MostlyQ5_K_M FileType = 17
	MostlyQ6_K   FileType = 18
	MostlyQ2_K_S FileType = 21
	MostlyIQ4_NL FileType = 25
	MostlyIQ4_XS FileType = 30
	MostlyBF16   FileType = 32
	MostlyTQ1_0  FileType = 36
	MostlyTQ2_0  FileType = 37
	MostlyMXFP4  FileType = 38 // MXFP4 for the experts, Q8_0 for all other tensors
	MostlyNVFP4  FileType = 39
	MostlyQ1_0   FileType = 40
	MostlyQ2_0   FileType = 41
)

// FileTypeGuessed is a flag that llama.cpp adds when the key is missing and it guesses the
// FileType from the tensors. llama-quantize's COPY writes the FileType with the flag.
const FileTypeGuessed FileType = 1024

// fileTypes has the name of each FileType, the type of most tensors and llama.cpp's
// description. If this program cannot read such files, the entry has only the name.
var fileTypes = map[FileType]struct {
	name        string
	typ         quant.Type
	description string
}{
	AllF32:       {"F32", quant.F32, "all F32"},
	MostlyF16:    {"F16", quant.F16, "F16"},
	MostlyQ4_0:   {"Q4_0", quant.Q4_0, "Q4_0"},
	MostlyQ4_1:   {"Q4_1", quant.Q4_1, "Q4_1"},
	MostlyQ8_0:   {"Q8_0", quant.Q8_0, "Q8_0"},
	MostlyQ5_0:   {"Q5_0", quant.Q5_0, "Q5_0"},
	MostlyQ5_1:   {"Q5_1", quant.Q5_1, "Q5_1"},
	MostlyQ2_K:   {"Q2_K", quant.Q2_K, "Q2_K - Medium"},
	MostlyQ3_K_S: {"Q3_K_S", quant.Q3_K, "Q3_K - Small"},
	MostlyQ3_K_M: {"Q3_K_M", quant.Q3_K, "Q3_K - Medium"},
	MostlyQ3_K_L: {"Q3_K_L", quant.Q3_K, "Q3_K - Large"},
	MostlyQ4_K_S: {"Q4_K_S", quant.Q4_K, "Q4_K - Small"},
	MostlyQ4_K_M: {"Q4_K_M", quant.Q4_K, "Q4_K - Medium"},
	MostlyQ5_K_S: {"Q5_K_S", quant.Q5_K, "Q5_K - Small"},
	MostlyQ5_K_M: {"Q5_K_M", quant.Q5_K, "Q5_K - Medium"},
	MostlyQ6_K:   {"Q6_K", quant.Q6_K, "Q6_K"},
	MostlyQ2_K_S: {"Q2_K_S", quant.Q2_K, "Q2_K - Small"},
	MostlyIQ4_NL: {"IQ4_NL", quant.IQ4_NL, "IQ4_NL"},
	MostlyIQ4_XS: {"IQ4_XS", quant.IQ4_XS, "IQ4_XS"},
	MostlyBF16:   {"BF16", quant.BF16, "BF16"},
	MostlyTQ1_0:  {"TQ1_0", quant.TQ1_0, "TQ1_0"},
	MostlyTQ2_0:  {"TQ2_0", quant.TQ2_0, "TQ2_0"},
	MostlyMXFP4:  {"MXFP4_MOE", quant.MXFP4, "MXFP4 MoE"},
	MostlyNVFP4:  {"NVFP4", quant.NVFP4, "NVFP4"},
	MostlyQ1_0:   {"Q1_0", quant.Q1_0, "Q1_0"},
	MostlyQ2_0:   {"Q2_0", quant.Q2_0, "Q2_0"},

	// This program reads these file types but does not write them.
	19: {"IQ2_XXS", quant.IQ2_XXS, "IQ2_XXS - 2.0625 bpw"},
	20: {"IQ2_XS", quant.IQ2_XS, "IQ2_XS - 2.3125 bpw"},
	22: {"IQ3_XS", quant.IQ3_S, "IQ3_XS - 3.3 bpw"},
	23: {"IQ3_XXS", quant.IQ3_XXS, "IQ3_XXS - 3.0625 bpw"},
	24: {"IQ1_S", quant.IQ1_S, "IQ1_S - 1.5625 bpw"},
	26: {"IQ3_S", quant.IQ3_S, "IQ3_S - 3.4375 bpw"},
	27: {"IQ3_M", quant.IQ3_S, "IQ3_S mix - 3.66 bpw"},
	28: {"IQ2_S", quant.IQ2_XS, "IQ2_S - 2.5 bpw"},
	29: {"IQ2_M", quant.IQ2_S, "IQ2_M - 2.7 bpw"},
	31: {"IQ1_M", quant.IQ1_M, "IQ1_M - 1.75 bpw"},

	// llama-quantize once wrote these file types. This program does not read them.
	4: {name: "Q4_1_SOME_F16"}, 5: {name: "Q4_2"}, 6: {name: "Q4_3"},
	33: {name: "Q4_0_4_4"}, 34: {name: "Q4_0_4_8"}, 35: {name: "Q4_0_8_8"},
}

// String returns llama-quantize's name, such as "Q4_K_M", or "" for an unknown type.
func (f FileType) String() string { return fileTypes[f&^FileTypeGuessed].name }

// Describe returns llama.cpp's description, such as "Q4_K - Medium", or "" for a file type that
// this program does not read.
func (f FileType) Describe() string { return fileTypes[f&^FileTypeGuessed].description }

// Type returns the type of most tensors. ok is false for a file type that this program does not
// read.
func (f FileType) Type() (t quant.Type, ok bool) {
	e := fileTypes[f&^FileTypeGuessed]
	return e.typ, e.description != ""
}

// ParseFileType returns the file type with the given name (upper or lower case) or decimal
// code. "Q3_K", "Q4_K" and "Q5_K" mean the medium sizes, such as "Q4_K_M".
func ParseFileType(name string) (f FileType, ok bool) {
	if code, err := strconv.ParseUint(name, 10, 32); err == nil {
		_, ok = fileTypes[FileType(code)]
		return FileType(code), ok
	}
	name = strings.ToUpper(name)
	for f, e := range fileTypes {
		if e.name == name || e.name == name+"_M" && e.typ.String() == name {
			return f, true
		}
	}
	return 0, false
}

// FileTypeOf returns the file type whose tensors are mostly of type t. If there are several
// sizes for type t, it returns the medium size. ok is false if there is no such file type.
func FileTypeOf(t quant.Type) (f FileType, ok bool) {
	f, ok = ParseFileType(t.String())
	typ, known := f.Type()
	return f, ok && known && typ == t
}
