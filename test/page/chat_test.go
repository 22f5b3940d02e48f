package page

import (
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
	"github.com/stretchr/testify/require"
)

// TestChat holds one conversation: it asks, reads the answer, asks again, asks for another answer,
// edits a question and continues from there, and goes back to the first version.
func TestChat(t *testing.T) {
	f := serve(t, reply{Pieces: []string{"Hello", " **there**", "."}}, reply{Pieces: []string{"Second."}}, reply{Pieces: []string{"Third."}}, reply{Pieces: []string{"Fourth."}})
	b := open(t, f.URL)
	require.Equal(t, "scripted-1b", b.text("#model"))
	b.ask("Hi")
	b.idle()
	require.Equal(t, "Hello there.", b.text(".message.assistant .body"))
	require.Equal(t, "there", b.text(".message.assistant strong"))
	require.Contains(t, b.text(".message.assistant .actions"), "3 tokens, 42.5/s")
	require.Equal(t, "103 / 4096", b.text("#used-text"))
	require.Equal(t, "Hi", b.text("#title"))
	require.Equal(t, "Hi · alpaca", eval[string](b, "document.title"))
	require.Equal(t, true, f.last().Body["stream"])

	// The conversation continues.
	b.write("More") // the focus is still there
	b.press(kb.Enter)
	b.idle()
	require.Len(t, f.last().Messages, 3)
	require.Equal(t, "Hello **there**.", f.last().Messages[1].Content)

	// Another answer is kept in addition to the first.
	b.clickText(".message.assistant .actions", "Again")
	b.idle()
	require.Len(t, f.last().Messages, 3)
	require.Equal(t, "Hello there.|Third.", b.texts(".message.assistant .body"))
	require.Contains(t, b.texts(".message.assistant .actions"), "2/2")
	b.clickText(".message.assistant .actions", "‹")
	b.wait(`document.querySelector("#messages").innerText.includes("Second.")`)
	require.NotContains(t, b.text("#messages"), "Third.")

	// An edited question begins a branch. The first question is still there.
	b.clickText(".message.user:first-child .actions", "Edit")
	require.Equal(t, "Hi", eval[string](b, "document.activeElement.value"))
	b.do(selectAll)
	b.write("Bye")
	b.press(kb.Enter)
	b.idle()
	require.Equal(t, "Bye|Fourth.", b.texts(".message .body"))
	require.Len(t, f.last().Messages, 1)
	require.Equal(t, "Bye", f.last().Messages[0].Content)
	b.clickText(".message.user .actions", "‹")
	b.wait(`document.querySelectorAll(".message").length === 4`)

	// After the page is loaded again, everything is as before.
	b.load("/")
	b.clickText("#list li", "Hi")
	b.wait(`document.querySelectorAll(".message").length === 4`)
	require.Equal(t, "1/2", eval[string](b, `document.querySelector(".message.user .actions").innerText.match(/\d\/\d/)[0]`))
}

// TestStop checks that the reader can stop an answer, that the server notices, and that the
// answer can be continued.
func TestStop(t *testing.T) {
	f := serve(t, reply{Pieces: []string{"One, two"}, Hold: make(chan struct{})}, reply{Pieces: []string{", three"}}, reply{Pieces: []string{"Four"}, Hold: make(chan struct{})})
	b := open(t, f.URL)
	b.ask("Count")
	b.wait(`document.querySelector(".message.assistant .body")?.innerText === "One, two"`)
	require.False(t, eval[bool](b, `document.querySelector("#stop").hidden`))
	b.press(kb.Escape)
	b.idle()
	require.Equal(t, "Stopped", b.text("#status"))
	require.Eventually(t, func() bool { f.mu.Lock(); defer f.mu.Unlock(); return f.gone == 1 }, patience, 20*time.Millisecond)

	b.clickText(".message.assistant .actions", "Continue")
	b.idle()
	require.Equal(t, "One, two, three", b.text(".message.assistant .body"))
	m := f.last().Messages
	require.Equal(t, "assistant", m[len(m)-1].Role)
	require.Equal(t, "One, two", m[len(m)-1].Content)
	require.NotContains(t, b.text(".message.assistant .actions"), "Continue", "a complete answer must have no button to continue it")

	b.ask("And?")
	b.wait(`document.querySelectorAll(".message.assistant").length === 2 && document.querySelector("#messages").innerText.includes("Four")`)
	b.click("#stop")
	b.idle()
	require.Equal(t, "input", eval[string](b, "document.activeElement.id"), "the focus must return to the text field")
}

