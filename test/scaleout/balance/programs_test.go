package balance

import (
	"bufio"
	"bytes"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"alpaca/test/scaleout/freeport"
)

// replica is a process of "alpaca serve".
type replica struct {
	t    *testing.T
	port int
	cmd  *exec.Cmd
	done *atomic.Int64 // number of answers since it was started
}

func (r *replica) start() {
	r.t.Helper()
	r.cmd = exec.Command(made.program, "serve", "-m", made.model, "-a", "tiny", "--host", "127.0.0.1", "--port", fmt.Sprint(r.port), "-t", "1",
		"--drain-delay", "2500ms", "--drain-timeout", "60s", "--models-max", "0", "--context-shift")
	stderr, err := r.cmd.StderrPipe()
	require.NoError(r.t, err)
	require.NoError(r.t, r.cmd.Start())
	lines, done := bufio.NewScanner(stderr), &atomic.Int64{}
	r.done = done
	for lines.Scan() {
		if strings.Contains(lines.Text(), "listens at") {
			go func() {
				for lines.Scan() {
					if strings.Contains(lines.Text(), "POST /v1/completions 200") {
						done.Add(1)
					}
				}
			}()
			return
		}
	}
	r.t.Fatal("a replica did not start")
}

func (r *replica) kill() {
	r.cmd.Process.Kill()
	r.cmd.Wait()
}

func (r *replica) url() string { return fmt.Sprintf("http://127.0.0.1:%d", r.port) }

// balancer is nginx or HAProxy, with its example in the folder deploy.
type balancer struct {
	program, example string
	config           func(example string) string       // the whole configuration
	command          func(dir, config string) []string // the arguments that run the program
}

var balancers = map[string]balancer{
	"nginx": {
		program: "nginx", example: "nginx.conf",
		config: func(example string) string {
			return "daemon off; error_log stderr; pid nginx.pid; worker_processes 1;\nevents {}\nhttp {\naccess_log off;\n" +
				"client_body_temp_path body; proxy_temp_path proxy; fastcgi_temp_path fastcgi; uwsgi_temp_path uwsgi; scgi_temp_path scgi;\n" + example + "\n}\n"
		},
		command: func(dir, config string) []string { return []string{"-p", dir, "-c", config} },
	},
	"haproxy": {
		program: "haproxy", example: "haproxy.cfg",
		config:  func(example string) string { return example },
		command: func(_, config string) []string { return []string{"-db", "-f", config} },
	},
}

// start runs the balancer in front of replicas and returns its address.
func (b balancer) start(t *testing.T, one, two *replica) string {
	t.Helper()
	path, err := exec.LookPath(b.program)
	if err != nil {
		path, err = exec.LookPath("/usr/sbin/" + b.program)
	}
	if err != nil {
		if os.Getenv("ALPACA_REQUIRE_BALANCERS") == "1" {
			t.Fatalf("%s is not installed, but ALPACA_REQUIRE_BALANCERS=1 requires it", b.program)
		}
		t.Skipf("%s is not installed (Debian: apt install %s)", b.program, b.program)
	}
	text, err := os.ReadFile(filepath.Join("..", "..", "..", "deploy", b.example))
	require.NoError(t, err)
	port := freeport.Stays(t)
	example := string(text)
	for from, to := range map[string]int{"127.0.0.1:8080": port, "127.0.0.1:8081": one.port, "127.0.0.1:8082": two.port} {
		require.Equal(t, 1, strings.Count(example, from))
		example = strings.Replace(example, from, fmt.Sprintf("127.0.0.1:%d", to), 1)
	}
	dir := t.TempDir()
	config := filepath.Join(dir, b.example)
	require.NoError(t, os.WriteFile(config, []byte(b.config(example)), 0o600))
	cmd := exec.Command(path, b.command(dir, config)...)
	var said bytes.Buffer
	cmd.Stdout, cmd.Stderr = &said, &said
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	require.NoError(t, cmd.Start())
	t.Cleanup(func() {
		syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL)
		cmd.Wait()
		if t.Failed() {
			t.Logf("%s:\n%s", b.program, said.String())
		}
	})
	url := fmt.Sprintf("http://127.0.0.1:%d", port)
	for end := time.Now().Add(time.Minute); time.Now().Before(end); {
		resp, err := http.Get(url + "/readyz")
		if err == nil {
			resp.Body.Close()
			if resp.StatusCode == 200 {
				return url
			}
		}
		time.Sleep(20 * time.Millisecond)
	}
	t.Fatalf("%s did not start", b.program)
	return ""
}
