package queue

import (
	"bufio"
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"alpaca/internal/testmodel"
)

// bench is a folder with a model and a file of requests, and the results that one machine gives
// without a queue.
type bench struct {
	t              *testing.T
	dir            string
	alpaca         string
	model, in, out string
	want           []string // the lines of those results, sorted
	env            []string
}

// proc is a process of the program.
type proc struct {
	*exec.Cmd
	t     *testing.T
	mu    sync.Mutex
	said  strings.Builder
	lines chan string
	done  chan struct{}
}

// newBench makes a bench with n requests.
func newBench(t *testing.T, n int) *bench {
	t.Helper()
	dir := t.TempDir()
	b := &bench{t: t, dir: dir, alpaca: program(t), model: filepath.Join(dir, "tiny.gguf"), in: filepath.Join(dir, "in.jsonl"), out: filepath.Join(dir, "out.jsonl")}
	b.env = append(os.Environ(), "ALPACA_MODEL=", "ALPACA_QUEUE=", "SOURCE_DATE_EPOCH=")
	require.NoError(t, testmodel.SPM(1).WriteTo(b.model))
	var lines bytes.Buffer
	for i := range n {
		switch {
		case i%50 == 7: // a request that cannot be answered has a result that says so
			fmt.Fprintf(&lines, `{"custom_id": "%d", "method": "POST", "url": "/v1/completions", "body": {"prompt": "x", "max_tokens": -7}}`+"\n", i)
		case i%3 == 0:
			fmt.Fprintf(&lines, `{"custom_id": "%d", "method": "POST", "url": "/v1/chat/completions", "body": {"messages": [{"role": "user", "content": "<Tell> me & %d"}], "max_tokens": 8}}`+"\n", i, i)
		default:
			fmt.Fprintf(&lines, `{"custom_id": "%d", "method": "POST", "url": "/v1/completions", "body": {"prompt": "Once upon a time %d", "max_tokens": 12, "logprobs": 2}}`+"\n", i, i%10)
		}
	}
	require.NoError(t, os.WriteFile(b.in, lines.Bytes(), 0o600))
	local := filepath.Join(dir, "local.jsonl")
	code, said := b.run("batch", "-m", b.model, "-t", "1", b.in, "-o", local)
	require.Equal(t, 3, code, said) // some results have errors
	b.want = sorted(t, local)
	require.Len(t, b.want, n)
	return b
}

// sorted returns the lines of a file, sorted.
func sorted(t *testing.T, path string) []string {
	t.Helper()
	data, err := os.ReadFile(path)
	require.NoError(t, err)
	lines := strings.SplitAfter(string(data), "\n")
	require.Empty(t, lines[len(lines)-1], "the last line must be complete")
	lines = lines[:len(lines)-1]
	slices.Sort(lines)
	return lines
}

// run runs the program to its end. said is its output, stdout and stderr together.
func (b *bench) run(args ...string) (code int, said string) {
	b.t.Helper()
	cmd := exec.CommandContext(b.t.Context(), b.alpaca, args...)
	cmd.Env = b.env
	out, err := cmd.CombinedOutput()
	if _, ok := err.(*exec.ExitError); !ok {
		require.NoError(b.t, err)
	}
	return cmd.ProcessState.ExitCode(), string(out)
}

// ok runs the program, which must succeed.
func (b *bench) ok(args ...string) string {
	b.t.Helper()
	code, said := b.run(args...)
	require.Zero(b.t, code, said)
	return said
}

// initialize makes the queue at url, with a place for the model's jobs.
func (b *bench) initialize(url string, args ...string) {
	b.t.Helper()
	b.ok(append([]string{"queue", "init", "--queue", url, "-m", b.model, "-t", "1"}, args...)...)
}

// start starts the program; env is added to its environment.
func (b *bench) start(env []string, args ...string) *proc {
	b.t.Helper()
	p := &proc{Cmd: exec.Command(b.alpaca, args...), t: b.t, lines: make(chan string, 10000), done: make(chan struct{})}
	p.Env = append(slices.Clone(b.env), env...)
	r, w, err := os.Pipe()
	require.NoError(b.t, err)
	p.Stderr = w
	require.NoError(b.t, p.Start())
	w.Close()
	read := make(chan struct{})
	go func() {
		defer close(read)
		for lines := bufio.NewScanner(r); lines.Scan(); {
			p.mu.Lock()
			p.said.WriteString(lines.Text() + "\n")
			p.mu.Unlock()
			p.lines <- lines.Text()
		}
	}()
	go func() { <-read; p.Wait(); close(p.done) }()
	b.t.Cleanup(func() { p.Process.Kill(); <-p.done })
	return p
}

func (b *bench) worker(url string, env ...string) *proc {
	b.t.Helper()
	return b.start(env, "worker", "--queue", url, "-m", b.model, "-t", "1", "--parallel", "2")
}

func (b *bench) batch(url string) *proc {
	b.t.Helper()
	return b.start(nil, "batch", "--queue", url, b.in, "-o", b.out)
}

// expect waits for a line of stderr that matches pattern, and returns the groups of the match.
func (p *proc) expect(pattern string) []string {
	p.t.Helper()
	for {
		select {
		case line := <-p.lines:
			if m := regexp.MustCompile(pattern).FindStringSubmatch(line); m != nil {
				return m
			}
		case <-time.After(aLong):
			p.t.Fatalf("no line %q in\n%s", pattern, p.text())
		}
	}
}

func (p *proc) text() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.said.String()
}

// end waits for the process and returns its exit status.
func (p *proc) end() int {
	p.t.Helper()
	select {
	case <-p.done:
		return p.ProcessState.ExitCode()
	case <-time.After(aLong):
		p.t.Fatalf("the process does not end:\n%s", p.text())
		return 0
	}
}

// complete compares the output with b.want, ends the workers, and checks that they report no
// result mismatches.
func (b *bench) complete(workers ...*proc) {
	b.t.Helper()
	require.Equal(b.t, b.want, sorted(b.t, b.out))
	for _, w := range workers {
		w.Process.Signal(syscall.SIGTERM)
		status := w.end()
		if status == 128+int(syscall.SIGTERM) && !strings.Contains(w.text(), "result mismatches") {
			continue // the worker was still loading its model
		}
		require.Zero(b.t, status, w.text())
		require.Contains(b.t, w.text(), " 0 result mismatches")
	}
}

// results returns the number of lines in the output so far.
func (b *bench) results() int {
	data, _ := os.ReadFile(b.out)
	return bytes.Count(data, []byte("\n"))
}

func (b *bench) wait(results int) {
	b.t.Helper()
	require.Eventually(b.t, func() bool { return b.results() >= results }, aLong, time.Millisecond)
}
