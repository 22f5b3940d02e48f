package page

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
	"github.com/stretchr/testify/require"
)

// TestErrors checks the notices about an answer that fails or is cut.
func TestErrors(t *testing.T) {
	f := serve(t,
		reply{Status: 400, Fail: "the prompt has 5000 tokens and exceeds the available context size of 4096 <b>tokens</b>"},
		reply{Pieces: []string{"Half of"}, Fail: "the server is being shut down"},
		reply{Pieces: []string{"Cut"}, Cut: true},
		reply{Pieces: []string{"All."}, Finish: "length"},
		reply{Status: 429, Fail: "the queue is full"})
	b := open(t, f.URL, "status of 400", "status of 429", "ERR_INCOMPLETE_CHUNKED_ENCODING")
	b.ask("Much")
	b.idle()
	require.Contains(t, b.alert(), "exceeds the available context size of 4096 <b>tokens</b>")
	require.Equal(t, 1, eval[int](b, `document.querySelectorAll(".message").length`), "the page must not show an empty answer")
	require.Equal(t, "alert", eval[string](b, `document.querySelector("#notice").getAttribute("role")`))
	b.picture("error")

	b.clickText(".message.user .actions", "Answer") // try again
	b.idle()
	require.Equal(t, "Half of", b.text(".message.assistant .body"))
	require.Contains(t, b.text(".message.assistant .actions"), "shut down")
	require.Contains(t, b.alert(), "shut down")
	b.clickText(".message.assistant .actions", "Again")
	b.idle()
	require.Contains(t, b.alert(), "cut in the middle")
	b.clickText(".message.assistant .actions", "Continue")
	b.idle()
	require.Equal(t, "CutAll.", b.text(".message.assistant .body"))
	require.Equal(t, "", b.alert())
	require.Contains(t, b.text(".message.assistant .actions"), "Continue", "an answer that was cut at its limit must have a button to continue it")
	require.Contains(t, b.text(".message.assistant .actions"), "limit")
	b.ask("More")
	b.idle()
	require.Contains(t, b.alert(), "queue is full")
}

// TestStopped checks the page while the server is down. The conversation stays, including the
// message without an answer, and it continues when the server is back.
func TestStopped(t *testing.T) {
	f := serve(t, reply{Pieces: []string{"One."}})
	b := open(t, f.URL, "ERR_EMPTY_RESPONSE", "ERR_CONNECTION", "Failed to fetch")
	b.ask("Hi")
	b.idle()
	f.set(func() { f.down = true })
	b.ask("Still there?")
	b.idle()
	require.Contains(t, b.alert(), "does not answer")
	require.Equal(t, "Hi|One.|Still there?", b.texts(".message .body"))
	b.picture("stopped")
	// Stored conversations can be read meanwhile.
	b.click("#new")
	b.clickText("#list li", "Hi")
	b.wait(`document.querySelectorAll(".message").length === 3`)
	f.set(func() { f.down = false })
	b.clickText(".message.user .actions", "Answer")
	b.idle()
	require.Equal(t, "Hi|One.|Still there?|One.", b.texts(".message .body"))
	require.Equal(t, "", b.alert())
}

// TestKey checks that the page asks for an API key if the server needs one, and keeps the key.
func TestKey(t *testing.T) {
	f := serve(t, reply{Pieces: []string{"Yes."}})
	f.key = "secret"
	b := open(t, f.URL, "status of 401")
	b.wait(`document.querySelector("#ask-key").open`)
	b.write("wrong")
	b.press(kb.Enter)
	b.wait(`document.querySelector("#ask-key").open && !document.querySelector("#new-key").value`)
	b.write("secret")
	b.press(kb.Enter)
	b.wait(`document.querySelector("#model").innerText === "scripted-1b"`)
	require.Equal(t, "", b.alert())
	b.ask("Hi")
	b.idle()
	require.Equal(t, "Bearer secret", f.last().Key)
	b.load("/")
	b.wait(`document.querySelector("#model").innerText === "scripted-1b"`)
}

// stored returns an expression whose value is a promise: whether a stored conversation contains
// text.
func stored(text string) string {
	return fmt.Sprintf(`new Promise((resolve, reject) => {
		const open = indexedDB.open("alpaca");
		open.onerror = reject;
		open.onsuccess = () => {
			const all = open.result.transaction("conversations").objectStore("conversations").getAll();
			all.onerror = reject;
			all.onsuccess = () => (open.result.close(), resolve(JSON.stringify(all.result).includes(%q)));
		};
	})`, text)
}

