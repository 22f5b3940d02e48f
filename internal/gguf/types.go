package gguf

import (
	"fmt"

	"alpaca/internal/quant"
)

// foreignTypes are tensor types that cannot be read, by code: types that GGUF no longer has,
// and types of the fork ik_llama.cpp.
var foreignTypes = map[quant.Type]string{
	31:  "Q4_0_4_4, which GGUF no longer has",
	32:  "Q4_0_4_8, which GGUF no longer has",
	33:  "Q4_0_8_8, which GGUF no longer has",
	36:  "IQ4_NL_4_4, which GGUF no longer has, or I2_S of BitNet",
	37:  "IQ4_NL_4_8, which GGUF no longer has",
	38:  "IQ4_NL_8_8, which GGUF no longer has",
	133: "Q6_0 of ik_llama.cpp",
	134: "IQ1_BN of ik_llama.cpp",
	135: "IQ2_BN of ik_llama.cpp",
	137: "IQ2_K of ik_llama.cpp",
	138: "IQ3_K of ik_llama.cpp",
	139: "IQ4_K of ik_llama.cpp",
	140: "IQ5_K of ik_llama.cpp",
	141: "IQ6_K of ik_llama.cpp",
	144: "IQ4_KS of ik_llama.cpp",
	145: "IQ2_KS of ik_llama.cpp",
	146: "IQ4_KSS of ik_llama.cpp",
	151: "Q8_KV of ik_llama.cpp",
	152: "IQ5_KS of ik_llama.cpp",
}

// lastType bounds the codes that a file may hold. Higher codes are
// this project's own. They are for tensors that exist only in memory.
const lastType = 1000

// checkType refuses a type that GGUF files cannot hold or whose size is not known.
func checkType(t quant.Type) error {
	switch name, foreign := foreignTypes[t]; {
	case t == quant.Q4_2 || t == quant.Q4_3:
		return fmt.Errorf("type %v (code %d) is not a type of GGUF", t, uint32(t))
	case t.Known() && t < lastType:
		return nil
	case foreign:
		return fmt.Errorf("unknown type code %d (%s)", uint32(t), name)
	case t >= 97 && t < 400:
		return fmt.Errorf("unknown type code %d (a row-interleaved or other type of ik_llama.cpp)", uint32(t))
	}
	return fmt.Errorf("unknown type code %d", uint32(t))
}
