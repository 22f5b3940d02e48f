package page

import (
	"fmt"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"

	"alpaca/internal/abtest"
	"alpaca/internal/data"
	"alpaca/internal/server/ab"
)

// abReady is true when a page of a comparison is ready for use.
const abReady = `document.readyState === "complete" && document.querySelector("#main")`

// comparison serves a session with answers of all lengths, and returns the address of the page.
// Some answers contain markup.
func comparison(t *testing.T) string {
	t.Helper()
	db, err := data.Open(t.Context(), filepath.Join(t.TempDir(), "ab.db"))
	require.NoError(t, err)
	t.Cleanup(func() { db.Close() })
	st := abtest.Store{DB: db}
	prompts := []abtest.Prompt{
		{Instruction: "Explain to a ten-year-old why the sea has tides."},
		{Instruction: "Translate the sign into Arabic.", Input: "Please close the door quietly."},
		{Instruction: "Show the code of a loop.", Input: "<script>document.title = 'broken'</script>"},
		{Instruction: "Name a colour."},
	}
	answers := [][2]string{
		{"The Moon pulls on the water. " + strings.Repeat("As the Earth turns, the bulge of water moves along the coast. ", 12), "Because of the Moon."},
		{"من فضلك أغلق الباب بهدوء.", "Mn fdlk a<b>ghlq</b> albab bhdw'."},
		{"```js\nfor (const aVeryLongNameThatNeverEndsAndHasNoSpacesInItAtAllSoThatItIsWiderThanAnyTelephone of list) {}\n```", "<img src=x onerror=\"document.title='broken'\">\n</div></section><h1>Not a heading</h1>"},
		{"Green.", "Green."},
	}
	plan := abtest.Plan{Seed: 4, Votes: len(prompts), Models: [2]abtest.Model{{Name: "base-7b-with-a-rather-long-name-q4_k_m.gguf", SHA256: "a"}, {Name: "tuned.gguf", SHA256: "b"}}}
	id, _, err := st.Begin(t.Context(), plan, prompts)
	require.NoError(t, err)
	for n, pair := range answers {
		for slot, text := range pair {
			require.NoError(t, st.AddAnswer(t.Context(), id, n, abtest.Slot(slot), abtest.Answer{Text: text}))
		}
	}
	s, err := st.Load(t.Context(), id)
	require.NoError(t, err)
	require.NoError(t, st.AddEqual(t.Context(), s))
	h, err := ab.New(t.Context(), st, id, ab.Options{Log: t.Logf})
	require.NoError(t, err)
	server := httptest.NewServer(h)
	t.Cleanup(server.Close)
	return server.URL
}

// looks checks the look of a page in light and dark colours, on a screen and on a phone.
func (b *tab) looks(name string) {
	b.t.Helper()
	for _, scheme := range []string{"light", "dark"} {
		b.scheme(scheme)
		for _, width := range []int64{1100, 360} {
			what := fmt.Sprintf("ab-%s-%s-%d", name, scheme, width)
			b.size(width, 720)
			b.fits(what)
			b.accessible(what)
			b.picture(what)
		}
	}
	b.size(1100, 720)
}

// arrives waits until an expression is true, even if another page is loaded meanwhile.
func (b *tab) arrives(expression string) {
	b.t.Helper()
	for end := time.Now().Add(patience); ; time.Sleep(20 * time.Millisecond) {
		ok, err := chromedp.Run(b.ctx, chromedp.Evaluate[bool]("document.readyState === 'complete' && !!("+expression+")"))
		if err == nil && ok {
			return
		}
		if time.Now().After(end) {
			text, _ := chromedp.Run(b.ctx, chromedp.Evaluate[string]("document.body.innerText"))
			require.Fail(b.t, "the expression does not become true", "%s: %v; the page shows:\n%s", expression, err, text)
		}
	}
}

