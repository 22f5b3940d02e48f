package page

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/chromedp/cdproto/browser"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
	"github.com/stretchr/testify/require"
)

// TestList checks the list of conversations: search, rename, delete.
func TestList(t *testing.T) {
	f := serve(t, reply{Pieces: []string{"Llamas hum."}}, reply{Pieces: []string{"Ships sail."}})
	b := open(t, f.URL)
	b.ask("About animals")
	b.idle()
	b.click("#new")
	b.ask("About the sea")
	b.idle()
	require.Equal(t, "About the sea|About animals", b.texts("#list .open"), "the newest conversation must come first")
	require.Equal(t, "About the sea", b.texts("#list .now .open"))

	// The search finds conversations whose titles or messages have all the words.
	b.click("#search")
	b.write("hum llamas")
	b.wait(`document.querySelectorAll("#list .open").length === 1`)
	require.Equal(t, "About animals", b.texts("#list .open"))
	b.do(selectAll)
	b.write("nothing of it")
	b.wait(`document.querySelectorAll("#list .open").length === 0`)
	require.Contains(t, b.text("#list"), "No conversation")
	b.do(selectAll)
	b.press(kb.Backspace)
	b.wait(`document.querySelectorAll("#list .open").length === 2`)

	b.clickText("#list .now", "✎")
	b.wait(`document.activeElement.closest("#list")`)
	b.write("Oceans <b>")
	b.press(kb.Enter)
	const named = `[...document.querySelectorAll("#list .open")].map((e) => e.innerText).join("|") === "Oceans <b>|About animals"`
	b.wait(named)
	require.Equal(t, "Oceans <b>", b.text("#title"))
	b.clickText("#list .now", "✎")
	b.wait(`document.activeElement.closest("#list")`)
	b.write("no")
	b.press(kb.Escape)
	b.wait(named)
	require.Equal(t, "Oceans <b>", b.text("#title"), "Esc must leave the title unchanged")

	// Before a conversation is deleted, a dialog of the page asks.
	b.clickText("#list .now", "✕")
	b.wait(`document.querySelector("#confirm").open`)
	require.Contains(t, b.text("#confirm"), "Oceans <b>")
	b.clickText("#confirm", "Keep it")
	b.wait("!document.querySelector('#confirm').open && " + named)
	b.clickText("#list .now", "✕")
	b.clickText("#confirm", "Delete")
	b.wait(`document.querySelectorAll("#list .open").length === 1`)
	require.Equal(t, "", b.text("#messages"))
	b.load("/")
	b.wait(`document.querySelectorAll("#list .open").length === 1`)
}

// download runs step, which must save a file, and returns the file's content.
func (b *tab) download(step func()) []byte {
	b.t.Helper()
	dir := b.t.TempDir()
	_, err := chromedp.CallBrowser(b.ctx, browser.SetDownloadBehavior, browser.SetDownloadBehaviorParams{
		Behavior: "allowAndName", DownloadPath: dir, EventsEnabled: new(true), BrowserContextID: chromedp.FromContext(b.ctx).BrowserContextID,
	})
	require.NoError(b.t, err)
	ctx, cancel := context.WithTimeout(b.ctx, patience)
	defer cancel()
	done := make(chan string, 1)
	require.NoError(b.t, chromedp.ListenBrowser(ctx, func(event any) {
		if e, ok := event.(*browser.EventDownloadProgress); ok && e.State == "completed" {
			done <- e.GUID
		}
	}))
	step()
	select {
	case name := <-done:
		data, err := os.ReadFile(filepath.Join(dir, name))
		require.NoError(b.t, err)
		return data
	case <-ctx.Done():
		require.Fail(b.t, "nothing was saved")
		return nil
	}
}

