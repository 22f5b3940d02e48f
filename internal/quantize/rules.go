package quantize

import (
	"fmt"
	"strings"

	"alpaca/internal/arch"
	"alpaca/internal/gguf"
	"alpaca/internal/quant"
)

// modelFacts are the facts on which the choice of types depends.
type modelFacts struct {
	arch      string
	layers    int
	experts   int
	gqa       int  // number of query heads for each key head
	is70B     bool // the model has about 70 billion parameters
	hasOutput bool // the model has output.weight, otherwise it uses the token embedding
	attnV     int  // number of tensors with the values of attention, see isAttnValue
	imatrix   bool // there is an importance matrix
}

// readFacts reads the facts from a file.
func readFacts(f *gguf.File) (modelFacts, error) {
	var m modelFacts
	var err error
	if m.arch, _, err = f.String("general.architecture"); err != nil {
		return m, fmt.Errorf("quantize: %w", err)
	}
	const limit = 1 << 20 // the largest count that is accepted
	number := func(key string) int {
		value, ok := f.Value(m.arch + "." + key)
		if list, isList := value.Ints(); ok && isList && len(list) > 0 {
			return int(list[0]) // the list has a number for each layer, and the number of the first layer decides
		}
		n, isNumber := uint64(0), false
		if ok {
			n, isNumber = value.Uint()
		}
		if ok && (!isNumber || n > limit) && err == nil {
			err = fmt.Errorf("quantize: %s: key %q is %v, want a count of at most %d", f.Parts[0], m.arch+"."+key, value, limit)
		}
		return int(min(n, limit))
	}
	m.layers = number(arch.KeyLayers)
	m.experts = number(arch.KeyExperts)
	heads, kvHeads := number(arch.KeyHeads), number(arch.KeyKVHeads)
	if kvHeads == 0 {
		kvHeads = heads
	}
	if err != nil {
		return m, err
	}
	m.gqa = heads / max(kvHeads, 1)
	switch m.arch {
	case arch.Llama.Name:
		m.is70B = m.layers == 80 && heads != kvHeads
	case "qwen2", "deci", "olmo":
		m.is70B = m.layers == 80
	case "jais2":
		m.is70B = m.layers == 68
	}
	for _, t := range f.Tensors {
		switch {
		case isAttnValue(t.Name):
			m.attnV++
		case t.Name == outputName:
			m.hasOutput = true
		}
	}
	return m, nil
}

const (
	outputName = string(arch.Output + ".weight")
	embedName  = string(arch.TokenEmbed + ".weight")
	attnVName  = string(arch.AttnV + ".weight")
	attnKName  = string(arch.AttnK + ".weight")
)

// isEmbedding reports whether a tensor has a row for each token of the vocabulary.
func isEmbedding(name string) bool { return name == embedName || name == "per_layer_token_embd.weight" }

// isAttnValue reports whether a tensor has the value matrix of attention, possibly with other
// matrices.
func isAttnValue(name string) bool {
	return containsAny(name, attnVName, "attn_qkv.weight", "attn_kv_b.weight")
}

// rules chooses types tensor by tensor, in the order of the output file, because some choices
// depend on how many tensors came before.
type rules struct {
	modelFacts
	mix   Mix
	nextV int // number of attn_v tensors seen
	nextD int // number of ffn_down tensors seen
}

// choose returns the type for a tensor by llama-quantize's rules of November 2026.
// The first rule whose name matches decides. The rules spend more bits on tensors
// that matter more in experiments: the output, the values of attention, and the last
// matrix of the feed-forward network, mostly in the first and last layers. If query
// heads share values, the matrix for values is small, so more bits cost little.
func (r *rules) choose(t *gguf.Tensor) quant.Type {
	switch {
	case r.mix.Code == gguf.MostlyMXFP4:
		return pick(len(t.Shape) > 2 && t.Shape[0] > 1, quant.MXFP4, quant.Q8_0)
	case t.Name == outputName, isEmbedding(t.Name) && !r.hasOutput:
		switch {
		case r.arch == "falcon" || t.Cols()%r.mix.Type.BlockLen() != 0:
			return quant.Q8_0
		case r.mix.Type != quant.Q8_0:
			return quant.Q6_K
		}
	case isEmbedding(t.Name):
		switch r.mix.Type {
		case quant.TQ1_0, quant.TQ2_0, quant.Q2_0:
			return quant.Q4_K
		}
	case isAttnValue(t.Name):
		r.nextV++
		return r.attnValue(r.nextV - 1)
	case containsAny(t.Name, attnKName, arch.AttnQ.Weight()):
		if r.experts == 8 && strings.Contains(t.Name, attnKName) {
			return quant.Q8_0
		}
	case strings.Contains(t.Name, arch.AttnOut.Weight()):
		return r.attnOutput()
	case strings.Contains(t.Name, string(arch.FFNDown)):
		layer := r.nextD
		r.nextD++
		if r.experts > 1 { // a layer may have several such tensors, so their count is not the layer number
			layer = layerOf(t.Name)
		}
		return r.ffnDown(layer)
	}
	return r.mix.Type
}