// TestComparison votes with keys, takes a vote back, looks from a second window, closes the
// session and reads the results.
func TestComparison(t *testing.T) {
	b := openReady(t, comparison(t), abReady)
	b.arrives(`document.activeElement.id === "name"`)
	b.looks("start")
	b.arrives(`document.querySelector("#name")`)
	b.click("#name")
	b.write("Ann")
	b.clickText("main", "Start")
	b.arrives(`document.querySelector("#vote")`)
	require.Equal(t, "Pair 1 of 3", b.text(".progress label"))
	b.looks("ask")

	order := []string{}
	for i, key := range []string{"1", "u", "3", "2", "4"} {
		page := b.text(".progress label")
		order = append(order, page)
		b.press(key)
		if i < 4 {
			b.arrives(fmt.Sprintf(`document.querySelector(".progress label").innerText !== %q`, page))
		}
	}
	require.Equal(t, []string{"Pair 1 of 3", "Pair 2 of 3", "Pair 1 of 3", "Pair 2 of 3", "Pair 3 of 3"}, order)
	b.arrives(`document.querySelector("h1").innerText === "All 3 pairs are judged"`)
	b.looks("done")
	require.NotContains(t, eval[string](b, "document.documentElement.outerHTML"), "tuned")

	// A judged pair is not offered again in another window, nor after going back.
	other := b.another()
	require.Equal(t, "All 3 pairs are judged", other.text("h1"))
	b.do(chromedp.NavigateBack())
	b.arrives(`document.querySelector("h1").innerText === "All 3 pairs are judged"`)

	b.clickText("main", "Close the session and show the results")
	b.arrives(`document.querySelector("#pairs")`)
	require.Contains(t, b.text("h1"), "tuned.gguf")
	b.looks("results")
	b.click(`.filter a[href*="differ"]`)
	b.arrives(`document.querySelectorAll("tbody tr").length === 3`)
	b.click("tbody tr:last-child a")
	b.arrives(`document.querySelector("h1").innerText.startsWith("Pair ")`)
	b.looks("pair")
	require.Contains(t, eval[string](b, "document.title"), "blind comparison", "no answer may run as a script")
}

// TestComparisonKeys checks that keys typed into a note are not votes.
func TestComparisonKeys(t *testing.T) {
	b := openReady(t, comparison(t), abReady)
	b.click("#name")
	b.write("Ann")
	b.clickText("main", "Start")
	b.arrives(`document.querySelector("#vote")`)
	b.click("summary")
	b.click("#note")
	b.write("1234 u 0")
	require.Equal(t, "1234 u 0", eval[string](b, `document.querySelector("#note").value`))
	require.Equal(t, "Pair 1 of 3", b.text(".progress label"))
	b.clickText(".buttons", "Both bad 4")
	b.arrives(`document.querySelector(".progress label").innerText === "Pair 2 of 3"`)
}

// TestLiveComparison asks both models a question. The page must show new answers without being
// loaded again by the user.
func TestLiveComparison(t *testing.T) {
	db, err := data.Open(t.Context(), filepath.Join(t.TempDir(), "ab.db"))
	require.NoError(t, err)
	t.Cleanup(func() { db.Close() })
	st := abtest.Store{DB: db}
	plan := abtest.Plan{Seed: 4, Votes: 2, Live: true, Models: [2]abtest.Model{{Name: "base.gguf"}, {Name: "tuned.gguf"}}}
	id, _, err := st.Begin(t.Context(), plan, []abtest.Prompt{{Instruction: "Name a colour."}, {Instruction: "Name a fruit."}})
	require.NoError(t, err)
	answer := func(n int) {
		for slot, text := range []string{"Green.", "Blue."} {
			require.NoError(t, st.AddAnswer(t.Context(), id, n, abtest.Slot(slot), abtest.Answer{Text: text}))
		}
	}
	asked := make(chan int, 1)
	h, err := ab.New(t.Context(), st, id, ab.Options{Log: t.Logf, Ask: func(n int) { asked <- n }})
	require.NoError(t, err)
	server := httptest.NewServer(h)
	t.Cleanup(server.Close)

	b := openReady(t, server.URL, abReady)
	b.arrives(`document.querySelector("#name")`)
	b.click("#name")
	b.write("Ann")
	b.clickText("main", "Start")
	b.arrives(`document.querySelector("#wait")`)
	b.looks("wait")
	b.click("#ask-own summary")
	b.click("#own")
	b.write("Something that is too long")
	b.clickText("main", "Ask both")
	failed := <-asked
	b.arrives(`document.body.innerText.includes("They answer what you asked")`)
	require.NoError(t, st.Fail(t.Context(), id, failed))
	b.arrives(`document.body.innerText.includes("A model has no room for what you asked last: “Something that is too long”")`)
	b.looks("wait-failed")
	answer(0)
	b.arrives(`document.querySelector("#vote")`)
	b.looks("ask-live")
	b.click("#ask-own summary")
	b.click("#own")
	b.write("And a bird?")
	b.clickText("main", "Ask both")
	answer(<-asked)
	b.arrives(`document.querySelector("#vote")`)
	b.press("1")
	b.arrives(`document.querySelector("#vote") && document.body.innerText.includes("Pair 2 of 3")`)
	b.press("2")
	b.arrives(`document.querySelector("#wait")`)
	answer(1)
	b.arrives(`document.querySelector("#vote") && document.body.innerText.includes("Name a fruit.")`)
	b.press("3")
	b.arrives(`document.body.innerText.includes("All 3 pairs are judged")`)
	b.looks("done-live")
	b.clickText("main", "Close the session and show the results")
	b.arrives(`document.body.innerText.includes("Prompts that judges wrote: 1")`)
	b.looks("results-own")
}
