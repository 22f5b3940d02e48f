package page

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// rendered returns the HTML that the page's module makes of a text.
func (b *tab) rendered(text string) string {
	b.t.Helper()
	quoted, _ := json.Marshal(text)
	return eval[string](b, `(async () => {
		const { render } = await import("/ui/markdown.js");
		const e = document.createElement("div");
		render(e, `+string(quoted)+`);
		return e.innerHTML;
	})()`)
}

// TestMarkdown checks the HTML for Markdown as models write it.
func TestMarkdown(t *testing.T) {
	b := open(t, serve(t, reply{}).URL)
	for _, tt := range []struct{ name, text, want string }{
		{"paragraphs", "a\nb\n\nc", "<p>a\nb</p><p>c</p>"},
		{"heading", "## A *b*\ntext", "<h2>A <em>b</em></h2><p>text</p>"},
		{"no heading", "#a\n\n####### b", "<p>#a</p><p>####### b</p>"},
		{"emphasis", "*a* **b** ***c*** _d_ __e__ ~~f~~", "<p><em>a</em> <strong>b</strong> <em><strong>c</strong></em> <em>d</em> <strong>e</strong> <del>f</del></p>"},
		{"no emphasis", "2 * 3 * 4, snake_case_name, **open", "<p>2 * 3 * 4, snake_case_name, **open</p>"},
		{"code", "a `b*c*` ``d`e``", "<p>a <code>b*c*</code> <code>d`e</code></p>"},
		{"break", "a  \nb\\\nc", "<p>a<br>b<br>c</p>"},
		{"escapes", `\*a\* &amp; &lt;b&gt; &#65;`, "<p>*a* &amp; &lt;b&gt; A</p>"},
		{"list", "- a\n- b\n  - c\n", "<ul><li>a</li><li>b<ul><li>c</li></ul></li></ul>"},
		{"numbers", "3. a\n4. b", `<ol start="3"><li>a</li><li>b</li></ol>`},
		{"loose list", "1. a\n\n   b\n2. c", "<ol><li><p>a</p><p>b</p></li><li><p>c</p></li></ol>"},
		{"text before a list", "List:\n- a\n* b", "<p>List:</p><ul><li>a</li></ul><ul><li>b</li></ul>"},
		{"a year is no list", "It was\n1984. A book.", "<p>It was\n1984. A book.</p>"},
		{"quote", "> a\n> > b\nc", "<blockquote><p>a</p><blockquote><p>b\nc</p></blockquote></blockquote>"},
		{"rule", "a\n\n---\n\nb", "<p>a</p><hr><p>b</p>"},
		{"link", "[a](https://b.example/c) <https://d.example> https://e.example/f.", `<p><a href="https://b.example/c" rel="noopener noreferrer" target="_blank">a</a> <a href="https://d.example/" rel="noopener noreferrer" target="_blank">https://d.example</a> <a href="https://e.example/f" rel="noopener noreferrer" target="_blank">https://e.example/f</a>.</p>`},
		{"table", "| a | b |\n|:--|--:|\n| 1 | `x\\|y` |", `<div class="table" tabindex="0" role="group" aria-label="Table"><table><thead><tr><th>a</th><th class="right">b</th></tr></thead><tbody><tr><td>1</td><td class="right"><code>x|y</code></td></tr></tbody></table></div>`},
		{"task", "- [x] done\n- [ ] open", `<ul><li><input type="checkbox" disabled="" class="task"> done</li><li><input type="checkbox" disabled="" class="task"> open</li></ul>`},
	} {
		got := b.rendered(tt.text)
		got = strings.ReplaceAll(got, ` class=""`, "")
		require.Equal(t, tt.want, got, "%s: %q", tt.name, tt.text)
	}
	code := b.rendered("```go\nfunc f() { <b> }\n```\nafter")
	require.Contains(t, code, "<pre")
	require.Contains(t, code, "func f() { &lt;b&gt; }")
	require.Contains(t, code, "<p>after</p>")
	require.Contains(t, b.rendered("~~~\nopen still"), "open still</code>", "a block of code that is not yet closed must be shown as code")
}

