// Package clitest is for tests that run whole command lines: in the test's own process, as
// another process, or on a terminal. The TestMain of such tests calls clitest.Main, which
// makes "alpaca" a command that runs the program.
package clitest

import (
	"bytes"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
	"github.com/stretchr/testify/require"

	"alpaca/internal/cli"
	"alpaca/internal/cli/ui"
	"alpaca/internal/testshared"
)

// Main runs the tests of a package. They can start the program as the command "alpaca".
func Main(m *testing.M) {
	// Under nohup, this process ignores SIGHUP, and its children would
	// ignore it, too. If this process registers for the signal, the children
	// start with the default action, so that tests can end them with SIGHUP.
	if !strings.HasPrefix(filepath.Base(os.Args[0]), "alpaca") {
		signal.Notify(make(chan os.Signal, 1), syscall.SIGHUP)
	}
	testscript.Main(m, map[string]func(){"alpaca": func() {
		os.Exit(cli.Main(os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
	}})
}

// SkipIfShort skips a test with -short. It is for tests that evaluate whole
// texts with many files, which take minutes on emulated CPUs. TestLegacyText,
// TestGoldenText and the goldens of package model test the same code in seconds.
func SkipIfShort(t *testing.T) {
	t.Helper()
	if testing.Short() {
		t.Skip("takes long: skipped with -short")
	}
}

// ReadGolden returns the golden texts of a model.
func ReadGolden(t *testing.T, model string) []testshared.Continuation {
	t.Helper()
	all := testshared.ReadLines[testshared.Continuation](t, testshared.Path(t, "golden/stories.jsonl"))
	records := slices.DeleteFunc(all, func(g testshared.Continuation) bool { return g.Model != model })
	require.NotEmpty(t, records)
	return records
}

// NeedExec skips a test if the program cannot be started as a process, for example under an
// emulator for which the kernel has no binfmt_misc entry. Other tests run the same command lines
// in the test's own process.
func NeedExec(t *testing.T) {
	t.Helper()
	err := exec.Command("alpaca", "version").Run()
	if err != nil && strings.Contains(err.Error(), "exec format error") {
		t.Skip("programs of this architecture cannot be started here")
	}
	require.NoError(t, err)
}

// Outcome is the result of a command line.
type Outcome struct {
	Status      int
	Out, Stderr string
}

// Run runs a command line in this process. If stdin is not empty, it is piped in.
func Run(t *testing.T, stdin string, args ...string) Outcome {
	t.Helper()
	var out, stderr bytes.Buffer
	u := &ui.UI{In: strings.NewReader(stdin), Out: &out, Err: &stderr, InPiped: stdin != ""}
	status := cli.Execute(t.Context(), u, args)
	return Outcome{status, out.String(), stderr.String()}
}

// Succeed does what Run does, for command lines that must succeed. It returns stdout.
func Succeed(t *testing.T, args ...string) string {
	t.Helper()
	o := Run(t, "", args...)
	require.Equal(t, ui.ExitOK, o.Status, "%q: %s", args, o.Stderr)
	return o.Out
}
