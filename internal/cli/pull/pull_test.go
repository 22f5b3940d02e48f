package pull_test

import (
	"encoding/json"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"alpaca/internal/cli/clitest"
	"alpaca/internal/gguf"
	"alpaca/internal/store/storetest"
	"alpaca/internal/testmodel"
)

func TestMain(m *testing.M) { clitest.Main(m) }

const commit = "0123456789012345678901234567890123456789"

// machine starts a server in place of Hugging Face, and sets the environment of a machine
// without models. It returns the server, the machine's folder, and the data of the model that
// the server has.
func machine(t *testing.T) (s *storetest.Server, dir string, data []byte) {
	dir = t.TempDir()
	for name, value := range map[string]string{
		"HOME": dir, "HF_HOME": filepath.Join(dir, "hf"), "ALPACA_MODELS": filepath.Join(dir, "own"), "OLLAMA_MODELS": filepath.Join(dir, "ollama"),
		"HF_HUB_CACHE": "", "HUGGINGFACE_HUB_CACHE": "", "ALPACA_HF_CACHE": "", "LLAMA_CACHE": "", "HF_TOKEN": "", "HUGGING_FACE_HUB_TOKEN": "", "HF_TOKEN_PATH": "",
		"HF_HUB_OFFLINE": "", "ALPACA_OFFLINE": "", "ALPACA_MODEL": "",
	} {
		t.Setenv(name, value)
	}
	data, err := os.ReadFile(testmodel.SPM(1).Set("general.license", gguf.Str("mit")).Write(t))
	require.NoError(t, err)
	s = storetest.New(t)
	t.Setenv("HF_ENDPOINT", s.URL)
	s.Repos["owner/repo"] = &storetest.Repo{Commit: commit, Files: map[string][]byte{"m-Q4_0.gguf": data, "LICENSE": []byte("Do what you like.\n")},
		Small: map[string]bool{"LICENSE": true}, Card: `{"license": "mit", "base_model": "owner/base"}`}
	return s, dir, data
}

// TestPull pulls, lists, shows, runs and removes a model.
func TestPull(t *testing.T) {
	s, dir, data := machine(t)
	const name = "hf:owner/repo:Q4_0"
	o := clitest.Run(t, "", "run", "-m", "hf:owner/repo", "-p", "x", "-n", "1")
	require.Equal(t, 1, o.Status)
	require.Contains(t, o.Stderr, "alpaca: error: there is no model hf:owner/repo here\nalpaca: hint: \"alpaca pull hf:owner/repo\" fetches it\n")
	require.Empty(t, s.Asked(), "without a terminal there is no question, and nothing is fetched")

	o = clitest.Run(t, "", "pull", "hf:owner/repo")
	require.Zero(t, o.Status, o.Stderr)
	require.Empty(t, o.Out)
	for _, want := range []string{"owner/repo: licence mit\n", "m-Q4_0.gguf 100 % of", name + " is there now", "alpaca run -m " + name + " starts it"} {
		require.Contains(t, o.Stderr, want)
	}
	o = clitest.Run(t, "", "pull", "owner/repo", "-o", "json")
	require.Zero(t, o.Status, o.Stderr)
	lines := strings.Split(strings.TrimSpace(o.Out), "\n")
	var last struct {
		Status, Path, SHA256 string
		Fetched              int64
	}
	require.NoError(t, json.Unmarshal([]byte(lines[len(lines)-1]), &last))
	require.Equal(t, "success", last.Status)
	require.Equal(t, storetest.SHA256(data), last.SHA256)
	require.Zero(t, last.Fetched)
	require.True(t, strings.HasPrefix(last.Path, filepath.Join(dir, "hf", "hub")))

	out := clitest.Succeed(t, "list")
	require.Contains(t, out, name)
	require.Contains(t, out, storetest.SHA256(data)[:12])
	require.Contains(t, clitest.Succeed(t, "list", "-o", "json"), `"quant":"Q4_0"`)
	out = clitest.Succeed(t, "show", name)
	for _, want := range []string{"licence       mit\n", "made of       owner/base\n", "architecture  llama\n", "commit        " + commit, last.Path} {
		require.Contains(t, out, want)
	}
	require.Equal(t, "Do what you like.\n", clitest.Succeed(t, "show", "--license", name))
	require.Contains(t, clitest.Succeed(t, "show", name, "-o", "json"), `"chat_template":false`)

	want := clitest.Succeed(t, "run", "-m", last.Path, "-p", "Once", "-n", "5", "--temp", "0", "-q")
	for _, text := range []string{name, "hf:owner/repo", "owner/repo", "hf.co/owner/repo:q4_0"} {
		require.Equal(t, want, clitest.Succeed(t, "run", "-m", text, "-p", "Once", "-n", "5", "--temp", "0", "-q"), text)
	}
	require.Contains(t, clitest.Succeed(t, "inspect", name), "llama")
	require.Contains(t, clitest.Succeed(t, "list"), "now", "the list says when the model was used")
	out = clitest.Succeed(t, "__complete", "run", "-m", "")
	require.Contains(t, out, name)
	require.Contains(t, clitest.Succeed(t, "__complete", "rm", ""), name)

	o = clitest.Run(t, "", "rm", name)
	require.Zero(t, o.Status)
	require.Contains(t, o.Stderr, "removed "+name)
	require.Contains(t, clitest.Run(t, "", "list").Stderr, "no models in")
	require.Contains(t, clitest.Run(t, "", "prune").Stderr, "nothing to remove")
	o = clitest.Run(t, "", "rm", name)
	require.Equal(t, 1, o.Status)
}

