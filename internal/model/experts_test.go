package model_test

import (
	"context"
	"math"
	"slices"
	"strings"
	"testing"

	"alpaca/internal/gguf"
	"alpaca/internal/model"
	"alpaca/internal/quant"

	"github.com/stretchr/testify/require"
)

// mixture is a model of one layer with experts.
var mixture = shape{dim: 32, layers: 1, heads: 2, kvHeads: 1, ffn: 64, vocab: 50, experts: 4, used: 2, typ: quant.F32, down: quant.F32}

// TestExpertsByHand compares the logits of one token with the formula of the mixture in float64.
// With one token, attention returns the token's own value.
func TestExpertsByHand(t *testing.T) {
	s := mixture.withDefaults()
	get := map[string][]float64{}
	for _, tensor := range s.tensors() {
		x := make([]float32, len(tensor.Data)/4)
		quant.Decode(quant.F32, x, tensor.Data)
		for _, v := range x {
			get[tensor.Name] = append(get[tensor.Name], float64(v))
		}
	}
	mul := func(w []float64, x []float64) []float64 {
		out := make([]float64, len(w)/len(x))
		for i := range w {
			out[i/len(x)] += w[i] * x[i%len(x)]
		}
		return out
	}
	norm := func(x, w []float64) []float64 {
		sum := 0.0
		for _, v := range x {
			sum += v * v
		}
		out := make([]float64, len(x))
		for i := range x {
			out[i] = x[i] / math.Sqrt(sum/float64(len(x))+1e-5) * w[i]
		}
		return out
	}
	const token = 7
	h := slices.Clone(get["token_embd.weight"][token*s.dim : (token+1)*s.dim])
	v := mul(get["blk.0.attn_v.weight"], norm(h, get["blk.0.attn_norm.weight"]))
	for i, x := range mul(get["blk.0.attn_output.weight"], append(slices.Clone(v), v...)) {
		h[i] += x
	}
	x := norm(h, get["blk.0.ffn_norm.weight"])
	scores := mul(get["blk.0.ffn_gate_inp.weight"], x)
	order := []int{0, 1, 2, 3}
	slices.SortFunc(order, func(a, b int) int {
		if scores[a] > scores[b] {
			return -1
		}
		return 1
	})
	total := math.Exp(scores[order[0]]) + math.Exp(scores[order[1]])
	for _, e := range order[:2] {
		n := s.ffn * s.dim
		gate, up := mul(get["blk.0.ffn_gate_exps.weight"][e*n:(e+1)*n], x), mul(get["blk.0.ffn_up_exps.weight"][e*n:(e+1)*n], x)
		for i := range gate {
			gate[i] = gate[i] / (1 + math.Exp(-gate[i])) * up[i]
		}
		for i, y := range mul(get["blk.0.ffn_down_exps.weight"][e*n:(e+1)*n], gate) {
			h[i] += math.Exp(scores[e]) / total * y
		}
	}
	want := mul(get["output.weight"], norm(h, get["output_norm.weight"]))

	got, err := session(t, mixture.load(t), model.SessionOptions{CacheV: new(quant.F32)}).Eval(context.Background(), []int32{token}, nil)
	require.NoError(t, err)
	for i := range want {
		require.InDelta(t, want[i], got[i], 1e-4)
	}
}

// TestSplitExperts checks that a model is the same whether its
// file has one tensor for all experts or a tensor for each.
func TestSplitExperts(t *testing.T) {
	split := mixture
	split.splitExperts = true
	a, b := mixture.load(t), split.load(t)
	for i := range a.Weights.Layers[0].Experts {
		require.Equal(t, a.Weights.Layers[0].Experts[i], b.Weights.Layers[0].Experts[i])
	}
	tokens := mixture.prompt(20)
	require.Equal(t, allLogits(t, session(t, a, model.SessionOptions{}), tokens), allLogits(t, session(t, b, model.SessionOptions{}), tokens))
}

func TestExpertsMustAllBeThere(t *testing.T) {
	s := mixture.withDefaults()
	for _, change := range []struct {
		used uint32
		want string
	}{{5, "expert_used_count is 5, must be between 1 and the 4 experts"}, {0, "expert_used_count is 0"}} {
		kv := s.metadata()
		for i := range kv {
			if strings.HasSuffix(kv[i].Key, "expert_used_count") {
				kv[i].Value = gguf.U32(change.used)
			}
		}
		path := t.TempDir() + "/experts.gguf"
		writeFile(t, path, kv, s.tensors())
		_, err := openNoise(path)
		require.ErrorContains(t, err, change.want)
	}
}

// TestCollect checks that the function Collect gets every matrix with the inputs of its products.
func TestCollect(t *testing.T) {
	for name, s := range map[string]shape{"plain": small, "tied": variants()["tied"], "experts": mixture} {
		m := s.load(t)
		want := allLogits(t, session(t, m, model.SessionOptions{}), s.prompt(20))
		sess := session(t, m, model.SessionOptions{Batch: 8})
		rows := map[string]int{}
		sess.Collect = func(tensor string, x []float32, n, cols int) {
			require.Len(t, x, n*cols)
			rows[tensor] += n
			for _, v := range x {
				require.False(t, math.IsNaN(float64(v)))
			}
		}
		require.Equal(t, want, allLogits(t, sess, s.prompt(20)), "Collect must not change the logits")
		require.Equal(t, 20, rows["blk.0.attn_q.weight"], name)
		require.Equal(t, 20, rows["blk.0.attn_output.weight"])
		switch name {
		case "plain":
			require.Equal(t, 20, rows["output.weight"])
			require.Equal(t, 20, rows["blk.1.ffn_down.weight"])
			require.Len(t, rows, 2*7+1)
		case "tied":
			require.Equal(t, 20, rows["token_embd.weight"])
		case "experts":
			used := 0
			for e := range 4 {
				used += rows["blk.0.ffn_down."+string(rune('0'+e))+".weight"]
			}
			require.Equal(t, 2*20, used)
			require.Equal(t, 20, rows["blk.0.ffn_gate_inp.weight"])
		}
	}
}
