package ab_test

import (
	"bufio"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
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

// TestLive checks that two models answer the prompts of the file and of a judge while the page
// is open. When the session resumes, the judge's prompt is still there.
func TestLive(t *testing.T) {
	clitest.NeedExec(t)
	if runtime.GOOS == "windows" {
		t.Skip("programs cannot be told to end there")
	}
	dir := t.TempDir()
	prompts, other := filepath.Join(dir, "p.jsonl"), testmodel.SPM(1).Write(t)
	require.NoError(t, os.WriteFile(prompts, []byte(`{"instruction":"Count to three."}`+"\n"+`{"instruction":"Name a colour."}`+"\n"), 0o600))
	// serve runs the program and calls look, with a function that loads or posts to its pages.
	// Then it ends the program.
	serve := func(look func(get func(path string, form url.Values) string)) {
		cmd := exec.CommandContext(t.Context(), "alpaca", "ab", "-m", "builtin", "-m", other, "--prompts", prompts, "-d", filepath.Join(dir, "ab.db"),
			"--live", "--port", "0", "--host", "127.0.0.1", "-t", "1", "--max-chars", "20", "--parallel", "2")
		stderr, err := cmd.StderrPipe()
		require.NoError(t, err)
		require.NoError(t, cmd.Start())
		lines := bufio.NewReader(stderr)
		var base string
		for base == "" {
			line, err := lines.ReadString('\n')
			require.NoError(t, err, line)
			if m := regexp.MustCompile(`pairs to judge at (http://\S+):`).FindStringSubmatch(line); m != nil {
				base = m[1]
			}
		}
		jar, err := cookiejar.New(nil)
		require.NoError(t, err)
		client := &http.Client{Jar: jar}
		look(func(path string, form url.Values) string {
			var resp *http.Response
			if form == nil {
				resp, err = client.Get(base + path)
			} else {
				resp, err = client.PostForm(base+path, form)
			}
			require.NoError(t, err)
			defer resp.Body.Close()
			body, err := io.ReadAll(resp.Body)
			require.NoError(t, err)
			return string(body)
		})
		require.NoError(t, cmd.Process.Signal(syscall.SIGTERM))
		io.Copy(io.Discard, lines)
		cmd.Wait()
	}
	// shows loads the page until it contains text, and returns it.
	shows := func(get func(string, url.Values) string, text string) string {
		for end := time.Now().Add(time.Minute); ; time.Sleep(20 * time.Millisecond) {
			page := get("/", nil)
			if strings.Contains(page, text) {
				return page
			}
			require.True(t, time.Now().Before(end), "%s is not in: %s", text, page)
		}
	}
	serve(func(get func(string, url.Values) string) {
		get("/start", url.Values{"name": {"Ann"}})
		shows(get, "Pair 1 of 2")
		get("/own", url.Values{"prompt": {"What is 3 plus 4?"}})
		shows(get, "Pair 1 of 3")
		page := shows(get, "What is 3 plus 4?")
		require.NotContains(t, page, "builtin")
		get("/own", url.Values{"prompt": {strings.Repeat("word ", 3000)}})
		shows(get, "A model has no room for what you asked last")
	})
	serve(func(get func(string, url.Values) string) {
		get("/start", url.Values{"name": {"Ann"}})
		shows(get, "What is 3 plus 4?")
	})
}
