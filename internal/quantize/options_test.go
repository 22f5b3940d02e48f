package quantize

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"alpaca/internal/gguf"
	"alpaca/internal/quant"
)

func tensorType(t *testing.T, s string) TensorType {
	t.Helper()
	tt, err := ParseTensorType(s)
	require.NoError(t, err)
	return tt
}

func TestOptions(t *testing.T) {
	q5, q8 := quant.Q5_0, quant.Q8_0
	f := base(2).open(t)
	tied := base(2)
	tied.tied = true
	fTied := tied.open(t)
	tests := []struct {
		name string
		file *gguf.File
		opt  Options
		want map[string]quant.Type
	}{
		{"pure", f, Options{Mix: mix(t, "Q4_K_M"), Pure: true},
			map[string]quant.Type{"output.weight": quant.Q4_K, "blk.1.ffn_down.weight": quant.Q4_K, "output_norm.weight": quant.F32}},
		{"leave the output", f, Options{Mix: mix(t, "Q4_K_M"), LeaveOutput: true},
			map[string]quant.Type{"output.weight": quant.F16, "token_embd.weight": quant.Q4_K}},
		{"output and embedding", f, Options{Mix: mix(t, "Q4_0"), Output: &q5, Embedding: &q8},
			map[string]quant.Type{"output.weight": q5, "token_embd.weight": q8, "blk.0.attn_q.weight": quant.Q4_0}},
		{"the type of the output, with pure floats", f, Options{Mix: mix(t, "F16"), Pure: true, Output: &q5},
			map[string]quant.Type{"output.weight": q5, "token_embd.weight": quant.F16}},
		{"an embedding that is also the output", fTied, Options{Mix: mix(t, "Q4_0"), Output: &q5},
			map[string]quant.Type{"token_embd.weight": q5}},
		{"an embedding that is also the output, with its own option", fTied, Options{Mix: mix(t, "Q4_0"), Output: &q5, Embedding: &q8},
			map[string]quant.Type{"token_embd.weight": q8}},
		{"types by name, where the first match decides", f, Options{Mix: mix(t, "Q4_0"), Tensors: []TensorType{
			tensorType(t, `BLK\.1\..*down=Q6_K`), tensorType(t, "ffn_=q5_1")}},
			map[string]quant.Type{"blk.0.ffn_down.weight": quant.Q5_1, "blk.1.ffn_down.weight": quant.Q6_K, "blk.1.ffn_up.weight": quant.Q5_1,
				"blk.1.ffn_norm.weight": quant.F32, "blk.1.attn_q.weight": quant.Q4_0}},
		// This mix gives the type Q5_K to the first two attn_v tensors. The one in
		// blk.0 has an explicit type, so it does not count as one of these two.
		{"named tensors are not counted", base(4).open(t), Options{Mix: mix(t, "Q3_K_M"), Tensors: []TensorType{tensorType(t, "0.attn_v=q8_0")}},
			map[string]quant.Type{"blk.0.attn_v.weight": quant.Q8_0, "blk.1.attn_v.weight": quant.Q5_K,
				"blk.2.attn_v.weight": quant.Q5_K, "blk.3.attn_v.weight": quant.Q4_K}},
		{"copy", f, Options{Mix: mix(t, "COPY"), Tensors: []TensorType{tensorType(t, ".=q4_0")}},
			map[string]quant.Type{"output.weight": quant.F16, "blk.0.attn_q.weight": quant.F16}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got := types(t, test.file, test.opt)
			for name, want := range test.want {
				if name == "blk.1.ffn_norm.weight" {
					require.NotContains(t, got, name)
					continue
				}
				require.Equal(t, want.String(), got[name].String(), name)
			}
		})
	}
}

