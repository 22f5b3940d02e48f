package model_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"fmt"
	"math"
	"os"
	"strings"
	"testing"

	"alpaca/internal/arch"
	"alpaca/internal/gguf"
	"alpaca/internal/logits"
	"alpaca/internal/model"
	"alpaca/internal/quant"
	"alpaca/internal/testmodel"

	"github.com/stretchr/testify/require"
)

// answer records what a model of testmodel.Catalog must compute on every CPU.
type answer struct {
	File   string                `json:"file_sha256"`
	Prompt string                `json:"prompt"`
	Tokens []int32               `json:"prompt_tokens"`
	Logits string                `json:"logits_sha256"` // hash of the logits, as float32, after each token of the prompt
	State  string                `json:"state_sha256"`  // hash of what SaveState writes after the prompt
	Greedy []logits.TokenLogprob `json:"greedy"`
	Text   string                `json:"text"`
	Top    []logits.TokenLogprob `json:"top"` // the likeliest tokens after the prompt
}

const answerPrompt = "The alpaca was on a llama and the patient man was up in time on an island. 羊駝 é 42!\n"

// TestAnswers checks a model of every architecture. With every batch size
// and number of threads, each model must compute the bits that are recorded
// in testdata/answers.json. These bits are the same for every CPU.
func TestAnswers(t *testing.T) {
	answers := map[string]*answer{}
	for _, a := range arch.All() {
		answers[a.Name] = nil // stays nil, and fails below, if the catalog has no model with this name
	}
	for _, named := range testmodel.Catalog() {
		t.Run(named.Name, func(t *testing.T) { answers[named.Name] = answerOf(t, named.Spec.Make()) })
	}
	for name, a := range answers {
		require.NotNil(t, a, "no model of %s in testmodel.Catalog", name)
	}
	if !t.Failed() {
		testmodel.Golden(t, "answers.json", answers, *update)
	}
}

// answerOf returns the answer of a model. It checks that the answer is the same with every batch
// size and number of threads.
func answerOf(t *testing.T, made *testmodel.Model) *answer {
	path := made.Write(t)
	file, err := os.ReadFile(path)
	require.NoError(t, err)
	f, err := gguf.Open(path)
	require.NoError(t, err)
	m, err := model.Load(f, model.LoadOptions{})
	require.NoError(t, err)
	t.Cleanup(func() { m.Close() })
	a := &answer{
		File: sum(file), Prompt: answerPrompt,
		Tokens: m.Tokenizer.Encode(answerPrompt, true, false),
	}
	ways := []struct{ threads, batch int }{{1, 512}, {3, 7}, {1, 1}, {3, 512}}
	if testing.Short() {
		ways = ways[:2]
	}
	for _, how := range ways {
		s := session(t, m, model.SessionOptions{Threads: how.threads, Batch: how.batch})
		rows := allLogits(t, s, a.Tokens)
		var state bytes.Buffer
		require.NoError(t, s.SaveState(&state, s.Pos()))
		if a.Logits == "" {
			a.Logits, a.State = sum(bytesOf(rows)), sum(state.Bytes())
			requireGoesOn(t, m, a.Tokens, state.Bytes())
		}
		require.Equal(t, a.Logits, sum(bytesOf(rows)), "%+v", how)
		require.Equal(t, a.State, sum(state.Bytes()), "%+v", how)
		last := rows[len(rows)-m.Config.VocabSize:]
		a.Top = logits.NewLogprobs(last).Top(nil, 8)
		a.greedy(t, s, last)
	}
	return a
}

// requireGoesOn checks that a session continues in the same way whether
// it has loaded the saved state of tokens or evaluated the tokens.
func requireGoesOn(t *testing.T, m *model.Model, tokens []int32, state []byte) {
	var want []float32
	for _, load := range []bool{false, true} {
		s := session(t, m, model.SessionOptions{Threads: 2})
		if load {
			require.NoError(t, s.LoadState(bytes.NewReader(state)))
		} else {
			_, err := s.Eval(context.Background(), tokens, nil)
			require.NoError(t, err)
		}
		logits, err := s.Eval(context.Background(), []int32{5}, nil)
		require.NoError(t, err)
		if load {
			require.Equal(t, want, logits)
		}
		want = append(want, logits...)
	}
}

// greedy continues the prompt with the likeliest tokens.
func (a *answer) greedy(t *testing.T, s *model.Session, next []float32) {
	var list []logits.TokenLogprob
	text := ""
	for range 16 {
		p := logits.NewLogprobs(next)
		require.True(t, p.Valid())
		best := p.Best()
		list = append(list, logits.TokenLogprob{ID: best, Logprob: p.Of(best)})
		text += s.Model().Tokenizer.Piece(best, false)
		var err error
		next, err = s.Eval(context.Background(), []int32{best}, nil)
		require.NoError(t, err)
	}
	if a.Greedy == nil {
		a.Greedy, a.Text = list, strings.ToValidUTF8(text, "\uFFFD") // invalid UTF-8 becomes U+FFFD
	}
	require.Equal(t, a.Greedy, list)
}

func sum(data []byte) string { return fmt.Sprintf("%x", sha256.Sum256(data)) }

