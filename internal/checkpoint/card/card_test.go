package card

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"alpaca/internal/gguf"
)

// TestNames checks that names are split into the same parts as gguf-py 0.19.0 splits them into.
func TestNames(t *testing.T) {
	tests := []struct {
		id    string
		total int64
		want  name
		title string
		label string
	}{
		{"meta-llama/Llama-2-7b-hf", 6738415616, name{"Llama-2-7b-hf", "meta-llama", "Llama-2", "7B", "hf", ""}, "Llama 2 7b Hf", "6.7B"},
		{"Mixtral-8x7B-Instruct-v0.1", 46702792704, name{"Mixtral-8x7B-Instruct-v0.1", "", "Mixtral", "8x7B", "Instruct", "v0.1"}, "Mixtral 8x7B Instruct v0.1", "47B"},
		{"Qwen/Qwen3-30B-A3B-Instruct-2507", 30532122624, name{"Qwen3-30B-A3B-Instruct-2507", "Qwen", "Qwen3", "30B-A3B", "Instruct", "2507"}, "Qwen3 30B A3B Instruct 2507", "31B"},
		{"Phi-3-mini-128k-instruct", 3821079552, name{"Phi-3-mini-128k-instruct", "", "Phi-3", "mini", "128k-instruct", ""}, "Phi 3 Mini 128k Instruct", "3.8B"},
		{"bloom-7b1", 7069016064, name{"bloom-7b1", "", "bloom", "7.1B", "", ""}, "Bloom 7b1", "7.1B"},
		{"stablelm-2-1_6b", 1644515328, name{"stablelm-2-1_6b", "", "stablelm-2", "1.6B", "", ""}, "Stablelm 2 1_6b", "1.6B"},
		{"iter2-7B-v0.1-iter3", 7000000000, name{"iter2-7B-v0.1-iter3", "", "iter2", "7B", "", "v0.1-iter3"}, "Iter2 7B v0.1 Iter3", "7.0B"},
		{"llama-2-7b-chat-bf16", 6738415616, name{"llama-2-7b-chat-bf16", "", "llama-2", "7B", "chat", ""}, "Llama 2 7b Chat Bf16", "6.7B"},
		{"my model with spaces", 1000, name{full: "my model with spaces"}, "My Model With Spaces", "1.0K"},
		{"x", 500, name{full: "x"}, "X", "0.50K"},
	}
	for _, tt := range tests {
		got := cutName(tt.id, tt.total)
		require.Equal(t, tt.want, got, tt.id)
		require.Equal(t, tt.title, title(got.full), tt.id)
		require.Equal(t, tt.label, sizeLabel(Counts{Total: tt.total}), tt.id)
	}
	require.Equal(t, "8x18B", sizeLabel(Counts{Total: 46702792704, Shared: 46702792704 / 3, Expert: 46702792704 / 17, Experts: 8}))
}

// TestBadCard checks that a model card which cannot be read is left out, with a note.
func TestBadCard(t *testing.T) {
	for text, note := range map[string]bool{
		"---\na: [\n---\n": true, "---\nlicense: mit\n": false, "no front matter": false, "": false, "---\r\nlicense: mit\r\n---\r\n": false, "---\n- a\n---\n": true,
	} {
		dir := filepath.Join(t.TempDir(), "thing")
		require.NoError(t, os.Mkdir(dir, 0o755))
		require.NoError(t, os.WriteFile(filepath.Join(dir, "README.md"), []byte(text), 0o644))
		kv, notes := Read(dir, Options{})
		require.Equal(t, note, len(notes) > 0, "%q: %q", text, notes)
		require.Contains(t, kv, gguf.KV{Key: "general.name", Value: gguf.Str("Thing")})
	}
}
