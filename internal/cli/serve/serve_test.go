package serve_test

import (
	"bufio"
	"context"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"alpaca/internal/cli/clitest"
	"alpaca/internal/testmodel"
)

func TestMain(m *testing.M) { clitest.Main(m) }

// TestBuiltin serves the built-in model.
func TestBuiltin(t *testing.T) {
	clitest.NeedExec(t)
	cmd := exec.CommandContext(t.Context(), "alpaca", "serve", "--port", "0", "--host", "127.0.0.1", "-t", "1")
	cmd.Cancel = func() error { return cmd.Process.Kill() }
	cmd.Env = append(cmd.Environ(), "ALPACA_MODEL=")
	stderr, err := cmd.StderrPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	lines := bufio.NewReader(stderr)
	first, err := lines.ReadString('\n')
	require.NoError(t, err)
	require.Contains(t, first, "alpaca: no model is given")
	second, err := lines.ReadString('\n')
	require.NoError(t, err)
	m := regexp.MustCompile(`^alpaca: builtin listens at (http://\S+)\n$`).FindStringSubmatch(second)
	require.NotNil(t, m, second)
	for _, ask := range []struct{ path, body, want string }{
		{"/v1/models", "", `"id":"builtin"`},
		{"/v1/chat/completions", `{"messages": [{"role": "user", "content": "Who are you?"}], "max_tokens": 8}`, `"model":"builtin"`},
	} {
		var resp *http.Response
		if ask.body == "" {
			resp, err = http.Get(m[1] + ask.path)
		} else {
			resp, err = http.Post(m[1]+ask.path, "application/json", strings.NewReader(ask.body))
		}
		require.NoError(t, err)
		text, err := io.ReadAll(resp.Body)
		resp.Body.Close()
		require.NoError(t, err)
		require.Equal(t, 200, resp.StatusCode, string(text))
		require.Contains(t, string(text), ask.want)
	}
	if runtime.GOOS != "windows" {
		require.NoError(t, cmd.Process.Signal(syscall.SIGTERM))
		io.Copy(io.Discard, lines)
		require.NoError(t, cmd.Wait())
	}
}

