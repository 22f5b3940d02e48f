package page

import (
	"context"
	"fmt"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
	"github.com/stretchr/testify/require"

	"alpaca/internal/data"
	"alpaca/internal/server/browse"
)

// dataReady is true when a page of rows has been loaded with its script.
const dataReady = `document.readyState === "complete" && document.querySelector("main h1")`

// rowsFile makes a database and returns its path. The database has 60 rows about animals, in two
// categories, and a conversation with hostile markup.
func rowsFile(t *testing.T) string {
	t.Helper()
	ctx := context.Background()
	path := filepath.Join(t.TempDir(), "data.db")
	db, err := data.Open(ctx, path)
	require.NoError(t, err)
	animals := strings.Fields("penguin fox otter heron lynx")
	require.NoError(t, db.Update(ctx, func(tx *data.Tx) error {
		s, odd := &data.Source{Name: "animals", Format: "alpaca", Licence: "CC0"}, &data.Source{Name: "chats", Format: "chat"}
		require.NoError(t, tx.AddSource(s))
		require.NoError(t, tx.AddSource(odd))
		for i := range 60 {
			animal := animals[i%len(animals)]
			r := &data.Row{SourceID: s.ID, Instruction: fmt.Sprintf("Describe the %s number %d.", animal, i), Output: "It is a " + animal + ". " + strings.Repeat("It walks, swims or flies and eats what it finds. ", i%15), Category: []string{"describe", "explain"}[i%2]}
			if i%3 == 0 {
				r.Input = "Use simple words,\nand no more than ten."
			}
			require.NoError(t, tx.Add(r))
		}
		const hostile = `<img src=x onerror="document.title='bad'"><script>document.title = 'bad'</script>`
		require.NoError(t, tx.Add(&data.Row{SourceID: odd.ID, Instruction: hostile, Output: "No.", System: "Be brief.", Extra: []byte(`{"id": 7}`),
			Turns: []data.Message{{Role: "system", Content: "Be brief."}, {Role: "user", Content: hostile}, {Role: "assistant", Content: "Yes?"}, {Role: "user", Content: strings.Repeat("long", 200)}, {Role: "assistant", Content: "No."}}}))
		require.NoError(t, tx.Reject(data.Rejected{SourceID: odd.ID, Line: 7, Offset: 512, Error: "broken JSON", Raw: []byte(`{"messages": [`)}))
		_, err := tx.Exec("insert into lint values (1, 'unfinished', 'ends with and'), (2, 'echo', ''), (61, 'control-token', 'x')")
		return err
	}))
	require.NoError(t, db.Close())
	return path
}

// rows serves the page of rows.
func rows(t *testing.T) *httptest.Server {
	t.Helper()
	ctx := context.Background()
	db, err := data.OpenReadOnly(ctx, rowsFile(t))
	require.NoError(t, err)
	b, err := browse.New(ctx, db, browse.Options{Prompts: func(r *data.Row) []browse.Prompt {
		return []browse.Prompt{{Template: "stanford", Text: "### Instruction:\n" + r.Instruction, Tokens: 12}}
	}})
	require.NoError(t, err)
	srv := httptest.NewServer(b)
	t.Cleanup(func() {
		srv.CloseClientConnections()
		srv.Close()
		b.Close()
		db.Close()
	})
	// Facets are counted in the background, so this waits for the counts.
	require.Eventually(t, func() bool {
		res, err := srv.Client().Get(srv.URL + "/data/example.json?_size=0&_facet=word")
		if err != nil {
			return false
		}
		defer res.Body.Close()
		text := make([]byte, 4096)
		n, _ := res.Body.Read(text)
		return strings.Contains(string(text[:n]), `"timed_out":[]`)
	}, time.Minute, 10*time.Millisecond)
	return srv
}

// arrive waits until a window has loaded a page for which an expression is true. Errors from the
// page that the window leaves do not count.
func (b *tab) arrive(expression string) {
	b.t.Helper()
	require.Eventually(b.t, func() bool {
		ctx, cancel := context.WithTimeout(b.ctx, patience)
		defer cancel()
		there, err := chromedp.Run(ctx, chromedp.Evaluate[bool](fmt.Sprintf("!!((%s) && (%s))", expression, b.ready)))
		return err == nil && there
	}, patience, 20*time.Millisecond, expression)
}

// path waits until a window shows a page with that path and query.
func (b *tab) path(want string) {
	b.t.Helper()
	b.arrive(fmt.Sprintf(`location.pathname + location.search === %q`, want))
}

