// Package balance tests the examples for nginx and HAProxy in the folder deploy,
// with the real programs in front of two replicas. Words arrive one by one, no
// request is lost when replicas come and go, and all replicas give the same answers.
//
// Without the programs (Debian: nginx, haproxy), the tests are
// skipped. If ALPACA_REQUIRE_BALANCERS is 1, they fail instead.
package balance

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"alpaca/internal/testmodel"
	"alpaca/test/scaleout/freeport"
)

// made has the paths of the program and of a small model. TestMain makes both.
var made struct{ program, model string }

func TestMain(m *testing.M) {
	dir, err := os.MkdirTemp("", "alpaca-balance")
	if err == nil {
		made.program, made.model = filepath.Join(dir, "alpaca"), filepath.Join(dir, "tiny.gguf")
		cmd := exec.Command("go", "build", "-trimpath", "-o", made.program, "./cmd/alpaca")
		cmd.Dir, cmd.Stderr = filepath.Join("..", "..", ".."), os.Stderr
		err = cmd.Run()
	}
	if err == nil {
		err = testmodel.SPM(1).WriteTo(made.model)
	}
	code := 1
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
	} else {
		code = m.Run()
	}
	os.RemoveAll(dir)
	os.Exit(code)
}

// noise matches the parts that differ between two answers to the same request.
var noise = regexp.MustCompile(`"(id|created|timings)":("[^"]*"|\d+|\{[^}]*\}),?`)

// ask sends request number i and returns the answer without its noise.
func ask(url string, i int) (string, error) {
	body := fmt.Sprintf(`{"prompt": "Once upon a time %d", "max_tokens": 16, "seed": %d, "cache_prompt": false}`, i, i)
	req, err := http.NewRequest("POST", url+"/v1/completions", strings.NewReader(body))
	if err != nil {
		return "", err
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Authorization", fmt.Sprintf("Bearer user%d", i%7))
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return "", err
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err == nil && resp.StatusCode != 200 {
		err = fmt.Errorf("status %d: %s", resp.StatusCode, text)
	}
	return noise.ReplaceAllString(string(text), ""), err
}

// each runs f for each balancer, with two replicas behind it.
func each(t *testing.T, f func(t *testing.T, url string, one, two *replica)) {
	for name, b := range balancers {
		t.Run(name, func(t *testing.T) {
			one, two := &replica{t: t, port: freeport.Stays(t)}, &replica{t: t, port: freeport.Stays(t)}
			for _, r := range []*replica{one, two} {
				r.start()
				t.Cleanup(r.kill)
			}
			f(t, b.start(t, one, two), one, two)
		})
	}
}

// TestSame sends the same requests to both replicas and to the balancer. All answers must have the
// same bytes.
func TestSame(t *testing.T) {
	each(t, func(t *testing.T, url string, one, two *replica) {
		for i := range 10 {
			var answers []string
			for _, at := range []string{one.url(), two.url(), url} {
				text, err := ask(at, i)
				require.NoError(t, err)
				answers = append(answers, text)
			}
			require.NotEmpty(t, answers[0])
			require.Equal(t, answers[0], answers[1])
			require.Equal(t, answers[0], answers[2])
		}
	})
}

// TestStream reads an answer through the balancer. Its words arrive one by one, while the rest is
// still being computed. When the reader closes the connection, the replica stops.
func TestStream(t *testing.T) {
	each(t, func(t *testing.T, url string, one, two *replica) {
		body := `{"messages": [{"role": "user", "content": "Tell me"}], "stream": true, "max_tokens": 1000000000, "ignore_eos": true}`
		resp, err := http.Post(url+"/v1/chat/completions", "application/json", strings.NewReader(body))
		require.NoError(t, err)
		events := 0
		// The answer has no end, so a balancer that buffered it would never send its beginning.
		for lines := bufio.NewScanner(resp.Body); events < 20 && lines.Scan(); {
			if strings.HasPrefix(lines.Text(), "data: ") {
				events++
			}
		}
		require.Equal(t, 20, events)
		resp.Body.Close()
		require.Eventually(t, func() bool { return busy(t, one)+busy(t, two) == 0 }, time.Minute, 20*time.Millisecond, "a replica still computes an answer that nobody reads")
	})
}

// busy returns the number of answers that a replica is giving now.
func busy(t *testing.T, r *replica) (n int) {
	resp, err := http.Get(r.url() + "/slots")
	require.NoError(t, err)
	defer resp.Body.Close()
	var slots []struct {
		Busy bool `json:"is_processing"`
	}
	require.NoError(t, json.NewDecoder(resp.Body).Decode(&slots))
	for _, s := range slots {
		if s.Busy {
			n++
		}
	}
	return n
}

// load sends requests, four at a time, until n are sent and acts has returned. It returns the
// number of requests that were lost.
func load(t *testing.T, url string, n int64, acts func()) int64 {
	t.Helper()
	want := make([]string, 20)
	for i := range want {
		text, err := ask(url, i)
		require.NoError(t, err)
		want[i] = text
	}
	var next, failed atomic.Int64
	var over atomic.Bool
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() {
			for {
				i := next.Add(1)
				if i > n && over.Load() {
					return
				}
				text, err := ask(url, int(i)%len(want))
				if err != nil {
					if failed.Add(1) < 5 {
						t.Logf("request %d: %v", i, err)
					}
				} else if text != want[int(i)%len(want)] {
					t.Errorf("request %d has another answer than before:\n%s\n%s", i, text, want[int(i)%len(want)])
				}
			}
		})
	}
	acts()
	over.Store(true)
	all.Wait()
	return failed.Load()
}

// TestKilled kills a replica while it answers requests. The other replica answers them with the
// same bytes.
func TestKilled(t *testing.T) {
	each(t, func(t *testing.T, url string, one, two *replica) {
		lost := load(t, url, 200, func() {
			time.Sleep(100 * time.Millisecond)
			one.kill()
			time.Sleep(300 * time.Millisecond)
			one.start()
		})
		require.Zero(t, lost)
	})
}

// TestDrained ends both replicas with SIGTERM, one after the other, during 500 requests.
func TestDrained(t *testing.T) {
	each(t, func(t *testing.T, url string, one, two *replica) {
		lost := load(t, url, 500, func() {
			for _, r := range []*replica{one, two} {
				require.NoError(t, r.cmd.Process.Signal(syscall.SIGTERM))
				require.NoError(t, r.cmd.Wait(), "a drained replica must end with status 0")
				r.start()
				// HAProxy checks every second which replicas are there.
				require.Eventually(t, func() bool { return r.done.Load() > 0 }, time.Minute, 5*time.Millisecond, "the replica must get requests again")
			}
		})
		require.Zero(t, lost)
	})
}
