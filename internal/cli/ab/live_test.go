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

// page is a running "alpaca ab", with an HTTP client for the page that it serves.
type page struct {
	cmd    *exec.Cmd
	rest   io.Reader // stderr after the line with the address
	base   string
	client *http.Client
}

// start runs "alpaca ab" until it serves its page.
func start(t *testing.T, args ...string) *page {
	t.Helper()
	p := &page{cmd: exec.CommandContext(t.Context(), "alpaca", append([]string{"ab", "--port", "0", "--host", "127.0.0.1"}, args...)...)}
	stderr, err := p.cmd.StderrPipe()
	require.NoError(t, err)
	require.NoError(t, p.cmd.Start())
	lines := bufio.NewReader(stderr)
	p.rest = lines
	for p.base == "" {
		line, err := lines.ReadString('\n')
		require.NoError(t, err, line)
		if m := regexp.MustCompile(`pairs to judge at (http://\S+):`).FindStringSubmatch(line); m != nil {
			p.base = m[1]
		}
	}
	jar, err := cookiejar.New(nil)
	require.NoError(t, err)
	p.client = &http.Client{Jar: jar}
	return p
}

// ask loads a page, or posts a form. It returns the page after all redirects.
func (p *page) ask(path string, form url.Values) (string, error) {
	var resp *http.Response
	var err error
	if form == nil {
		resp, err = p.client.Get(p.base + path)
	} else {
		resp, err = p.client.PostForm(p.base+path, form)
	}
	if err != nil {
		return "", err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	return string(body), err
}

// wait waits for the end of the program.
func (p *page) wait() {
	io.Copy(io.Discard, p.rest)
	p.cmd.Wait()
}

// TestLive checks that two models answer the prompts of the file and of a judge while the page
// is open. When the session resumes, the judge's prompt is still there.
func TestLive(t *testing.T) {
	clitest.NeedExec(t)
	if runtime.GOOS == "windows" {
		t.Skip("on Windows, the test cannot ask the program to end")
	}
	dir := t.TempDir()
	prompts, other := filepath.Join(dir, "p.jsonl"), testmodel.SPM(1).Write(t)
	require.NoError(t, os.WriteFile(prompts, []byte(`{"instruction":"Count to three."}`+"\n"+`{"instruction":"Name a colour."}`+"\n"), 0o600))
	// serve runs the program, calls look, and ends the program. look gets
	// a function that loads a page of the program or posts a form to it.
	serve := func(look func(get func(path string, form url.Values) string)) {
		p := start(t, "-m", "builtin", "-m", other, "--prompts", prompts, "-d", filepath.Join(dir, "ab.db"), "--live", "-t", "1", "--max-chars", "20", "--parallel", "2")
		look(func(path string, form url.Values) string {
			body, err := p.ask(path, form)
			require.NoError(t, err)
			return body
		})
		require.NoError(t, p.cmd.Process.Signal(syscall.SIGTERM))
		p.wait()
	}
	// shows loads the page until the page contains text, and returns the page.
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
