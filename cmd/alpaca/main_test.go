package main

import (
	"bytes"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
	"github.com/stretchr/testify/require"

	"alpaca/internal/gguf"
	"alpaca/internal/testmodel"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"alpaca": main})
}

// TestScripts runs the command as a user does: each file of testdata/script
// shows one behaviour. $SPM and $BPE are small models,
// $TALKING is $SPM with a chat template, $HOSTILE with one that never ends.
func TestScripts(t *testing.T) {
	needExec(t)
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

// needExec skips a test that starts the program as a process where that is
// impossible: under an emulator that the kernel does not know of. What the
// processes would do is tested in process as well.
func needExec(t *testing.T) {
	t.Helper()
	err := exec.Command("alpaca", "version").Run()
	if err != nil && strings.Contains(err.Error(), "exec format error") {
		t.Skip("programs of this architecture cannot be started here")
	}
	require.NoError(t, err)
}

// outcome is what a command line did.
type outcome struct {
	status      int
	out, stderr string
}

// alpaca runs a command line in this process, with stdin as text piped in
// where it is not empty.
func alpaca(t *testing.T, stdin string, args ...string) outcome {
	t.Helper()
	var out, stderr bytes.Buffer
	u := &ui{in: strings.NewReader(stdin), out: &out, err: &stderr, inPiped: stdin != ""}
	status := execute(t.Context(), u, args)
	return outcome{status, out.String(), stderr.String()}
}

// succeed is alpaca for command lines that must succeed. It returns stdout.
func succeed(t *testing.T, args ...string) string {
	t.Helper()
	o := alpaca(t, "", args...)
	require.Equal(t, exitOK, o.status, "%q: %s", args, o.stderr)
	return o.out
}
