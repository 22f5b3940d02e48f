package chat

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"alpaca/internal/testshared"
)

// TestReadsTools checks which of 60 published templates show the tools to the model.
func TestReadsTools(t *testing.T) {
	tok := vocab(t, true)
	var silent []string
	files, err := filepath.Glob(filepath.Join(testshared.Path(t, "golden/templates"), "*.jinja"))
	require.NoError(t, err)
	for _, path := range files {
		text, err := os.ReadFile(path)
		require.NoError(t, err)
		tmpl, err := FromModel(string(text), tok)
		if err == nil && !tmpl.ReadsTools() {
			silent = append(silent, strings.TrimSuffix(filepath.Base(path), ".jinja"))
		}
	}
	require.Equal(t, []string{
		"HuggingFaceTB-SmolLM3-3B",                                                                                          // reads xml_tools or python_tools instead of tools
		"deepseek-ai-DeepSeek-R1-Distill-Llama-8B", "deepseek-ai-DeepSeek-R1-Distill-Qwen-32B", "deepseek-ai-DeepSeek-V3.1", // these three templates show calls, but not the tools
		"google-gemma-2-2b-it", "llama-cpp-deepseek-r1", "llama-cpp-rwkv-world", "microsoft-Phi-3.5-mini-instruct",
	}, silent)
}