func TestParseOptions(t *testing.T) {
	for _, s := range []string{"", "q4_0", "=q4_0", "x=", "x=q9", "x=iq2_xs", "(=q4_0"} {
		_, err := ParseTensorType(s)
		require.Error(t, err, s)
	}
	tt := tensorType(t, "a=b=f16")
	require.True(t, tt.Pattern.MatchString("xa=bx"))
	require.Equal(t, quant.F16, tt.Type)

	for _, s := range []string{"", "k", "k=", "k=int", "=int:1", "k=int:x", "k=int:5000000000", "k=float:x", "k=bool:yes", "k=u8:1"} {
		_, err := ParseOverride(s)
		require.Error(t, err, s)
	}
}

func TestMetadata(t *testing.T) {
	f := base(1)
	f.kv = []gguf.KV{{Key: "a.u64", Value: gguf.U64(1 << 40)}, {Key: "z", Value: gguf.Str("old")}, {Key: "split.no", Value: gguf.U16(0)}}
	var overrides []gguf.KV
	for _, s := range []string{"z=str:new=:", "llama.block_count=int:-1", "f=float:0.5", "b=bool:true", "general.file_type=int:99"} {
		kv, err := ParseOverride(s)
		require.NoError(t, err)
		overrides = append(overrides, kv)
	}
	in := f.open(t)
	keys := func(opt Options) (list []string) {
		plan, err := NewPlan(in, opt)
		require.NoError(t, err)
		for _, e := range plan.KV {
			list = append(list, e.Key+" "+e.Value.TypeName()+" "+e.Value.String())
		}
		return list
	}
	same := []string{`general.architecture str "llama"`, `general.name str "fake"`}
	heads := []string{"llama.attention.head_count u32 4", "llama.attention.head_count_kv u32 4"}
	require.Equal(t, append(append(same, "llama.block_count u32 1"), append(heads, "a.u64 u64 1099511627776", `z str "old"`,
		"general.quantization_version u32 2", "general.file_type u32 15")...), keys(Options{Mix: mix(t, "q4_k")}))
	require.Equal(t, append(same, append(heads, "a.u64 u64 1099511627776",
		"general.quantization_version u32 2", `z str "new=:"`, "llama.block_count i32 -1", "f f32 0.5", "b bool true", "general.file_type u32 99")...),
		keys(Options{Mix: mix(t, "q4_k"), Overrides: overrides}))
	require.Contains(t, keys(Options{Mix: mix(t, "COPY")}), "general.file_type u32 1")
}

// TestGuessFileType checks which file type COPY guesses for a file without the key. The guess
// depends on all tensors, including vectors, and the key of the output must say that it is a guess.
func TestGuessFileType(t *testing.T) {
	for typ, want := range map[quant.Type]string{quant.F16: "F16", quant.BF16: "BF16", quant.Q4_K: "Q4_K_M", quant.Q3_K: "Q3_K_M",
		quant.Q5_K: "Q5_K_M", quant.Q2_K: "Q2_K", quant.Q8_0: "Q8_0", quant.Q4_0: "Q4_0"} {
		f := base(1)
		f.typ = typ
		require.Equal(t, mix(t, want).Code, guessFileType(f.open(t)), typ)
	}
	tensors := func(types ...quant.Type) *gguf.File {
		f := &gguf.File{}
		for i, typ := range types {
			f.Tensors = append(f.Tensors, gguf.Tensor{Name: fmt.Sprintf("blk.%d.x", i), Type: typ, Shape: []int{256}})
		}
		return f
	}
	require.Equal(t, gguf.AllF32, guessFileType(tensors(quant.F32, quant.Q4_K, quant.F32)))
	require.Equal(t, gguf.MostlyQ4_K_M, guessFileType(tensors(quant.Q4_K, quant.F32, quant.Q4_K, quant.F32)))
	require.Equal(t, gguf.MostlyQ6_K, guessFileType(tensors(quant.F32, quant.Q6_K, quant.Q6_K, quant.Q4_K)))

	silent := base(1)
	silent.noFileType = true
	in := silent.open(t)
	plan, err := NewPlan(in, Options{Mix: mix(t, "COPY")})
	require.NoError(t, err)
	out := run(t, plan, RunOptions{})
	code, ok, err := out.Uint(gguf.KeyFileType)
	require.NoError(t, err)
	require.True(t, ok)
	require.EqualValues(t, 1024+1, code)
	require.Equal(t, "F16", gguf.FileType(code).String())
	requireSameTensors(t, in, out)
}

