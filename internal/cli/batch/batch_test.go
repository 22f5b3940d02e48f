package batch_test

import (
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"alpaca/internal/cli/clitest"
	"alpaca/internal/testmodel"
)

func TestMain(m *testing.M) { clitest.Main(m) }

// write writes an input of n requests for the given number of tokens each. Every fifth request
// cannot be answered.
func write(t *testing.T, n, tokens int) string {
	t.Helper()
	var b strings.Builder
	for i := range n {
		body := fmt.Sprintf(`{"prompt":"%s %d","max_tokens":%d}`, strings.Repeat("the llama and ", i%7), i, tokens)
		if i%5 == 4 {
			body = `{"prompt":"a","max_tokens":-7}`
		}
		fmt.Fprintf(&b, `{"custom_id":"r%d","method":"POST","url":"/v1/completions","body":%s}`+"\n", i, body)
	}
	path := filepath.Join(t.TempDir(), "in.jsonl")
	require.NoError(t, os.WriteFile(path, []byte(b.String()), 0o600))
	return path
}

func read(t *testing.T, path string) string {
	t.Helper()
	data, err := os.ReadFile(path)
	require.NoError(t, err)
	return string(data)
}

// run runs a batch in this process. The batch must
// be complete, and some results must have errors.
func run(t *testing.T, args ...string) {
	t.Helper()
	o := clitest.Run(t, "", append([]string{"batch"}, args...)...)
	require.Equal(t, 3, o.Status, o.Stderr)
}

// TestKill kills a run many times, at random moments, and starts it again. In the end,
// the output must have the same bytes as the output of a run without interruption.
func TestKill(t *testing.T) {
	clitest.NeedExec(t)
	kills, n := 50, 120
	if testing.Short() {
		kills, n = 4, 20
	}
	model, in := testmodel.SPM(1).Write(t), write(t, n, 32)
	dir := t.TempDir()
	whole, out := filepath.Join(dir, "whole.jsonl"), filepath.Join(dir, "out.jsonl")
	run(t, in, "-m", model, "-o", whole, "--order", "input", "-t", "1")
	args := []string{"batch", in, "-m", model, "-o", out, "--order", "input", "-t", "1", "-np", "2"}

	// idle is the time of a run that has nothing left to do. work is the time of a run that
	// does everything.
	took := func(args ...string) time.Duration {
		start := time.Now()
		exec.Command("alpaca", args...).Run() // the status is 3
		return time.Since(start)
	}
	idle := took(append(args[:1:1], in, "-m", model, "-o", whole, "--order", "input", "-t", "1")...)
	work := took(append(args[:1:1], in, "-m", model, "-o", filepath.Join(dir, "timed.jsonl"), "--order", "input", "-t", "1")...)
	each := max(work-idle, 100*time.Millisecond) / time.Duration(kills/2)

	random := rand.New(rand.NewPCG(1, 2))
	size := func() int64 {
		if st, err := os.Stat(out); err == nil {
			return st.Size()
		}
		return 0
	}
	grew := 0
	for i := range kills {
		before := size()
		cmd := exec.Command("alpaca", args...)
		require.NoError(t, cmd.Start())
		ended := make(chan struct{})
		go func() { cmd.Wait(); close(ended) }()
		// Every second run is killed soon after it has written something, so that the kills cover
		// the whole work on a machine of any speed. The others are killed at random moments.
		for over := false; i%2 == 1 && !over && size() == before; {
			select {
			case <-ended:
				over = true
			case <-time.After(time.Millisecond):
			}
		}
		time.Sleep(time.Duration(random.Int64N(int64(each))) + time.Duration(1-i%2)*idle/2)
		cmd.Process.Kill()
		<-ended
		if size() > before {
			grew++
		}
	}
	t.Logf("an idle run takes %v, a whole run %v; %d of the %d killed runs got further", idle, work, grew, kills)
	require.Positive(t, grew)
	run(t, args[1:]...)
	require.Equal(t, read(t, whole), read(t, out))
}

// TestShards answers the shards of a file in three processes, one of them with portable code.
// Merged, their outputs have the same bytes as the output of one run.
func TestShards(t *testing.T) {
	clitest.NeedExec(t)
	model, in := testmodel.SPM(1).Write(t), write(t, 12, 8)
	dir := t.TempDir()
	whole := filepath.Join(dir, "whole.jsonl")
	run(t, in, "-m", model, "-o", whole, "--order", "input", "-t", "1")
	var outs []string
	for i := range 3 {
		out := filepath.Join(dir, fmt.Sprintf("out.%d.jsonl", i))
		outs = append(outs, out)
		cmd := exec.Command("alpaca", "batch", in, "-m", model, "-o", out, "--shard", fmt.Sprintf("%d/3", i), "-t", fmt.Sprint(1+i%2), "-np", fmt.Sprint(1+i))
		if i == 1 {
			cmd.Env = append(os.Environ(), "ALPACA_KERNEL=generic")
		}
		cmd.Run() // the status is 3 if some results have errors
	}
	merged := filepath.Join(dir, "merged.jsonl")
	run(t, append([]string{"merge", in, "-o", merged}, outs...)...)
	require.Equal(t, read(t, whole), read(t, merged))
	o := clitest.Run(t, "", "batch", "merge", in, "-o", merged, outs[0], outs[1])
	require.Equal(t, 1, o.Status)
	require.Contains(t, o.Stderr, "4 of 12 requests have no result, such as line ")
	require.Equal(t, read(t, whole), read(t, merged), "a merge that fails must not change its output file")
}

// TestPipes checks that input and output may be pipes.
func TestPipes(t *testing.T) {
	model, in := testmodel.SPM(1).Write(t), write(t, 6, 8)
	whole := filepath.Join(t.TempDir(), "whole.jsonl")
	run(t, in, "-m", model, "-o", whole, "--order", "input", "-t", "1")
	o := clitest.Run(t, read(t, in), "batch", "-", "-m", model, "-o", "-", "--order", "input", "-t", "1")
	require.Equal(t, 3, o.Status, o.Stderr)
	require.Equal(t, read(t, whole), o.Out)
	o = clitest.Run(t, read(t, in), "batch", "-", "-m", model, "-o", "-", "-t", "1")
	require.Equal(t, 3, o.Status, o.Stderr)
	require.ElementsMatch(t, strings.SplitAfter(read(t, whole), "\n"), strings.SplitAfter(o.Out, "\n"))
	o = clitest.Run(t, read(t, in)+"{}\n", "batch", "-", "-m", model, "-o", "-", "-t", "1")
	require.Equal(t, 1, o.Status)
	require.Contains(t, o.Stderr, "alpaca: error: line 7: custom_id is missing")
	require.Equal(t, 6, strings.Count(o.Out, "\n"), "the requests before the bad line must be answered")
}
