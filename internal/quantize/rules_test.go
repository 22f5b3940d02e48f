package quantize

import (
	"fmt"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"alpaca/internal/gguf"
	"alpaca/internal/quant"
)

func TestParseMix(t *testing.T) {
	for _, m := range Mixes {
		for _, name := range []string{m.Name, strings.ToLower(m.Name)} {
			got, err := ParseMix(name)
			require.NoError(t, err)
			require.Equal(t, m, got)
		}
		if !m.Copy {
			got, err := ParseMix(strconv.Itoa(int(m.Code)))
			require.NoError(t, err)
			require.Equal(t, m, got)
		}
	}
	for name, want := range map[string]string{"q4_k": "Q4_K_M", "Q3_K": "Q3_K_M", "q5_k": "Q5_K_M", "2": "Q4_0", "3": "Q4_1", "7": "Q8_0", "15": "Q4_K_M"} {
		require.Equal(t, want, mix(t, name).Name)
	}
	for name, want := range map[string]string{
		"": "unknown", "q4": "unknown", "99": "unknown", "-2": "unknown", "02x": "unknown",
		"iq2_xs": "cannot make IQ2_XS", "20": "cannot make IQ2_XS", "q4_2": "cannot make Q4_2", "4": "cannot make",
	} {
		_, err := ParseMix(name)
		require.ErrorContains(t, err, want, name)
	}
}

// layerTypes checks in which layers the tensors of a
// kind have the type given by the parameter other.
func layerTypes(t *testing.T, got map[string]quant.Type, kind string, layers int, other quant.Type, where ...int) {
	t.Helper()
	var have []int
	for i := range layers {
		if got[fmt.Sprintf("blk.%d.%s.weight", i, kind)] == other {
			have = append(have, i)
		}
	}
	require.Equal(t, where, have, "%s as %v", kind, other)
}

// TestMixesOf32Layers checks which layers of a model like LLaMA 7B get better types.
func TestMixesOf32Layers(t *testing.T) {
	f := base(32).open(t)
	more := []int{0, 1, 2, 3, 6, 9, 12, 15, 18, 21, 24, 27, 28, 29, 30, 31}

	got := types(t, f, Options{Mix: mix(t, "Q4_K_M")})
	require.Equal(t, quant.Q6_K, got["output.weight"])
	require.Equal(t, quant.Q4_K, got["token_embd.weight"])
	require.Equal(t, quant.F32, got["output_norm.weight"])
	layerTypes(t, got, "attn_v", 32, quant.Q6_K, more...)
	layerTypes(t, got, "ffn_down", 32, quant.Q6_K, more...)
	layerTypes(t, got, "attn_q", 32, quant.Q6_K)

	got = types(t, f, Options{Mix: mix(t, "Q4_K_S")})
	layerTypes(t, got, "attn_v", 32, quant.Q5_K, 0, 1, 2, 3)
	layerTypes(t, got, "ffn_down", 32, quant.Q5_K, 0, 1, 2, 3)

	got = types(t, f, Options{Mix: mix(t, "Q3_K_M")})
	layerTypes(t, got, "attn_v", 32, quant.Q5_K, 0, 1)
	layerTypes(t, got, "attn_v", 32, quant.Q3_K)
	layerTypes(t, got, "ffn_down", 32, quant.Q5_K, 0, 1)
	require.Equal(t, quant.Q4_K, got["blk.7.attn_output.weight"])

	got = types(t, f, Options{Mix: mix(t, "IQ4_XS")})
	layerTypes(t, got, "ffn_down", 32, quant.Q5_K, 0, 1, 2, 3)
	layerTypes(t, got, "attn_v", 32, quant.Q5_K)

	// An importance matrix changes three mixes.
	m := &Importance{columns: map[string][]float32{}}
	got = types(t, f, Options{Mix: mix(t, "IQ4_XS"), Importance: m})
	layerTypes(t, got, "ffn_down", 32, quant.Q5_K)
	got = types(t, f, Options{Mix: mix(t, "Q4_0"), Importance: m})
	layerTypes(t, got, "ffn_down", 32, quant.Q4_1, 0, 1, 2, 3)
	got = types(t, f, Options{Mix: mix(t, "Q5_0"), Importance: m})
	layerTypes(t, got, "ffn_down", 32, quant.Q5_1, 0, 1, 2, 3)
}

