package deploy

import (
	"bufio"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/stretchr/testify/require"

	"alpaca/internal/testmodel"
)

// root is a folder with the content of the image, which is the program at /alpaca, and with the
// volumes.
var root string

func TestMain(m *testing.M) {
	var err error
	if root, err = os.MkdirTemp("", "alpaca-deploy"); err == nil {
		err = fill()
	}
	code := 1
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
	} else {
		code = m.Run()
	}
	os.RemoveAll(root)
	os.Exit(code)
}

// fill makes the program and the volumes in root.
func fill() error {
	program := filepath.Join(root, "alpaca")
	cmd := exec.Command("go", "build", "-trimpath", "-o", program, "./cmd/alpaca")
	cmd.Dir, cmd.Stderr = filepath.Join("..", "..", ".."), os.Stderr
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0") // as in the image, which has no C library
	if err := cmd.Run(); err != nil {
		return err
	}
	for _, dir := range []string{"models", "keys", "data"} {
		if err := os.Mkdir(filepath.Join(root, dir), 0o755); err != nil {
			return err
		}
	}
	request := `{"custom_id": "%d", "method": "POST", "url": "/v1/chat/completions", "body": {"messages": [{"role": "user", "content": "Hi"}], "max_tokens": 4}}` + "\n"
	for name, text := range map[string]string{"keys/keys.txt": "secret\n", "data/in.jsonl": fmt.Sprintf(request+request, 1, 2)} {
		if err := os.WriteFile(filepath.Join(root, name), []byte(text), 0o644); err != nil {
			return err
		}
	}
	for _, dir := range []string{"", "data"} {
		if err := os.Chmod(filepath.Join(root, dir), 0o777); err != nil {
			return err
		}
	}
	return testmodel.SPM(1).WriteTo(filepath.Join(root, "models", "model.gguf"))
}

// container returns a command that runs the program as in a container: root is its file system,
// and its user has no rights. If the test lacks the rights for this, container changes the paths
// in args to paths below root.
func container(t *testing.T, env []string, args ...string) *exec.Cmd {
	t.Helper()
	if os.Geteuid() == 0 {
		cmd := exec.CommandContext(t.Context(), "/alpaca", args...)
		cmd.Dir, cmd.Env = "/", env
		cmd.SysProcAttr = &syscall.SysProcAttr{Chroot: root, Credential: &syscall.Credential{Uid: 65532, Gid: 65532, NoSetGroups: true}}
		return cmd
	}
	placed := make([]string, len(args))
	for i, arg := range args {
		placed[i] = regexp.MustCompile(`(^|=)(/(?:models|keys|data)/)`).ReplaceAllString(arg, "$1"+root+"$2")
	}
	cmd := exec.CommandContext(t.Context(), filepath.Join(root, "alpaca"), placed...)
	cmd.Env = env
	return cmd
}

// listen starts a process and returns what the first group
// of pattern matches in a line of the process's stderr.
func listen(t *testing.T, cmd *exec.Cmd, pattern string) string {
	t.Helper()
	stderr, err := cmd.StderrPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	t.Cleanup(func() { cmd.Process.Signal(syscall.SIGTERM); cmd.Wait() })
	var said strings.Builder
	for lines := bufio.NewScanner(stderr); lines.Scan(); {
		said.WriteString(lines.Text() + "\n")
		if m := regexp.MustCompile(pattern).FindStringSubmatch(lines.Text()); m != nil {
			go io.Copy(io.Discard, stderr)
			return m[1]
		}
	}
	t.Fatalf("no line %q in\n%s", pattern, said.String())
	return ""
}

// status sends a GET request with the Authorization header and returns the status.
func status(t *testing.T, url string, header string) int {
	t.Helper()
	req, err := http.NewRequest("GET", url, nil)
	require.NoError(t, err)
	req.Header.Set("Authorization", header)
	resp, err := http.DefaultClient.Do(req)
	require.NoError(t, err)
	defer resp.Body.Close()
	return resp.StatusCode
}

// TestServe runs the command of serve.yaml with another port, and sends the requests of the
// probes.
func TestServe(t *testing.T) {
	c := only(t, pods(t)["alpaca-serve"])
	args := replace(c.Args, "--port", "0")
	url := strings.Replace(listen(t, container(t, nil, args...), `listens at http://\S+?(:\d+)`), ":", "http://127.0.0.1:", 1)
	require.Equal(t, 200, status(t, url+c.StartupProbe.HTTPGet.Path, ""))
	require.Equal(t, 200, status(t, url+c.ReadinessProbe.HTTPGet.Path, ""))
	require.Equal(t, 200, status(t, url+c.LivenessProbe.HTTPGet.Path, ""))
	require.Equal(t, 401, status(t, url+"/metrics", ""))
	require.Equal(t, 200, status(t, url+"/metrics", "Bearer secret"))
	req, err := http.NewRequest("POST", url+"/v1/chat/completions", strings.NewReader(`{"messages": [{"role": "user", "content": "Hi"}], "max_tokens": 4}`))
	require.NoError(t, err)
	req.Header.Set("Authorization", "Bearer secret")
	resp, err := http.DefaultClient.Do(req)
	require.NoError(t, err)
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	require.Equal(t, 200, resp.StatusCode, string(text))
	require.Contains(t, string(text), `"model":"model"`)
}

