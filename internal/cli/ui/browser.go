package ui

import (
	"os/exec"
	"runtime"
	"strings"
)

// Browse opens the first of the addresses that a browser understands. A failure is only a
// warning, because the address is printed in any case.
func (u *UI) Browse(urls []string) {
	url := pageURL(urls)
	if url == "" {
		u.Warnf("--open: browsers cannot open a socket file; --host localhost can be opened")
		return
	}
	cmd := browser(runtime.GOOS, url)
	if err := cmd.Start(); err != nil {
		u.Warnf("--open: no browser could be started (%v): open %s yourself", err, url)
		return
	}
	go cmd.Wait() // a process that ended would stay in the table until it is waited for
}

// pageURL returns the first address that a browser understands, "" for none. A server that
// listens everywhere is asked by the name that it allows on this machine.
func pageURL(urls []string) string {
	for _, url := range urls {
		if strings.HasPrefix(url, "http://") {
			return strings.NewReplacer("//0.0.0.0:", "//localhost:", "//[::]:", "//localhost:").Replace(url)
		}
	}
	return ""
}

// browser returns the command that shows an address in the browser that the reader prefers.
func browser(system, url string) *exec.Cmd {
	switch system {
	case "darwin":
		return exec.Command("open", url)
	case "windows":
		return exec.Command("rundll32", "url.dll,FileProtocolHandler", url) // start would take & for its own
	}
	return exec.Command("xdg-open", url)
}