// TestMixesOfOtherModels checks rules that depend on heads, experts, size and shape.
func TestMixesOfOtherModels(t *testing.T) {
	tests := []struct {
		name  string
		model func(*fake)
		mix   string
		want  map[string]quant.Type
	}{
		{"grouped heads", func(f *fake) { f.kvHeads = 1 }, "Q2_K", map[string]quant.Type{
			"blk.0.attn_v.weight": quant.Q4_K, "blk.0.attn_k.weight": quant.Q2_K, "blk.0.ffn_down.weight": quant.Q3_K, "blk.0.attn_output.weight": quant.Q3_K}},
		{"no grouped heads", func(*fake) {}, "Q2_K", map[string]quant.Type{"blk.0.attn_v.weight": quant.Q3_K}},
		{"a file without the number of KV heads", func(f *fake) { f.kvHeads = 0 }, "Q2_K", map[string]quant.Type{"blk.0.attn_v.weight": quant.Q3_K}},
		{"grouped heads", func(f *fake) { f.kvHeads = 1 }, "IQ4_NL", map[string]quant.Type{"blk.1.attn_v.weight": quant.Q5_K}},
		{"70B", func(f *fake) { f.layers, f.kvHeads = 80, 1 }, "Q4_K_M", map[string]quant.Type{
			"blk.9.attn_v.weight": quant.Q6_K, "blk.10.attn_v.weight": quant.Q5_K, "blk.10.attn_k.weight": quant.Q4_K}},
		{"80 layers of Qwen2", func(f *fake) { f.layers, f.arch = 80, "qwen2" }, "Q4_K_M", map[string]quant.Type{
			"blk.10.attn_v.weight": quant.Q5_K}},
		{"80 layers without grouped heads", func(f *fake) { f.layers = 80 }, "Q4_K_M", map[string]quant.Type{
			"blk.10.attn_v.weight": quant.Q4_K}},
		{"eight experts", func(f *fake) { f.experts, f.layers = 8, 16 }, "Q4_K_M", map[string]quant.Type{
			"blk.0.attn_v.weight": quant.Q8_0, "blk.0.attn_k.weight": quant.Q8_0, "blk.0.attn_q.weight": quant.Q4_K,
			"blk.0.attn_output.weight": quant.Q5_K, "blk.0.ffn_gate_inp.weight": quant.F16,
			"blk.1.ffn_down_exps.weight": quant.Q6_K, "blk.2.ffn_down_exps.weight": quant.Q4_K, "blk.4.ffn_down_exps.weight": quant.Q6_K,
			"blk.0.ffn_up_exps.weight": quant.Q4_K}},
		{"experts", func(f *fake) { f.experts = 4 }, "MXFP4_MOE", map[string]quant.Type{
			"output.weight": quant.Q8_0, "token_embd.weight": quant.Q8_0, "blk.0.attn_v.weight": quant.Q8_0,
			"blk.0.ffn_down_exps.weight": quant.MXFP4, "blk.0.ffn_up_exps.weight": quant.MXFP4}},
		{"no experts", func(*fake) {}, "MXFP4_MOE", map[string]quant.Type{"blk.0.ffn_down.weight": quant.Q8_0}},
		{"four experts", func(f *fake) { f.experts = 4 }, "Q4_K_M", map[string]quant.Type{"blk.0.attn_k.weight": quant.Q4_K}},
		{"no output", func(f *fake) { f.tied = true }, "Q4_0", map[string]quant.Type{"token_embd.weight": quant.Q6_K}},
		{"falcon", func(f *fake) { f.arch, f.fused, f.layers = "falcon", true, 16 }, "Q4_K_M", map[string]quant.Type{
			"output.weight": quant.Q8_0, "blk.0.attn_qkv.weight": quant.Q6_K, "blk.2.attn_qkv.weight": quant.Q4_K, "blk.0.ffn_down.weight": quant.Q6_K,
			"blk.1.ffn_down.weight": quant.Q5_K, "blk.2.ffn_down.weight": quant.Q4_K}},
		{"falcon", func(f *fake) { f.arch, f.layers = "falcon", 16 }, "Q3_K_L", map[string]quant.Type{
			"blk.0.attn_output.weight": quant.Q4_K, "blk.0.ffn_down.weight": quant.Q4_K}},
		{"fused attention", func(f *fake) { f.fused = true }, "Q2_K", map[string]quant.Type{"blk.0.attn_qkv.weight": quant.Q3_K}},
		{"fused attention", func(f *fake) { f.fused, f.layers = true, 6 }, "Q3_K_M", map[string]quant.Type{
			"blk.1.attn_qkv.weight": quant.Q5_K, "blk.2.attn_qkv.weight": quant.Q4_K}},
		{"2 bits", func(*fake) {}, "Q2_0", map[string]quant.Type{
			"output.weight": quant.Q6_K, "token_embd.weight": quant.Q4_K, "blk.0.attn_q.weight": quant.Q2_0}},
		{"96 columns", func(f *fake) { f.ffn = 96 }, "Q2_0", map[string]quant.Type{"blk.0.ffn_down.weight": quant.Q4_0}},
		{"ternary", func(*fake) {}, "TQ1_0", map[string]quant.Type{
			"output.weight": quant.Q6_K, "token_embd.weight": quant.Q4_K, "blk.0.attn_q.weight": quant.TQ1_0}},
		{"Q8_0 also for the output", func(*fake) {}, "Q8_0", map[string]quant.Type{"output.weight": quant.Q8_0}},
		{"no rules for float types", func(*fake) {}, "BF16", map[string]quant.Type{"output.weight": quant.BF16, "output_norm.weight": quant.F32}},

		{"288 columns", func(f *fake) { f.dim, f.ffn = 288, 288 }, "Q4_K_M", map[string]quant.Type{
			"output.weight": quant.Q8_0, "blk.0.attn_q.weight": quant.Q5_0, "blk.1.attn_v.weight": quant.Q8_0}},
		{"288 columns", func(f *fake) { f.dim = 288 }, "Q5_K_S", map[string]quant.Type{"blk.0.attn_q.weight": quant.Q5_1}},
		{"288 columns", func(f *fake) { f.dim = 288 }, "Q3_K_S", map[string]quant.Type{"blk.0.attn_q.weight": quant.Q4_0}},
		{"288 columns", func(f *fake) { f.dim = 288 }, "IQ4_XS", map[string]quant.Type{"blk.0.attn_q.weight": quant.IQ4_NL}},
		{"288 columns", func(f *fake) { f.dim = 288 }, "TQ2_0", map[string]quant.Type{"blk.0.attn_q.weight": quant.Q4_0}},
		{"100 columns", func(f *fake) { f.ffn = 100 }, "Q4_K_S", map[string]quant.Type{
			"blk.0.ffn_down.weight": quant.F16, "blk.0.attn_q.weight": quant.Q4_K}},
	}
	for _, test := range tests {
		t.Run(test.name+" "+test.mix, func(t *testing.T) {
			f := base(2)
			test.model(&f)
			got := types(t, f.open(t), Options{Mix: mix(t, test.mix)})
			for name, want := range test.want {
				require.Equal(t, want.String(), got[name].String(), name)
			}
		})
	}
}