// bytesOf returns the little-endian bytes of x.
func bytesOf(x []float32) []byte {
	var b []byte
	for _, v := range x {
		bits := math.Float32bits(v)
		b = append(b, byte(bits), byte(bits>>8), byte(bits>>16), byte(bits>>24))
	}
	return b
}

// TestNarrowLayers compares a model whose layers differ in width with a model that computes the
// same function with layers of equal width. The equal layers are padded with weights of 0.
func TestNarrowLayers(t *testing.T) {
	narrow := testmodel.Spec{Arch: &arch.Qwen3, Seed: 8, BPE: true, Vary: true}.Make()
	wide := testmodel.Spec{Arch: &arch.Qwen3, Seed: 8, BPE: true, Vary: true}.Make()
	const heads, kvHeads, head, ffn = 2 * testmodel.Heads, testmodel.KVHeads, testmodel.HeadDim, testmodel.FFNDim
	for key, n := range map[string]uint32{arch.KeyHeads: heads, arch.KeyKVHeads: kvHeads, arch.KeyFFN: ffn} {
		wide.Set("qwen3."+key, gguf.U32(n))
	}
	for layer, of := range []struct{ heads, kvHeads, ffn int }{{testmodel.Heads, kvHeads, ffn}, {heads, kvHeads / 2, ffn - 64}} {
		get := func(role arch.Role) *testmodel.Tensor { return wide.Tensor(arch.LayerPrefix(layer) + role.Weight()) }
		// In the wide layer, a key head serves twice as many query heads, and the weights of the
		// additional query heads are 0.
		from := func(h, n, of int) int { // head h of the wide layer's n heads is a copy of this head of the narrow layer; -1: head h is 0
			if h *= of; h%n != 0 {
				return -1
			}
			return h / n
		}
		widenRows(get(arch.AttnQ), heads, head, func(h int) int { return from(h, heads, of.heads) })
		widenColumns(get(arch.AttnOut), heads, head, func(h int) int { return from(h, heads, of.heads) })
		widenRows(get(arch.AttnK), kvHeads, head, func(h int) int { return h * of.kvHeads / kvHeads })
		widenRows(get(arch.AttnV), kvHeads, head, func(h int) int { return h * of.kvHeads / kvHeads })
		first := func(i int) int {
			if i < of.ffn {
				return i
			}
			return -1
		}
		widenRows(get(arch.FFNGate), ffn, 1, first)
		widenRows(get(arch.FFNUp), ffn, 1, first)
		widenColumns(get(arch.FFNDown), ffn, 1, first)
	}
	f32 := quant.F32
	var logits [2][]float32
	for i, made := range []*testmodel.Model{narrow, wide} {
		f, err := gguf.Open(made.Write(t))
		require.NoError(t, err)
		m, err := model.Load(f, model.LoadOptions{})
		require.NoError(t, err)
		t.Cleanup(func() { m.Close() })
		s := session(t, m, model.SessionOptions{Threads: 2, CacheK: &f32, CacheV: &f32})
		logits[i] = allLogits(t, s, m.Tokenizer.Encode(answerPrompt, true, false))
	}
	require.InDeltaSlice(t, logits[1], logits[0], 1e-4)
}

// widenRows replaces a matrix with a matrix of n groups of rows. Group g is a copy of group
// from(g), or zeros if from(g) is -1.
func widenRows(t *testmodel.Tensor, n, rows int, from func(int) int) {
	cols := t.Shape[1]
	data := make([]float32, n*rows*cols)
	for g := range n {
		if i := from(g); i >= 0 {
			copy(data[g*rows*cols:(g+1)*rows*cols], t.Data[i*rows*cols:])
		}
	}
	t.Shape, t.Data = []int{n * rows, cols}, data
}

// widenColumns does what widenRows does, for groups of columns.
func widenColumns(t *testmodel.Tensor, n, cols int, from func(int) int) {
	old := t.Shape[1]
	data := make([]float32, t.Shape[0]*n*cols)
	for row := range t.Shape[0] {
		for g := range n {
			if i := from(g); i >= 0 {
				copy(data[(row*n+g)*cols:(row*n+g+1)*cols], t.Data[row*old+i*cols:])
			}
		}
	}
	t.Shape, t.Data = []int{t.Shape[0], n * cols}, data
}