// TestHostile checks that nothing that a model writes becomes markup, a script or a request. A
// request to another server, or a breach of the content security policy, fails the test.
func TestHostile(t *testing.T) {
	texts := []string{
		`<img src="https://evil.example/?q=1" onerror="window.hit = 1">`,
		`<script>window.hit = 1</script>`,
		"![a](https://evil.example/a.png)",
		"![a](data:image/svg+xml;base64,PHN2Zy8+)",
		"[a](javascript:window.hit=1) [b](JaVaScRiPt&colon;window.hit=1) [c](data:text/html,x) [d](vbscript:x) [e](//evil.example)",
		"<javascript:window.hit=1> [x](  java\nscript:alert(1))",
		"<style>body { display: none }</style><iframe src=https://evil.example></iframe>",
		"[a](https://evil.example/\" onclick=\"window.hit=1)",
		"```\"><img src=x onerror=window.hit=1>\n<b>\n```",
		"| <img src=x onerror=window.hit=1> | b |\n|--|--|\n| <svg/onload=window.hit=1> | c |",
		"&lt;img src=x onerror=window.hit=1&gt;",
		"[ref]: https://evil.example\n[ref]",
		"\u202egnp.exe \x00 \ufffe",
	}
	hostile := strings.Join(texts, "\n\n")
	f := serve(t, reply{Pieces: strings.SplitAfter(hostile, " "), Thought: []string{texts[0], texts[1]}})
	b := open(t, f.URL)
	b.ask(texts[0] + texts[1])
	b.idle()
	b.click("#open-settings")
	b.click("#system")
	b.write(texts[0])
	b.clickText("#settings", "Done")
	b.wait(`document.querySelector(".message.system")`)
	b.load("/")
	b.click("#list .open")
	b.wait(`document.querySelector(".message.assistant .body")`)
	require.True(t, eval[bool](b, "window.hit === undefined"))
	require.Equal(t, "", eval[string](b, `[...document.querySelectorAll("#messages :is(img, script, style, iframe, svg, object, embed, form, link, video)")].map((e) => e.outerHTML).join()`))
	for _, href := range strings.Split(eval[string](b, `[...document.querySelectorAll("#messages a")].map((e) => e.protocol + " " + e.rel).join("|")`), "|") {
		require.Equal(t, "https: noopener noreferrer", href)
	}
	require.Equal(t, "", eval[string](b, `[...document.querySelectorAll("#messages *")].flatMap((e) => e.getAttributeNames()).filter((n) => n.startsWith("on") || n === "style").join()`))
}

// TestCost checks that texts made to be slow are rendered quickly.
func TestCost(t *testing.T) {
	b := open(t, serve(t, reply{}).URL)
	for name, text := range map[string]string{
		"stars": `"*a ".repeat(5000)`, "underscores": `"_".repeat(20000)`, "brackets": `"[".repeat(20000)`, "links": `"[a](".repeat(8000)`, "ticks": "\"`\".repeat(20000) + 'a'", "more ticks": "Array.from({length: 300}, (_, i) => '`'.repeat(i)).join(' ')",
		"quotes": `">".repeat(5000) + "a"`, "lists": `Array.from({length: 2000}, (_, i) => " ".repeat(i % 40) + "- a").join("\n")`, "table": `"|a".repeat(2000) + "\n" + "|-".repeat(2000) + "\n" + ("|b".repeat(2000) + "\n").repeat(5)`,
		"entities": `"&".repeat(20000)`, "pipes": `("|".repeat(200) + "\n").repeat(100)`, "breaks": `"a".repeat(10) + " ".repeat(50000)`, "mixed": `"**a _b* c__ ~~".repeat(2000)`,
	} {
		ms := eval[float64](b, `(async () => {
			const { render } = await import("/ui/markdown.js");
			let least = Infinity;
			for (let i = 0; i < 3 && least > 1000; i++) { // other processes may also use the CPU
				const e = document.createElement("div"), text = `+text+`, start = performance.now();
				render(e, text);
				least = Math.min(least, performance.now() - start);
			}
			return least;
		})()`)
		require.Less(t, ms, 3000.0, name) // with a quadratic or slower algorithm some of them would take minutes
		t.Logf("%s: %.0f ms", name, ms)
	}
}