// TestUsage checks the messages and statuses of wrong command lines.
func TestUsage(t *testing.T) {
	machine(t)
	for _, tt := range []struct {
		args   []string
		status int
		want   string
	}{
		{[]string{"pull"}, 2, "usage: alpaca pull NAME"},
		{[]string{"pull", "model"}, 2, "not the name of a model"},
		{[]string{"pull", "hf:a/b/../c"}, 2, "leaves its folder"},
		{[]string{"pull", "hf:a/b", "--sha256", "xyz"}, 2, "64 hexadecimal digits"},
		{[]string{"pull", "hf:a/b", "--connections", "99"}, 2, "must be at most 16"},
		{[]string{"pull", "lmstudio:a/b/c.gguf"}, 1, "alpaca pull hf:a/b"},
		{[]string{"pull", "hf:owner/absent"}, 1, "no repository owner/absent"},
		{[]string{"show", "nothing"}, 1, "alpaca list"},
		{[]string{"list", "x"}, 2, "unexpected argument"},
		{[]string{"rm"}, 2, "usage: alpaca rm NAME"},
		{[]string{"run", "-m", "someone/something", "-p", "x"}, 1, "alpaca pull hf:someone/something"},
		{[]string{"run", "-m", "lmstudio:a/b/c.gguf", "-p", "x"}, 1, "there is no model lmstudio:a/b/c.gguf here"},
	} {
		o := clitest.Run(t, "", tt.args...)
		require.Equal(t, tt.status, o.Status, "%q: %s", tt.args, o.Stderr)
		require.Contains(t, o.Stderr, tt.want)
	}
	t.Setenv("HF_HUB_OFFLINE", "1")
	require.Contains(t, clitest.Run(t, "", "pull", "hf:owner/repo").Stderr, "HF_HUB_OFFLINE is set: nothing is fetched\nalpaca: hint: unset it")
}

// TestNoNetwork checks that only a pull opens connections. A proxy counts the connections to
// other machines.
func TestNoNetwork(t *testing.T) {
	machine(t)
	clitest.NeedExec(t)
	require.Zero(t, clitest.Run(t, "", "pull", "hf:owner/repo").Status)
	var came atomic.Int64
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer l.Close()
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			came.Add(1)
			c.Close()
		}
	}()
	command := func(args ...string) *exec.Cmd {
		cmd := exec.Command("alpaca", args...)
		cmd.Env = os.Environ()
		for _, name := range []string{"HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy", "ALL_PROXY"} {
			cmd.Env = append(cmd.Env, name+"=http://"+l.Addr().String())
		}
		cmd.Env = append(cmd.Env, "HF_ENDPOINT=https://hub.invalid", "NO_PROXY=", "no_proxy=")
		return cmd
	}
	const name = "hf:owner/repo:Q4_0"
	for _, args := range [][]string{
		{"list"}, {"show", name}, {"show", "--license", name}, {"inspect", name}, {"tokenize", "-m", name, "-p", "x"}, {"run", "-m", name, "-p", "x", "-n", "1"},
		{"run", "-m", "hf:owner/absent", "-p", "x"}, {"run", "-m", "https://hub.invalid/m.gguf", "-p", "x"}, {"run", "-m", "ollama:absent", "-p", "x"},
		{"inspect", "ollama:absent"}, {"version"}, {"help"}, {"prune"}, {"__complete", "run", "-m", ""}, {"rm", name},
	} {
		out, _ := command(args...).CombinedOutput()
		require.Zero(t, came.Load(), "%q: %s", args, out)
	}
	// A pull that fails waits and tries again. So each pull is killed after its first try.
	for _, pull := range []string{"hf:owner/repo", "ollama:absent", "https://hub.invalid/m.gguf"} {
		came.Store(0)
		cmd := command("pull", pull)
		require.NoError(t, cmd.Start())
		require.Eventually(t, func() bool { return came.Load() > 0 }, time.Minute, 10*time.Millisecond, pull)
		cmd.Process.Kill()
		cmd.Wait()
	}
}

// TestUnshared runs commands without any network, even without the loopback interface.
func TestUnshared(t *testing.T) {
	machine(t)
	clitest.NeedExec(t)
	if err := exec.Command("unshare", "-rn", "true").Run(); err != nil {
		t.Skipf("this system cannot start a command without a network: %v", err)
	}
	require.Zero(t, clitest.Run(t, "", "pull", "hf:owner/repo").Status)
	alpaca, err := exec.LookPath("alpaca")
	require.NoError(t, err)
	for _, args := range [][]string{{"list"}, {"run", "-m", "hf:owner/repo", "-p", "x", "-n", "1"}, {"show", "hf:owner/repo"}, {"prune"}} {
		out, err := exec.Command("unshare", append([]string{"-rn", alpaca}, args...)...).CombinedOutput()
		require.NoError(t, err, "%q: %s", args, out)
	}
	out, err := exec.Command("unshare", "-rn", alpaca, "pull", "hf:owner/other").CombinedOutput()
	require.Error(t, err)
	require.Regexp(t, `alpaca: error: 127\.0\.0\.1:\d+: dial tcp .*: connect: network is unreachable\n$`, string(out))
}
