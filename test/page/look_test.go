package page

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
	"github.com/stretchr/testify/require"
)

const answerToLookAt = "Bubble sort compares *neighbours* and swaps them:\n\n```python\ndef bubble_sort(items):\n    for end in range(len(items) - 1, 0, -1):  # a very long comment, so that the line is wider than any telephone and has to scroll\n        for i in range(end):\n            if items[i] > items[i + 1]:\n                items[i], items[i + 1] = items[i + 1], items[i]\n    return items\n```\n\n1. It needs **O(n²)** comparisons.\n2. It is *stable*; see [the article](https://en.wikipedia.org/wiki/Bubble_sort).\n\n| input | steps |\n|:--|--:|\n| sorted | n − 1 |\n| reversed | n(n − 1)/2 |\n\n> Use `sorted()` instead.\n"

// conversation opens a window with a conversation that has all kinds of content.
func conversation(t *testing.T) *tab {
	f := serve(t, reply{Thought: []string{"The reader wants code.\nI take Python."}, Pieces: strings.SplitAfter(answerToLookAt, " ")}, reply{Pieces: []string{"A llama is a *camelid*."}, Finish: "length"})
	b := open(t, f.URL)
	b.ask("How does bubble sort work? Show me some code, please, and say what it costs.")
	b.idle()
	b.click("#new")
	b.ask("What is a llama?")
	b.idle()
	b.clickText("#list li:last-child", "How does bubble sort work? Show me some code, please, and…")
	b.wait(`document.querySelector(".code")`)
	return b
}

// axeVersion is the release of axe-core that checks the page, and axeHash its hash in npm. The
// test downloads axe-core, which is not part of the project.
const (
	axeVersion = "4.14.1"
	axeHash    = "sha512-FHfa+lmNjQZfJz1q8wKqIDwC6DExcHt/pkjNQb09a3NPjCKg2rhu5qb2S4r76ASyFNNtuFooJpZe37OgudVGtQ=="
)

var axe = sync.OnceValues(func() (string, error) {
	if path := os.Getenv("ALPACA_AXE"); path != "" {
		b, err := os.ReadFile(path)
		return string(b), err
	}
	dir, err := os.UserCacheDir()
	if err != nil {
		return "", err
	}
	dir = filepath.Join(dir, "alpaca-test", "axe-"+axeVersion)
	name := filepath.Join(dir, "node_modules", "axe-core", "axe.min.js")
	if _, err := os.Stat(name); err != nil {
		if err := os.MkdirAll(dir, 0o755); err != nil {
			return "", err
		}
		lock := fmt.Sprintf(`{"name":"x","lockfileVersion":3,"packages":{"":{"dependencies":{"axe-core":%q}},"node_modules/axe-core":{"version":%q,"integrity":%q}}}`, axeVersion, axeVersion, axeHash)
		if err := os.WriteFile(filepath.Join(dir, "package-lock.json"), []byte(lock), 0o644); err != nil {
			return "", err
		}
		if err := os.WriteFile(filepath.Join(dir, "package.json"), fmt.Appendf(nil, `{"name":"x","dependencies":{"axe-core":%q}}`, axeVersion), 0o644); err != nil {
			return "", err
		}
		cmd := exec.Command("npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund")
		cmd.Dir = dir
		if out, err := cmd.CombinedOutput(); err != nil {
			return "", fmt.Errorf("npm ci: %w\n%s", err, out)
		}
	}
	b, err := os.ReadFile(name)
	return string(b), err
})

// accessible checks the content of the window with axe-core.
func (b *tab) accessible(what string) {
	b.t.Helper()
	source, err := axe()
	if err != nil {
		if os.Getenv("ALPACA_REQUIRE_CHROMIUM") == "1" {
			b.t.Fatalf("axe-core cannot be installed: %v", err)
		}
		b.t.Skipf("needs axe-core from npm: %v", err)
	}
	if !eval[bool](b, `!!window.axe`) {
		// The content security policy forbids the page to evaluate text, but the test may do so.
		b.do(chromedp.Evaluate[chromedp.Void](source + ";0"))
	}
	type violation struct {
		ID, Impact, Help string
		Nodes            []struct {
			HTML           string `json:"html"`
			FailureSummary string `json:"failureSummary"`
		}
	}
	list := eval[[]violation](b, `axe.run(document, { runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"] }).then((r) => r.violations.map(({ id, impact, help, nodes }) => ({ id, impact, help, nodes: nodes.map(({ html, failureSummary }) => ({ html, failureSummary })) })))`)
	for _, v := range list {
		for _, n := range v.Nodes {
			b.t.Errorf("%s: %s (%s): %s\n%s\n%s", what, v.ID, v.Impact, v.Help, n.HTML, n.FailureSummary)
		}
	}
}

// fits checks that no element is wider than the window.
func (b *tab) fits(what string) {
	b.t.Helper()
	require.Equal(b.t, "", eval[string](b, `(() => {
		const wide = [...document.querySelectorAll("body *")].filter((e) => {
			const r = e.getBoundingClientRect();
			return r.width && r.right > innerWidth + 1 && !e.closest(".code pre, .table, nav:not(.shown), .hidden, .skip, dialog:not([open])");
		});
		if (document.documentElement.scrollWidth > innerWidth) wide.unshift(document.documentElement);
		return wide.map((e) => e.tagName + "#" + e.id + "." + e.className).join(", ");
	})()`), what)
}

// TestLook checks the page in light and dark colours, on a screen and on phones. No element is
// outside of the window, and the page can be used by blind readers and without a mouse.
func TestLook(t *testing.T) {
	b := conversation(t)
	for _, scheme := range []string{"light", "dark"} {
		b.scheme(scheme)
		for _, width := range []int64{1100, 360, 320} {
			what := fmt.Sprintf("%s-%d", scheme, width)
			b.size(width, 720)
			b.do(scrollUp)
			b.fits(what)
			if width != 320 {
				b.accessible(what)
			}
			b.picture(what)
			if width == 360 {
				b.click("#menu")
				b.wait(`document.querySelector("#side").classList.contains("shown")`)
				b.picture(what + "-list")
				if scheme == "dark" {
					b.accessible(what + "-list")
				}
				b.press(kb.Escape)
				b.wait(`!document.querySelector("#side").classList.contains("shown") && document.activeElement.id === "menu"`)
			}
		}
		b.size(1100, 720)
		b.do(scrollDown)
		b.picture(scheme + "-end")
		b.click("#open-settings")
		b.accessible(scheme + "-settings")
		b.picture(scheme + "-settings")
		b.size(360, 720)
		b.fits(scheme + "-settings-360")
		b.picture(scheme + "-settings-360")
		b.clickText("#settings", "Done")
		b.size(1100, 720)
	}
	b.click("#new")
	b.accessible("empty")
	b.picture("empty")
}
