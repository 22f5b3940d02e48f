package docs

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"alpaca/internal/testmodel"
)

// written has the contents of the small files that pages name.
var written = map[string]string{
	"alpaca_data.json": `[{"instruction": "What is your name?", "input": "", "output": "My name is Anna."},
{"instruction": "Say the color.", "input": "The fox is red.", "output": "red"}, {"instruction": "Add the numbers.", "input": "1 and 2", "output": "3"},
{"instruction": "Which animal lives in the sea?", "input": "", "output": "A penguin swims in the sea."}]`,
	"chat.jsonl": `{"messages": [{"role": "user", "content": "Hello"}, {"role": "assistant", "content": "Hello, what can I do for you?"}]}
{"messages": [{"role": "user", "content": "Who are you?"}, {"role": "assistant", "content": "A small model."}]}
`,
	"chat.json":      `{"messages": [{"role": "user", "content": "What is your name?"}]}`,
	"chat.jinja":     `{% for m in messages %}{{ m.role }}: {{ m.content }}` + "\n" + `{% endfor %}`,
	"variables.json": `{"messages": [{"role": "user", "content": "Hello"}]}`,
	"tools.json":     `[{"type": "function", "function": {"name": "weather", "description": "The weather of a city", "parameters": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}}}]`,
	"schema.json":    `{"type": "object", "properties": {"name": {"type": "string"}}, "required": ["name"]}`,
	"tasks.txt":      "What is your name?\nSay hello.\n",
	"letter.txt":     "Dear Anna, the fox is well. Your friend, Ben.\n",
	"a.json":         `[{"instruction": "Who are you?", "output": "A fox."}, {"instruction": "Say hello.", "output": "Hello."}]`,
	"b.json":         `[{"instruction": "Who are you?", "output": "A bird."}, {"instruction": "Say hello.", "output": "Good day."}]`,
	"in.jsonl": `{"custom_id": "q1", "method": "POST", "url": "/v1/chat/completions", "body": {"messages": [{"role": "user", "content": "Why is the sky blue?"}], "max_tokens": 20}}
{"custom_id": "q2", "method": "POST", "url": "/v1/completions", "body": {"prompt": "Once upon a time", "max_tokens": 20}}
`,
	"keys.txt": "a-key-for-tests\n",
}

// setup makes the models that pages name, all of them from the built-in model.
const setup = `set -eu
alpaca quantize "$DOCS_ROOT/internal/builtin/model.gguf" model-f16.gguf f16 --allow-requantize
alpaca quantize model-f16.gguf model.gguf q8_0
alpaca quantize model-f16.gguf model-q4_0.gguf q4_0
cp model.gguf base.gguf
cp model.gguf tuned.gguf
cp model.gguf big.gguf
cp model-q4_0.gguf base-q4_k_m.gguf
cp model-f16.gguf base-f16.gguf
alpaca train -m base.gguf --data alpaca_data.json -o adapter.gguf --epochs 1 --lora-r 4
cp adapter.gguf style.gguf
cp adapter.gguf facts.gguf
alpaca train -m base.gguf --data alpaca_data.json -o peft-folder/ --epochs 1 --lora-r 4
rm -rf adapter.run peft-folder.run
for i in 1 2 3 4 5 6 7 8; do cat letter.txt letter.txt letter.txt letter.txt; done >text.txt
i=0; while [ $i -lt 50 ]; do i=$((i + 1)); echo '{"instruction": "Add the numbers.", "input": "'$i' and 2"}'; done >eval.jsonl
`

// fixtures returns a folder with all files that pages name.
func fixtures(t *testing.T, root, bin string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range written {
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644))
	}
	for _, l := range testmodel.Legacies {
		if l.String() == "ggml-q4_0" {
			require.NoError(t, os.Rename(l.Write(t, 1), filepath.Join(dir, "ggml-alpaca-7b-q4.bin")))
		}
	}
	cmd := exec.Command("sh", "-c", setup)
	cmd.Dir, cmd.Env = dir, environ(root, bin, dir)
	told, err := cmd.CombinedOutput()
	require.NoError(t, err, "%s", told)
	return dir
}
