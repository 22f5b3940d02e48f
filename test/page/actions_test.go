package page

import (
	"os"
	"path/filepath"
	"time"

	"github.com/chromedp/cdproto/browser"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"
)

// Steps that several tests use.
var (
	selectAll = chromedp.Evaluate[chromedp.Void](`document.activeElement.select()`)
	focusTop  = chromedp.Evaluate[chromedp.Void](`document.body.tabIndex = -1, document.body.focus(), document.body.removeAttribute("tabindex")`)
)

// scheme emulates a system with light or dark colours whose user prefers reduced motion.
func (b *tab) scheme(name string) {
	b.t.Helper()
	_, err := chromedp.Call(b.ctx, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{
		{Name: "prefers-color-scheme", Value: name}, {Name: "prefers-reduced-motion", Value: "reduce"},
	}})
	require.NoError(b.t, err)
}

// size sets the size of the window, in CSS pixels. A narrow window emulates a phone.
func (b *tab) size(width, height int64) {
	b.t.Helper()
	if width < 700 {
		b.do(chromedp.EmulateViewport(width, height, chromedp.EmulateMobile, chromedp.EmulateTouch))
		return
	}
	b.do(chromedp.EmulateViewport(width, height))
}

// permit allows the page to read and write the clipboard.
func (b *tab) permit() {
	b.t.Helper()
	for _, name := range []string{"clipboard-read", "clipboard-write"} {
		_, err := chromedp.CallBrowser(b.ctx, browser.SetPermission, browser.SetPermissionParams{
			Permission: &browser.PermissionDescriptor{Name: name}, Setting: "granted", Origin: b.origin, BrowserContextID: chromedp.FromContext(b.ctx).BrowserContextID,
		})
		require.NoError(b.t, err)
	}
}

// picture saves a screenshot to the folder $ALPACA_SCREENSHOTS, if this variable is set, because
// some things can be judged only by eye.
func (b *tab) picture(name string) {
	b.t.Helper()
	dir := os.Getenv("ALPACA_SCREENSHOTS")
	if dir == "" {
		return
	}
	time.Sleep(200 * time.Millisecond) // meanwhile, movements on the page end
	png, err := chromedp.Run(b.ctx, chromedp.CaptureScreenshot())
	require.NoError(b.t, err)
	require.NoError(b.t, os.MkdirAll(dir, 0o755))
	require.NoError(b.t, os.WriteFile(filepath.Join(dir, name+".png"), png, 0o644))
}

var (
	scrollUp   = chromedp.Evaluate[chromedp.Void](`document.querySelector("#scroll").scrollTop = 0`)
	scrollDown = chromedp.Evaluate[chromedp.Void](`document.querySelector("#scroll").scrollTop = 1e6`)
)
