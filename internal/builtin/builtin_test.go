package builtin_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"alpaca/internal/builtin"
	"alpaca/internal/cli/clitest"
	"alpaca/internal/gguf"
	"alpaca/internal/testshared"
)

var update = flag.Bool("update", false, "rewrite testdata/answers.json and README.md")

// TestFile checks that the model is small, that it is not
// copied, and that it has the same bytes as its file.
func TestFile(t *testing.T) {
	data := builtin.Bytes()
	require.LessOrEqual(t, len(data), 4<<20)
	onDisk, err := os.ReadFile("model.gguf")
	require.NoError(t, err)
	require.True(t, bytes.Equal(onDisk, data))
	f, err := builtin.Open(gguf.Options{})
	require.NoError(t, err)
	defer f.Close()
	require.True(t, f.Mapped(), "the model must be used in place, not copied")
	require.Equal(t, builtin.Name, f.Path)
	text, found, err := f.String("tokenizer.chat_template")
	require.NoError(t, err)
	require.True(t, found)
	require.Contains(t, text, "<|assistant|>")
}

// answer is a prompt and the model's answer at temperature 0.
type answer struct {
	Prompt string `json:"prompt"`
	Answer string `json:"answer"`
}

// TestAnswers asks ten questions. The answers must be exactly the recorded ones, on every CPU.
func TestAnswers(t *testing.T) {
	const path = "testdata/answers.json"
	list := testshared.ReadJSON[[]answer](t, path)
	require.Len(t, list, 10)
	if *update {
		for i := range list {
			list[i].Answer = ask(t, list[i].Prompt, "-m", builtin.Name)
		}
		var out bytes.Buffer
		enc := json.NewEncoder(&out)
		enc.SetEscapeHTML(false)
		enc.SetIndent("", "  ")
		require.NoError(t, enc.Encode(list))
		require.NoError(t, os.WriteFile(path, out.Bytes(), 0o644))
	}
	t.Setenv("ALPACA_MODEL", "")
	for _, a := range list {
		if testing.Short() { // on an emulated CPU a token takes half a second
			begun := ask(t, a.Prompt, "-n", "24")
			require.NotEmpty(t, begun, a.Prompt)
			require.True(t, strings.HasPrefix(a.Answer, begun), "%q: %q does not begin with %q", a.Prompt, a.Answer, begun)
			continue
		}
		require.Equal(t, a.Answer, ask(t, a.Prompt), a.Prompt)
	}
	if testing.Short() {
		return
	}
	for _, way := range [][]string{{"-m", builtin.Name, "-t", "3", "-b", "1"}, {"-t", "1", "--no-mmap"}, {"-m", copied(t), "--single-turn"}} {
		for _, a := range list[:3] {
			require.Equal(t, a.Answer, ask(t, a.Prompt, way...), "%q %q", way, a.Prompt)
		}
	}
}

// ask returns the answer to a prompt.
func ask(t *testing.T, prompt string, flags ...string) string {
	t.Helper()
	return strings.TrimSuffix(clitest.Succeed(t, append([]string{"run", "-p", prompt, "--temp", "0", "-q"}, flags...)...), "\n")
}

// copied writes the model to a file and returns its path.
func copied(t *testing.T) string {
	path := filepath.Join(t.TempDir(), "copied.gguf")
	require.NoError(t, os.WriteFile(path, builtin.Bytes(), 0o600))
	return path
}
