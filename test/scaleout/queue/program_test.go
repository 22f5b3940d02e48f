package queue

import (
	"io"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"alpaca/internal/testmodel"
)

// TestProgram shares a file among three workers with different kernels. The output must be the same
// as on one machine.
func TestProgram(t *testing.T) {
	b := newBench(t, 1000)
	url := plainServer(t)
	b.initialize(url, "--name", "small")
	other := map[string]string{"amd64": "avx2", "arm64": "neon"}[runtime.GOARCH]
	workers := []*proc{b.worker(url, "ALPACA_KERNEL=generic"), b.worker(url, "ALPACA_KERNEL="+other), b.worker(url)}
	require.Equal(t, 3, b.batch(url).end())
	b.complete(workers...)
	said := b.ok("queue", "status", "--queue", url)
	require.Regexp(t, `(?m)^results  1000, `, said)
	require.Regexp(t, `\| small +\| +[0-9a-f]{16} \|`, said)
	id := regexp.MustCompile(`(?m)^\| ([0-9a-f]{16}) +\| +0 \| +1000 \|$`).FindStringSubmatch(said)
	require.NotNil(t, id, said)

	// A second run of the batch gets the stored results at once, without a worker.
	require.NoError(t, os.Remove(b.out))
	require.NoError(t, os.Remove(b.out+".meta"))
	require.Equal(t, 3, b.batch(url).end())
	b.complete()
	require.Contains(t, b.ok("queue", "rm", id[1], "--queue", url), "removed 0 jobs and 1000 results")
	require.Contains(t, b.ok("queue", "rm", "--all", "--queue", url), "removed 0 jobs and 0 results")
}

// TestKilledWorkers kills a worker 30 times, every 50 to 150 ms.
func TestKilledWorkers(t *testing.T) {
	b := newBench(t, 400)
	url := plainServer(t)
	b.initialize(url, "--ack-wait", "500ms")
	// By chance, a job may be in progress at many of the kills, so the limit of retries is high.
	worker := func() *proc {
		return b.start(nil, "worker", "--queue", url, "-m", b.model, "-t", "1", "--parallel", "2", "--retries", "100")
	}
	workers := []*proc{worker(), worker(), worker()}
	batch := b.batch(url)
	random := rand.New(rand.NewPCG(1, 2))
	for kills := 0; kills < 30; kills++ {
		select {
		case <-batch.done:
			kills = 30
			continue
		case <-time.After(time.Duration(50+random.IntN(100)) * time.Millisecond):
		}
		i := random.IntN(len(workers))
		workers[i].Process.Kill()
		workers[i].end()
		workers[i] = worker()
	}
	require.Equal(t, 3, batch.end(), batch.text())
	b.complete(workers...)
}

// TestKilledServer kills the server five times while jobs are put in and answered. Workers and
// batch reconnect by themselves.
func TestKilledServer(t *testing.T) {
	b := newBench(t, 300)
	p := serverProcess(t)
	b.initialize(p.url(), "--ack-wait", "1s")
	workers := []*proc{b.worker(p.url()), b.worker(p.url())}
	batch := b.batch(p.url())
	for i := range 5 {
		b.wait((i + 1) * 30)
		p.kill()
		p.start()
	}
	require.Equal(t, 3, batch.end(), batch.text())
	b.complete(workers...)
}

// TestKilledBatch kills "alpaca batch", which puts jobs in and collects results, and starts it
// again.
func TestKilledBatch(t *testing.T) {
	b := newBench(t, 300)
	url := plainServer(t)
	b.initialize(url)
	worker := b.worker(url)
	for i := range 4 {
		batch := b.batch(url)
		b.wait(i*60 + 10)
		batch.Process.Kill()
		batch.end()
	}
	require.Equal(t, 3, b.batch(url).end())
	done := regexp.MustCompile(`ended: (\d+) results`)
	b.complete(worker)
	require.Equal(t, "300", done.FindStringSubmatch(worker.text())[1], "no request was answered twice")
}