// replace returns args with another value for the flag name. If value is "", it removes the flag.
func replace(args []string, name, value string) (list []string) {
	for _, arg := range args {
		if strings.HasPrefix(arg, name+"=") {
			if value == "" {
				continue
			}
			arg = name + "=" + value
		}
		list = append(list, arg)
	}
	return list
}

// TestQueueAndWorker runs the commands of worker.yaml with a NATS server on this machine, without
// encryption. JetStreamMaxStore is above what streams reserve, whatever the disk has free.
func TestQueueAndWorker(t *testing.T) {
	s, err := server.NewServer(&server.Options{Host: "127.0.0.1", Port: -1, JetStream: true, JetStreamMaxStore: 1 << 40, StoreDir: t.TempDir(), NoSigs: true, NoLog: true})
	require.NoError(t, err)
	s.Start()
	t.Cleanup(func() { s.Shutdown(); s.WaitForShutdown() })
	require.True(t, s.ReadyForConnections(10*time.Second))
	env := []string{"ALPACA_QUEUE=" + s.ClientURL()}
	all := pods(t)
	out, err := container(t, env, replace(only(t, all["alpaca-queue-init"]).Args, "--queue-ca", "")...).Output()
	require.NoError(t, err)
	require.Regexp(t, `^[0-9a-f]{16}\n$`, string(out))
	c := only(t, all["alpaca-worker"])
	args := replace(replace(c.Args, "--port", "0"), "--queue-ca", "")
	url := strings.Replace(listen(t, container(t, env, args...), `health checks and metrics are at http://\S+?(:\d+)`), ":", "http://127.0.0.1:", 1)
	for _, path := range []string{c.LivenessProbe.HTTPGet.Path, c.ReadinessProbe.HTTPGet.Path, c.StartupProbe.HTTPGet.Path} {
		require.Eventually(t, func() bool { return status(t, url+path, "") == 200 }, time.Minute, 20*time.Millisecond, path)
	}
	cmd := container(t, env, "batch", "--queue", s.ClientURL(), "/data/in.jsonl", "-o", "/data/queue.jsonl")
	said, err := cmd.CombinedOutput()
	require.NoError(t, err, "%s", said)
}

// TestShard runs the command of batch-job.yaml for each index. There are 16 shards of two lines,
// so 14 shards are empty, and that is not a failure.
func TestShard(t *testing.T) {
	c := only(t, pods(t)["alpaca-batch"])
	lines := 0
	for index := range 16 {
		var args []string
		for _, arg := range c.Args {
			args = append(args, strings.ReplaceAll(arg, "$(JOB_COMPLETION_INDEX)", fmt.Sprint(index)))
		}
		said, err := container(t, nil, args...).CombinedOutput()
		require.NoError(t, err, "%s", said)
		text, err := os.ReadFile(filepath.Join(root, "data", fmt.Sprintf("out-%d.jsonl", index)))
		require.NoError(t, err)
		lines += strings.Count(string(text), "\n")
	}
	require.Equal(t, 2, lines)
}

// TestImage reads the Containerfile. The image must have only
// the program and certificates, and a user without rights.
func TestImage(t *testing.T) {
	text, err := os.ReadFile(filepath.Join(folder, "Containerfile"))
	require.NoError(t, err)
	_, last, found := strings.Cut(string(text), "\nFROM scratch\n")
	require.True(t, found)
	var lines []string
	for line := range strings.Lines(last) {
		if line = strings.TrimSpace(line); line != "" && !strings.HasPrefix(line, "#") {
			lines = append(lines, line)
		}
	}
	require.Equal(t, []string{
		"COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/ca-certificates.crt",
		"COPY --from=build /src/alpaca /alpaca",
		"USER 65532:65532",
		`ENTRYPOINT ["/alpaca"]`,
	}, lines)
	version, err := os.ReadFile(filepath.Join("..", "..", "..", "go.mod"))
	require.NoError(t, err)
	want := regexp.MustCompile(`(?m)^go (\d+\.\d+)`).FindStringSubmatch(string(version))[1]
	require.Contains(t, string(text), "golang:"+want+" AS build")
}