// TestServe starts the program, sends it requests, and ends it with SIGTERM, as systems do.
func TestServe(t *testing.T) {
	clitest.NeedExec(t)
	if runtime.GOOS == "windows" {
		t.Skip("on Windows, the test cannot ask the program to end")
	}
	key := filepath.Join(t.TempDir(), "keys")
	require.NoError(t, os.WriteFile(key, []byte("one\n\n two \n"), 0o600))
	cmd := exec.CommandContext(t.Context(), "alpaca", "serve", "-m", testmodel.SPM(1).Write(t), "--port", "0", "--host", "127.0.0.1", "-t", "1",
		"-a", "tiny,small", "--tags", "chat,old", "--api-key-file", key, "--no-slots", "--temp", "0", "-c", "128", "-np", "3", "--jinja")
	cmd.Cancel = func() error { return cmd.Process.Kill() }
	// A script that takes the place of the browser writes down the address that it should open.
	shown := filepath.Join(t.TempDir(), "shown")
	if runtime.GOOS == "linux" {
		bin := t.TempDir()
		require.NoError(t, os.WriteFile(filepath.Join(bin, "xdg-open"), []byte("#!/bin/sh\necho \"$1\" >"+shown+".part\nmv "+shown+".part "+shown+"\n"), 0o700))
		cmd.Args = append(cmd.Args, "--open")
		cmd.Env = append(os.Environ(), "PATH="+bin+string(os.PathListSeparator)+os.Getenv("PATH"))
	}
	stderr, err := cmd.StderrPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	lines := bufio.NewReader(stderr)
	var log strings.Builder
	url := ""
	for url == "" {
		line, err := lines.ReadString('\n')
		require.NoError(t, err, log.String())
		log.WriteString(line)
		if m := regexp.MustCompile(`listens at (http://\S+)`).FindStringSubmatch(line); m != nil {
			url = m[1]
		}
	}
	require.Contains(t, log.String(), "no chat template: ChatML is used")
	ask := func(method, path, body string) (int, string) {
		r, err := http.NewRequestWithContext(context.Background(), method, url+path, strings.NewReader(body))
		require.NoError(t, err)
		r.Header.Set("Authorization", "Bearer two")
		resp, err := http.DefaultClient.Do(r)
		require.NoError(t, err)
		defer resp.Body.Close()
		b, err := io.ReadAll(resp.Body)
		require.NoError(t, err)
		return resp.StatusCode, string(b)
	}
	status, text := ask("GET", "/props", "")
	require.Equal(t, 200, status)
	for _, want := range []string{`"total_slots":3`, `"n_ctx":128`, `"model_alias":"tiny"`, `"temperature":0,`, `"warnings":["the model has no chat template`} {
		require.Contains(t, text, want)
	}
	_, text = ask("GET", "/v1/models", "")
	require.Contains(t, text, `"id":"tiny","object":"model"`)
	require.Contains(t, text, `"aliases":["tiny","small"],"tags":["chat","old"]`)
	status, _ = ask("GET", "/slots", "")
	require.Equal(t, 501, status)
	status, text = ask("POST", "/v1/chat/completions", `{"messages": [{"role": "user", "content": "Hi"}], "max_tokens": 3}`)
	require.Equal(t, 200, status, text)
	require.Contains(t, text, `"model":"tiny"`)
	if runtime.GOOS == "linux" {
		var page []byte
		require.Eventually(t, func() bool { page, err = os.ReadFile(shown); return err == nil }, time.Minute, 20*time.Millisecond)
		require.Equal(t, url+"\n", string(page))
	}
	require.NoError(t, cmd.Process.Signal(syscall.SIGTERM))
	rest, err := io.ReadAll(lines)
	require.NoError(t, err)
	require.NoError(t, cmd.Wait(), "after SIGTERM, the exit status must be 0")
	require.Contains(t, string(rest), "POST /v1/chat/completions 200")
	require.Contains(t, string(rest), "alpaca: ended\n")
	require.NotContains(t, string(rest), "Hi", "the log must not have the text of prompts")
}

// TestSecondSignal checks that an answer in progress continues after the first SIGTERM.
// The second SIGTERM must end the program at once, with the exit status of a signal.
func TestSecondSignal(t *testing.T) {
	clitest.NeedExec(t)
	if runtime.GOOS == "windows" {
		t.Skip("on Windows, the test cannot ask the program to end")
	}
	cmd := exec.CommandContext(t.Context(), "alpaca", "serve", "-m", testmodel.SPM(1).Write(t), "--port", "0", "--host", "127.0.0.1", "-t", "1",
		"--context-shift", "--drain-timeout", "1h")
	cmd.Cancel = func() error { return cmd.Process.Kill() }
	stderr, err := cmd.StderrPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	lines := bufio.NewReader(stderr)
	expect := func(pattern string) []string {
		for {
			line, err := lines.ReadString('\n')
			require.NoError(t, err, pattern)
			if m := regexp.MustCompile(pattern).FindStringSubmatch(line); m != nil {
				return m
			}
		}
	}
	url := expect(`listens at (http://\S+)`)[1]
	resp, err := http.Post(url+"/v1/completions", "application/json", strings.NewReader(`{"prompt": "a", "max_tokens": -1, "ignore_eos": true, "stream": true}`))
	require.NoError(t, err)
	defer resp.Body.Close()
	answer := bufio.NewReader(resp.Body)
	next := func() { // reads the next piece of the answer
		for {
			line, err := answer.ReadString('\n')
			require.NoError(t, err)
			if strings.HasPrefix(line, "data: ") {
				require.Contains(t, line, `"choices"`)
				return
			}
		}
	}
	next()
	require.NoError(t, cmd.Process.Signal(syscall.SIGTERM))
	expect(`waiting for 1 requests`)
	for range 50 {
		next()
	}
	require.NoError(t, cmd.Process.Signal(syscall.SIGTERM))
	io.Copy(io.Discard, lines)
	var ended *exec.ExitError
	require.ErrorAs(t, cmd.Wait(), &ended)
	require.Equal(t, 128+int(syscall.SIGTERM), ended.ExitCode())
}