// TestStoppedWorker pauses a worker for longer than the server waits for it, and then resumes it.
func TestStoppedWorker(t *testing.T) {
	b := newBench(t, 300)
	url := plainServer(t)
	b.initialize(url, "--ack-wait", "300ms")
	slow := b.worker(url)
	batch := b.batch(url)
	b.wait(20)
	require.NoError(t, slow.Process.Signal(syscall.SIGSTOP))
	quick := b.worker(url)
	time.Sleep(600 * time.Millisecond)
	require.NoError(t, slow.Process.Signal(syscall.SIGCONT))
	require.Equal(t, 3, batch.end(), batch.text())
	b.complete(slow, quick)
}

// TestProbes checks a worker's probes and metrics.
func TestProbes(t *testing.T) {
	b := newBench(t, 10)
	url := plainServer(t)
	b.initialize(url)
	w := b.start(nil, "worker", "--queue", url, "-m", b.model, "-t", "1", "--host", "127.0.0.1", "--port", "0")
	at := w.expect(`health checks and metrics are at (http://\S+)`)[1]
	w.expect("takes the jobs of tiny.gguf")
	require.Equal(t, 3, b.batch(url).end())
	ask := func(path string) (int, string) {
		resp, err := http.Get(at + path)
		require.NoError(t, err)
		defer resp.Body.Close()
		text, err := io.ReadAll(resp.Body)
		require.NoError(t, err)
		return resp.StatusCode, string(text)
	}
	for path, want := range map[string]string{"/readyz": "ready\n", "/livez": "alive\n"} {
		code, text := ask(path)
		require.Equal(t, 200, code)
		require.Equal(t, want, text)
	}
	// The batch may have a result before the worker knows that it is stored.
	var text string
	require.Eventually(t, func() bool {
		_, text = ask("/metrics")
		return strings.Contains(text, "\nalpaca_jobs_done_total 10\n")
	}, aLong, 5*time.Millisecond)
	require.Contains(t, text, "\nalpaca_result_mismatch_total 0\n")
	require.Regexp(t, `\nalpaca_generated_tokens_total [1-9]`, text)
	code, _ := ask("/v1/models")
	require.Equal(t, 404, code)
	b.complete(w)
}

// TestRefused runs commands that must fail.
func TestRefused(t *testing.T) {
	b := newBench(t, 10)
	url := plainServer(t)
	for _, test := range []struct {
		args []string
		code int
		want string
	}{
		{[]string{"worker", "-m", b.model}, 2, "--queue is missing"},
		{[]string{"queue", "status", "--queue", "nats://u:secret@127.0.0.1"}, 2, "--queue has a password"},
		{[]string{"queue", "status", "--queue", "nats://queue.example:4222"}, 1, "is not encrypted"},
		{[]string{"worker", "-m", b.model, "--queue", "tls://queue.example:4222"}, 1, "without credentials"},
		{[]string{"queue", "status", "--queue", url}, 1, "has no queue yet"},
		{[]string{"queue", "rm", "x*", "--queue", url}, 2, "16 hexadecimal digits"},
		{[]string{"queue", "rm", "--queue", url}, 2, "give a batch, --model or --all"},
		{[]string{"queue", "nonsense"}, 2, "nonsense"},
		{[]string{"batch", "--queue", url, b.in, "-o", b.out}, 1, "has no queue yet"},
		{[]string{"batch", "--queue", url, "--temp", "0", b.in, "-o", b.out}, 2, "the workers' flags decide how requests are answered"},
		{[]string{"batch", "--queue", url, "-", "-o", b.out}, 2, "INPUT must be a file"},
	} {
		code, said := b.run(test.args...)
		require.Equal(t, test.code, code, said)
		require.Contains(t, said, test.want)
		require.NotContains(t, said, "secret")
	}
	b.initialize(url)
	other := filepath.Join(b.dir, "other.gguf")
	require.NoError(t, testmodel.SPM(2).WriteTo(other))
	code, said := b.run("worker", "-m", other, "--queue", url, "-t", "1")
	require.Equal(t, 1, code)
	require.Contains(t, said, "no place for jobs of this model")
	code, said = b.run("worker", "-m", b.model, "--temp", "0.5", "--queue", url, "-t", "1")
	require.Equal(t, 1, code, "a worker with another setting must not take the jobs of the queue's model")
	require.Contains(t, said, "this worker's flags")
	code, said = b.run("batch", "--queue", url, "-m", "large", b.in, "-o", b.out)
	require.Equal(t, 1, code)
	require.Contains(t, said, `no model "large"`)
}