// TestFull checks that an answer that fills the context cannot be continued:
// the page says so before it sends anything. If the server counts fewer
// tokens after the page is loaded again, the answer can be continued.
func TestFull(t *testing.T) {
	f := serve(t, reply{Pieces: strings.SplitAfter(strings.Repeat("a ", 4000), " "), Finish: "length"})
	f.counts = 4100
	b := open(t, f.URL)
	b.ask("Long")
	b.idle()
	b.wait(`document.querySelector(".message.assistant .actions").innerText.includes("The answer cannot continue: 4100 tokens fill the context of 4096 tokens.")`)
	require.True(t, eval[bool](b, `[...document.querySelectorAll(".message.assistant button")].find((e) => e.innerText === "Continue").disabled`))
	f.set(func() { f.counts = 2000 })
	b.load("/")
	b.clickText("#list li", "Long")
	b.clickText(".message.assistant .actions", "Continue")
	b.idle()
	require.Len(t, f.last().Messages, 2)
}

// TestThinking checks that the text of a thought is hidden at first, and that it is not sent back
// to the server.
func TestThinking(t *testing.T) {
	hold := make(chan struct{})
	f := serve(t, reply{Thought: []string{"Let me", " see."}, Hold: hold}, reply{Thought: []string{"Hm."}, Pieces: []string{"42"}})
	b := open(t, f.URL)
	b.ask("Why?")
	b.wait(`document.querySelector(".thought summary")?.innerText.includes("Thinking")`)
	require.False(t, eval[bool](b, `document.querySelector(".thought").open`))
	close(hold)
	b.idle()
	b.clickText(".message.assistant .actions", "Again")
	b.idle()
	require.Equal(t, "Thought", b.text(".thought summary"))
	b.click(".thought summary")
	require.Contains(t, b.text(".thought"), "Hm.")
	b.ask("More")
	b.idle()
	require.Equal(t, "42", f.last().Messages[1].Content)
}

// TestKept checks that the end of an answer keeps the reader's selection, an opened thought, and
// a message that is being edited.
func TestKept(t *testing.T) {
	hold := make(chan struct{})
	f := serve(t, reply{Thought: []string{"Hm."}, Pieces: []string{"First."}}, reply{Pieces: []string{"Second"}, Hold: hold}, reply{Pieces: []string{"Third."}})
	b := open(t, f.URL)
	b.ask("One")
	b.idle()
	b.click(".thought summary")
	b.ask("Two")
	b.wait(`document.querySelector("#messages").innerText.includes("Second")`)
	b.clickText(".message.user:first-child .actions", "Edit")
	b.write(" and a half")
	b.do(chromedp.Evaluate[chromedp.Void](`getSelection().selectAllChildren(document.querySelector(".message.assistant .body"))`))
	close(hold)
	b.idle()
	require.True(t, eval[bool](b, `document.querySelector(".thought").open`))
	require.Equal(t, "First.", eval[string](b, `getSelection().toString().trim()`))
	require.Equal(t, "One and a half", eval[string](b, `document.querySelector(".message.user textarea").value`))
	b.click(".message.user textarea")
	b.press(kb.Escape)
	b.wait(`!document.querySelector(".message textarea")`)
	require.Equal(t, "One", b.text(".message.user .body"))
	require.Equal(t, "Edit", eval[string](b, "document.activeElement.innerText"))
	b.press(kb.Enter) // opens the text field again
	require.Equal(t, "One", eval[string](b, "document.activeElement.value"))
}