// TestBadArchitectures loads models whose tensors or keys do not fit their architecture.
func TestBadArchitectures(t *testing.T) {
	qwen2 := func() *testmodel.Model { return testmodel.Spec{Arch: &arch.Qwen2, Seed: 1, BPE: true}.Make() }
	qwen3 := func() *testmodel.Model {
		return testmodel.Spec{Arch: &arch.Qwen3, Seed: 1, BPE: true, KeyDim: 64}.Make()
	}
	norm := func(m *testmodel.Model) *testmodel.Model {
		m.Tensors = append(m.Tensors, &testmodel.Tensor{Name: "blk.1.attn_q_norm.weight", Type: quant.F32, Shape: []int{testmodel.HeadDim}})
		return m
	}
	tests := []struct {
		made *testmodel.Model
		want string // a part of the error; "" for no error
	}{
		{qwen2(), ""},
		{qwen3(), ""},
		{qwen2().Drop("blk.1.attn_k.bias"), `no tensor "blk.1.attn_k.bias"`},
		{qwen2().Drop("blk.0.attn_output.weight"), `no tensor "blk.0.attn_output.weight"`},
		{qwen3().Drop("blk.1.attn_k_norm.weight"), `no tensor "blk.1.attn_k_norm.weight"`},
		{qwen3().Unset("qwen3.attention.key_length"), `dimension_count is 64, must be at most the head size, 32`},
		{qwen2().Unset("qwen2.block_count"), `no key "qwen2.block_count"`},
		{qwen2().Set("qwen2.expert_count", gguf.U32(4)).Set("qwen2.expert_used_count", gguf.U32(2)), `architecture "qwen2" with 4 experts is not supported`},
		{norm(qwen2()), `tensor "blk.1.attn_q_norm.weight" in a model of architecture "qwen2" is not supported`},
		{norm(testmodel.SPM(1)), `tensor "blk.1.attn_q_norm.weight" in a model of architecture "llama" is not supported`},
		{testmodel.Spec{Arch: &arch.Qwen3MoE, Seed: 1, BPE: true}.Make().Set("qwen3moe.expert_gating_func", gguf.U32(2)), "qwen3moe.expert_gating_func 2 is not supported, only 1"},
		{testmodel.Spec{Arch: &arch.Qwen3MoE, Seed: 1, BPE: true}.Make().Set("qwen3moe.expert_count", gguf.U32(0)), `architecture "qwen3moe" without experts`},
		{qwen2().Set("qwen2.expert_count", gguf.U32(4)), `architecture "qwen2" with 4 experts is not supported`},
		{testmodel.Spec{Arch: &arch.Phi3, Seed: 1}.Make().Drop("blk.1.attn_qkv.weight"), `no tensor "blk.1.attn_qkv.weight"`},
		{testmodel.Spec{Arch: &arch.StarCoder2, Seed: 1, BPE: true}.Make().Drop("blk.1.attn_norm.bias"), `no tensor "blk.1.attn_norm.bias"`},
		{testmodel.Spec{Arch: &arch.LFM2, Seed: 1, BPE: true}.Make().Set("lfm2.shortconv.l_cache", gguf.U32(0)), "lfm2.shortconv.l_cache is 0, must be positive"},
		{testmodel.Spec{Arch: &arch.LFM2, Seed: 1, BPE: true}.Make().Unset("lfm2.shortconv.l_cache"), `no key "lfm2.shortconv.l_cache"`},
		{testmodel.Spec{Arch: &arch.Qwen35, Seed: 1, BPE: true}.Make().Set("qwen35.ssm.time_step_rank", gguf.U32(3)), "contradict each other"},
		{testmodel.Spec{Arch: &arch.Qwen35, Seed: 1, BPE: true}.Make().Set("qwen35.nextn_predict_layers", gguf.U32(1)), "qwen35.nextn_predict_layers is 1: layers that predict further tokens are not supported"},
		{qwen2().Set("general.architecture", gguf.Str("bert")), `architecture "bert" is not supported, only llama`},
		{qwen2().Set("general.architecture", gguf.Str("Qwen2")), `architecture "Qwen2" is not supported, only llama, qwen2, qwen3`},
		{qwen2().Set("qwen2.rope.scaling.type", gguf.Str("yarn")).Set("qwen2.rope.scaling.yarn_attn_factor", gguf.F32(-1)), "cosines is -1, must be above 0"},
	}
	for _, test := range tests {
		f, err := gguf.Open(test.made.Write(t))
		require.NoError(t, err)
		m, err := model.Load(f, model.LoadOptions{})
		if test.want == "" {
			require.NoError(t, err)
			require.NoError(t, m.Close())
			continue
		}
		require.ErrorContains(t, err, test.want)
		require.ErrorContains(t, err, "model.gguf")
		require.NoError(t, f.Close())
	}
}

// TestExpertLength checks the length of the experts' inner states if a file does not
// have the key for it. In Qwen models, the lengths of the experts that a token uses add
// up to the layer's feed-forward length. In other models, each expert has that length.
func TestExpertLength(t *testing.T) {
	for _, a := range []*arch.Arch{&arch.Qwen2MoE, &arch.Qwen3MoE} {
		made := testmodel.Spec{Arch: a, Seed: 1, BPE: true}.Make() // a token uses two experts, each of half the length
		want := loadPath(t, made.Write(t)).Config.ExpertFFN
		require.Equal(t, want, loadPath(t, made.Unset(a.Name+"."+arch.KeyExpertFFN).Write(t)).Config.ExpertFFN)
	}
	made := testmodel.Spec{Arch: &arch.GraniteMoE, Seed: 1, BPE: true}.Make()
	made.Unset("granitemoe."+arch.KeyExpertFFN).Set("granitemoe."+arch.KeyFFN, gguf.U32(testmodel.FFNDim/2))
	require.Equal(t, testmodel.FFNDim/2, loadPath(t, made.Write(t)).Config.ExpertFFN)
}
