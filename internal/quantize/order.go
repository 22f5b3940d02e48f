package quantize

import (
	"cmp"
	"slices"
	"strconv"
	"strings"

	"alpaca/internal/arch"
	"alpaca/internal/gguf"
	"alpaca/internal/quant"
)

// layerOf returns the layer in a tensor's name, or -1 if the name has none. Unlike
// arch.CutLayer it also accepts "blk.1" without a dot, like llama-quantize.
func layerOf(name string) int {
	rest, ok := strings.CutPrefix(name, "blk.")
	if !ok {
		return -1
	}
	end := strings.IndexFunc(rest, func(c rune) bool { return c < '0' || c > '9' })
	if end < 0 {
		end = len(rest)
	}
	n, err := strconv.Atoi(rest[:end])
	if err != nil {
		return -1
	}
	return n
}

// inOrder returns the tensors in llama-quantize's order: first the tensors outside
// of layers, then the tensors of each layer. Each group is sorted by name.
func inOrder(tensors []gguf.Tensor) []*gguf.Tensor {
	list := make([]*gguf.Tensor, len(tensors))
	for i := range tensors {
		list[i] = &tensors[i]
	}
	slices.SortStableFunc(list, func(a, b *gguf.Tensor) int {
		return cmp.Or(cmp.Compare(layerOf(a.Name), layerOf(b.Name)), strings.Compare(a.Name, b.Name))
	})
	return list
}

// notWeights are parts of the names of matrices that are not quantized, because they are small
// and sensitive to errors.
var notWeights = []string{
	"_norm.weight", arch.Router.Weight(), "ffn_gate_tid2eid.weight", "attn_rel_b.weight",
	"altup", "laurel", "per_layer_model_proj", "ssm_conv1d", "shortconv.conv.weight",
	"indexer.k_proj.weight", "indexer.q_proj.weight",
	"time_mix_first.weight", "time_mix_w0.weight", "time_mix_w1.weight", "time_mix_w2.weight",
	"time_mix_v0.weight", "time_mix_v1.weight", "time_mix_v2.weight",
	"time_mix_a0.weight", "time_mix_a1.weight", "time_mix_a2.weight",
	"time_mix_g1.weight", "time_mix_g2.weight",
	"time_mix_decay_w1.weight", "time_mix_decay_w2.weight", "time_mix_lerp_fused.weight",
	".position_embd", "sam.pos_embd", "sam.neck.", "sam.net_", ".rel_pos", ".patch_embd", ".patch_merger",
	"a.rvq.codebook", "mm.a.code_embd",
}

// quantizable reports whether a tensor is a matrix of
// weights that may be quantized, whatever type it has now.
func quantizable(t *gguf.Tensor) bool {
	switch {
	case !strings.HasSuffix(t.Name, "weight"), containsAny(t.Name, notWeights...):
		return false
	case t.Elems() == 0, t.Name == "position_embd.weight", t.Name == "token_types.weight":
		return false
	}
	for _, d := range t.Shape[:len(t.Shape)-1] {
		if d > 1 {
			return true
		}
	}
	return false // a vector, or only its innermost dimension is above 1
}

// isHalf reports whether a type is a float of 16 bits.
func isHalf(t quant.Type) bool { return t == quant.F16 || t == quant.BF16 }

// isQuantized reports whether a type is quantized,
// which means that it is not a plain number format.
func isQuantized(t quant.Type) bool {
	switch t {
	case quant.F32, quant.F16, quant.BF16, quant.F64, quant.I8, quant.I16, quant.I32, quant.I64:
		return false
	}
	return true
}