// TestExport checks that all conversations, with their branches, can be exported, and imported
// in another browser.
func TestExport(t *testing.T) {
	f := serve(t, reply{Pieces: []string{"One.\n"}, Thought: []string{"Hm."}}, reply{Pieces: []string{"Two."}})
	b := open(t, f.URL)
	b.ask("Ä question")
	b.idle()
	b.clickText(".message.assistant .actions", "Again")
	b.idle()
	b.click("#new")
	b.ask("Other")
	b.idle()
	data := b.download(func() { b.click("#export") })
	var exported struct {
		Format        string
		Version       int
		Conversations []struct {
			Title    string
			Messages map[string]struct{ Role, Content, Thought string }
		}
	}
	require.NoError(t, json.Unmarshal(data, &exported))
	require.Equal(t, 1, exported.Version)
	require.Len(t, exported.Conversations, 2)
	said := map[string]bool{}
	for _, c := range exported.Conversations {
		for _, m := range c.Messages {
			said[m.Role+": "+m.Content] = true
		}
	}
	for _, want := range []string{"user: Ä question", "assistant: One.\n", "assistant: Two.", "user: Other"} {
		require.True(t, said[want], want)
	}

	name := filepath.Join(t.TempDir(), "x.json")
	require.NoError(t, os.WriteFile(name, data, 0o600))
	c := open(t, f.URL)
	take := func(name string) { c.do(chromedp.SetUploadFiles(chromedp.CSS("#import-file"), []string{name})) }
	take(name)
	c.wait(`document.querySelectorAll("#list .open").length === 2`)
	require.Contains(t, c.text("#status"), "2")
	c.clickText("#list li", "Ä question")
	c.wait(`document.querySelector(".message.assistant .body")?.innerText === "Two."`)
	c.clickText(".message.assistant .actions", "‹")
	c.wait(`document.querySelector(".message.assistant .body")?.innerText === "One."`)
	require.Equal(t, "Thought", c.text(".thought summary"))
	c.do(chromedp.Evaluate[chromedp.Void](`document.querySelector("#status").textContent = ""`))
	take(name) // a second import adds nothing
	c.wait(`document.querySelector("#status").innerText.includes("2")`)
	require.Equal(t, 2, eval[int](c, `document.querySelectorAll("#list .open").length`))

	for _, bad := range []string{"", "no JSON", "{}", `{"format":"alpaca-conversations","version":1,"conversations":[{"messages":{"a":{"id":"<b>","role":"user"}}}]}`, `{"format":"alpaca-conversations","version":1,"conversations":[null]}`,
		`{"format":"alpaca-conversations","version":1,"conversations":[{"id":"a","leaf":"y","messages":{"x":{"id":"x","role":"user","parent":"y","content":"A loop"},"y":{"id":"y","role":"assistant","parent":"x"}}}]}`} {
		require.NoError(t, os.WriteFile(name, []byte(bad), 0o600))
		c.do(chromedp.Evaluate[chromedp.Void](`document.querySelector("#notice").hidden = true`))
		take(name)
		c.wait(`!document.querySelector("#notice").hidden`)
		require.Contains(t, c.alert(), "x.json", bad)
		require.Equal(t, 2, eval[int](c, `document.querySelectorAll("#list .open").length`), bad)
	}
}

// TestTabs checks that two windows show the same conversations.
func TestTabs(t *testing.T) {
	hold := make(chan struct{})
	f := serve(t, reply{Pieces: []string{"One."}}, reply{Pieces: []string{"Two."}, Hold: hold})
	b := open(t, f.URL)
	b.ask("Hi")
	b.idle()
	c := b.another()
	c.wait(`document.querySelectorAll("#list .open").length === 1`)
	c.click("#list .open")
	c.wait(`document.querySelector(".message.assistant .body")?.innerText === "One."`)
	b.ask("More")
	b.wait(`document.querySelector("#messages").innerText.includes("Two.")`)
	c.wait(`document.querySelectorAll(".message").length >= 3`)
	close(hold)
	b.idle()
	c.wait(`document.querySelector("#messages").innerText.includes("Two.")`)
	b.clickText("#list .now", "✕")
	b.clickText("#confirm", "Delete")
	c.wait(`document.querySelectorAll("#list .open").length === 0`)
}
