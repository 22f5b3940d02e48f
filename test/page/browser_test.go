// Package page tests the page for browsers in a real Chromium, which it drives over a pipe.
// Most tests use a fake server, so that they choose what the model says and when. The tests in
// program_test.go use the program itself.
//
// Without Chromium, the tests are skipped. If ALPACA_REQUIRE_CHROMIUM is 1, they fail instead.
package page

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
	"github.com/stretchr/testify/require"
)

// patience is the longest time that the page may take for a step.
const patience = time.Minute

// chrome is the browser that all tests share. Each test has windows of its own.
var chrome struct {
	once   sync.Once
	ctx    context.Context
	cancel context.CancelFunc
	err    error
}

func TestMain(m *testing.M) {
	code := m.Run()
	if chrome.cancel != nil {
		chrome.cancel()
	}
	os.Exit(code)
}

// findChromium returns the path of a Chromium, or "".
func findChromium() string {
	for _, name := range []string{os.Getenv("CHROMIUM"), "chromium", "chromium-browser", "google-chrome"} {
		if name == "" {
			continue
		}
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	return ""
}

// startChrome starts the browser.
func startChrome(path string) {
	options := []chromedp.ExecAllocatorOption{chromedp.ExecPath(path), chromedp.Headless, chromedp.NoFirstRun, chromedp.DisableGPU, chromedp.NoSandbox, chromedp.WindowSize(1100, 760)}
	for _, flag := range []string{"disable-quic", "disable-background-networking", "disable-component-update", "disable-sync"} {
		options = append(options, chromedp.Flag(flag, true))
	}
	alloc, stop := chromedp.NewExecAllocator(context.Background(), options...)
	ctx, cancel := chromedp.NewContext(alloc)
	chrome.ctx, chrome.err = ctx, chromedp.Do(ctx)
	chrome.cancel = func() { cancel(); stop() }
}

// tab is a window of the browser.
type tab struct {
	t      *testing.T
	ctx    context.Context
	origin string
	ready  string // an expression that is true when a page has been loaded

	allowed []string // a message that contains one of these parts is not a failure

	mu    sync.Mutex
	wrong []string // the browser's messages about what went wrong
}

// open opens the page of a server in a window with a storage of its own. The test fails if
// something goes wrong in the page, unless the browser's message contains one of allowed.
func open(t *testing.T, origin string, allowed ...string) *tab {
	t.Helper()
	return openReady(t, origin, chatReady, allowed...)
}

// chatReady is true when the chat page shows the model and can be used.
const chatReady = `document.querySelector("#model").textContent && document.querySelector("#input") === document.activeElement || document.querySelector("dialog[open]")`

// openReady does what open does, for a page that is ready for use when the expression called ready
// is true.
func openReady(t *testing.T, origin, ready string, allowed ...string) *tab {
	t.Helper()
	path := findChromium()
	if path == "" {
		if os.Getenv("ALPACA_REQUIRE_CHROMIUM") == "1" {
			t.Fatal("there is no chromium, but ALPACA_REQUIRE_CHROMIUM=1 requires it")
		}
		t.Skip("needs chromium (Debian: apt install chromium), which is not installed")
	}
	chrome.once.Do(func() { startChrome(path) })
	require.NoError(t, chrome.err)
	return window(t, &tab{origin: origin, ready: ready, allowed: allowed}, chrome.ctx, chromedp.WithNewBrowserContext())
}

// another opens the same page in a second window, which has the same storage as the first.
func (b *tab) another() *tab {
	b.t.Helper()
	return window(b.t, &tab{origin: b.origin, ready: b.ready, allowed: b.allowed}, b.ctx)
}

// window opens the page of b in a new window of the browser of parent.
func window(t *testing.T, b *tab, parent context.Context, options ...chromedp.ContextOption) *tab {
	t.Helper()
	b.t = t
	var cancel context.CancelFunc
	b.ctx, cancel = chromedp.NewContext(parent, append(options, chromedp.WithListener(b.listen))...)
	t.Cleanup(func() {
		cancel()
		b.mu.Lock()
		defer b.mu.Unlock()
		for _, line := range b.wrong {
			t.Errorf("the browser says: %s", line)
		}
	})
	require.NoError(t, chromedp.Do(b.ctx)) // the first call has no deadline, because its deadline would end the window, too
	_, err := chromedp.Call(b.ctx, network.Enable, network.EnableParams{})
	require.NoError(t, err)
	b.load("/")
	return b
}

// listen records errors, breaches of the content security policy, and requests to other servers.
func (b *tab) listen(event any) {
	line := ""
	switch e := event.(type) {
	case *runtime.EventExceptionThrown:
		line = "exception: " + e.ExceptionDetails.Text
		if x := e.ExceptionDetails.Exception; x != nil {
			line += " " + x.Description
		}
	case *runtime.EventConsoleAPICalled:
		if e.Type == "error" || e.Type == "warning" {
			line = fmt.Sprintf("console: %v", e.Args)
		}
	case *log.EventEntryAdded:
		if e.Entry.Level == "error" || e.Entry.Source == "security" {
			line = "log: " + e.Entry.Text + " " + e.Entry.URL
		}
	case *network.EventRequestWillBeSent:
		url := e.Request.URL
		if !strings.HasPrefix(url, b.origin+"/") && !strings.HasPrefix(url, "data:") && !strings.HasPrefix(url, "blob:"+b.origin) {
			line = "request to " + url
		}
	}
	if line == "" {
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, part := range b.allowed {
		if strings.Contains(line, part) {
			return
		}
	}
	b.wrong = append(b.wrong, line)
}

// within runs steps, which must not take longer than patience together.
func (b *tab) within(steps ...chromedp.Action[chromedp.Void]) error {
	ctx, cancel := context.WithTimeout(b.ctx, patience)
	defer cancel()
	return chromedp.Do(ctx, steps...)
}

func (b *tab) do(steps ...chromedp.Action[chromedp.Void]) {
	b.t.Helper()
	require.NoError(b.t, b.within(steps...))
}

// load opens a path of the server, and waits until the page is ready.
func (b *tab) load(path string) {
	b.t.Helper()
	b.do(chromedp.Navigate(b.origin + path))
	b.wait(b.ready)
}

// wait waits until an expression is true. If the expression is a promise, it waits for the promise.
func (b *tab) wait(expression string) {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, patience)
	defer cancel()
	_, err := chromedp.Run(ctx, chromedp.Poll[bool]("(async () => !!(await ("+expression+")))()", chromedp.WithPollingInterval(20*time.Millisecond), chromedp.WithPollingTimeout(patience)))
	if err != nil {
		text, _ := chromedp.Run(b.ctx, chromedp.Evaluate[string](`document.body.innerText`))
		require.NoError(b.t, err, "waiting for %s; the page shows:\n%s", expression, text)
	}
}

// eval returns the value of an expression. If the value is a promise, it waits for the promise.
func eval[T any](b *tab, expression string) T {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, patience)
	defer cancel()
	v, err := chromedp.Run(ctx, chromedp.Evaluate[T](expression, chromedp.EvalAwaitPromise))
	require.NoError(b.t, err, expression)
	return v
}

