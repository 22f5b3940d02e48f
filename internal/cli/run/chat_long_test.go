package run_test

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/spf13/pflag"
	"github.com/stretchr/testify/require"

	"alpaca/internal/chat"
	"alpaca/internal/cli/clitest"
	"alpaca/internal/cli/load"
	"alpaca/internal/cli/run"
	"alpaca/internal/cli/ui"
	"alpaca/internal/gguf"
	"alpaca/internal/quant"
	"alpaca/internal/testmodel"
)

// answers reads the last line of each answer from JSON output.
func answers(t *testing.T, out string) (list []run.ChatLine) {
	t.Helper()
	for line := range strings.Lines(out) {
		if strings.HasPrefix(line, `{"done"`) {
			var a run.ChatLine
			require.NoError(t, json.Unmarshal([]byte(line), &a))
			list = append(list, a)
		}
	}
	return list
}

// TestLongChat talks for 200 turns with a context of 512 tokens, which fills up many times.
// There is no error, and neither the tokens evaluated for a turn nor the memory grow.
func TestLongChat(t *testing.T) {
	clitest.SkipIfShort(t)
	path := testmodel.SPM(1).Set("llama.context_length", gguf.U32(512)).Write(t)
	var script strings.Builder
	for i := range 200 {
		fmt.Fprintf(&script, "the llama and the alpaca was up on %d\n", i)
	}
	args := []string{"run", "-m", path, "-i", "--chat-template", "vicuna", "--system", "the llama",
		"-n", "40", "--temp", "0", "--ignore-eos", "-o", "json", "-t", "1"}
	talk := func(turns int) ([]run.ChatLine, string) {
		o := clitest.Run(t, strings.Join(strings.SplitAfter(script.String(), "\n")[:turns], ""), args...)
		require.Equal(t, ui.ExitOK, o.Status, o.Stderr)
		return answers(t, o.Out), o.Stderr
	}
	talk(20)
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	list, stderr := talk(200)
	runtime.GC()
	runtime.ReadMemStats(&after)

	require.Len(t, list, 200)
	tokens := 0
	for i, a := range list {
		tokens += a.PromptTokens + a.GeneratedTokens
		if i > 0 {
			require.Less(t, a.PromptTokens, 50, "turn %d", i)
			require.Positive(t, a.CachedTokens)
		}
		require.NotEmpty(t, a.Message.Content)
	}
	require.Greater(t, tokens, 10*512)
	require.Greater(t, strings.Count(stderr, "the context is full: the oldest"), 10)
	require.Less(t, int64(after.HeapAlloc)-int64(before.HeapAlloc), int64(1<<20))
}

// TestNoContextShift checks that with --no-context-shift a full context ends the conversation.
func TestNoContextShift(t *testing.T) {
	path := testmodel.SPM(1).Write(t)
	lines := strings.Repeat("the llama and the llama\n", 20)
	o := clitest.Run(t, lines, "run", "-m", path, "-i", "--chat-template", "zephyr", "-n", "20", "--ignore-eos", "--no-context-shift")
	require.Equal(t, ui.ExitFailure, o.Status)
	require.Contains(t, o.Stderr, "fills the context of 256")
	require.Contains(t, o.Stderr, "hint: ")
}

// TestAlpacaFiles checks that the files that alpaca.cpp read
// in 2023 get the same prompts as alpaca.cpp gave them.
func TestAlpacaFiles(t *testing.T) {
	path := testmodel.Legacy{Format: "ggml", FType: 2, Code: 2, Type: quant.Q4_0v1}.Write(t, 1)
	o := clitest.Run(t, "Hi\n", "run", "-m", path, "-i", "-n", "4", "-o", "json")
	require.Equal(t, ui.ExitOK, o.Status, o.Stderr)
	list := answers(t, o.Out)
	require.Len(t, list, 1)
	tok := open(t, path).Model.Tokenizer
	n := 0
	for _, part := range []string{" Below is an instruction that describes a task. Write a response that appropriately completes the request.\n\n",
		"### Instruction:\n\nHi\n### Response:\n\n"} {
		n += 1 + len(tok.Encode(part, false, false)) // BOS
	}
	require.Equal(t, n, list[0].PromptTokens)

	// Other files of that year are base models.
	path = testmodel.Legacy{Format: "ggjt", Version: 3, FType: 2, Code: 2, Type: quant.Q4_0}.Write(t, 1)
	o = clitest.Run(t, "Hi\n", "run", "-m", path, "--messages", "-")
	require.Equal(t, ui.ExitFailure, o.Status, "no JSON")
	_, why, err := templateOf(t, path)
	require.NoError(t, err)
	require.Equal(t, "a base model", why)

	// The name of a file can also say that it is an Alpaca model.
	renamed := filepath.Join(t.TempDir(), "ggml-alpaca-7b.gguf")
	require.NoError(t, testmodel.SPM(1).WriteTo(renamed))
	_, why, err = templateOf(t, renamed)
	require.NoError(t, err)
	require.Equal(t, "chat template alpaca", why)
}

func templateOf(t *testing.T, path string) (*chat.Template, string, error) {
	t.Helper()
	m := open(t, path).Model
	return load.Template(ui.New(os.Stdin, os.Stdout, os.Stderr), m.File, m.Tokenizer, load.TemplateChoice{}, chat.Request{})
}

func open(t *testing.T, path string) *load.Instance {
	t.Helper()
	var o load.Generation
	o.AddFlags(pflag.NewFlagSet("", pflag.ContinueOnError))
	o.Model = path
	e, err := o.Start(ui.New(os.Stdin, os.Stdout, os.Stderr))
	require.NoError(t, err)
	t.Cleanup(e.Close)
	return e
}
