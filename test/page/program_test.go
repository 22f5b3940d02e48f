package page

import (
	"bufio"
	"cmp"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"syscall"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
	"github.com/stretchr/testify/require"

	"alpaca/internal/testmodel"
)

// program builds the program and starts "alpaca serve". It returns the address of the page, and
// the process.
func program(t *testing.T, model string, flags ...string) (string, *exec.Cmd) {
	t.Helper()
	name := filepath.Join(t.TempDir(), "alpaca")
	build := exec.Command("go", "build", "-trimpath", "-o", name, "./cmd/alpaca")
	build.Dir = filepath.Join("..", "..")
	out, err := build.CombinedOutput()
	require.NoError(t, err, "%s", out)
	cmd := exec.CommandContext(t.Context(), name, append([]string{"serve", "-m", model, "--port", "0", "--host", "127.0.0.1", "--context-shift"}, flags...)...)
	stderr, err := cmd.StderrPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	t.Cleanup(func() {
		cmd.Process.Signal(syscall.SIGTERM)
		cmd.Wait()
	})
	lines := bufio.NewScanner(stderr)
	for lines.Scan() {
		if m := regexp.MustCompile(`listens at (http://\S+)`).FindStringSubmatch(lines.Text()); m != nil {
			go func() {
				for lines.Scan() {
				}
			}()
			return m[1], cmd
		}
	}
	require.Fail(t, "the server did not start")
	return "", nil
}

// TestProgram checks the page with the real server. It gets an answer, stops and continues it,
// and asks again after the server has ended.
func TestProgram(t *testing.T) {
	if findChromium() == "" {
		open(t, "") // skips, or fails
	}
	// Each answer ends at its limit. A longer answer might fill the context before it is stopped,
	// and then it could not be continued.
	url, cmd := program(t, testmodel.SPM(1).Write(t), "-a", "tiny", "-t", "1", "-n", "40", "--ignore-eos", "--data", rowsFile(t))
	b := open(t, url, "ERR_CONNECTION", "ERR_EMPTY_RESPONSE", "ERR_INCOMPLETE_CHUNKED", "Failed to fetch")
	b.wait(`document.querySelector("#model").innerText === "tiny"`)
	require.Contains(t, b.alert(), "no chat template", "the page must warn the reader")
	fromData(t, url)
	b.ask("Tell me")
	b.wait(`document.querySelector(".message.assistant .body")?.innerText.length > 20`)
	if eval[bool](b, `!document.querySelector("#stop").hidden`) {
		b.press(kb.Escape)
	}
	b.idle()
	before := eval[int](b, `document.querySelector(".message.assistant .body").textContent.length`)
	require.Greater(t, before, 20)
	b.clickText(".message.assistant .actions", "Continue")
	b.wait(fmt.Sprintf(`document.querySelector(".message.assistant .body").textContent.length > %d`, before))
	if eval[bool](b, `!document.querySelector("#stop").hidden`) {
		b.press(kb.Escape)
	}
	b.idle()
	require.NoError(t, cmd.Process.Signal(syscall.SIGTERM))
	cmd.Wait()
	b.ask("Are you there?")
	b.idle()
	require.Contains(t, b.alert(), "does not answer")
}

// TestScreenshot makes the picture of the page for README.md. $ALPACA_SCREENSHOT names the file;
// without it the test is skipped. The model is $ALPACA_MODEL, or the built-in one.
func TestScreenshot(t *testing.T) {
	name := os.Getenv("ALPACA_SCREENSHOT")
	if name == "" {
		t.Skip("ALPACA_SCREENSHOT names no file")
	}
	url, _ := program(t, cmp.Or(os.Getenv("ALPACA_MODEL"), "builtin"), "--temp", "0")
	b := open(t, url)
	b.scheme("light")
	b.size(900, 560)
	b.load("/")
	for _, question := range []string{"What is the opposite of hot?", "Tell me a story about a fox."} {
		b.ask(question)
		b.idle()
	}
	b.do(chromedp.Evaluate[chromedp.Void](`document.querySelector("#notice").hidden = true, document.activeElement.blur()`), scrollUp)
	time.Sleep(300 * time.Millisecond)
	png, err := chromedp.Run(b.ctx, chromedp.CaptureScreenshot())
	require.NoError(t, err)
	require.Less(t, len(png), 120<<10)
	require.NoError(t, os.WriteFile(name, png, 0o644))
}