// text returns the text of an element.
func (b *tab) text(selector string) string {
	b.t.Helper()
	return eval[string](b, fmt.Sprintf(`document.querySelector(%q)?.innerText ?? "(nothing)"`, selector))
}

// texts returns the texts of all elements that selector finds, joined by |.
func (b *tab) texts(selector string) string {
	b.t.Helper()
	return eval[string](b, fmt.Sprintf(`[...document.querySelectorAll(%q)].map((e) => e.innerText.trim()).join("|")`, selector))
}

// click clicks on an element.
func (b *tab) click(selector string) {
	b.t.Helper()
	element := fmt.Sprintf("document.querySelector(%q)", selector)
	b.wait(element + ` !== null`)
	field := eval[bool](b, `!!`+element+`?.matches("input, textarea")`) // before the click, which may leave the page
	b.mouse(element)
	if field && eval[bool](b, `document.activeElement !== `+element) {
		b.mouse(element) // the page scrolled after its layout was read and before the click
	}
}

// clickText clicks on the last button with that label. within is a
// selector: the button must be in one of the elements that it selects.
func (b *tab) clickText(within, label string) {
	b.t.Helper()
	b.mouse(fmt.Sprintf(`[...document.querySelectorAll(%q)].flatMap((e) => [...e.querySelectorAll("button")]).filter((e) => e.innerText === %q).at(-1)`, within, label))
}

// mouse waits until an element is visible and enabled, and clicks on its middle. element is an
// expression.
func (b *tab) mouse(element string) {
	b.t.Helper()
	b.wait(`(() => {
		const e = ` + element + `;
		return e && !e.disabled && e.checkVisibility();
	})()`)
	at := eval[[2]float64](b, `(() => {
		const e = `+element+`;
		e.scrollIntoView({ block: "nearest" });
		const r = e.getBoundingClientRect();
		return [r.x + r.width / 2, r.y + r.height / 2];
	})()`)
	b.do(chromedp.MouseClickXY(at[0], at[1]))
}

// write types text into the element that has the focus.
func (b *tab) write(text string) {
	b.t.Helper()
	b.do(chromedp.KeyEvent(text))
}

// press presses a key. The character that the key writes, if any, is part of the same event, as
// with a real keyboard: a page that cancels the event also prevents the character.
func (b *tab) press(key string, modifiers ...kb.Modifier) {
	b.t.Helper()
	var bits kb.Modifier
	for _, m := range modifiers {
		bits |= m
	}
	for _, e := range kb.Encode([]rune(key)[0]) {
		if e.Type == input.DispatchKeyEventTypeChar {
			continue
		}
		if e.Modifiers |= int64(bits); key == kb.Enter && e.Type != input.DispatchKeyEventTypeKeyUp {
			e.Type, e.Text = input.DispatchKeyEventTypeKeyDown, "\r"
		}
		_, err := chromedp.Call(b.ctx, input.DispatchKeyEvent, *e)
		require.NoError(b.t, err)
	}
}

// ask sends a message as a reader would.
func (b *tab) ask(text string) {
	b.t.Helper()
	b.click("#input")
	b.write(text)
	b.press(kb.Enter)
}

// idle waits until no answer is in progress.
func (b *tab) idle() {
	b.t.Helper()
	b.wait(`document.querySelector("#stop").hidden && !document.querySelector("#send").hidden`)
}

// alert returns the notice of the page about what went wrong, or "" if there is none.
func (b *tab) alert() string {
	b.t.Helper()
	return eval[string](b, `document.querySelector("#notice").hidden ? "" : document.querySelector("#notice").innerText`)
}