// attnValue chooses the type of the i-th tensor with values of attention.
func (r *rules) attnValue(i int) quant.Type {
	t := r.mix.Type
	switch r.mix.Name {
	case "Q2_K":
		t = pick(r.gqa >= 4, quant.Q4_K, quant.Q3_K)
	case "Q2_K_S":
		t = pick(r.gqa >= 4, quant.Q4_K, t)
	case "Q3_K_M":
		t = pick(i < 2, quant.Q5_K, quant.Q4_K)
	case "Q3_K_L":
		t = quant.Q5_K
	case "IQ4_NL", "IQ4_XS":
		t = pick(r.gqa >= 4, quant.Q5_K, t)
	case "Q4_K_M", "Q5_K_M":
		t = pick(moreBits(i, r.attnV), quant.Q6_K, t)
	case "Q4_K_S":
		t = pick(i < 4, quant.Q5_K, t)
	}
	if r.is70B && (t == quant.Q3_K || t == quant.Q4_K) {
		t = quant.Q5_K // 8 query heads share the values, so the matrix is small and affects all 8 heads
	}
	if r.experts == 8 {
		t = quant.Q8_0 // the matrix is small, too, compared with the experts
	}
	return t
}

// ffnDown chooses the type of ffn_down in layer i.
func (r *rules) ffnDown(i int) quant.Type {
	t, n, falcon := r.mix.Type, r.layers, r.arch == "falcon"
	first := i < n/8
	switch r.mix.Name {
	case "Q2_K":
		return quant.Q3_K
	case "Q2_K_S":
		return pick(first, quant.Q4_K, t)
	case "Q3_K_M":
		return pick(i < n/16, quant.Q5_K, pick(!falcon || moreBits(i, n), quant.Q4_K, t))
	case "Q3_K_L":
		return pick(falcon, quant.Q4_K, quant.Q5_K)
	case "Q4_K_M":
		if falcon {
			return pick(i < n/16, quant.Q6_K, pick(moreBits(i, n), quant.Q5_K, t))
		}
		return pick(moreBits(i, n), quant.Q6_K, t)
	case "IQ4_NL", "IQ4_XS":
		return pick(first && !r.imatrix, quant.Q5_K, t)
	case "Q5_K_M":
		return pick(moreBits(i, n), quant.Q6_K, t)
	case "Q4_K_S":
		return pick(first && !falcon, quant.Q5_K, t)
	case "Q4_0":
		return pick(first && r.imatrix, quant.Q4_1, t)
	case "Q5_0":
		return pick(first && r.imatrix, quant.Q5_1, t)
	}
	return t
}

// attnOutput chooses the type of attn_output.weight.
func (r *rules) attnOutput() quant.Type {
	name := r.mix.Name
	switch {
	case r.arch == "falcon":
		return pick(name == "Q3_K_L", quant.Q4_K, r.mix.Type)
	case r.experts == 8:
		switch name {
		case "Q2_K", "Q3_K_S", "Q3_K_M", "IQ4_NL", "IQ4_XS", "Q4_K_S", "Q4_K_M":
			return quant.Q5_K
		}
		return r.mix.Type
	}
	switch name {
	case "Q2_K":
		return quant.Q3_K
	case "Q3_K_M":
		return quant.Q4_K
	case "Q3_K_L":
		return quant.Q5_K
	}
	return r.mix.Type
}

// moreBits reports whether layer i of n gets more bits in the medium mixes: these are the
// layers in the first and last eighth of the model, and every third of the other layers.
func moreBits(i, n int) bool { return i < n/8 || i >= 7*n/8 || (i-n/8)%3 == 2 }

// fallbacks are the types for rows that are not a multiple of a type's
// block. Types with blocks of 32 weights have no fallback here.
var fallbacks = map[quant.Type]quant.Type{
	quant.TQ1_0:  quant.Q4_0,
	quant.TQ2_0:  quant.Q4_0,
	quant.Q2_0:   quant.Q4_0,
	quant.Q2_K:   quant.Q4_0,
	quant.Q3_K:   quant.Q4_0,
	quant.IQ4_XS: quant.IQ4_NL,
	quant.Q4_K:   quant.Q5_0,
	quant.Q5_K:   quant.Q5_1,
	quant.Q6_K:   quant.Q8_0,
}

// fitColumns returns t if its blocks fit rows of cols weights.
// Otherwise it returns a similar type that fits, which may be F16.
func fitColumns(t quant.Type, cols int) quant.Type {
	if cols%t.BlockLen() == 0 {
		return t
	}
	if other, ok := fallbacks[t]; ok && cols%other.BlockLen() == 0 {
		return other
	}
	return quant.F16
}

func pick(condition bool, yes, no quant.Type) quant.Type {
	if condition {
		return yes
	}
	return no
}

func containsAny(s string, parts ...string) bool {
	for _, p := range parts {
		if strings.Contains(s, p) {
			return true
		}
	}
	return false
}
