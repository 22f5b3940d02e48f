package run_test

import (
	"archive/zip"
	"bytes"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"alpaca/internal/cli/clitest"
	"alpaca/internal/cli/ui"
	"alpaca/internal/gguf"
	"alpaca/internal/testmodel"
)

// TestDamagedModels checks that a damaged model is refused with a message that names the fault.
func TestDamagedModels(t *testing.T) {
	const vocab = 3 + 256 + 34 + 95 + 1
	u32 := gguf.U32
	tests := []struct {
		name   string
		damage func(m *testmodel.Model)
		want   []string // parts of the message
	}{
		{"unknown architecture", func(m *testmodel.Model) { m.Set("general.architecture", gguf.Str("mamba")) }, []string{`"mamba"`, "not supported"}},
		{"no architecture", func(m *testmodel.Model) { m.Unset("general.architecture") }, []string{"general.architecture"}},
		{"missing key", func(m *testmodel.Model) { m.Unset("llama.block_count") }, []string{"llama.block_count"}},
		{"key of another type", func(m *testmodel.Model) { m.Set("llama.block_count", gguf.Str("two")) }, []string{"llama.block_count", "str"}},
		{"missing tensor", func(m *testmodel.Model) { m.Drop("blk.1.ffn_up.weight") }, []string{"blk.1.ffn_up.weight"}},
		{"missing embedding", func(m *testmodel.Model) { m.Drop("token_embd.weight") }, []string{"token_embd.weight"}},
		{"no tensors", func(m *testmodel.Model) { m.VocabOnly() }, []string{"token_embd.weight"}},
		{"more layers than tensors", func(m *testmodel.Model) { m.Set("llama.block_count", u32(3)) }, []string{"blk.2."}},
		{"too many layers", func(m *testmodel.Model) { m.Set("llama.block_count", u32(math.MaxUint32)) }, []string{"llama.block_count", "4294967295"}},
		{"shapes that disagree", func(m *testmodel.Model) { m.Tensor("blk.0.attn_q.weight").Shape = []int{64, 128} }, []string{"blk.0.attn_q.weight", "[64 128]", "[128 128]"}},
		{"embedding length that disagrees", func(m *testmodel.Model) {
			m.Set("llama.embedding_length", u32(256)).Set("llama.rope.dimension_count", u32(64))
		}, []string{"[389 128]", "256"}},
		{"a number of heads that does not divide the embedding", func(m *testmodel.Model) { m.Set("llama.attention.head_count", u32(3)) }, []string{"3"}},
		{"a number of key heads that does not divide the heads", func(m *testmodel.Model) { m.Set("llama.attention.head_count_kv", u32(3)) }, []string{"4 query heads", "3 key heads"}},
		{"no heads", func(m *testmodel.Model) { m.Set("llama.attention.head_count", u32(0)) }, []string{"head_count"}},
		{"no key heads", func(m *testmodel.Model) { m.Set("llama.attention.head_count_kv", u32(0)) }, []string{"head_count_kv"}},
		{"no context", func(m *testmodel.Model) { m.Set("llama.context_length", u32(0)) }, []string{"context_length"}},
		{"only a vocabulary, as in a file of 2023", func(m *testmodel.Model) { m.VocabOnly().Unset("llama.feed_forward_length") }, []string{"no weights"}},
		{"vocabulary shorter than the embedding", func(m *testmodel.Model) { m.Tensor("token_embd.weight").Shape[0]++ }, []string{"390 rows", "389 tokens"}},
		{"vocabulary longer than the embedding", func(m *testmodel.Model) { m.Tensor("token_embd.weight").Shape[0]-- }, []string{"388 rows", "389 tokens"}},
		{"output of another vocabulary", func(m *testmodel.Model) { m.Tensor("output.weight").Shape[0]++ }, []string{"output.weight", "390"}},
		{"unknown tokenizer", func(m *testmodel.Model) { m.Set("tokenizer.ggml.model", gguf.Str("rwkv")) }, []string{`"rwkv"`}},
		{"no tokenizer", func(m *testmodel.Model) { m.Unset("tokenizer.ggml.model") }, []string{"tokenizer.ggml.model"}},
		{"scores for fewer tokens", func(m *testmodel.Model) { m.Set("tokenizer.ggml.scores", gguf.F32s([]float32{1})) }, []string{"1 scores", "389 tokens"}},
		{"epsilon that is not a number", func(m *testmodel.Model) {
			m.Set("llama.attention.layer_norm_rms_epsilon", gguf.F32(float32(math.NaN())))
		}, []string{"layer_norm_rms_epsilon", "NaN"}},
		{"NaN weights", func(m *testmodel.Model) { m.Tensor("output_norm.weight").Data[5] = float32(math.NaN()) }, []string{"logits are not numbers"}},
		{"infinite weights", func(m *testmodel.Model) { m.Tensor("output.weight").Data[5] = float32(math.Inf(1)) }, []string{"logits are not numbers"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			m := testmodel.SPM(1)
			require.Equal(t, vocab, m.Tensor("token_embd.weight").Shape[0])
			tt.damage(m)
			for _, temp := range []string{"0", "1"} {
				o := clitest.Run(t, "", "run", "-m", m.Write(t), "-p", "the", "-n", "2", "--temp", temp)
				require.Equal(t, ui.ExitFailure, o.Status, "%s", o.Stderr)
				require.Empty(t, o.Out)
				require.True(t, strings.HasPrefix(o.Stderr, "alpaca: error: "), "%s", o.Stderr)
				for _, want := range tt.want {
					require.Contains(t, o.Stderr, want)
				}
			}
		})
	}
}