// TestKeys checks the keys of the page.
func TestKeys(t *testing.T) {
	f := serve(t, reply{Pieces: []string{"Yes."}})
	b := open(t, f.URL)
	b.click("#input")
	b.write("a")
	b.press(kb.Enter, kb.ModifierShift)
	b.write("b")
	require.Equal(t, "a\nb", eval[string](b, `document.querySelector("#input").value`))
	b.press(kb.Enter)
	b.idle()
	require.Equal(t, "a\nb", f.last().Messages[0].Content)
	b.press("O", kb.ModifierCtrl, kb.ModifierShift)
	b.wait(`document.querySelectorAll(".message").length === 0`)
	require.Equal(t, "input", eval[string](b, "document.activeElement.id"))
	b.press(kb.Enter) // there is nothing to send
	require.Equal(t, 0, eval[int](b, `document.querySelectorAll(".message").length`))

	// Everything can be reached without a mouse, in the order of the screen.
	b.do(focusTop)
	var order []string
	for range 9 {
		b.press(kb.Tab)
		order = append(order, eval[string](b, `document.activeElement.id || document.activeElement.className || document.activeElement.innerText`))
	}
	require.Equal(t, "skip", order[0])
	require.Equal(t, "new", order[1])
	require.Subset(t, order, []string{"search", "open", "act rename", "export", "import"})
}

// TestModels checks that the reader can choose among the models of a server, that the choice is
// kept, and that there is no choice if the server has one model.
func TestModels(t *testing.T) {
	f := serve(t, reply{Pieces: []string{"Yes."}})
	b := open(t, f.URL)
	b.ask("a")
	b.idle()
	require.NotContains(t, f.last().Body, "model")
	b.click("#open-settings")
	require.False(t, eval[bool](b, `document.querySelector("#which").checkVisibility()`))
	b.clickText("#settings", "Done")
	f.set(func() { f.models = []string{"hf:owner/other:Q4_0"} })
	b.load("/")
	b.click("#open-settings")
	require.Equal(t, "scripted-1b", eval[string](b, `document.querySelector("#models").value`))
	b.accessible("choice of models")
	b.do(chromedp.Evaluate[chromedp.Void](`document.querySelector("#models").value = "hf:owner/other:Q4_0", document.querySelector("#models").dispatchEvent(new Event("change"))`))
	b.clickText("#settings", "Done")
	b.wait(`document.querySelector("#model").innerText === "hf:owner/other:Q4_0"`)
	require.False(t, eval[bool](b, `document.querySelector("#meter").checkVisibility()`), "the context of the model is not known, so no meter is shown")
	b.load("/")
	b.ask("b")
	b.idle()
	require.Equal(t, "hf:owner/other:Q4_0", f.last().Body["model"])
	f.set(func() { f.models = nil })
	b.load("/")
	b.ask("c")
	b.idle()
	require.NotContains(t, f.last().Body, "model", "the chosen model no longer exists, so no model must be sent")
}

// TestSettings checks that only changed settings are sent, and that they are kept.
func TestSettings(t *testing.T) {
	f := serve(t, reply{Pieces: []string{"Yes."}})
	b := open(t, f.URL)
	b.ask("a")
	b.idle()
	require.NotContains(t, f.last().Body, "temperature")
	b.click("#open-settings")
	require.Equal(t, "0.8", eval[string](b, `document.querySelector("#sampling input").placeholder`))
	b.click("#sampling input")
	b.write("0.3")
	b.click("#system")
	b.write("Be brief.")
	b.clickText("#settings", "Done")
	b.wait(`document.querySelector(".message.system")`) // the dialog's close event comes after the click
	b.ask("b")
	b.idle()
	require.Equal(t, 0.3, f.last().Body["temperature"])
	require.Equal(t, "system", f.last().Messages[0].Role)
	require.Equal(t, "Be brief.", f.last().Messages[0].Content)
	require.Equal(t, "Be brief.", b.text(".message.system .body"))
	b.load("/")
	b.ask("c")
	b.idle()
	require.Equal(t, 0.3, f.last().Body["temperature"])
	require.Equal(t, "user", f.last().Messages[0].Role, "a system message must belong to only one conversation")
	b.click("#open-settings")
	b.clickText("#settings", "Reset sampling")
	b.press(kb.Escape)
	b.ask("d")
	b.idle()
	require.NotContains(t, f.last().Body, "temperature")
}