// TestDataBrowse searches, chooses a facet, opens a row, goes back, goes to the next page, sorts
// and filters, with keys and mouse.
func TestDataBrowse(t *testing.T) {
	b := openReady(t, rows(t).URL, dataReady)
	b.path("/data/example")
	require.Equal(t, "61 rows", b.text("#count"))
	b.press("/")
	b.wait(`document.activeElement.id === "search"`)
	b.write("penguin")
	b.press(kb.Enter)
	b.arrive(`location.search.includes("_search=penguin")`)
	require.Equal(t, "12 rows", b.text("#count"))
	require.Contains(t, b.texts("article .instruction"), "penguin number 5.")

	b.mouse(`[...document.querySelectorAll("aside a")].find((a) => a.innerText === "explain")`)
	b.arrive(`location.search.includes("category=explain")`)
	require.Equal(t, "6 rows", b.text("#count"))
	require.Equal(t, "“penguin” ✕|category = explain ✕", b.texts(".chips li"))
	permalink := eval[string](b, `location.href`)

	b.press("j")
	b.wait(`document.activeElement.matches("article:nth-of-type(1) a.permalink")`)
	b.press("j")
	b.wait(`document.activeElement.matches("article:nth-of-type(2) a.permalink")`)
	b.press("k")
	id := eval[string](b, `document.activeElement.innerText`)
	b.press(kb.Enter)
	b.path("/data/example/" + id)
	require.Contains(t, b.text("main"), "penguin number 5.")
	require.Contains(t, b.text("main"), "stanford 12 tokens")
	eval[any](b, `history.back()`)
	b.arrive(fmt.Sprintf("location.href === %q", permalink))
	require.Equal(t, "6 rows", b.text("#count"))

	// The same address shows the same in another window.
	other := b.another()
	other.load(strings.TrimPrefix(permalink, b.origin))
	require.Equal(t, b.texts("article .instruction"), other.texts("article .instruction"))

	b.load("/data/animals")
	b.press("n")
	b.arrive(`location.search.includes("_next=")`)
	require.Equal(t, "26", eval[string](b, `document.querySelector("a.permalink").innerText`))
	eval[any](b, `(() => { const s = document.querySelector("#sort"); s.value = "output"; s.dispatchEvent(new Event("change")); })()`)
	b.arrive(`location.search.includes("_sort=output") && !location.search.includes("_next")`)

	b.load("/data/example?_sort=category")
	b.click(".filter summary")
	eval[any](b, `(() => { const f = document.querySelector(".filter form"); f._filter_column.value = "instruction"; f._filter_op.value = "endswith"; f._filter_value.value = "9."; f.requestSubmit(); })()`)
	b.arrive(`location.search.includes("instruction__endswith=9.")`)
	require.Equal(t, "6 rows", b.text("#count"))
}

// fromData goes from a server's chat page to its rows, and lets the model answer one of them.
func fromData(t *testing.T, url string) {
	t.Helper()
	b := openReady(t, url, dataReady)
	b.click("#data")
	b.path("/data/data/example")
	b.load("/data/data/example/2")
	require.Contains(t, b.text("main"), "this model")
	b.click("#run")
	b.wait(`!document.querySelector("#run").disabled && document.querySelector("#answer").textContent.length > 5`)
	require.NotContains(t, b.text("#answer"), "cannot be reached")
	b.accessible("a row beside a model")
}

// TestDataRandom draws random rows, and checks that each draw has an address of its own.
func TestDataRandom(t *testing.T) {
	b := openReady(t, rows(t).URL, dataReady)
	b.load("/data/-/random?_table=animals&_seed=7")
	first := b.text("h1")
	b.press("r")
	b.arrive(`location.search.includes("_seed=8")`)
	eval[any](b, `history.back()`)
	b.arrive(`location.search.includes("_seed=7")`)
	require.Equal(t, first, b.text("h1"))
	b.load("/data/example/61")
	require.Equal(t, "Row 61 – data", eval[string](b, `document.title`)) // no script of the row has run
	require.Equal(t, "0", eval[string](b, `"" + document.querySelectorAll("main img, main script").length`))
}

// TestDataSQL runs a statement with a parameter, and a statement that is refused.
func TestDataSQL(t *testing.T) {
	b := openReady(t, rows(t).URL, dataReady, "400 (Bad Request)")
	b.load("/data/-/query")
	b.click("#sql")
	b.write("select id, instruction from animals where instruction like '%' || :search || '%'")
	b.press(kb.Enter, kb.ModifierCtrl)
	b.arrive(`document.querySelector("input[name=search]")`)
	b.click("input[name=search]")
	b.write("otter")
	b.press(kb.Enter)
	b.arrive(`document.querySelector("tbody tr")`)
	require.Contains(t, b.text("#count"), "12 rows")
	b.accessible("SQL")
	b.load("/data/-/query?sql=delete+from+example")
	require.Contains(t, b.text("#error"), "SELECT")
	b.accessible("SQL refused")
}

// TestDataLook checks every page in light and dark colours, on a screen and on a phone.
func TestDataLook(t *testing.T) {
	b := openReady(t, rows(t).URL, dataReady, "400 (Bad Request)", "404 (Not Found)")
	for _, scheme := range []string{"light", "dark"} {
		b.scheme(scheme)
		for _, width := range []int64{1100, 360} {
			b.size(width, 760)
			for name, path := range map[string]string{
				"rows": "/data/example?_search=penguin", "row": "/data/example/61", "sql": "/data/-/query?sql=select+*+from+animals+limit+3", "rejected": "/data/rejected", "source": "/data/source",
				"error": "/data/none", "first": "/data/example",
			} {
				what := fmt.Sprintf("data-%s-%s-%d", name, scheme, width)
				b.load(path)
				b.fits(what)
				b.accessible(what)
				b.picture(what)
			}
		}
	}
}