// TestWhatIsQuantized checks that only matrices of weights are quantized.
func TestWhatIsQuantized(t *testing.T) {
	f := base(1)
	for _, name := range []string{"blk.0.attn_q.bias", "rope_freqs.weight", "position_embd.weight", "token_types.weight",
		"blk.0.ssm_conv1d.weight", "blk.0.time_mix_w1.weight", "blk.0.attn_q_norm.weight", "enc.blk.0.attn_rel_b.weight", "blk.0.other"} {
		shape := []int{2, 256}
		if name == "rope_freqs.weight" {
			shape = []int{1, 256} // one row counts as a vector
		}
		f.extra = append(f.extra, gguf.Tensor{Name: name, Type: quant.F32, Shape: shape})
	}
	f.extra = append(f.extra, gguf.Tensor{Name: "blk.0.new.weight", Type: quant.F32, Shape: []int{2, 2, 2, 256}})
	got := types(t, f.open(t), Options{Mix: mix(t, "Q4_0")})
	for _, e := range f.extra[:len(f.extra)-1] {
		require.Equal(t, quant.F32, got[e.Name], e.Name)
	}
	require.Equal(t, quant.Q4_0, got["blk.0.new.weight"])
}

func TestOrder(t *testing.T) {
	f := base(12)
	f.extra = []gguf.Tensor{{Name: "blk.x.weight", Type: quant.F32, Shape: []int{4}}, {Name: "blk.1", Type: quant.F32, Shape: []int{4}}}
	plan, err := NewPlan(f.open(t), Options{Mix: mix(t, "F16")})
	require.NoError(t, err)
	var names []string
	for _, s := range plan.Steps {
		names = append(names, s.Tensor.Name)
	}
	require.Equal(t, []string{"blk.x.weight", "output.weight", "output_norm.weight", "token_embd.weight", "blk.0.attn_k.weight"}, names[:5])
	require.Equal(t, []string{"blk.0.ffn_up.weight", "blk.1", "blk.1.attn_k.weight"}, names[10:13])
	require.Equal(t, "blk.11.ffn_up.weight", names[len(names)-1])
}

// TestFileTypeNote checks that a note points out a
// file's key that contradicts the types of its tensors.
func TestFileTypeNote(t *testing.T) {
	for _, test := range []struct {
		dim, ffn int
		mix      string
		want     string
	}{
		{256, 256, "Q4_0", ""},
		{256, 256, "Q2_K", ""},
		{256, 256, "Q3_K_M", ""},
		{256, 256, "Q4_K_M", ""},
		{256, 100, "Q4_0", ""}, // only ffn_down gets a fallback type
		{96, 96, "Q2_K", "general.file_type 10 stands for Q2_K, but most matrices are Q4_0"},
		{40, 72, "Q8_0", "general.file_type 7 stands for Q8_0, but most matrices are F16"},
	} {
		f := base(2)
		f.dim, f.ffn = test.dim, test.ffn
		plan, err := NewPlan(f.open(t), Options{Mix: mix(t, test.mix)})
		require.NoError(t, err)
		require.Equal(t, test.want, FileTypeNote(run(t, plan, RunOptions{Threads: 1})), "%s of %d and %d columns", test.mix, test.dim, test.ffn)
	}
	f := base(1)
	f.kv = []gguf.KV{{Key: "general.alignment", Value: gguf.U64(64)}}
	require.Empty(t, FileTypeNote(f.open(t)))
}
