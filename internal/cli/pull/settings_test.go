package pull_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"alpaca/internal/cli/clitest"
)

// TestSettings checks that "run" uses the settings that come with a model of Ollama, that flags
// override them, and that "show" prints them.
func TestSettings(t *testing.T) {
	s, dir, data := machine(t)
	m := s.AddModel("library/mine:latest", [2]string{"model", string(data)}, [2]string{"template", "<|im_start|>user {{ .Prompt }}"}, [2]string{"system", "Be kind."},
		[2]string{"params", `{"temperature": 0, "top_k": "many", "seed": 7, "stop": ["e"], "num_ctx": 150, "num_gpu": 1}`}, [2]string{"messages", `[{}]`})
	save := func(name string, text []byte) {
		path := filepath.Join(dir, "ollama", filepath.FromSlash(name))
		require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o777))
		require.NoError(t, os.WriteFile(path, text, 0o666))
	}
	save("manifests/registry.ollama.ai/library/mine/latest", s.Models["library/mine:latest"])
	for _, l := range m.Layers {
		save("blobs/sha256-"+l.Hash(), s.Blobs[l.Digest])
	}
	const name = "ollama:mine"
	out := clitest.Succeed(t, "show", name)
	for _, want := range []string{"template      chatml, similar to Ollama's\n", "system        Be kind.\n", "setting       temperature 0\n", "setting       stop \"e\"\n", "not used      num_gpu, 1 messages\n"} {
		require.Contains(t, out, want)
	}
	var facts struct {
		System   string
		Settings map[string]any
		NotUsed  []string `json:"not_used"`
	}
	require.NoError(t, json.Unmarshal([]byte(clitest.Succeed(t, "show", name, "-o", "json")), &facts))
	require.Equal(t, "Be kind.", facts.System)
	require.Equal(t, []any{"e"}, facts.Settings["stop"])
	require.Equal(t, []string{"num_gpu", "1 messages"}, facts.NotUsed)

	run := func(args ...string) clitest.Outcome {
		o := clitest.Run(t, "", append([]string{"run", "-m", name, "-p", "Once", "-n", "12", "-v"}, args...)...)
		require.Zero(t, o.Status, o.Stderr)
		return o
	}
	o := run()
	require.Contains(t, o.Stderr, "alpaca: the model's temperature 0 is used\n")
	require.Contains(t, o.Stderr, "the model's setting top_k \"many\" is left out")
	require.NotContains(t, o.Out, "e")
	require.Equal(t, o.Out, run().Out, "at temperature 0, the answer is the same again")
	o = run("--temp", "1", "--seed", "3", "--stop", "\x00")
	require.Contains(t, o.Stderr, "the model's temperature 0 is not used: a flag says otherwise")
	o = run("--single-turn", "--verbose-prompt")
	require.Contains(t, o.Stderr, "82 tokens in the prompt")
	o = run("--single-turn", "--verbose-prompt", "--system", "")
	require.Contains(t, o.Stderr, "48 tokens in the prompt")
	require.Contains(t, clitest.Run(t, "", "run", "-m", name, "-p", "Once", "-n", "200", "--stop", "\x00", "--ignore-eos").Stderr, "the context of 150 tokens is full")
}
