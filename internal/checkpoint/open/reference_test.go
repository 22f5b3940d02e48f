package open

import (
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"alpaca/internal/gguf"
	"alpaca/internal/quant"
	"alpaca/internal/testshared"
)

// folders returns the names of the checkpoints in the shared folder, without the adapters.
func folders(t *testing.T) (names []string) {
	entries, err := os.ReadDir(testshared.Path(t, "models/hf"))
	require.NoError(t, err)
	for _, e := range entries {
		if !strings.HasSuffix(e.Name(), "-lora") {
			names = append(names, e.Name())
		}
	}
	return names
}

// otherKeys has, for each checkpoint, the keys whose values differ from those of the reference
// converter. The comments say why. A "+" in front means that the reference's file lacks the key.
var otherKeys = map[string][]string{
	"*": {
		"+tokenizer.ggml.normalizer",       // NFC, which the reference leaves out
		"+tokenizer.ggml.eos_token_ids",    // the whole list; the reference has one token
		"+tokenizer.ggml.add_space_prefix", // as in tokenizer.json; the reference relies on a default
	},
	"gemma":    {"+gemma.rope.freq_base", "tokenizer.ggml.eot_token_id"}, // the reference writes CodeGemma's token
	"gemma2":   {"+gemma2.rope.freq_base"},
	"granite":  {"tokenizer.ggml.add_space_prefix"}, // its vocabulary is byte-level, so no space is added
	"mistral":  {"+llama.attention.sliding_window"}, // the reference drops it
	"stablelm": {"+stablelm.rope.freq_base"},
	"llama-meta": { // the reference converted the same weights from Hugging Face's checkpoint
		"llama.attention.key_length", "llama.attention.value_length", "tokenizer.chat_template", "tokenizer.ggml.add_eos_token",
		"tokenizer.ggml.add_sep_token", "tokenizer.ggml.scores", "tokenizer.ggml.token_type",
	},
}

// constants are keys of CodeGemma's fill-in tokens. The reference writes them for every
// vocabulary of Gemma's class.
var constants = []string{"tokenizer.ggml.prefix_token_id", "tokenizer.ggml.suffix_token_id", "tokenizer.ggml.middle_token_id", "tokenizer.ggml.fsep_token_id"}

// ulps returns how far a tensor's numbers may be from those of the reference, in units of the
// last place. The result is 0, except for numbers that the reference computes in a different way.
func ulps(model, tensor string) int {
	switch {
	case tensor == "rope_freqs.weight", strings.HasSuffix(tensor, "ssm_a"):
		return 4
	case model == "gemma3-4x" && strings.HasSuffix(tensor, "_norm.weight"):
		return 1 << 14 // the reference adds 1 in half precision
	}
	return 0
}

// TestReference compares every checkpoint, converted to F32, with the reference converter's file:
// each tensor within ulps, and all keys except otherKeys and those that begin with "general.".
func TestReference(t *testing.T) {
	compared := 0
	for _, name := range folders(t) {
		t.Run(name, func(t *testing.T) {
			m, err := Open(filepath.Join(testshared.Path(t, "models/hf"), name), Options{})
			require.NoError(t, err)
			defer m.Close()
			ref, err := gguf.Open(testshared.Path(t, "models/arch/"+name+".gguf"))
			require.NoError(t, err)
			defer ref.Close()
			requireTensors(t, name, ref, m.File)
			requireKeys(t, name, ref, m.File)
			compared++
		})
	}
	require.GreaterOrEqual(t, compared, 31)
}

// requireTensors compares the tensors of two files as F32.
func requireTensors(t *testing.T, name string, ref, got *gguf.File) {
	require.Len(t, got.Tensors, len(ref.Tensors))
	for i := range ref.Tensors {
		want := &ref.Tensors[i]
		x := got.Tensor(want.Name)
		require.NotNil(t, x, want.Name)
		shape := x.Shape
		for len(shape) > len(want.Shape) && shape[0] == 1 {
			shape = shape[1:]
		}
		require.Equal(t, want.Shape, shape, want.Name)
		a, b := values(t, want), values(t, x)
		for j := range a {
			d := int(math.Float32bits(a[j])) - int(math.Float32bits(b[j]))
			if max(d, -d) > ulps(name, want.Name) {
				require.Equal(t, a[j], b[j], "%s, element %d", want.Name, j)
			}
		}
	}
}

// values returns all elements of a tensor, read in pieces of seven rows.
func values(t *testing.T, x *gguf.Tensor) []float32 {
	raw := make([]byte, x.Bytes)
	row := x.Type.RowBytes(x.Cols())
	for lo := 0; lo < x.Rows(); lo += 7 {
		hi := min(lo+7, x.Rows())
		require.NoError(t, x.Read(raw[lo*row:hi*row], lo, hi))
	}
	list := make([]float32, x.Elems())
	quant.Decode(x.Type, list, raw)
	return list
}

// requireKeys compares the keys of two files.
func requireKeys(t *testing.T, name string, ref, got *gguf.File) {
	may := append(slices.Clone(otherKeys["*"]), otherKeys[name]...)
	have := map[string]any{}
	for _, kv := range got.KV {
		have[kv.Key] = []any{kv.Value.TypeName(), kv.Value.Any()}
	}
	for _, kv := range ref.KV {
		key := kv.Key
		value, found := have[key]
		delete(have, key)
		if strings.HasPrefix(key, "general.") || slices.Contains(may, key) || slices.Contains(constants, key) && strings.HasPrefix(name, "gemma") {
			continue
		}
		require.True(t, found, "no key %s", key)
		require.Equal(t, []any{kv.Value.TypeName(), kv.Value.Any()}, value, key)
	}
	for key := range have {
		require.True(t, strings.HasPrefix(key, "general.") || slices.Contains(may, "+"+key), "another key: %s", key)
	}
}
