package main

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
	"github.com/stretchr/testify/require"

	"alpaca/internal/cli/clitest"
	"alpaca/internal/gguf"
	"alpaca/internal/testmodel"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"alpaca": main})
}

// TestScripts runs the command as a user does. Each file of testdata/script shows one behaviour.
// $SPM and $BPE are small models. $TALKING is $SPM with a chat template, and $HOSTILE is $SPM with
// a chat template that never ends.
func TestScripts(t *testing.T) {
	clitest.NeedExec(t)
	dir := t.TempDir()
	spm, bpe := filepath.Join(dir, "spm.gguf"), filepath.Join(dir, "bpe.gguf")
	require.NoError(t, testmodel.SPM(1).WriteTo(spm))
	require.NoError(t, testmodel.BPE(1).WriteTo(bpe))
	talking, hostile := filepath.Join(dir, "talking.gguf"), filepath.Join(dir, "hostile.gguf")
	template := "{% for m in messages %}{{ '<|' + m['role'] + '|>\n' + m['content'] + eos_token + '\n' }}{% endfor %}{{ '<|assistant|>\n' }}"
	endless := strings.Repeat("{% for i in range(1000000) %}", 3) + strings.Repeat("{% endfor %}", 3)
	require.NoError(t, testmodel.SPM(1).Set("tokenizer.chat_template", gguf.Str(template)).WriteTo(talking))
	require.NoError(t, testmodel.SPM(1).Set("tokenizer.chat_template", gguf.Str(endless)).WriteTo(hostile))
	testscript.Run(t, testscript.Params{
		Dir: filepath.Join("testdata", "script"),
		Setup: func(env *testscript.Env) error {
			env.Setenv("SPM", spm)
			env.Setenv("BPE", bpe)
			env.Setenv("TALKING", talking)
			env.Setenv("HOSTILE", hostile)
			return nil
		},
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
	})
}