// TestRefusals checks the errors of NewPlan.
func TestRefusals(t *testing.T) {
	quantized, odd := base(1), base(1)
	quantized.typ = quant.Q8_0
	odd.ffn = 100
	future := base(1)
	future.extra = []gguf.Tensor{{Name: "blk.0.x.weight", Type: quant.F64, Shape: []int{2, 256}}}
	tests := []struct {
		name  string
		model fake
		opt   Options
		want  error
		text  string
	}{
		{"quantized", quantized, Options{Mix: mix(t, "Q4_0")}, ErrQuantized, `tensor "output.weight"`},
		{"without importance", base(1), Options{Mix: mix(t, "Q2_K_S")}, ErrNeedsImportance, "blk.0."},
		{"a type that cannot be read", future, Options{Mix: mix(t, "Q4_0")}, nil, "cannot read weights of type F64"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			test.model.change = func(string, []float32) {}
			if test.model.extra != nil {
				test.model.extra[0].Type = quant.F32 // the writer can write F32; F64 replaces it below
			}
			f := test.model.open(t)
			if test.model.extra != nil {
				f.Tensor(test.model.extra[0].Name).Type = quant.F64
			}
			_, err := NewPlan(f, test.opt)
			require.ErrorContains(t, err, test.text)
			if test.want != nil {
				require.ErrorIs(t, err, test.want)
			}
		})
	}
	// Types that are older than GGUF cannot be copied.
	old := base(1).open(t)
	old.Tensor("output_norm.weight").Type = quant.Q4_0v1
	_, err := NewPlan(old, Options{Mix: mix(t, "COPY")})
	require.ErrorIs(t, err, ErrLegacy)

	// Quantized weights are not refused if Requantize is set, or if their type stays.
	got := types(t, quantized.open(t), Options{Mix: mix(t, "Q4_0"), Requantize: true})
	require.Equal(t, quant.Q4_0, got["blk.0.attn_q.weight"])
	got = types(t, quantized.open(t), Options{Mix: mix(t, "Q8_0")})
	require.Equal(t, quant.Q8_0, got["blk.0.attn_q.weight"])
	for _, m := range Mixes {
		if !m.Copy && isQuantized(m.Type) && m.Name != "Q2_K_S" {
			got = types(t, odd.open(t), Options{Mix: m, Pure: true})
			require.Equal(t, quant.F16, got["blk.0.ffn_down.weight"], m.Name)
			require.Equal(t, m.Type, got["blk.0.ffn_up.weight"], m.Name)
		}
	}
	got = types(t, odd.open(t), Options{Mix: mix(t, "Q4_0"), Tensors: []TensorType{tensorType(t, "ffn_down=f16")}})
	require.Equal(t, quant.F16, got["blk.0.ffn_down.weight"])

	// Files without tensors or with damaged metadata are refused.
	empty := filepath.Join(t.TempDir(), "empty.gguf")
	var w *gguf.Writer
	w, err = gguf.Create(empty, []gguf.KV{{Key: "general.architecture", Value: gguf.U32(1)}}, nil)
	require.NoError(t, err)
	require.NoError(t, w.Commit())
	f, err := gguf.Open(empty)
	require.NoError(t, err)
	defer f.Close()
	_, err = NewPlan(f, Options{Mix: mix(t, "Q4_0")})
	require.ErrorContains(t, err, "general.architecture")
	bad := base(1)
	bad.kv = []gguf.KV{{Key: "llama.expert_count", Value: gguf.Str("many")}}
	_, err = NewPlan(bad.open(t), Options{Mix: mix(t, "Q4_0")})
	require.ErrorContains(t, err, "llama.expert_count")
	_, err = os.Stat(empty)
	require.NoError(t, err)
}