// TestReload checks that if the page is left during an answer, the part that has arrived is kept
// and can be continued.
func TestReload(t *testing.T) {
	f := serve(t, reply{Pieces: strings.SplitAfter(strings.Repeat("word ", 60), " "), Pause: 50 * time.Millisecond, Hold: make(chan struct{})}, reply{Pieces: []string{"end."}})
	b := open(t, f.URL)
	b.ask("Hi")
	b.wait(`document.querySelector(".message.assistant")?.innerText.includes("word word")`)
	b.wait(stored("word word")) // the page saves the answer from time to time
	b.load("/")
	b.click("#list .open")
	b.wait(`document.querySelector(".message.assistant .body")?.innerText.includes("word")`)
	b.clickText(".message.assistant .actions", "Continue")
	b.idle()
	require.True(t, strings.HasSuffix(b.text(".message.assistant .body"), "end."))
}

// TestLong checks that a long answer does not make the page slow: a frame must not render earlier
// blocks again. A reader who has scrolled up stays there.
func TestLong(t *testing.T) {
	var pieces []string
	for i := range 5000 {
		switch {
		case i%400 == 0:
			pieces = append(pieces, fmt.Sprintf("\n\n## Part %d\n\n```go\n", i))
		case i%400 == 200:
			pieces = append(pieces, "\n```\n\n- item *one*\n- item `two`\n\n")
		case i%20 == 0:
			pieces = append(pieces, "\n")
		default:
			pieces = append(pieces, "word ")
		}
	}
	f := serve(t, reply{Pieces: pieces})
	b := open(t, f.URL)
	// most is the largest number of the answer's blocks that were replaced in one frame.
	b.do(chromedp.Evaluate[chromedp.Void](`window.most = 0, new MutationObserver((l) => {
		most = Math.max(most, l.filter((m) => m.target.className === "body").reduce((n, m) => n + m.removedNodes.length, 0));
	}).observe(document.querySelector("#messages"), { childList: true, subtree: true })`))
	b.ask("Write")
	b.wait(`document.querySelectorAll(".message.assistant h2").length > 1`)
	b.wait(`window.kept = document.querySelector(".message.assistant h2"), document.querySelector("#scroll").scrollTop > 0`) // the page scrolls along with the answer
	b.do(chromedp.Evaluate[chromedp.Void](`document.querySelector("#scroll").scrollTop = 0`))
	b.idle()
	require.True(t, eval[bool](b, "kept.isConnected"))
	require.Less(t, eval[float64](b, `document.querySelector("#scroll").scrollTop`), 100.0, "the page must not scroll down if the reader has scrolled up")
	require.LessOrEqual(t, eval[int](b, "most"), 2, "of 39")
	require.Equal(t, 13, eval[int](b, `document.querySelectorAll(".message.assistant .code").length`))
}

// TestCopy checks that code and messages can be copied. That includes pages from other machines
// over plain HTTP, for which browsers have no clipboard API.
func TestCopy(t *testing.T) {
	f := serve(t, reply{Pieces: []string{"Use\n\n```sh\nls -l\necho '<b>'\n```\n"}})
	b := open(t, f.URL)
	b.permit()
	b.ask("How?")
	b.idle()
	require.Equal(t, "sh", b.text(".code .bar span"))
	for _, without := range []bool{false, true} {
		if without {
			b.do(chromedp.Evaluate[chromedp.Void](`window.clipboard = navigator.clipboard, Object.defineProperty(navigator, "clipboard", { value: undefined })`))
		}
		b.do(chromedp.Evaluate[chromedp.Void](`(window.clipboard || navigator.clipboard).writeText("")`, chromedp.EvalAwaitPromise))
		// The button shows "Copied" only for a moment, which a busy machine may miss.
		b.do(chromedp.Evaluate[chromedp.Void](`(() => {
			const button = document.querySelector(".code button");
			window.said = "";
			new MutationObserver(() => (said += button.innerText + ";")).observe(button, { childList: true });
		})()`))
		b.clickText(".code", "Copy")
		b.wait(`said.startsWith("Copied;")`)
		require.Equal(t, "ls -l\necho '<b>'", eval[string](b, `(window.clipboard || navigator.clipboard).readText()`))
		b.clickText(".message.user .actions", "Copy")
		b.wait(`(window.clipboard || navigator.clipboard).readText().then((t) => t === "How?")`)
		b.wait(`document.querySelector(".code button").innerText === "Copy"`)
	}
}

// TestFiles checks that text files become a part of the message, and that other files are refused.
func TestFiles(t *testing.T) {
	b := open(t, serve(t, reply{}).URL)
	dir := t.TempDir()
	for name, text := range map[string]string{"a.txt": "some text\n", "b.png": "\x89PNG\xff\xfe"} {
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600))
	}
	add := func(name string) {
		b.do(chromedp.SetUploadFiles(chromedp.CSS("#files"), []string{filepath.Join(dir, name)}))
	}
	add("a.txt")
	b.wait(`document.querySelector("#input").value.includes("some text")`)
	require.Equal(t, "a.txt:\n```\nsome text\n```\n", eval[string](b, `document.querySelector("#input").value`))
	add("b.png")
	b.wait(`!document.querySelector("#notice").hidden`)
	require.Contains(t, b.alert(), "b.png")
}