// TestUnknownPreTokenizer checks that an unknown pre-tokenizer is an error that names it, unless
// a flag allows it.
func TestUnknownPreTokenizer(t *testing.T) {
	path := testmodel.BPE(1).Set("tokenizer.ggml.pre", gguf.Str("gpt-9")).Write(t)
	for _, command := range []string{"run", "tokenize"} {
		args := []string{command, "-m", path, "-p", "the llama"}
		o := clitest.Run(t, "", args...)
		require.Equal(t, ui.ExitFailure, o.Status)
		require.Contains(t, o.Stderr, `unknown pre-tokenizer "gpt-9"`)
		require.Contains(t, o.Stderr, "alpaca: hint: --allow-unknown-pretokenizer")
		o = clitest.Run(t, "", append(args, "--allow-unknown-pretokenizer")...)
		require.Equal(t, ui.ExitOK, o.Status, "%s", o.Stderr)
		require.Contains(t, o.Stderr, "alpaca: warning: ")
	}
}

// TestTruncatedModels checks that a file that is cut at
// any place is reported at once, and never causes a panic.
func TestTruncatedModels(t *testing.T) {
	data, err := os.ReadFile(testmodel.SPM(1).Write(t))
	require.NoError(t, err)
	path := filepath.Join(t.TempDir(), "cut.gguf")
	for n := 0; n < len(data); n += max(1, n/50) {
		require.NoError(t, os.WriteFile(path, data[:n], 0o644))
		for _, args := range [][]string{{"run", "-m", path, "-p", "x"}, {"inspect", path}} {
			start := time.Now()
			o := clitest.Run(t, "", args...)
			require.Equal(t, ui.ExitFailure, o.Status, "%d bytes, %q: %s%s", n, args, o.Out, o.Stderr)
			require.Empty(t, o.Out)
			require.Contains(t, o.Stderr, "cut.gguf")
			if n > 0 {
				require.Contains(t, o.Stderr, "hint: the file is cut short", "%d bytes", n)
			}
			require.Less(t, time.Since(start), 30*time.Second) // the command must end; the limit is long because the machine may be busy
		}
	}
}

func TestZip(t *testing.T) {
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	_, err := w.Create("model.gguf")
	require.NoError(t, err)
	require.NoError(t, w.Close())
	path := filepath.Join(t.TempDir(), "zip.gguf")
	require.NoError(t, os.WriteFile(path, b.Bytes(), 0o644))
	o := clitest.Run(t, "", "run", "-m", path, "-p", "x")
	require.Equal(t, ui.ExitFailure, o.Status)
	require.Contains(t, o.Stderr, "is a zip archive")
	require.Contains(t, o.Stderr, "alpaca: hint: unpack it first")
}

// TestInvalidUTF8 checks that the bytes of a prompt are not changed.
func TestInvalidUTF8(t *testing.T) {
	for _, m := range []*testmodel.Model{testmodel.SPM(1), testmodel.BPE(1)} {
		path := m.Write(t)
		out := clitest.Succeed(t, "run", "-m", path, "-p", "the \xff\xc3( llama", "-n", "4", "--temp", "0", "--echo")
		require.True(t, strings.HasPrefix(out, "the \xff\xc3( llama"))
	}
}
